#!/usr/bin/env bash
# bundle: what rescue-bundle makes of real roots and packages is the same every
# time, can be read by everybody's tools, and says what it holds; what is
# damaged is refused. (signature.sh and hostile.sh have the rest.)
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

# Runs rescue-bundle and insists on its exit status. Output in $case_dir/said.
bundle() {  # EXPECTED-STATUS ARGUMENT...
  local expected=$1 status=0
  shift
  rescue_bundle "$@" >"$case_dir/said" 2>"$case_dir/errors" </dev/null || status=$?
  printf 'rescue-bundle %s: status %s\n' "$*" "$status"
  head -c 2000 "$case_dir/said" "$case_dir/errors"
  ((status == expected)) || fail "rescue-bundle $1 ended with $status, not $expected: $(head -n 1 "$case_dir/errors")"
}

said() { grep -qF -- "$1" "$case_dir/said" || fail "does not say '$1': $(head -n 3 "$case_dir/said")"; }
complained() { grep -qF -- "$1" "$case_dir/errors" || fail "does not say '$1': $(head -n 1 "$case_dir/errors")"; }
same_file() { cmp "$1" "$2" || fail "${1##*/} and ${2##*/} differ"; }

# --- the same bytes

same_from_a_copy() {  # ROOT
  need_root "$1"
  bundle 0 create --level 3 -o "$case_dir/once.tzst" --root "$pristine"
  bundle 0 create --level 3 -o "$case_dir/again.tzst" --root "$pristine"
  same_file "$case_dir/once.tzst" "$case_dir/again.tzst"
  # Elsewhere, later, with other times of directories, on one processor, and with another umask and language.
  mkdir -p "$case_dir/else/where"
  cp -a "$pristine" "$case_dir/else/where/copy"
  find "$case_dir/else/where/copy/usr/lib" -maxdepth 2 -type d -exec touch {} +
  (
    umask 077
    cd "$case_dir/else"
    LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo taskset -c 0 "$kit/bin/rescue" rescue-bundle create --level 3 \
      --root where/copy -o ../copy.tzst
  )
  same_file "$case_dir/once.tzst" "$case_dir/copy.tzst"
}

default_level() {
  need_root small-bookworm
  bundle 0 create -o "$case_dir/default.tzst" --root "$pristine"
  bundle 0 create -o "$case_dir/nineteen.tzst" --root "$pristine" --level 19
  same_file "$case_dir/default.tzst" "$case_dir/nineteen.tzst"
  zstd -lv "$case_dir/default.tzst" | grep -q 'Check: XXH64' || fail "there is no content checksum"
}

# --- read by others

others_read_it() {  # ROOT RECIPE
  need_root "$1"
  local file=$case_dir/test.tzst
  bundle 0 create --level 3 -o "$file" --root "$pristine" --recipe "$2"
  tar --zstd -tf "$file" | sed 's#/$##' >"$case_dir/by-tar"
  bsdtar -tf "$file" | sed 's#/$##' >"$case_dir/by-bsdtar"
  same_file "$case_dir/by-tar" "$case_dir/by-bsdtar"
  [[ $(head -n 2 "$case_dir/by-tar" | tr '\n' ' ') == '.rescue/info .rescue/manifest.mtree ' ]] ||
    fail "the bundle does not begin with what describes it"
  mkdir "$case_dir/out"
  tar --zstd -C "$case_dir/out" --xattrs -xpf "$file"
  mv "$case_dir/out/.rescue" "$case_dir/rescue"
  # Each value can be read by a shell.
  # shellcheck source=/dev/null
  (set -u && . "$case_dir/rescue/info" && [[ $FORMAT == 1 && $NAME == "$2" && $GLIBC_VERSION && $PROVIDES ]])
  manifest_describes "$case_dir/rescue/manifest.mtree" "$case_dir/out"
  sed 1,2d "$case_dir/by-tar" | sort >"$case_dir/members"
  # In another directory: bsdtar looks at the files that a manifest names.
  (cd "$case_dir/rescue" && bsdtar -tf manifest.mtree) | sed -e 's#^\./##' -e 's#/$##' -e '/^\.\?$/d' | sort >"$case_dir/listed"
  same_file "$case_dir/members" "$case_dir/listed"
  as_in_root
}

# mtree compares every keyword with the disk, and knows of no other file.
manifest_describes() {  # MANIFEST DIRECTORY
  mtree -p "$2" -f "$1" >"$case_dir/mtree" 2>&1 || fail "mtree: $(head -n 2 "$case_dir/mtree" | tr '\n' ' ')"
  [[ ! -s $case_dir/mtree ]] || fail "mtree: $(head -n 1 "$case_dir/mtree")"
}

# What came out is what is in the root, under the same names.
as_in_root() {
  local path want have
  while IFS= read -r path; do
    want=$(stat -c '%F %a %u %g %N' "$pristine/$path") have=$(stat -c '%F %a %u %g %N' "$case_dir/out/$path")
    [[ ${want//"$pristine"/} == "${have//"$case_dir/out"/}" ]] || fail "$path: $have, and in the root $want"
    [[ ! -f $pristine/$path || -L $pristine/$path ]] || cmp "$pristine/$path" "$case_dir/out/$path"
  done <"$case_dir/members"
}

# --- what it holds

# The programs of a bundle of base run with nothing but what is in it.
base_is_closed() {  # ROOT
  need_root "$1"
  root_facts "$1"
  bundle 0 create --level 1 -o "$case_dir/base.tzst" --root "$pristine" --recipe base
  mkdir "$case_dir/out"
  tar --zstd -C "$case_dir/out" -xpf "$case_dir/base.tzst"
  local program output
  for program in /bin/bash /bin/ls /bin/su /usr/sbin/sshd /lib/systemd/systemd /usr/bin/apt-get /usr/bin/dpkg; do
    [[ $1 != rhel || $program != */apt-get && $program != */dpkg ]] || continue
    output=$(chroot "$case_dir/out" "/$INTERP" --list "$program") || fail "$program: $output"
    [[ $output != *'not found'* ]] || fail "$program: $output"
  done
  chroot "$case_dir/out" /bin/bash -c 'ls / | grep -q usr && stat -c %a /bin/su | grep -qx 4755'
}

lists_and_verifies() {
  with_root bookworm
  local file=$case_dir/test.tzst
  bundle 0 create --level 3 -o "$file" --root "$ROOT"
  said "$file: glibc 2.36 for x86_64, "
  bundle 0 verify "$file"
  said "intact: glibc 2.36 for x86_64 of debian 12, "
  said 'not signed'
  bundle 0 list "$file"
  grep -qE "^T0 -rwxr-xr-x 0/0 +[0-9]+ $LIBC\$" "$case_dir/said" || fail "does not list libc"
  said 'T0 lrwxrwxrwx 0/0          - lib64 -> usr/lib64'
  bundle 0 list --json "$file"
  [[ $(jq -r '[.name, .arch, .glibc_version, .interp, .source] | join(" ")' "$case_dir/said") == \
    'glibc x86_64 2.36 /lib64/ld-linux-x86-64.so.2 root' ]] || fail "the JSON says otherwise"
  [[ $(jq -r --arg libc "$LIBC" '.members[] | select(.path == $libc) | .sha256' "$case_dir/said") == \
    "$(sha256sum <"$ROOT/$LIBC" | cut -c1-64)" ]] || fail "the JSON has another digest of libc"
  bundle 0 verify --json "$file"
  jq -e '.intact == true and .entries > 300' "$case_dir/said"
  readelf -n "$ROOT/$LIBC" | grep -qF "$(rescue_bundle verify --json "$file" | jq -r .libc_build_id)"
}

tells_differences() {
  small_root bookworm
  local file=$case_dir/test.tzst
  bundle 0 create --level 3 -o "$file" --root "$ROOT"
  bundle 0 diff "$file" "$ROOT"
  [[ ! -s $case_dir/said ]] || fail "tells differences where there are none"
  bundle 0 diff --json "$file" "$ROOT"
  jq -e '.same == true and .changes == []' "$case_dir/said"
  rm "$ROOT/$LIB/libm.so.6"
  printf x >>"$ROOT/$LIBC"
  chmod 700 "$ROOT/$LOADER"
  ln -sfn nowhere "$ROOT/lib64"
  snapshot "$case_dir/before"
  bundle 1 diff "$file" "$ROOT"
  local path
  for path in "$LIB/libm.so.6" "$LIBC" "$LOADER" lib64; do said "$ROOT/$path: "; done
  [[ $(wc -l <"$case_dir/said") == 4 ]] || fail "tells other than four differences"
  bundle 1 diff --json "$file" "$ROOT"
  jq -e '.same == false and (.changes | length) == 4' "$case_dir/said"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

# --- packages

# The packages that the root was made from, as apt left them in the cache; where anybody may read them.
packages_of() {  # NAME...
  local name version
  packages=()
  for name in "$@"; do
    version=$(chroot "$pristine" dpkg-query -f "\${Version}" -W "$name")
    cp "$(dirname "$pristine")/../debs/amd64/${name}_${version//:/%3a}_amd64.deb" "$case_dir/$name.deb"
    packages+=("$case_dir/$name.deb")
  done
}

from_packages() {  # ROOT [OPTION]...
  need_root "$1"
  shift
  packages_of libc6 libc-bin libcrypt1 libgcc-s1
  local file=$case_dir/test.tzst
  bundle 0 create --level 3 -o "$file" "$@" "${packages[@]}"
  bundle 0 list --json "$file"
  jq -e '.source == "packages" and .os_id == "debian" and ([.packages[].name] == ["libc-bin", "libc6", "libcrypt1", "libgcc-s1"])' "$case_dir/said"
  [[ $(jq -r '.packages[1].sha256' "$case_dir/said") == "$(sha256sum <"${packages[0]}" | cut -c1-64)" ]] ||
    fail "another digest of the package"
  # It would change nothing in the root that was made from the same packages.
  bundle 0 diff "$file" "$pristine"
  [[ $(find "$case_dir" -maxdepth 1 -name '.*' ! -name . | wc -l) == 0 ]] || fail "left something behind"
  # In another order, and without being root.
  mkdir -m 777 "$case_dir/own"
  setpriv --reuid 65534 --regid 65534 --clear-groups "$kit/bin/rescue" rescue-bundle create --level 3 "$@" \
    -o "$case_dir/own/test.tzst" "${packages[3]}" "${packages[2]}" "${packages[1]}" "${packages[0]}"
  same_file "$file" "$case_dir/own/test.tzst"
}

bad_packages() {
  need_root bookworm
  packages_of libc6 libc-bin libcrypt1 libgcc-s1
  local file=$case_dir/test.tzst
  head -c 500000 "${packages[0]}" >"$case_dir/cut.deb"
  bundle 4 create -o "$file" "$case_dir/cut.deb" "${packages[@]:1}"
  complained cut.deb
  bundle 3 create -o "$file" "${packages[@]:1}"
  bundle 1 create -o "$file" "$case_dir/none.deb"
  bundle 2 create -o "$file" --root / "${packages[0]}"
  nothing_written
}

nothing_written() {
  [[ ! -e $case_dir/test.tzst ]] || fail "a bundle was written"
  [[ -z $(find "$case_dir" -maxdepth 1 -name '.*' ! -name .) ]] || fail "something was left behind"
}

# --- refusals

flip_byte() {  # FILE OFFSET: another byte than the one that is there, whichever that is
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  # shellcheck disable=SC2059  # the format is the byte
  printf "\\$(printf %03o $((byte ^ 0x55)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

damaged_bundles() {
  need_root small-bookworm
  local file=$case_dir/test.tzst size place
  bundle 0 create --level 3 -o "$case_dir/good.tzst" --root "$pristine"
  size=$(stat -c %s "$case_dir/good.tzst")
  for ((place = 0; place < size; place += size / 40)); do
    cp "$case_dir/good.tzst" "$file"
    flip_byte "$file" "$place"
    bundle 4 verify "$file"
    head -c "$place" "$case_dir/good.tzst" >"$file"
    bundle 4 verify "$file"
    bundle 4 list "$file"
    bundle 4 diff "$file" "$pristine"
  done
  { cat "$case_dir/good.tzst" && printf x; } >"$file"
  bundle 4 verify "$file"
  : >"$file"
  bundle 4 verify "$file"
}

broken_root() {  # HOW
  small_root bookworm
  case $1 in
    libc-gone) rm "$ROOT/$LIBC" ;;
    libc-cut) truncate -s 900000 "$ROOT/$LIBC" ;;
    loader-link-gone) rm "$ROOT/$INTERP" ;;
    alias-gone) rm "$ROOT/lib64" ;;
    family-gone) rm "$ROOT/$LIB/libm.so.6" ;;
    libc-of-another)
      need_root small-trixie
      cp "$pristine/$LIB/libc.so.6" "$ROOT/$LIBC"
      ;;
    libm-of-another)
      need_root small-trixie
      cp "$pristine/$LIB/libm.so.6" "$ROOT/$LIB/libm.so.6"
      ;;
  esac
  bundle 3 create -o "$case_dir/test.tzst" --root "$ROOT"
  complained 'is not whole'
  complained '--force'
  nothing_written
  bundle 0 create --force --level 1 -o "$case_dir/test.tzst" --root "$ROOT"
  complained 'note: '
  bundle 0 verify "$case_dir/test.tzst"
}

no_room() {
  need_root small-bookworm
  mkdir "$case_dir/full"
  mount -t tmpfs -o size=1m tmpfs "$case_dir/full"
  printf old >"$case_dir/full/test.tzst"
  bundle 1 create --level 3 -o "$case_dir/full/test.tzst" --root "$pristine"
  complained 'No space left'
  [[ $(cat "$case_dir/full/test.tzst") == old ]] || fail "the old file was touched"
  [[ $(find "$case_dir/full" -mindepth 1 | wc -l) == 1 ]] || fail "something was left behind"
}

wrong_usage() {
  bundle 2
  bundle 2 unknown
  bundle 2 create
  bundle 2 create -o "$case_dir/x" --level 23
  bundle 2 create -o "$case_dir/x" --recipe nothing
  bundle 2 create -o "$case_dir/x" --json
  bundle 2 verify
  bundle 2 verify --level 3 "$case_dir/x"
  bundle 2 verify "$case_dir/x" "$case_dir/y" "$case_dir/z"
  bundle 2 keygen -W -p "$case_dir/x"
  bundle 1 verify "$case_dir/x"
  nothing_written
}

# --- keys with a password

password_keys() {
  need_root small-bookworm
  cd "$case_dir"
  bundle 0 create --level 3 -o test.tzst --root "$pristine"
  printf 'secret\nsecret\n' | rescue_bundle keygen -p ours.pub -s ours.key
  printf 'secret\nother\n' | rescue_bundle keygen -p no.pub -s no.key && fail "two passwords were taken for one"
  [[ ! -e no.key && ! -e no.pub ]] || fail "wrote keys that nobody has the password of"
  [[ $(stat -c %a ours.key) == 600 ]] || fail "others can read the secret key"
  printf 'secret\n' | rescue_bundle sign -s ours.key test.tzst
  minisign -V -p ours.pub -m test.tzst | tee said
  grep -q '^Trusted comment: rescue bundle name=glibc version=2.36 arch=x86_64 glibc=2.36' said
  bundle 0 verify --require-signature -p ours.pub test.tzst
  said 'signed by key '
  rm test.tzst.minisig
  printf 'secret\n' | minisign -S -s ours.key -m test.tzst
  bundle 0 verify --require-signature -p ours.pub test.tzst
  rm test.tzst.minisig
  printf 'wrong\n' | rescue_bundle sign -s ours.key test.tzst && fail "signed with a wrong password"
  [[ ! -e test.tzst.minisig ]] || fail "a signature was written"
  bundle 3 keygen -W -p ours.pub -s ours.key
  complained 'there already'
}

main() {
  start_test "$@"
  need_kit
  local root how
  for root in bullseye trixie rhel; do run_case "same/$root" same_from_a_copy "$root"; done
  run_case same/level default_level
  for root in bullseye bookworm trixie unmerged rhel bookworm-arm64; do
    run_case "others/$root" others_read_it "$root" glibc
  done
  run_case others/base others_read_it bookworm base
  for root in bullseye bookworm trixie rhel; do run_case "base/$root" base_is_closed "$root"; done
  run_case lists_and_verifies lists_and_verifies
  run_case tells_differences tells_differences
  run_case packages/bullseye from_packages bullseye --usr-merge yes
  run_case packages/unmerged from_packages unmerged
  run_case packages/bookworm from_packages bookworm
  run_case packages/trixie from_packages trixie
  run_case packages/bad bad_packages
  run_case damaged damaged_bundles
  for how in libc-gone libc-cut loader-link-gone alias-gone family-gone libc-of-another libm-of-another; do
    run_case "broken/$how" broken_root "$how"
  done
  run_case no_room no_room
  run_case usage wrong_usage
  run_case password password_keys
  finish
}

main "$@"
