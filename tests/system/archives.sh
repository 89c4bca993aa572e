#!/usr/bin/env bash
# archives: what ours make others read, what others make ours read, with nothing lost on the way; and archives made to
# harm: nothing outside of the directory is ever touched, and no half of a file stands under its name.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
start_test "$@"
need_kit

ours() { "$kit/bin/rescue" "$@"; }

# All that a tree has, a line for each file.
describe() {  # DIRECTORY
  (
    cd "$1"
    find . -mindepth 1 ! -type d -printf '%p %y %m %U %G %n %T@ %l\n' | sort
    find . -mindepth 1 -type d -printf '%p %y %m %U %G %T@\n' | sort
    find . -type f -print0 | sort -z | xargs -0 -r sha256sum
    find . -mindepth 1 -print0 | sort -z | xargs -0 -r getfattr -hd -m- -- 2>/dev/null
  )
}

same_trees() {  # DIRECTORY DIRECTORY
  diff <(describe "$1") <(describe "$2") | head -n 20 >"$case_dir/difference" || true
  [[ ! -s $case_dir/difference ]] || { cat "$case_dir/difference"; fail "$(head -n 2 "$case_dir/difference" | tail -n 1)"; }
}

make_tree() {
  mkdir -p "$case_dir/tree"
  # shellcheck source=tests/applets/trees.sh
  (cd "$case_dir/tree" && set +u && source "$tests_dir/applets/trees.sh" && tree_archives)
  (cd "$case_dir/tree" && rm -f ./*.tar packed.* special/socket)
  # Times of links and of what tar cannot keep are made even.
  find "$case_dir/tree" -depth -exec touch -hd '2021-03-04 05:06:07' {} +
  mkdir "$case_dir/out"
}

to_bsdtar() {
  make_tree
  # It refuses what is no UTF-8.
  rm "$case_dir/tree/odd-names/bad"*
  touch -d '2021-03-04 05:06:07' "$case_dir/tree/odd-names"
  ours tar --format=pax --xattrs --acls -cf - -C "$case_dir/tree" . | LC_ALL=C.UTF-8 bsdtar -xpf - -C "$case_dir/out"
  same_trees "$case_dir/tree" "$case_dir/out"
}

from_bsdtar() {
  make_tree
  bsdtar --acls --xattrs -cf - -C "$case_dir/tree" . |
    ours tar -C "$case_dir/out" --xattrs --xattrs-include='*' --acls -xpf -
  same_trees "$case_dir/tree" "$case_dir/out"
}

to_gnu() {
  make_tree
  ours tar -S --xattrs --acls -cf - -C "$case_dir/tree" . |
    tar -C "$case_dir/out" --xattrs --xattrs-include='*' --acls -xpf -
  same_trees "$case_dir/tree" "$case_dir/out"
}

from_gnu() {
  make_tree
  tar -S --xattrs --acls -cf - -C "$case_dir/tree" . |
    ours tar -C "$case_dir/out" --xattrs --xattrs-include='*' --acls -xpf -
  same_trees "$case_dir/tree" "$case_dir/out"
}

# cpio has neither attributes nor fractions of a second.
cpio_both_ways() {  # FORM
  make_tree
  rm -r "$case_dir/tree"/{listed,labelled,capable,inherits,dir,times,long}
  # Links with two names are two links in it.
  rm "$case_dir/tree/from/link2"
  touch -d '2021-03-04 05:06:07' "$case_dir/tree/from"
  (cd "$case_dir/tree" && find . -mindepth 1 -depth -print0 | ours cpio --quiet -0oH "$1") >"$case_dir/ours"
  (cd "$case_dir/out" && bsdtar -xpf "$case_dir/ours")
  find "$case_dir/out" -depth -exec touch -hd '2021-03-04 05:06:07' {} +
  same_trees "$case_dir/tree" "$case_dir/out"
  rm -r "$case_dir/out" && mkdir "$case_dir/out"
  (cd "$case_dir/tree" && bsdtar -cf - --format="$1" .) | (cd "$case_dir/out" && ours cpio --quiet -idmu)
  find "$case_dir/out" -depth -exec touch -hd '2021-03-04 05:06:07' {} +
  same_trees "$case_dir/tree" "$case_dir/out"
}

# More than the 8 GiB that eleven octal digits can say, of which hardly anything is there.
large() {  # OPTION...
  mkdir "$case_dir"/{tree,out,out2}
  truncate -s 9G "$case_dir/tree/large"
  printf end | dd of="$case_dir/tree/large" bs=1 seek=9000000000 conv=notrunc status=none
  ours tar -S "$@" -cf "$case_dir/ours.tar" -C "$case_dir/tree" large
  [[ $(stat -c %s "$case_dir/ours.tar") -lt 100000 ]] || fail "the holes were written"
  tar -C "$case_dir/out" -xf "$case_dir/ours.tar"
  tar -S "$@" -cf "$case_dir/theirs.tar" -C "$case_dir/tree" large
  ours tar -C "$case_dir/out2" -xf "$case_dir/theirs.tar"
  local file
  for file in out out2; do
    [[ $(stat -c %s "$case_dir/$file/large") == $((9 << 30)) ]] || fail "$file: its size is $(stat -c %s "$case_dir/$file/large")"
    [[ $(dd if="$case_dir/$file/large" bs=1 skip=9000000000 count=3 status=none) == end ]] || fail "$file: its content is lost"
    [[ $(stat -c %b "$case_dir/$file/large") -lt 1000 ]] || fail "$file: its holes are filled"
  done
  ours tar -tvf "$case_dir/theirs.tar" | grep -q " $((9 << 30)) " || fail "the list says another size"
  ours tar -C "$case_dir/tree" -df "$case_dir/theirs.tar" || fail "it is not the same"
}

large_with_bsdtar() {
  mkdir "$case_dir"/{tree,out,out2}
  truncate -s 9G "$case_dir/tree/large"
  printf end | dd of="$case_dir/tree/large" bs=1 seek=9000000000 conv=notrunc status=none
  ours tar -S --format=pax -cf - -C "$case_dir/tree" large | bsdtar -xf - -C "$case_dir/out"
  bsdtar -cf - -C "$case_dir/tree" large | ours tar -C "$case_dir/out2" -xf -
  local dir
  for dir in out out2; do
    [[ $(stat -c %s "$case_dir/$dir/large") == $((9 << 30)) ]] || fail "$dir: another size"
    [[ $(dd if="$case_dir/$dir/large" bs=1 skip=9000000000 count=3 status=none) == end ]] || fail "$dir: its content is lost"
  done
  [[ $(stat -c %b "$case_dir/out2/large") -lt 1000 ]] || fail "its holes are filled"
}

extract_any() {  # ARCHIVE DIRECTORY: the status is the applet's
  case $1 in
    *.tar) ours tar -C "$2" -xf "$1" ;;
    *.cpio) (cd "$2" && ours cpio --quiet -idmu <"$1") ;;
    *.zip) ours unzip -qod "$2" "$1" </dev/null ;;
  esac
}

hostile() {  # ENDING
  local name status count=0 outside=$case_dir/outside
  mkdir "$outside" "$outside/dir" "$case_dir/made"
  echo untouched >"$outside/file"
  chmod 700 "$outside/dir"
  python3 "$tests_dir/lib/hostile_archives.py" "$case_dir/made" "$outside" >"$case_dir/names"
  find "$outside" -exec touch -d 2020-01-01 {} +
  describe "$case_dir/outside" >"$case_dir/before"
  while read -r name; do
    [[ $name == *."$1" ]] || continue
    count=$((count + 1))
    mkdir "$case_dir/in"
    ln -s ../outside "$case_dir/in/was-there"
    status=0
    # Room for what is there, not for what a header says.
    (ulimit -v $((600 << 10)) && ulimit -f $((64 << 10)) && trap '' XFSZ &&
      timeout 20 bash -c "$(declare -f ours extract_any); kit=$kit; extract_any \"\$@\"" - \
        "$case_dir/made/$name" "$case_dir/in") >"$case_dir/said" 2>&1 || status=$?
    echo "$name: status $status: $(head -c 300 "$case_dir/said" | tr '\n' ' ')"
    describe "$case_dir/outside" >"$case_dir/after"
    cmp -s "$case_dir/before" "$case_dir/after" || fail "$name: reached out of the directory"
    [[ $(find "$case_dir" -mindepth 1 -maxdepth 1 | wc -l) == 7 ]] || fail "$name: wrote beside the directory: $(ls "$case_dir")"
    case $name in
      plain.* | absolute.* | absolute-directory.* | file-over-link.* | directory-over-link.*) ((status == 0)) || fail "$name: status $status" ;;
      link-to-dot.* | hard-link-absolute.* | *) ((status < 124)) || fail "$name: status $status" ;;
    esac
    ! find "$case_dir/in" -name '.rescue-*' | grep . || fail "$name: left a file of its own behind"
    [[ $name != plain.* || -f $case_dir/in/d/good ]] || fail "plain: was not extracted"
    rm -r "$case_dir/in"
  done <"$case_dir/names"
  ((count > 5)) || fail "only $count archives of the kind $1 were made"
}

# Every file that is there is whole.
cut_off() {  # ENDING COMMAND
  local size=0 length whole=$case_dir/whole
  mkdir "$case_dir/tree"
  (cd "$case_dir/tree" && seq 1 700 >a && seq 1 5 >b && mkdir d && seq 1 900 >d/c && ln b d/e)
  (cd "$case_dir/tree" && eval "$2") >"$whole"
  size=$(stat -c %s "$whole")
  for ((length = 0; length < size; length += 512)); do
    mkdir "$case_dir/in"
    head -c "$length" "$whole" >"$case_dir/cut.$1"
    # Whether it tells depends on where the cut is: what counts is what is there.
    extract_any "$case_dir/cut.$1" "$case_dir/in" >/dev/null 2>&1 || true
    (cd "$case_dir/in" && find . -type f -size +0 -printf '%P\n') | while read -r file; do
      cmp -s "$case_dir/in/$file" "$case_dir/tree/$file" || { echo "cut at $length: half of $file is there"; exit 1; }
    done || fail "cut off at $length: half of a file stands under its name"
    rm -r "$case_dir/in"
  done
}

# What was damaged on the way does not pass for whole.
damaged_streams() {
  local codec
  mkdir "$case_dir/tree"
  head -c 300000 /dev/urandom >"$case_dir/tree/random"
  for codec in gzip bzip2 xz zstd; do
    ours tar "--$codec" -cf "$case_dir/x" -C "$case_dir/tree" random
    ours tar -tf "$case_dir/x" >/dev/null
    head -c 200000 "$case_dir/x" >"$case_dir/cut"
    ! ours tar -tf "$case_dir/cut" >/dev/null 2>&1 || fail "$codec: cut off, and nothing is said"
    # One bit in the middle.
    python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[150000] ^= 4; open(sys.argv[2], "wb").write(b)' \
      "$case_dir/x" "$case_dir/flipped"
    ! ours tar -xOf "$case_dir/flipped" >/dev/null 2>&1 || fail "$codec: a bit is wrong, and nothing is said"
  done
}

# What grows to much more than it was: a file limit stops it, and nothing is left under its name.
bomb() {
  mkdir "$case_dir/tree" "$case_dir/in"
  truncate -s 1G "$case_dir/tree/zeros"
  ours tar --zstd -cf "$case_dir/bomb.tar" -C "$case_dir/tree" zeros
  local status=0
  (ulimit -f $((32 << 10)) && ulimit -v $((600 << 10)) && trap '' XFSZ && ours tar -C "$case_dir/in" -xf "$case_dir/bomb.tar") \
    >"$case_dir/said" 2>&1 || status=$?
  cat "$case_dir/said"
  ((status == 2)) || fail "status $status"
  [[ ! -e $case_dir/in/zeros ]] || fail "half of the file is there"
}

# So much as a small machine has; and files as small as what is meant to come out.
with_limits() {  # APPLET [ARGUMENT]...
  local status=0
  (ulimit -f $((32 << 10)) && ulimit -v $((600 << 10)) && trap '' XFSZ && cd "$case_dir/in" && ours "$@") \
    >"$case_dir/said" 2>&1 || status=$?
  head -c 1000 "$case_dir/said"
  return "$status"
}

# A member that is larger than the list says, at first by a little and then by a lot; and one that is as large as that.
bomb_in_zip() {
  mkdir "$case_dir/in"
  python3 - "$case_dir" <<'PYTHON'
import struct, sys, zipfile
case = sys.argv[1]
with zipfile.ZipFile(f"{case}/whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("good", "good\n")
    archive.writestr("zeros", bytes(100 << 20))
data = bytearray(open(f"{case}/whole.zip", "rb").read())
entry = data.rindex(b"PK\1\2")
struct.pack_into("<I", data, entry + 24, 100)
open(f"{case}/lying.zip", "wb").write(data)
PYTHON
  local status=0 name
  for name in lying whole; do
    status=0
    with_limits unzip -o "$case_dir/$name.zip" || status=$?
    ((status != 0 && status < 124)) || fail "$name: status $status"
    [[ ! -e $case_dir/in/zeros ]] || fail "$name: half of the file is there"
    cmp "$case_dir/in/good" <(echo good) || fail "$name: what is right was not extracted"
  done
  grep -q 'holds more than' <(with_limits unzip -o "$case_dir/lying.zip"; cat "$case_dir/said") ||
    fail "it does not say why"
}

bomb_in_cpio() {
  mkdir "$case_dir/tree" "$case_dir/in"
  echo good >"$case_dir/tree/good"
  truncate -s 1G "$case_dir/tree/zeros"
  (cd "$case_dir/tree" && printf 'good\nzeros\n' | cpio --quiet -oH newc | zstd -q >"$case_dir/bomb.cpio.zst")
  local status=0
  with_limits cpio -i -F "$case_dir/bomb.cpio.zst" || status=$?
  ((status == 2)) || fail "status $status"
  [[ ! -e $case_dir/in/zeros ]] || fail "half of the file is there"
  cmp "$case_dir/in/good" <(echo good) || fail "what is right was not extracted"
}

# Neither memory nor disk is taken for it.
bomb_listed() {
  mkdir "$case_dir/in"
  head -c 268435456 /dev/zero | gzip -1 >"$case_dir/bomb.gz"
  with_limits gzip -l "$case_dir/bomb.gz" || fail "status $?"
  diff "$case_dir/said" <(gzip -l "$case_dir/bomb.gz") || fail "lists it otherwise than GNU's"
  grep -qw 268435456 "$case_dir/said" || fail "lists another size"
}

run_case "archives: bsdtar reads ours" to_bsdtar
run_case "archives: ours reads bsdtar's" from_bsdtar
run_case "archives: GNU tar reads ours" to_gnu
run_case "archives: ours reads GNU tar's" from_gnu
for form in newc odc; do
  run_case "archives: cpio $form both ways with bsdtar" cpio_both_ways "$form"
done
run_case "archives: 9 GiB of holes in GNU's form" large
run_case "archives: 9 GiB of holes in POSIX's form" large --format=pax
run_case "archives: 9 GiB of holes both ways with bsdtar" large_with_bsdtar
for ending in tar cpio zip; do
  run_case "archives: hostile $ending" hostile "$ending"
done
run_case "archives: tar cut off" cut_off tar 'tar -cf - .'
run_case "archives: cpio cut off" cut_off cpio 'find . -depth | cpio --quiet -oH newc'
run_case "archives: zip cut off" cut_off zip 'zip -qr - .'
run_case "archives: damaged streams" damaged_streams
run_case "archives: a bomb" bomb
run_case "archives: a bomb as a zip" bomb_in_zip
run_case "archives: a bomb as a cpio" bomb_in_cpio
run_case "archives: a bomb listed by gzip" bomb_listed
finish
