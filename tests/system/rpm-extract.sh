#!/usr/bin/env bash
# rpm-extract against rpm itself, on packages that rpmbuild makes; and on those that it does not make: of other formats,
# too large, damaged, hostile.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
. "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
. "$tests_dir/lib/kit.sh"
# shellcheck source=tests/lib/rpms.sh
. "$tests_dir/lib/rpms.sh"
start_test "$@"

need_kit

rpm_extract() { "$kit/bin/rescue" rpm-extract "$@"; }
forge() { python3 "$tests_dir/lib/rpm_forge.py" "$@"; }

same_output() {  # COMMAND OUR-COMMAND: as words
  local theirs ours
  theirs=$(eval "$1") || fail "$1 failed"
  ours=$(eval "$2") || fail "$2 failed"
  [[ $theirs == "$ours" ]] || { diff <(echo "$theirs") <(echo "$ours") || true; fail "$2 says something else than $1"; }
  [[ $theirs ]] || fail "$1 says nothing: that proves nothing"
}

same_trees() {  # THEIRS OURS
  snapshot_of "$1" "$case_dir/theirs.list"
  snapshot_of "$2" "$case_dir/ours.list"
  expect_same "$case_dir/theirs.list" "$case_dir/ours.list"
  cmp <(grep -v ' dir ' "$case_dir/theirs.list") <(grep -v ' dir ' "$case_dir/ours.list") || fail "times differ"
}

snapshot_of() { python3 "$tests_dir/lib/snapshot.py" take "$1" "$2"; }

# What rpm itself makes of a package: the judge of owners, modes, times, links and capabilities.
by_rpm() {  # PACKAGE DIR
  mkdir -p "$2/etc"
  cp /etc/passwd /etc/group "$2/etc"
  rpm -i --root "$2" --nodeps --noscripts --notriggers --ignorearch --dbpath /db "$1" 2>/dev/null
  rm -rf "$2/db" "$2/etc/passwd" "$2/etc/group"
  rmdir "$2/etc" 2>/dev/null || true
}

case_against_rpm() {  # COMPRESSION DIGEST
  local package query
  package=$(zoo_rpm "$1" "$2")
  for query in -l -lv -c -i -il --requires --provides --scripts --changelog; do
    same_output "rpm -qp $query '$package'" "rpm_extract $query '$package'"
  done
  rpm_extract --verify-package -v "$package" >"$case_dir/checks"
  cat "$case_dir/checks"
  # Each check that rpm makes is made, and more.
  rpmkeys -Kv --nosignature "$package" | tail -n +2 | grep -vxFf "$case_dir/checks" &&
    fail "a check of rpm's is missing"
  ! grep -v -e ': OK$' -e 'No signature' <(tail -n +2 "$case_dir/checks") || fail "not all is OK"
  mkdir "$case_dir/ours"
  rpm_extract -C "$case_dir/ours" "$package"
  by_rpm "$package" "$case_dir/theirs"
  same_trees "$case_dir/theirs" "$case_dir/ours"
  # Once more over what is there.
  rpm_extract -C "$case_dir/ours" "$package"
  same_trees "$case_dir/theirs" "$case_dir/ours"
  rpm_extract --to-cpio "$package" | cmp - <(rpm2cpio "$package") || fail "not the payload that rpm2cpio writes"
}

case_bsdtar() {
  local package
  package=$(zoo_rpm zstd 8)
  mkdir "$case_dir/ours" "$case_dir/theirs"
  rpm_extract -C "$case_dir/ours" "$package"
  bsdtar -xf "$package" -C "$case_dir/theirs"
  rm -rf "$case_dir/ours/var" "$case_dir/theirs/var"
  diff -r --no-dereference "$case_dir/theirs" "$case_dir/ours" || fail "bsdtar unpacks something else"
}

case_source() {
  local dir=$case_dir/build
  mkdir -p "$dir/SOURCES"
  { zoo_spec | sed '/^%changelog/,$d' && printf '%s\n' '%changelog' '* Thu Mar 04 2021 S <s@example.org> - 1' '- x'; } |
    sed '/^License/a Source0: zoo.tar' >"$dir/zoo.spec"
  seq 1 5000 >"$dir/SOURCES/zoo.tar"
  mkdir "$dir/tmp"
  run_rpmbuild "$dir" -bs "$dir/zoo.spec"
  local package=$dir/SRPMS/zoo-1.5-3.el8.src.rpm
  same_output "rpm -qpl '$package'" "rpm_extract -l '$package'"
  same_output "rpm -qpi '$package'" "rpm_extract -i '$package'"
  mkdir "$case_dir/ours"
  rpm_extract -C "$case_dir/ours" "$package"
  cmp "$dir/SOURCES/zoo.tar" "$case_dir/ours/zoo.tar"
  cmp "$dir/zoo.spec" "$case_dir/ours/zoo.spec"
  run_kit 3 "$kit/bin/rescue" rpm-extract --in-place "$case_dir/ours" "$package"
}

case_signed() {
  local package home=$case_dir/gnupg key
  package=$(zoo_rpm gzip 8)
  mkdir -m 700 "$home"
  export GNUPGHOME=$home
  gpg --batch --quiet --passphrase '' --quick-generate-key 'Test <test@example.org>' rsa2048 sign never
  key=$(gpg --list-keys --with-colons | awk -F: '$1 == "pub" { print tolower($5); exit }')
  rpmsign --define "__gpg /usr/bin/gpg" --define "_gpg_name test@example.org" --addsign "$package" >/dev/null
  gpgconf --kill all
  same_output "rpm -qpi --nosignature '$package'" "rpm_extract -i '$package'"
  rpm_extract --verify-package "$package" | grep -q "signature of key $key not checked" || fail "does not name the key"
  rpm_extract --json "$package" | jq -e --arg key "$key" '.signatures[0].key_id == $key' >/dev/null
}

case_patterns() {
  local package
  package=$(zoo_rpm xz 8)
  mkdir "$case_dir/ours"
  # A name without the one that has the data in the payload.
  rpm_extract -C "$case_dir/ours" -p '/usr/lib64/zoo/o*' -p libzoo.so.1 "$package"
  (cd "$case_dir/ours" && find . ! -type d | sort) | cmp - <(printf './usr/lib64/%s\n' libzoo.so.1 zoo/one)
  [[ $(cat "$case_dir/ours/usr/lib64/zoo/one") == hard ]] || fail "its content stayed with another name"
  rm -rf "$case_dir/ours"
  mkdir "$case_dir/ours"
  rpm_extract -v -C "$case_dir/ours" -p etc -p '**/bin/*' "$package" | sort >"$case_dir/said"
  cmp "$case_dir/said" <(printf '%s\n' etc/zoo.conf etc/zoo.d/keep.conf usr/bin/three usr/bin/zoo-ping usr/bin/zoo-su)
  same_output "rpm -qpl '$package' | grep lib64/zoo" "rpm_extract -l -p usr/lib64/zoo '$package'"
  run_kit 1 "$kit/bin/rescue" rpm-extract -C "$case_dir/ours" -p nowhere "$package"
}

# Who asks for a list, a check or a dry look beside --in-place gets nothing put in place.
case_one_thing() {
  local package words
  package=$(zoo_rpm none 8)
  mkdir "$case_dir/root"
  for words in '-l' '-c' '-i' --requires --provides --scripts --changelog --verify-package --to-cpio "-C $case_dir"; do
    # shellcheck disable=SC2086  # words are meant
    run_kit 2 "$kit/bin/rescue" rpm-extract --in-place "$case_dir/root" $words "$package"
  done
  for words in '-l --verify-package' '--json --to-cpio' '--verify-package --to-cpio' '-C . -l' '-p x --to-cpio' \
    '-p x --verify-package' -n -f; do
    # shellcheck disable=SC2086
    run_kit 2 "$kit/bin/rescue" rpm-extract $words "$package"
  done
  [[ ! $(ls -A "$case_dir/root") ]] || fail "something was put in place"
}

case_no_file() {
  local place
  mkfifo "$case_dir/fifo"
  for place in "$case_dir" "$case_dir/fifo" /dev/null; do
    run_kit 1 "$kit/bin/rescue" rpm-extract -l "$place"
    grep -q "^rpm-extract: $place: read package: is not a file" "$case_dir/said" || fail "does not say what is wrong"
  done
}

case_json() {
  local package
  package=$(zoo_rpm zstd 8)
  rpm_extract --json "$package" >"$case_dir/json"
  cmp <(jq -r '.files[].path' "$case_dir/json") <(rpm -qpl "$package")
  cmp <(jq -r '.requires[]' "$case_dir/json") <(rpm -qp --requires "$package")
  cmp <(jq -r '.files[] | select(.flags | index("config")) | .path' "$case_dir/json") <(rpm -qpc "$package")
  cmp <(jq -r '.files[] | select(.flags | index("ghost")) | .path' "$case_dir/json") <(echo /var/lib/zoo/state)
  cmp <(jq -r '.files[] | .sha256 // ""' "$case_dir/json") <(rpm -qp --qf '[%{FILEDIGESTS}\n]' "$package")
  jq -e '.epoch == 2 and .version == "1.5" and .payload.compressor == "zstd"' "$case_dir/json" >/dev/null
}

case_not_root() {
  local package
  package=$(zoo_rpm none 8)
  mkdir -m 777 "$case_dir/ours"
  chmod 755 "$case_dir"
  setpriv --reuid=65534 --regid=65534 --clear-groups "$kit/bin/rescue" rpm-extract -C "$case_dir/ours" "$package" \
    2>"$case_dir/said"
  grep -q 'only root may give files away' "$case_dir/said" || fail "does not say that owners are lost"
  [[ $(stat -c '%a %u' "$case_dir/ours/usr/bin/zoo-su") == "755 65534" ]] || fail "a set-id file of somebody else's"
  cmp <(cd "$case_dir/ours" && find . -type f | sort) <(rpm -qpl --noghost "$package" | sed 's/^/./' |
    grep -v -e 'zoo$' -e empty -e libzoo.so -e dangling | sort)
}

# --- what rpmbuild does not make

case_format() {  # v3|v6
  local package=$case_dir/$1.rpm
  forge "$1" "$package"
  same_output "rpm -qplv '$package' 2>/dev/null" "rpm_extract -lv '$package'"
  rpm_extract --verify-package -v "$package" | tee "$case_dir/checks"
  ! tail -n +2 "$case_dir/checks" | grep -v -e ': OK$' -e 'No signature' || fail "not all is OK"
  mkdir "$case_dir/ours"
  rpm_extract -C "$case_dir/ours" "$package"
  by_rpm "$package" "$case_dir/theirs"
  same_trees "$case_dir/theirs" "$case_dir/ours"
}

# Its payload has no headers of its own: cpio gets them.
case_headers() {
  forge v6 "$case_dir/v6.rpm"
  mkdir "$case_dir/ours" "$case_dir/theirs"
  rpm_extract -C "$case_dir/ours" "$case_dir/v6.rpm"
  rpm_extract --to-cpio "$case_dir/v6.rpm" >"$case_dir/v6.cpio"
  (cd "$case_dir/theirs" && cpio -idm --quiet <"$case_dir/v6.cpio")
  # It gives links no times.
  touch -hd @1600000000 "$case_dir/theirs/opt/forged/link"
  same_trees "$case_dir/theirs" "$case_dir/ours"
  [[ $(stat -c %h "$case_dir/theirs/opt/forged/one") == 2 ]] || fail "the hard link is lost"
}

case_large() {
  forge large "$case_dir/large.rpm"
  same_output "rpm -qplv '$case_dir/large.rpm'" "rpm_extract -lv '$case_dir/large.rpm'"
  rpm_extract --verify-package -v "$case_dir/large.rpm" | grep -q 'Content of 2 files: OK'
  mkdir "$case_dir/ours"
  rpm_extract -C "$case_dir/ours" -p small "$case_dir/large.rpm"
  [[ $(cat "$case_dir/ours/opt/small") == small ]]
}

# Its `hostile` brother, other-digest, differs by one byte.
case_other_digests() {
  forge other-digests "$case_dir/other.rpm"
  mkdir "$case_dir/ours"
  rpm_extract -C "$case_dir/ours" "$case_dir/other.rpm"
  [[ $(stat -c %s "$case_dir/ours/opt/evil") == 262144 && $(<"$case_dir/ours/opt/before") == good ]]
}

# Nothing but what is whole, and nothing under a temporary name.
assert_whole() {  # GOOD-TREE TREE
  local file
  (cd "$2" && find . -type f) | while read -r file; do
    cmp -s "$1/$file" "$2/$file" || fail "$file is there, and not whole"
  done
}

case_truncated() {
  local package size length status
  package=$(zoo_rpm zstd 8)
  size=$(stat -c %s "$package")
  mkdir "$case_dir/good"
  rpm_extract -C "$case_dir/good" "$package"
  for ((length = 0; length < size; length += length < 16384 ? 512 : 16384)); do
    rm -rf "$case_dir/ours"
    mkdir "$case_dir/ours"
    head -c "$length" "$package" >"$case_dir/short.rpm"
    status=0
    rpm_extract -C "$case_dir/ours" "$case_dir/short.rpm" 2>"$case_dir/said" || status=$?
    ((status == 4)) || fail "of $size bytes $length: status $status, not 4"
    grep -q "^rpm-extract: $case_dir/short.rpm: ." "$case_dir/said" || fail "does not say what is wrong"
    assert_whole "$case_dir/good" "$case_dir/ours"
    status=0
    rpm_extract --verify-package "$case_dir/short.rpm" >/dev/null 2>&1 || status=$?
    ((status == 4)) || fail "verified at $length of $size: status $status"
  done
}

# A changed byte is found, wherever it is: by a digest, or because header and payload do not fit.
case_flipped() {
  local seed=$RESCUE_SEED package size i at status
  echo "seed $seed (RESCUE_SEED)"
  RANDOM=$seed
  package=$(zoo_rpm none 8)
  size=$(stat -c %s "$package")
  mkdir "$case_dir/good"
  rpm_extract -C "$case_dir/good" "$package"
  for i in {1..60}; do
    # The lead is nobody's but `file`'s.
    at=$((96 + (RANDOM * 32768 + RANDOM) % (size - 96)))
    ((i > 30)) || at=$((96 + at % 9000))
    cp "$package" "$case_dir/changed.rpm"
    python3 - "$case_dir/changed.rpm" "$at" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 0x41]))
PYTHON
    status=0
    rpm_extract --verify-package "$case_dir/changed.rpm" >"$case_dir/said" 2>&1 || status=$?
    # Room that is kept for signatures belongs to nothing, and neither do a few texts of the signature header itself.
    ((status == 4)) || { ((status == 0)) && ((at < 5000)); } || fail "byte $at of $size changed: status $status"
    rm -rf "$case_dir/ours"
    mkdir "$case_dir/ours"
    status=0
    rpm_extract -C "$case_dir/ours" "$case_dir/changed.rpm" >"$case_dir/said" 2>&1 || status=$?
    ((status == 0 || status == 4 || status == 1)) || fail "byte $at of $size changed: unpacking ended with $status"
    ((status != 4)) || ! find "$case_dir/ours" -name '.rescue*' | grep . || fail "a temporary file is left"
  done
}

case_hostile() {  # NAME
  local status=0
  mkdir -p "$case_dir/ours" "$case_dir/outside"
  echo precious >"$case_dir/outside/victim"
  OUTSIDE=$case_dir/outside forge "$1" "$case_dir/hostile.rpm"
  snapshot_of "$case_dir/outside" "$case_dir/before"
  # Room for what is there, not for what a bomb grows to.
  prlimit --as=$((512 << 20)) --fsize=$((64 << 20)) timeout 60 "$kit/bin/rescue" rpm-extract -C "$case_dir/ours" "$case_dir/hostile.rpm" >"$case_dir/said" 2>&1 ||
    status=$?
  cat "$case_dir/said"
  case $1 in
    # What is attempted is refused by the way itself.
    through-link | through-relative-link | device-as-directory | delta) ((status == 1)) ;;
    *) ((status == 4)) ;;
  esac || fail "status $status"
  [[ $1 != bomb-behind ]] || grep -q 'holds more than' "$case_dir/said" || fail "it was decompressed to its end"
  snapshot_of "$case_dir/outside" "$case_dir/after"
  cmp "$case_dir/before" "$case_dir/after" || fail "something outside was changed"
  ! find "$case_dir" -name escape | grep . || fail "escaped"
  ! find "$case_dir/ours" -name 'evil' -o -name '.rescue*' | grep . || fail "a damaged file is left"
}

# --- in place

# The packages of a RHEL root, as far as glibc is concerned.
rhel_packages() {
  local files=()
  mapfile -t files < <(cd "$ROOT" && find usr/lib64 -maxdepth 1 \( -name 'lib[cmd]*-2*.so' -o -name 'ld-*.so*' -o \
    -name 'lib[cm].so.6' -o -name 'libdl.so.2' -o -name 'libpthread.so.0' -o -name 'librt.so.1' -o \
    -name 'libresolv.so.2' -o -name 'libnss_files.so.2' -o -name 'libmvec.so.1' -o -name 'libutil.so.1' \) | sort)
  glibc_rpm=$(tree_rpm glibc 2.36 1.el9 "$ROOT" "$work/rpms" "${files[@]}")
}

case_in_place() {
  with_root rhel
  rhel_packages
  snapshot "$case_dir/before"
  run_kit 0 "$kit/bin/rescue" rpm-extract --in-place "$ROOT" "$glibc_rpm"
  grep -q 'nothing to do' "$case_dir/said" || fail "changes a healthy root"
  rm "$ROOT/$LIBC" "$ROOT/usr/lib64/libm.so.6" "$ROOT/lib64"
  : >"$ROOT/$LOADER"
  ! inside /bin/true || fail "the accident broke nothing"
  run_kit 0 "$kit/bin/rescue" rpm-extract -n --in-place "$ROOT" "$glibc_rpm"
  [[ ! -e $ROOT/$LIBC ]] || fail "a dry run changes something"
  run_kit 0 "$kit/bin/rescue" rpm-extract --in-place "$ROOT" "$glibc_rpm"
  assert_healthy
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
  undo ''
  [[ ! -e $ROOT/$LIBC && ! -L $ROOT/lib64 ]] || fail "the undo left something"
}

# What the package marks as configuration and somebody changed is kept, with the new one beside it; what it does not
# mark is put back, in /etc too.
case_in_place_config() {
  with_root rhel
  local tree=$case_dir/tree dir=$case_dir/config package
  mkdir -p "$tree/etc/conf.d" "$tree/usr/lib64/conf" "$dir/tmp"
  echo new >"$tree/etc/changed.conf"
  echo new >"$tree/etc/same.conf"
  echo new >"$tree/etc/lost.conf"
  echo new >"$tree/etc/conf.d/data"
  echo new >"$tree/usr/lib64/conf/modules"
  cat >"$dir/config.spec" <<END_OF_SPEC
Name: config
Version: 1
Release: 1
Summary: x
License: x
AutoReqProv: no
%description
x
%install
cp -a $tree/. %{buildroot}
%files
%config(noreplace) /etc/changed.conf
%config(noreplace) /etc/same.conf
%config /etc/lost.conf
/etc/conf.d/data
%config(noreplace) /usr/lib64/conf/modules
END_OF_SPEC
  run_rpmbuild "$dir" -bb --target x86_64-linux "$dir/config.spec"
  package=$dir/RPMS/x86_64/config-1-1.x86_64.rpm
  run_kit 0 "$kit/bin/rescue" rpm-extract --in-place "$ROOT" "$package"
  echo mine >"$ROOT/etc/changed.conf"
  echo mine >"$ROOT/usr/lib64/conf/modules"
  echo mine >"$ROOT/etc/conf.d/data"
  rm "$ROOT/etc/lost.conf"
  run_kit 0 "$kit/bin/rescue" rpm-extract --in-place "$ROOT" "$package"
  (cd "$ROOT" && grep -H . etc/{changed,same,lost}.conf* etc/conf.d/* usr/lib64/conf/*) | sort | cmp - <(printf '%s\n' \
    etc/changed.conf.rpmnew:new etc/changed.conf:mine etc/conf.d/data:new etc/lost.conf:new etc/same.conf:new \
    usr/lib64/conf/modules.rpmnew:new usr/lib64/conf/modules:mine | sort) || fail "not what the package says"
  # Once more: all is as it should be.
  run_kit 0 "$kit/bin/rescue" rpm-extract --in-place "$ROOT" "$package"
  grep -q 'nothing to do' "$case_dir/said" || fail "changes what is right already"
  undo ''
  [[ $(<"$ROOT/etc/conf.d/data") == mine && ! -e $ROOT/etc/changed.conf.rpmnew ]] || fail "the undo left something"
  run_kit 0 "$kit/bin/rescue" rpm-extract --force --in-place "$ROOT" "$package"
  [[ $(<"$ROOT/etc/changed.conf") == new ]] || fail "--force does not replace configuration"
}

case_in_place_refused() {
  with_root rhel
  rhel_packages
  rm "$ROOT/$LIBC"
  snapshot "$case_dir/before"
  # Damage in the middle of the payload: nothing is touched.
  cp "$glibc_rpm" "$case_dir/bad.rpm"
  printf 'xxxxxxxx' | dd of="$case_dir/bad.rpm" bs=1 seek=$(($(stat -c %s "$glibc_rpm") / 2)) conv=notrunc status=none
  run_kit 4 "$kit/bin/rescue" rpm-extract --in-place "$ROOT" "$case_dir/bad.rpm"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

# --- bundles

# As for a server that nobody can log in to: from its packages alone, and then onto it.
case_bundle() {
  with_root rhel
  rhel_packages
  local common libgcc
  common=$(tree_rpm glibc-common 2.36 1.el9 "$ROOT" "$work/rpms" usr/sbin/ldconfig usr/bin/getent usr/bin/ldd \
    usr/lib64/gconv)
  libgcc=$(tree_rpm libgcc 12.2 1.el9 "$ROOT" "$work/rpms" usr/lib64/libgcc_s.so.1)
  rescue_bundle create --level 3 -o "$case_dir/packages.tzst" "$glibc_rpm" "$common" "$libgcc" >"$case_dir/said" 2>&1
  cat "$case_dir/said"
  rescue_bundle create --level 3 -o "$case_dir/root.tzst" --root "$ROOT"
  rescue_bundle verify "$case_dir/packages.tzst"
  # What both hold is the same, and what matters most is in both.
  local way
  for way in packages root; do
    rescue_bundle list --json "$case_dir/$way.tzst" |
      jq -r '.members[] | select(.type != "dir") | "\(.path) \(.mode) \(.sha256 // .link)"' | sort >"$case_dir/$way.list"
  done
  comm -12 "$case_dir/packages.list" "$case_dir/root.list" >"$case_dir/both"
  comm -23 "$case_dir/packages.list" "$case_dir/root.list" | tee "$case_dir/more"
  [[ ! -s $case_dir/more ]] || fail "the packages give something else than the root"
  for way in "$LIBC" "$LOADER" lib64; do
    grep -q "^$way " "$case_dir/both" || fail "$way is not in both"
  done
  rm "$ROOT/lib64" "$ROOT"/usr/lib64/lib[cm].so.6 "$ROOT/$LOADER"
  ! inside /bin/true || fail "the accident broke nothing"
  run_kit 0 "$kit/bin/rescue-extract" "$case_dir/packages.tzst" "$ROOT"
  assert_healthy
  # The same packages give the same bytes, whatever the order.
  rescue_bundle create --level 3 -o "$case_dir/again.tzst" "$libgcc" "$common" "$glibc_rpm" >/dev/null 2>&1
  cmp "$case_dir/packages.tzst" "$case_dir/again.tzst"
  printf xxxxxxxx | dd of="$glibc_rpm" bs=1 seek=$(($(stat -c %s "$glibc_rpm") / 2)) conv=notrunc status=none
  run_kit 4 "$kit/bin/rescue" rescue-bundle create -o "$case_dir/bad.tzst" "$glibc_rpm" "$common" "$libgcc"
  [[ ! -e $case_dir/bad.tzst ]] || fail "a bundle of damaged packages is left"
}

for way in 'none 1' 'gzip 2' 'bzip2 8' 'xz 9' 'xz-threads 10' 'lzma 8' 'zstd 8' 'zstd-threads 10'; do
  # shellcheck disable=SC2086  # two words
  run_case "rpm-extract: as rpm does, ${way/ /, digest }" case_against_rpm $way
done
run_case "rpm-extract: as bsdtar does" case_bsdtar
run_case "rpm-extract: a source package" case_source
run_case "rpm-extract: a signed package" case_signed
run_case "rpm-extract: patterns" case_patterns
run_case "rpm-extract: one thing at a time" case_one_thing
run_case "rpm-extract: what is no file" case_no_file
run_case "rpm-extract: JSON" case_json
run_case "rpm-extract: without being root" case_not_root
run_case "rpm-extract: format 3" case_format v3
run_case "rpm-extract: format 6" case_format v6
run_case "rpm-extract: format 6 to cpio" case_headers
run_case "rpm-extract: a file of more than 4 GiB" case_large
run_case "rpm-extract: digests of an unknown kind" case_other_digests
run_case "rpm-extract: cut off anywhere" case_truncated
run_case "rpm-extract: changed anywhere" case_flipped
while read -r name; do
  run_case "rpm-extract: hostile: $name" case_hostile "$name"
done < <(forge --hostile)
run_case "rpm-extract: in place, on RHEL" case_in_place
run_case "rpm-extract: in place, configuration" case_in_place_config
run_case "rpm-extract: in place, refused" case_in_place_refused
run_case "rescue-bundle: of the packages of a RHEL root" case_bundle
finish
