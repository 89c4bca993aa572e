#!/usr/bin/env bash
# donors: where good bytes are found once a file of glibc is gone, on real roots: each kind of donor gives the very
# bytes that were lost, and what is not the right file is not offered.
#
# Asks lib/health by build/host/tests/donor-probe, which is built with the sanitizers.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

probe=${RESCUE_DONOR_PROBE:-$tests_dir/../build/host/tests/donor-probe}
debs=${RESCUE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rescue}/debs/amd64

sum_of() { sha256sum <"$1" | cut -d' ' -f1; }

# A root whose facts are known, with the digests of what is about to be lost.
begin() {  # ROOT
  with_root "$1"
  libc_sum=$(sum_of "$ROOT/$LIBC") loader_sum=$(sum_of "$ROOT/$LOADER") libm=$LIB/libm.so.6
  if [[ $LAYOUT == A ]]; then libm=$LIB/libm-$GLIBC.so; fi
  libm_sum=$(sum_of "$ROOT/$libm")
}

look_for() {  # SONAME PATH [OPTION]...: what is found is in $case_dir/found
  timeout 300 "$probe" "$ROOT" donors "$@" >"$case_dir/found" || fail "the probe ended with $?"
  cat "$case_dir/found"
}

expect_first() {  # KIND CERTAINTY SHA256 [WORDS]: of the best donor
  local first
  first=$(head -n 1 "$case_dir/found")
  [[ $first == "$1 $2 $3 "* && $first == *"${4-}"* ]] || fail "expected $1 $2 ${3:0:8} ${4-}, found: ${first:-nothing}"
}

expect_none() {
  ! grep -qv '^note: ' "$case_dir/found" || fail "offers what is not right: $(head -n 1 "$case_dir/found")"
}

start_sleep() {
  inside /bin/sleep 1000 &
  local i
  for ((i = 0; i < 200; i++)); do
    sleeper=$(pgrep -f -x '/bin/sleep 1000' | tail -n 1) || true
    if [[ $sleeper && $(readlink "/proc/$sleeper/root") == "$ROOT" ]] && grep -q 'libc[.-]' "/proc/$sleeper/maps"; then
      return
    fi
    sleep 0.1
  done
  fail "no process could be started in the root"
}

stop_sleep() {
  kill "$sleeper"
  while [[ -e /proc/$sleeper/exe ]]; do sleep 0.1; done
}

process() {
  begin "$1"
  start_sleep
  rm "$ROOT/$LIBC" "$ROOT/$LOADER"
  look_for libc.so.6 "$LIBC"
  expect_first process exact "$libc_sum" "process $sleeper (sleep)"
  look_for "${INTERP##*/}" "$LOADER"
  expect_first process exact "$loader_sum" "process $sleeper (sleep)"
  # Replaced by another file: the old one is as deleted.
  head -c 9000 /dev/urandom >"$ROOT/$LIBC"
  look_for libc.so.6 "$LIBC"
  expect_first process exact "$libc_sum"
  # Without the word of a database the version has to do.
  rm -rf "$ROOT/var/lib/dpkg"
  look_for libc.so.6 "$LIBC" "version=$GLIBC"
  expect_first process same_version "$libc_sum"
  stop_sleep
}

# Only processes of this root are asked.
foreign_process() {
  begin "$1"
  inside /bin/true
  rm "$ROOT/$LIBC"
  local other=$case_dir/other
  mkdir "$other"
  mount -t overlay overlay -o "lowerdir=$pristine" "$other" 2>/dev/null || mount --bind "$pristine" "$other"
  chroot "$other" /bin/sleep 1000 &
  look_for libc.so.6 "$LIBC"
  expect_none
  kill %1
}

# NAME: where the file goes, in the root.
other_name() {  # ROOT
  local place
  begin "$1"
  for place in "$LIB/libc.so.6.bak" "$LIB/c-saved" root/libc.so.6 tmp/libc.so.6 usr/lib/libc.so.6.old; do
    mv "$ROOT/$LIBC" "$ROOT/$place"
    look_for libc.so.6 "$LIBC"
    expect_first other_name exact "$libc_sum" "$place"
    mv "$ROOT/$place" "$ROOT/$LIBC"
  done
}

moved_directory() {  # ROOT
  local place
  begin "$1"
  for place in "$LIB.bk" usr/old root/lib; do
    mv "$ROOT/$LIB" "$ROOT/$place"
    look_for libc.so.6 "$LIBC"
    expect_first other_name exact "$libc_sum" "$place/"
    expect_first other_name exact "$libc_sum" "[$place => $LIB]"
    mv "$ROOT/$place" "$ROOT/$LIB"
  done
}

leftover() {  # ROOT
  local ending
  begin "$1"
  for ending in .dpkg-new .dpkg-tmp ';5f2a1b3c'; do
    mv "$ROOT/$LIBC" "$ROOT/$LIBC$ending"
    look_for libc.so.6 "$LIBC"
    expect_first leftover exact "$libc_sum" "$LIBC$ending"
    mv "$ROOT/$LIBC$ending" "$ROOT/$LIBC"
  done
  # One that was still being written.
  head -c 100000 "$ROOT/$LIBC" >"$ROOT/$LIBC.dpkg-new"
  rm "$ROOT/$LIBC"
  look_for libc.so.6 "$LIBC"
  expect_none
}

cached_package() {  # ROOT
  begin "$1"
  mkdir -p "$ROOT/var/cache/apt/archives"
  cp "$debs"/libc6_*_amd64.deb "$ROOT/var/cache/apt/archives/"
  rm "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/$libm"
  look_for libc.so.6 "$LIBC"
  expect_first package_cache exact "$libc_sum" "libc6_$GLIBC"
  look_for "${INTERP##*/}" "$LOADER"
  expect_first package_cache exact "$loader_sum"
  # The links of a package are its own as well.
  if [[ $LAYOUT == A ]]; then
    look_for libc.so.6 "$LIB/libc.so.6"
    expect_first package_cache same_version "->libc-$GLIBC.so"
  fi
  # Of another version there is nothing to be had.
  rm "$ROOT/var/cache/apt/archives/libc6_$GLIBC"*
  look_for libc.so.6 "$LIBC"
  expect_none
}

# As initramfs-tools and dracut make it: microcode first, as it is; the rest compressed.
make_image() {  # COMMAND...
  local tree=$case_dir/tree
  rm -rf "$tree"
  mkdir -p "$tree/early/kernel/x86/microcode" "$tree/main/$LIB"
  head -c 50001 /dev/urandom >"$tree/early/kernel/x86/microcode/GenuineIntel.bin"
  cp "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/$libm" "$tree/main/$LIB/"
  ln -s "usr/lib" "$tree/main/lib"
  {
    (cd "$tree/early" && find . | cpio --quiet -o -H newc)
    head -c 512 /dev/zero
    (cd "$tree/main" && find . | cpio --quiet -o -H newc | "$@")
  } >"$ROOT/boot/initrd.img-6.1.0-test"
}

initramfs() {  # ROOT
  local packer
  begin "$1"
  mkdir -p "$ROOT/boot"
  cp "$ROOT/$LIBC" "$case_dir/libc"
  for packer in 'zstd -q -3' 'gzip -1' 'xz -0 --check=crc32' 'lz4 -q -l -c' cat; do
    # shellcheck disable=SC2086  # a command and its options
    make_image $packer
    rm "$ROOT/$LIBC"
    look_for libc.so.6 "$LIBC"
    expect_first initramfs exact "$libc_sum" "$LIBC in the initramfs"
    cp -p "$case_dir/libc" "$ROOT/$LIBC"
  done
  # dracut strips: another file of the same build.
  printf 'stripped' >>"$ROOT/$LIBC"
  make_image zstd -q -3
  rm "$ROOT/$LIBC"
  look_for libc.so.6 "$LIBC" "version=$GLIBC"
  expect_first initramfs same_version "$(cat "$case_dir/libc" <(printf 'stripped') | sum_of /dev/stdin)"
  # A damaged image is no reason to stop.
  truncate -s -40000 "$ROOT/boot/initrd.img-6.1.0-test"
  head -c 100000 /dev/urandom >"$ROOT/boot/initrd.img-5"
  look_for libc.so.6 "$LIBC"
}

bundle() {  # ROOT
  begin "$1"
  rescue_bundle create --level 3 -o "$case_dir/glibc.tzst" --root "$ROOT"
  rm "$ROOT/$LIBC" "$ROOT/$libm"
  look_for libc.so.6 "$LIBC" "bundle=$case_dir/glibc.tzst"
  expect_first bundle exact "$libc_sum"
  # Without a database it is the version that speaks for it.
  rm -rf "$ROOT/var/lib/dpkg"
  look_for libm.so.6 "$libm" "bundle=$case_dir/glibc.tzst" "version=$GLIBC"
  expect_first bundle same_version "$libm_sum"
}

# --- systems of rpm

# The glibc of the root as packages of rpm's, and rpm's database of them in $case_dir/db.
make_rpms() {
  mkdir -p "$case_dir/top" "$case_dir/db"
  cat >"$case_dir/glibc.spec" <<END
Name: glibc
Version: $GLIBC
Release: 60.el9
Epoch: 1
Summary: The libraries
License: LGPL
%description
%package common
Summary: What belongs to them
%description common
%install
mkdir -p %{buildroot}/usr/lib64 %{buildroot}/etc %{buildroot}/usr/bin
cp -a $ROOT/$LIBC $ROOT/$LOADER $ROOT/$libm %{buildroot}/usr/lib64/
ln -s libc.so.6 %{buildroot}/usr/lib64/libc-link.so
echo 'include ld.so.conf.d/*.conf' >%{buildroot}/etc/ld.so.conf
cp -a $ROOT/usr/bin/getent %{buildroot}/usr/bin/
%files
/usr/lib64/*
%config(noreplace) /etc/ld.so.conf
%ghost /etc/ld.so.cache
%files common
/usr/bin/getent
END
  rpmbuild -bb --define "_topdir $case_dir/top" --define 'debug_package %{nil}' --define '__os_install_post %{nil}' \
    --define '_build_id_links none' --define '_binary_payload w3.zstdio' --nodeps "$case_dir/glibc.spec"
  rpms=("$case_dir"/top/RPMS/x86_64/*.rpm)
  rpm --dbpath "$case_dir/db" --define '_db_backend sqlite' -i --justdb --nodeps --ignorearch --force-debian "${rpms[@]}"
}

# FORM: as which of its databases the root gets it.
put_rpm_database() {
  local dir=$ROOT/var/lib/rpm tool=$tests_dir/lib/rpm_databases.py names
  rm -rf "$dir" "$ROOT/usr/lib/sysimage"
  [[ $1 != ndb ]] || dir=$ROOT/usr/lib/sysimage/rpm
  mkdir -p "$dir"
  case $1 in
    sqlite) cp "$case_dir/db/rpmdb.sqlite" "$dir/" ;;
    ndb) python3 "$tool" ndb "$case_dir/db/rpmdb.sqlite" >"$dir/Packages.db" ;;
    bdb)
      python3 "$tool" dump "$case_dir/db/rpmdb.sqlite" | db5.3_load "$dir/Packages"
      names=$(rpm -qa --dbpath "$dir" --define '_db_backend bdb_ro' 2>/dev/null | sort | tr '\n' ' ')
      [[ $names == "glibc-$GLIBC-60.el9.x86_64 glibc-common-$GLIBC-60.el9.x86_64 " ]] ||
        fail "rpm itself does not read the database: $names"
      ;;
  esac
}

# Every file of the package, as rpm itself has it and as we do.
expect_as_rpm() {
  local -a paths
  local format='[%{FILENAMES} %{=NAME} %{=EPOCH}:%{=VERSION}-%{=RELEASE} %{=ARCH} %{FILEDIGESTS} %{FILELINKTOS} '
  format+='%{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME}\n]'
  rpm -qp --qf "$format" "$1" | tr -s ' ' >"$case_dir/expected"
  mapfile -t paths < <(rpm -qpl "$1")
  "$probe" "$ROOT" owner "${paths[@]}" | sed 's/ sha256:/ /; s/ - / /; s/ -> / /' >"$case_dir/got"
  diff "$case_dir/expected" "$case_dir/got" || fail "not as rpm has it: $(diff "$case_dir/expected" "$case_dir/got" | sed -n 2p)"
}

rpm_database() {
  local form said
  begin rhel
  make_rpms
  for form in sqlite ndb bdb; do
    put_rpm_database "$form"
    said=$("$probe" "$ROOT" glibc)
    printf '%s: %s\n' "$form" "$said"
    [[ $said == "$GLIBC"* && $said == *"glibc 1:$GLIBC-60.el9 x86_64 6 4"* && $said != *fault* ]] ||
      fail "$form: ${said//$'\n'/; }"
    expect_as_rpm "${rpms[0]}"
    expect_as_rpm "${rpms[1]}"
  done
  # A log that was not written back when the machine went down.
  put_rpm_database sqlite
  python3 "$tests_dir/lib/rpm_databases.py" log "$ROOT/var/lib/rpm/rpmdb.sqlite"
  [[ $("$probe" "$ROOT" glibc) == "$GLIBC"*"glibc 1:"* ]] || fail "a database with a log is not read"
  [[ $("$probe" "$ROOT" glibc) != *glibc-common* ]] || fail "what the log says does not count"
  # Cut off: said, and no worse.
  put_rpm_database sqlite
  truncate -s 20000 "$ROOT/var/lib/rpm/rpmdb.sqlite"
  said=$("$probe" "$ROOT" glibc) || true
  [[ $said == *error:* || $said == *fault:* ]] || fail "a database that was cut off passes for whole: $said"
}

rpm_donors() {  # FORM
  begin rhel
  make_rpms
  put_rpm_database "$1"
  start_sleep
  rm "$ROOT/$LIBC"
  look_for libc.so.6 "$LIBC"
  expect_first process exact "$libc_sum" "its sha256 is the one of glibc 1:$GLIBC-60.el9"
  stop_sleep
  mkdir -p "$ROOT/var/cache/dnf/baseos-1234/packages"
  cp "${rpms[@]}" "$ROOT/var/cache/dnf/baseos-1234/packages/"
  look_for libc.so.6 "$LIBC"
  expect_first package_cache exact "$libc_sum" "glibc-$GLIBC-60.el9.x86_64.rpm"
  # Without a database, the name of the package and what its libc says of itself have to do.
  rm -rf "$ROOT/var/lib/rpm" "$ROOT/usr/lib/sysimage"
  look_for libc.so.6 "$LIBC" "version=$GLIBC"
  expect_first package_cache same_version "$libc_sum"
}

# What must not be taken for the lost file, whatever it is called.
impostors() {
  begin bookworm
  mkdir -p "$ROOT/tmp"
  local trixie arm
  need_root trixie
  trixie=$pristine
  need_root bookworm-arm64
  arm=$pristine
  cp "$ROOT/$LIBC" "$case_dir/libc"
  rm "$ROOT/$LIBC"
  cp "$trixie/$LIBC" "$ROOT/$LIB/libc.so.6.dpkg-new"
  cp "$arm/usr/lib/aarch64-linux-gnu/libc.so.6" "$ROOT/$LIB/libc.so.6.bak"
  cp "$ROOT/$LIB/libm.so.6" "$ROOT/$LIB/libc.so.6.old"
  head -c 500000 "$case_dir/libc" >"$ROOT/root/libc.so.6"
  { cat "$case_dir/libc"; echo; } >"$ROOT/tmp/libc.so.6"
  : >"$ROOT/$LIB/libc.so.6.dpkg-tmp"
  look_for libc.so.6 "$LIBC" all
  expect_none
  # A stranger's file of the right version counts where the directory is root's.
  { cat "$case_dir/libc"; echo; } >"$ROOT/root/libc.so.6"
  look_for libc.so.6 "$LIBC" all
  expect_first other_name same_version "$(sum_of "$ROOT/root/libc.so.6")"
}

main() {
  start_test "$@"
  need_kit
  [[ -x $probe ]] || { echo "donors: $probe: not built; scripts/test builds it" >&2; exit 2; }
  local root kind
  for root in bookworm bullseye trixie; do
    for kind in process other_name moved_directory leftover cached_package bundle; do
      run_case "$root/$kind" "$kind" "$root"
    done
  done
  run_case bookworm/initramfs initramfs bookworm
  run_case bullseye/initramfs initramfs bullseye
  run_case rpm_database rpm_database
  run_case rpm_donors/sqlite rpm_donors sqlite
  run_case rpm_donors/ndb rpm_donors ndb
  run_case foreign_process foreign_process bookworm
  run_case impostors impostors
  finish
}

main "$@"
