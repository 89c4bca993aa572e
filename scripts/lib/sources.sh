# shellcheck shell=bash
# $top is of common.sh; every caller runs these under `set -e`.
# shellcheck disable=SC2154,SC2164
# Shared by the scripts: the pinned sources of the toolchain. Needs common.sh and apt.sh.
#
# The lock has a line for each file: KIND PACKAGE VERSION SHA256 FILE, where KIND is `source` (a Debian source package,
# several files) or `deb` (a binary package, of which the toolchain takes headers only).

lock=$top/scripts/toolchain.lock
lock_suite=bookworm
# From a newer release: its musl applies packed relative relocations (DT_RELR, musl 1.2.4), and its liblzma decodes on
# x86_64 in two thirds of the time (xz 5.6: the loop without branches, in assembly).
newer_suite=trixie
newer_packages=(musl xz-utils)

# Source packages, and architecture-independent packages with the kernel's headers: those never follow the kernel's
# frequent security updates, so that their pin holds as long as the release does.
source_packages=(musl llvm-toolchain-19 zlib bzip2 xz-utils libzstd libsodium libxcrypt libarchive mksh)
deb_packages=(linux-libc-dev-amd64-cross linux-libc-dev-arm64-cross)

# sources_cached: is every pinned file in the cache?
sources_cached() {
  local sha file
  while read -r _ _ _ sha file; do
    [[ -f $(cached_file "$sha" "$file") ]] || return 1
  done <"$lock"
}

# By content, so that a new recipe, or another version of one package, downloads nothing again.
cached_file() {
  printf '%s\n' "$(cache_dir)/sources/$1/$2"
}

# fetch_sources: download whatever the cache lacks. apt checks the archive's signature, we check the lock's digests.
fetch_sources() {
  local dir kind package version
  dir=$(mktemp -d)
  # shellcheck disable=SC2064 # the directory of now
  trap "rm -rf '$dir'" EXIT
  prepare_apt "$dir/apt"
  while read -r kind package version; do
    package_cached "$package" || fetch_package "$dir/$package" "$kind" "$package" "$version"
  done < <(cut -d' ' -f1-3 "$lock" | sort -u)
}

prepare_apt() {
  APT_CONFIG=$(apt_private "$1" "$(dpkg --print-architecture)" "$lock_suite" deb deb-src)
  private_sources "$newer_suite" deb-src >>"$1/sources.list"
  export APT_CONFIG
  apt-get update
}

package_cached() {
  local package sha file
  while read -r _ package _ sha file; do
    [[ $package != "$1" || -f $(cached_file "$sha" "$file") ]] || return 1
  done <"$lock"
}

fetch_package() {
  local dir=$1 kind=$2 package=$3 version=$4 sha file
  download_package "$dir" "$kind" "$package=$version" || {
    echo "$package $version is not to be had from this machine's Debian mirror (any more?)."
    echo "What the mirror has now is pinned by: scripts/toolchain --update-lock"
    return 1
  }
  while read -r _ package _ sha file; do
    [[ $package == "${dir##*/}" ]] || continue
    printf '%s  %s\n' "$sha" "$dir/$file" | sha256sum --check --strict
    store_file "$sha" "$dir/$file"
  done <"$lock"
}

suite_of() {
  if [[ " ${newer_packages[*]} " == *" $1 "* ]]; then echo "$newer_suite"; else echo "$lock_suite"; fi
}

download_package() {
  mkdir -p "$1"
  cd "$1"
  case $2 in
    source) apt-get source -qq --download-only --only-source "$3" ;;
    deb) apt-get download -qq "$3" ;;
  esac
}

store_file() {
  local target
  target=$(cached_file "$1" "${2##*/}")
  mkdir -p "${target%/*}"
  cp "$2" "$target.part.$$"
  mv "$target.part.$$" "$target"
}

# update_lock: pin what the mirror has now.
update_lock() {
  local dir package
  dir=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$dir'" EXIT
  prepare_apt "$dir/apt"
  {
    for package in "${source_packages[@]}"; do lock_package "$dir/$package" source "$package"; done
    for package in "${deb_packages[@]}"; do lock_package "$dir/$package" deb "$package"; done
  } >"$dir/lock"
  cp "$dir/lock" "$lock"
}

lock_package() {
  local dir=$1 kind=$2 package=$3 version file sha
  download_package "$dir" "$kind" "$package/$(suite_of "$package")"
  if [[ $kind == source ]]; then
    version=$(sed -n 's/^Version: //p' "$dir"/*.dsc | head -n 1)
  else
    version=$(dpkg-deb -f "$dir"/*.deb Version)
  fi
  for file in "$dir"/*; do
    sha=$(sha256sum "$file" | cut -d' ' -f1)
    store_file "$sha" "$file"
    printf '%s %s %s %s %s\n' "$kind" "$package" "$version" "$sha" "${file##*/}"
  done
}

# collect_package DIR PACKAGE: its files, their digests checked again, as links in DIR.
collect_package() {
  local dir=$1 wanted=$2 package sha file cached
  mkdir -p "$dir"
  while read -r _ package _ sha file; do
    [[ $package == "$wanted" ]] || continue
    cached=$(cached_file "$sha" "$file")
    printf '%s  %s\n' "$sha" "$cached" | sha256sum --check --strict --quiet
    ln -sf "$cached" "$dir/$file"
  done <"$lock"
}
