# shellcheck shell=bash
# Shared by the scripts: what they need from apt. Needs common.sh.

# apt_install PACKAGE...: install those that are missing; nothing is asked of apt where all are there.
apt_install() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local root=()
  ((EUID == 0)) || root=(sudo)
  local log
  log=$(cache_dir)/log/apt.log
  run_step "$log" "apt-get update" "${root[@]}" apt-get update
  run_step "$log" "install ${#missing[@]} packages" "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# debian_repositories: "URI RELEASE" for each of Debian's own archives among the machine's apt sources, in whichever
# format they are written (apt itself reads them). Third parties are left out by the archive's own name for itself;
# where apt has fetched nothing yet and does not know it, by the layout of a Debian mirror.
debian_repositories() {
  # The names in $(...) are apt's.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '$1 != "Debian" && !($1 == "$(ORIGIN)" && $2 ~ /\/debian(-security)?\/$/) { next }
         $4 == "main" && $2 !~ /^cdrom:/ && !seen[$2, $3]++ { print $2, $3 }'
}

# apt_private DIR DEBIAN-ARCH SUITE TYPE...: write an apt configuration of its own under DIR, with the machine's mirrors
# but SUITE in place of the machine's release, and TYPEs `deb`, `deb-src`; prints its path, for APT_CONFIG.
# The machine's own configuration is read for such things as a proxy, and left alone.
apt_private() {
  local dir=$1 arch=$2 suite=$3
  shift 3
  mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/empty"
  : >"$dir/status"
  private_sources "$suite" "$@" >"$dir/sources.list"
  [[ -s $dir/sources.list ]] || die "no Debian archive among this machine's apt sources"
  cat >"$dir/apt.conf" <<END
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "$dir/empty";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$dir/empty";
Dir::State::Lists "$dir/lists";
Dir::State::Status "$dir/status";
Dir::Cache::Archives "$dir/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
END
  printf '%s\n' "$dir/apt.conf"
}

# Signed-By Debian's own keys: whatever else the machine trusts is not trusted for this.
private_sources() {
  local suite=$1 own uri release type
  shift
  own=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:?}")
  debian_repositories | while read -r uri release; do
    [[ $release == "$own"* ]] || continue
    for type in "$@"; do
      printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        "$type" "$uri" "$suite${release#"$own"}"
    done
  done
}
