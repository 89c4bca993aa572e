#!/usr/bin/env bash
# deb-extract against dpkg-deb: on the libc6 packages of four Debian releases for two architectures, on packages of every
# compression, and on those that dpkg-deb does not make: damaged, hostile.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
. "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
. "$tests_dir/lib/kit.sh"
start_test "$@"

need_kit

deb_extract() { "$kit/bin/rescue" deb-extract "$@"; }
snapshot_of() { python3 "$tests_dir/lib/snapshot.py" take "$1" "$2"; }

# All that dpkg-deb says and does, against ours.
as_dpkg_deb() {  # PACKAGE
  cmp <(dpkg-deb -c "$1") <(deb_extract -lv "$1") || fail "lists ${1##*/} otherwise"
  cmp <(dpkg-deb -f "$1") <(deb_extract -i "$1") || fail "other fields of ${1##*/}"
  cmp <(dpkg-deb --fsys-tarfile "$1") <(deb_extract --to-tar "$1") || fail "another tar archive of ${1##*/}"
  rm -rf "$case_dir/theirs" "$case_dir/ours"
  mkdir "$case_dir/theirs" "$case_dir/ours"
  dpkg-deb -x "$1" "$case_dir/theirs"
  deb_extract -C "$case_dir/ours" "$1"
  snapshot_of "$case_dir/theirs" "$case_dir/theirs.list"
  snapshot_of "$case_dir/ours" "$case_dir/ours.list"
  cmp "$case_dir/theirs.list" "$case_dir/ours.list" || fail "unpacks ${1##*/} otherwise"
  deb_extract --verify-package "$1" | grep -q ' OK' || fail "${1##*/} is not verified"
}

case_release() {  # SUITE ARCH
  local package
  package=$("$tests_dir/debs" "$1" "$2" libc6) || {
    [[ ${CI-} == true ]] && fail "libc6 of $1 for $2 could not be fetched"
    skip "libc6 of $1 for $2 could not be fetched"
  }
  as_dpkg_deb "$package"
  deb_extract --json "$package" >"$case_dir/json"
  jq -e --arg arch "$2" '.name == "libc6" and .arch == $arch' "$case_dir/json" >/dev/null
  cmp <(jq -r '.files[].path' "$case_dir/json") <(dpkg-deb --fsys-tarfile "$package" | tar -t)
}

# A package with hard links, set-id files, odd names, another owner, a script.
zoo_deb() {  # COMPRESSION
  local tree=$case_dir/zoo
  rm -rf "$tree"
  mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/lib/zoo" "$tree/etc"
  printf 'Package: zoo\nVersion: 2:1.5-3\nArchitecture: all\nMaintainer: S <s@example.org>\nDescription: one\n two\n' \
    >"$tree/DEBIAN/control"
  printf '#!/bin/sh\necho configured\n' >"$tree/DEBIAN/postinst"
  chmod 755 "$tree/DEBIAN/postinst"
  echo /etc/zoo.conf >"$tree/DEBIAN/conffiles"
  echo setting >"$tree/etc/zoo.conf"
  seq 1 100000 >"$tree/usr/lib/zoo/big"
  : >"$tree/usr/lib/zoo/nothing"
  echo hard >"$tree/usr/lib/zoo/one"
  ln "$tree/usr/lib/zoo/one" "$tree/usr/lib/zoo/two"
  ln -s ../absent "$tree/usr/lib/zoo/dangling"
  echo su >"$tree/usr/bin/zoo-su"
  chown daemon:mail "$tree/usr/bin/zoo-su"
  chmod 6755 "$tree/usr/bin/zoo-su"
  mkdir "$tree/usr/lib/zoo/$(printf 'n%.0s' {1..120})"
  echo x >"$tree/usr/lib/zoo/$(printf 'n%.0s' {1..120})/a name"
  (cd "$tree" && find etc usr -type f -exec md5sum {} + >DEBIAN/md5sums)
  dpkg-deb -Z"$1" -b "$tree" "$case_dir/zoo-$1.deb" >/dev/null
}

case_compression() {  # COMPRESSION
  zoo_deb "$1"
  as_dpkg_deb "$case_dir/zoo-$1.deb"
  deb_extract --scripts "$case_dir/zoo-$1.deb" | cmp - <(printf 'postinst:\n#!/bin/sh\necho configured\n')
}

# Members that dpkg-deb reads and no longer writes.
case_old_compression() {  # ENDING COMMAND
  zoo_deb none
  mkdir "$case_dir/members"
  (cd "$case_dir/members" && ar x "$case_dir/zoo-none.deb" && $2 <data.tar >"data.tar.$1" &&
    ar qc "$case_dir/old.deb" debian-binary control.tar "data.tar.$1")
  as_dpkg_deb "$case_dir/old.deb"
}

case_patterns() {
  zoo_deb xz
  mkdir "$case_dir/ours"
  deb_extract -v -C "$case_dir/ours" -p 'usr/lib/zoo/o*' -p zoo.conf "$case_dir/zoo-xz.deb" >"$case_dir/said"
  (cd "$case_dir/ours" && find . -type f | sort) | cmp - <(printf '%s\n' ./etc/zoo.conf ./usr/lib/zoo/one)
  [[ $(wc -l <"$case_dir/said") == 2 ]]
  run_kit 1 "$kit/bin/rescue" deb-extract -C "$case_dir/ours" -p nowhere "$case_dir/zoo-xz.deb"
}

# Who asks for a list or a check beside --in-place gets nothing put in place.
case_one_thing() {
  local words
  zoo_deb none
  mkdir "$case_dir/root"
  for words in -l -i --scripts --verify-package --to-tar "-C $case_dir"; do
    # shellcheck disable=SC2086  # words are meant
    run_kit 2 "$kit/bin/rescue" deb-extract --in-place "$case_dir/root" $words "$case_dir/zoo-none.deb"
  done
  for words in '-l --verify-package' '--json --to-tar' '--verify-package --to-tar' '-C . -l' '-p x --to-tar' -n -f; do
    # shellcheck disable=SC2086
    run_kit 2 "$kit/bin/rescue" deb-extract $words "$case_dir/zoo-none.deb"
  done
  [[ ! $(ls -A "$case_dir/root") ]] || fail "something was put in place"
}

case_no_file() {
  local place
  mkfifo "$case_dir/fifo"
  for place in "$case_dir" "$case_dir/fifo" /dev/null; do
    run_kit 1 "$kit/bin/rescue" deb-extract -l "$place"
    grep -q "^deb-extract: $place: read package: is not a file" "$case_dir/said" || fail "does not say what is wrong"
  done
}

case_truncated() {
  local size length status
  zoo_deb zstd
  size=$(stat -c %s "$case_dir/zoo-zstd.deb")
  for ((length = 0; length < size - 1; length += 512)); do
    rm -rf "$case_dir/ours"
    mkdir "$case_dir/ours"
    head -c "$length" "$case_dir/zoo-zstd.deb" >"$case_dir/short.deb"
    status=0
    deb_extract -C "$case_dir/ours" "$case_dir/short.deb" 2>"$case_dir/said" || status=$?
    ((status == 4)) || fail "of $size bytes $length: status $status, not 4"
    grep -q "^deb-extract: $case_dir/short.deb: ." "$case_dir/said" || fail "does not say what is wrong"
    ! find "$case_dir/ours" -name '.rescue*' | grep . || fail "a temporary file is left"
  done
}

case_damaged() {
  zoo_deb none
  # A byte of a file's content, which no sum but md5sums covers.
  sed 's/^50000$/50001/' "$case_dir/zoo-none.deb" >"$case_dir/bad.deb"
  mkdir "$case_dir/ours"
  run_kit 4 "$kit/bin/rescue" deb-extract -C "$case_dir/ours" "$case_dir/bad.deb"
  grep -q 'usr/lib/zoo/big: .*md5' "$case_dir/said" || fail "does not say what and where"
  [[ ! -e $case_dir/ours/usr/lib/zoo/big ]] || fail "a damaged file is left"
  run_kit 4 "$kit/bin/rescue" deb-extract --verify-package "$case_dir/bad.deb"
  # What is no Debian package.
  tar -C "$case_dir/zoo" -cf "$case_dir/plain.tar" usr
  run_kit 4 "$kit/bin/rescue" deb-extract -l "$case_dir/plain.tar"
}

# A tar archive, and behind its end three gibibytes of zeros; or a control file that long. The control file says that
# the package is small.
case_bomb() {  # PLACE
  local status=0
  mkdir "$case_dir/ours" "$case_dir/tree" "$case_dir/made"
  printf 'Package: x\nVersion: 1\nArchitecture: all\nInstalled-Size: 1\n' >"$case_dir/tree/control"
  echo content >"$case_dir/tree/file"
  tar -C "$case_dir/tree" -cf "$case_dir/control.tar" ./control
  tar -C "$case_dir/tree" -cf "$case_dir/data.tar" ./file
  truncate -s 64M "$case_dir/zeros"
  zstd -q "$case_dir/zeros" -o "$case_dir/zeros.zst"
  if [[ $1 == control-file ]]; then
    python3 - "$case_dir/control.tar" <<'PYTHON'
import sys, tarfile
info = tarfile.TarInfo("./control")
info.size = 3 << 30
open(sys.argv[1], "wb").write(info.tobuf(tarfile.GNU_FORMAT))
PYTHON
  fi
  local member
  for member in control data; do
    zstd -q "$case_dir/$member.tar" -o "$case_dir/made/$member.tar.zst"
    [[ $1 == "$member"* ]] || continue
    for _ in {1..48}; do cat "$case_dir/zeros.zst"; done >>"$case_dir/made/$member.tar.zst"
  done
  echo 2.0 >"$case_dir/made/debian-binary"
  (cd "$case_dir/made" && ar qc "$case_dir/bomb.deb" debian-binary control.tar.zst data.tar.zst)
  # Room for what is there, not for what a bomb grows to.
  prlimit --as=$((512 << 20)) --fsize=$((64 << 20)) timeout 60 "$kit/bin/rescue" deb-extract -C "$case_dir/ours" \
    "$case_dir/bomb.deb" >"$case_dir/said" 2>&1 || status=$?
  cat "$case_dir/said"
  ((status == 4)) || fail "status $status"
  grep -q 'holds more than\|larger than it may be' "$case_dir/said" || fail "it was decompressed to its end"
  ! find "$case_dir/ours" -name '.rescue*' | grep . || fail "a file of its own is left"
}

case_hostile() {
  local name status
  mkdir -p "$case_dir/outside"
  echo precious >"$case_dir/outside/victim"
  snapshot_of "$case_dir/outside" "$case_dir/before"
  for name in dotdot absolute through-link hard-link over-link; do
    rm -rf "$case_dir/ours"
    mkdir "$case_dir/ours"
    python3 - "$name" "$case_dir" <<'PYTHON'
import io, subprocess, sys, tarfile
name, case = sys.argv[1:]
def add(tar, path, data=None, kind=None, link=""):
    info = tarfile.TarInfo(path)
    info.type = kind or tarfile.REGTYPE
    info.linkname, info.size = link, len(data or b"")
    tar.addfile(info, io.BytesIO(data or b""))
out = case + "/outside"
with tarfile.open(f"{case}/data.tar", "w", format=tarfile.GNU_FORMAT) as tar:
    add(tar, "./before", b"good")
    if name == "dotdot":
        add(tar, "./../escape", b"evil")
    if name == "absolute":
        add(tar, out + "/escape", b"evil")
    if name == "through-link":
        add(tar, "./out", kind=tarfile.SYMTYPE, link=out)
        add(tar, "./out/escape", b"evil")
    if name == "hard-link":
        add(tar, "./out", kind=tarfile.LNKTYPE, link=out + "/victim")
        add(tar, "./out", b"evil")
    if name == "over-link":
        add(tar, "./out", kind=tarfile.SYMTYPE, link=out + "/victim")
        add(tar, "./out", b"evil")
control = b"Package: x\nVersion: 1\nArchitecture: all\n"
with tarfile.open(f"{case}/control.tar", "w") as tar:
    add(tar, "./control", control)
open(f"{case}/debian-binary", "w").write("2.0\n")
subprocess.run(["ar", "qc", f"{case}/{name}.deb", "debian-binary", "control.tar", "data.tar"], cwd=case, check=True)
PYTHON
    status=0
    deb_extract -C "$case_dir/ours" "$case_dir/$name.deb" || status=$?
    echo "$name: status $status"
    case $name in
      # An absolute name is one below the directory; a link that is replaced leads nowhere any more.
      absolute | over-link) ((status == 0)) ;;
      dotdot) ((status == 4)) ;;
      *) ((status == 1)) ;;
    esac || fail "$name: status $status"
    snapshot_of "$case_dir/outside" "$case_dir/after"
    cmp "$case_dir/before" "$case_dir/after" || fail "$name: something outside was changed"
  done
}

case_in_place() {  # ROOT SUITE
  local package
  package=$("$tests_dir/debs" "$2" amd64 libc6) || {
    [[ ${CI-} == true ]] && fail "libc6 of $2 could not be fetched"
    skip "libc6 of $2 could not be fetched"
  }
  with_root "$1"
  # The root was made without documentation; the packages of glibc are to be as they are.
  local only=(-p "**/lib*.so*" -p "**/ld-*")
  snapshot "$case_dir/before"
  run_kit 0 "$kit/bin/rescue" deb-extract --in-place "$ROOT" "${only[@]}" "$package"
  rm "$ROOT/$LIBC" "$ROOT/$LIB/libm.so.6"
  rm -rf "${ROOT:?}/${INTERP%/*}"
  mkfifo "$ROOT/$LIBC"
  ! inside /bin/true || fail "the accident broke nothing"
  run_kit 0 "$kit/bin/rescue" deb-extract --in-place "$ROOT" "${only[@]}" "$package"
  assert_healthy
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

for arch in amd64 arm64; do
  for suite in bullseye bookworm trixie sid; do
    run_case "deb-extract: libc6 of $suite, $arch" case_release "$suite" "$arch"
  done
done
for way in none gzip xz zstd; do
  run_case "deb-extract: compressed with $way" case_compression "$way"
done
run_case "deb-extract: compressed with bzip2" case_old_compression bz2 bzip2
run_case "deb-extract: compressed with lzma" case_old_compression lzma 'xz --format=lzma'
run_case "deb-extract: patterns" case_patterns
run_case "deb-extract: one thing at a time" case_one_thing
run_case "deb-extract: what is no file" case_no_file
run_case "deb-extract: cut off anywhere" case_truncated
run_case "deb-extract: damaged" case_damaged
run_case "deb-extract: hostile" case_hostile
for place in control control-file data; do
  run_case "deb-extract: a bomb in its $place" case_bomb "$place"
done
run_case "deb-extract: in place, bookworm" case_in_place bookworm bookworm
run_case "deb-extract: in place, bullseye" case_in_place bullseye bullseye
run_case "deb-extract: in place, /usr not merged" case_in_place unmerged bullseye
run_case "deb-extract: in place, trixie" case_in_place trixie trixie
finish
