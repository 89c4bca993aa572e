#!/usr/bin/env bash
# doctor-donors: rescue-doctor --fix without any bundle: the loader, libc and libm are lost, and each kind of donor in
# turn gives them back; from outside and from inside; afterwards the root is what it was.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

debs=${RESCUE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rescue}/debs/amd64
rest=()  # what may be left in the root that was not there before

doctor() {  # EXPECTED-STATUS inside|'' [OPTION]...
  local expected=$1 how=$2
  shift 2
  if [[ $how == inside ]]; then
    # The processes of the root are seen through its own /proc.
    mount -t proc proc "$ROOT/proc"
    run_kit "$expected" chroot "$ROOT" /opt/rescue/bin/rescue rescue-doctor "$@"
    umount "$ROOT/proc"
  else
    run_kit "$expected" "$case_dir/kit/bin/rescue" rescue-doctor --root "$ROOT" "$@"
  fi
}

# A kit without bundles, outside and inside.
put_bare_kit() {
  mkdir -p "$case_dir/kit/bin" "$ROOT/opt/rescue/bin"
  cp "$kit/bin/rescue" "$case_dir/kit/bin/"
  cp "$kit/bin/rescue" "$ROOT/opt/rescue/bin/"
}

lose() { rm "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/$libm"; }

# Each puts the donor in place, and loses what it is to give back. `said` is what the report must tell of it.
donor_process() {
  local i
  chroot "$ROOT" /usr/bin/python3 -c 'import ctypes, time; ctypes.CDLL("libm.so.6"); open("/run/ready", "w").close(); time.sleep(1000)' &
  holder=$!
  for ((i = 0; i < 600; i++)); do
    [[ ! -e $ROOT/run/ready ]] || break
    sleep 0.1
  done
  [[ -e $ROOT/run/ready ]] || fail "no process could be started in the root"
  lose
  rest=(--allow 'run/ready')
  said="process $holder (python3"
  [[ $how != inside ]] || said='(python3'
}

donor_package_cache() {
  mkdir -p "$ROOT/var/cache/apt/archives"
  cp "$debs"/libc6_*_amd64.deb "$ROOT/var/cache/apt/archives/"
  lose
  rest=(--allow 'var/cache/apt/archives*')
  said=libc6_$GLIBC
}

donor_initramfs() {
  local tree=$case_dir/tree
  mkdir -p "$tree/early/kernel/x86/microcode" "$tree/main/$LIB" "$ROOT/boot"
  head -c 50001 /dev/urandom >"$tree/early/kernel/x86/microcode/GenuineIntel.bin"
  cp "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/$libm" "$tree/main/$LIB/"
  {
    (cd "$tree/early" && find . | cpio --quiet -o -H newc)
    (cd "$tree/main" && find . | cpio --quiet -o -H newc | zstd -q -3)
  } >"$ROOT/boot/initrd.img-6.1.0-test"
  lose
  rest=(--allow 'boot*' --allow-mtime)
  said=initrd.img-6.1.0-test
}

donor_leftover() {
  local file
  for file in "$LIBC" "$LOADER" "$libm"; do mv "$ROOT/$file" "$ROOT/$file.dpkg-new"; done
  said=.dpkg-new
}

donor_other_name() {
  local file
  for file in "$LIBC" "$LOADER" "$libm"; do mv "$ROOT/$file" "$ROOT/$file.bak"; done
  said=.bak
}

# Somebody keeps them elsewhere, and goes on keeping them.
donor_kept_copy() {
  cp -p "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/$libm" "$ROOT/root/"
  lose
  rest=(--allow 'root/*')
  said=/root/
}

donor_moved_away() {
  mkdir -p "$ROOT/root/saved-lib"
  mv "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/$libm" "$ROOT/root/saved-lib/"
  rest=(--allow 'root/saved-lib*')
  said=/root/saved-lib/
}

with_donor() {  # ROOT DONOR [inside]
  how=${3-}
  with_root "$1"
  libm=$LIB/libm.so.6
  if [[ $LAYOUT == A ]]; then libm=$LIB/libm-$GLIBC.so; fi
  put_bare_kit
  rest=()
  "donor_$2"
  doctor 5 "$how"
  snapshot "$case_dir/broken"
  doctor 5 "$how" --fix --dry-run
  grep -qF -- "$said" "$case_dir/said" || fail "the plan does not tell of $said"
  snapshot "$case_dir/after"
  expect_same "$case_dir/broken" "$case_dir/after"
  doctor 0 "$how" --fix -y
  snapshot "$case_dir/after"
  if [[ " ${rest[*]} " == *' --allow-mtime '* ]]; then
    # An initramfs has the bytes; the times are its own.
    expect_bytes "${rest[@]/--allow-mtime/}"
  else
    expect_same "$base" "$case_dir/after" --allow opt/rescue "${rest[@]}"
  fi
  [[ ! ${holder-} ]] || kill "$holder"
}

expect_bytes() {  # [--allow GLOB]...: as expect_same, times apart
  local found
  # shellcheck disable=SC2068  # the mark that was taken out must vanish
  found=$(differences "$base" "$case_dir/after" --allow opt/rescue $@ | grep -v '^mtime ') || true
  [[ -z $found ]] || fail "differs: $(head -n 3 <<<"$found" | tr '\n' ';')"
}

# Nothing at hand: it says so, and changes nothing.
without_donor() {  # ROOT
  with_root "$1"
  libm=$LIB/libm.so.6
  if [[ $LAYOUT == A ]]; then libm=$LIB/libm-$GLIBC.so; fi
  put_bare_kit
  lose
  snapshot "$case_dir/broken"
  doctor 5 '' --fix -y
  snapshot "$case_dir/after"
  expect_same "$case_dir/broken" "$case_dir/after"
}

main() {
  start_test "$@"
  need_kit
  local root donor
  (($#)) || set -- bookworm bullseye trixie
  for root; do
    for donor in process package_cache initramfs leftover other_name kept_copy moved_away; do
      run_case "$root/$donor" with_donor "$root" "$donor"
      run_case "$root/$donor/inside" with_donor "$root" "$donor" inside
    done
    run_case "$root/nothing" without_donor "$root"
  done
  finish
}

main "$@"
