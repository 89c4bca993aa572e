#!/usr/bin/env bash
# The ordinary applets where GNU's cannot be compared with: trees too deep for paths and descriptors, old kernels, no
# /proc, full disks, failing reads.
# shellcheck disable=SC2016  # what is in single quotes is for the inner shell
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"
need_kit

rescue=$kit/bin/rescue

expect() {  # STATUS COMMAND...
  local expected=$1 status=0
  shift
  timeout 60 "$@" >"$case_dir/out" 2>"$case_dir/err" || status=$?
  ((status == expected)) || fail "$* ended with $status instead of $expected: $(head -c 300 "$case_dir/err")"
}

make_deep_tree() {  # DEPTH
  python3 - "$1" "$case_dir" <<'END'
import os, sys
os.chdir(sys.argv[2])
os.mkdir("deep")
os.chdir("deep")
for level in range(int(sys.argv[1])):
    os.mkdir("directory")
    os.chdir("directory")
open("bottom", "w").write("bottom\n")
os.symlink("bottom", "link")
os.link("bottom", "hard")
END
}

# Compares two trees by descriptor, so that no path is too long.
same_deep_tree() {
  python3 - "$case_dir" <<'END'
import os, stat, sys
os.chdir(sys.argv[1])
a, b = os.open("deep", os.O_RDONLY), os.open("copy", os.O_RDONLY)
depth = 0
while True:
    names = sorted(os.listdir(a))
    assert names == sorted(os.listdir(b)), (depth, names, os.listdir(b))
    for name in names:
        x, y = os.lstat(name, dir_fd=a), os.lstat(name, dir_fd=b)
        assert (x.st_mode, x.st_mtime_ns, x.st_nlink) == (y.st_mode, y.st_mtime_ns, y.st_nlink), (depth, name)
    if "directory" not in names:
        break
    a, old_a = os.open("directory", os.O_RDONLY, dir_fd=a), a
    b, old_b = os.open("directory", os.O_RDONLY, dir_fd=b), b
    os.close(old_a), os.close(old_b)
    depth += 1
print(depth)
END
}

remove_deep_tree() { find "$case_dir/deep" "$case_dir/copy" -delete; }

copies_deep_tree() {
  make_deep_tree "$1"
  expect "$2" bash -c 'ulimit -n 200 && exec "$0" cp -a "$1/deep" "$1/copy"' "$rescue" "$case_dir"
  [[ $(same_deep_tree) == "$1" ]] || fail "not all was copied"
  remove_deep_tree
}

lists_deep_tree() {
  make_deep_tree 5000
  expect 0 bash -c 'ulimit -n 100 && exec "$0" ls -R "$1/deep"' "$rescue" "$case_dir"
  [[ $(grep -c '^bottom$' "$case_dir/out") == 1 ]] || fail "the bottom was not reached"
  [[ $(grep -c ':$' "$case_dir/out") == 5001 ]] || fail "$(grep -c ':$' "$case_dir/out") directories"
  find "$case_dir/deep" -delete
}

make_mixed_tree() {
  mkdir -p "$case_dir/from/dir"
  head -c 3000000 /dev/urandom >"$case_dir/from/large"
  truncate -s 5M "$case_dir/from/sparse"
  printf x | dd of="$case_dir/from/sparse" bs=1 seek=3000000 conv=notrunc status=none
  ln -s large "$case_dir/from/link"
  echo small >"$case_dir/from/dir/small"
  python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"v")' "$case_dir/from/large"
}

same_mixed_tree() {
  diff -r --no-dereference "$case_dir/from" "$case_dir/to" || fail "the copy differs"
  [[ $(stat -c %b "$case_dir/to/sparse") -le $(stat -c %b "$case_dir/from/sparse") ]] || fail "the holes are gone"
  [[ $(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.note"))' "$case_dir/to/large") == "b'v'" ]] ||
    fail "the attribute is gone"
}

copies_on_old_kernel() {  # CALL:FAULT...
  make_mixed_tree
  local call calls=()
  for call; do calls+=(-e "inject=$call"); done
  expect 0 strace -f -o "$case_dir/trace" "${calls[@]}" "$rescue" cp -a "$case_dir/from" "$case_dir/to"
  same_mixed_tree
}

lists_on_old_kernel() {
  make_mixed_tree
  "$rescue" ls -lR "$case_dir/from" >"$case_dir/expected"
  expect 0 strace -f -o "$case_dir/trace" -e inject=statx,openat2:error=ENOSYS "$rescue" ls -lR "$case_dir/from"
  cmp "$case_dir/out" "$case_dir/expected" || fail "another listing"
  expect 0 strace -f -o "$case_dir/trace" -e inject=statx:error=EPERM "$rescue" ls -l --time=birth "$case_dir/from"
}

# Nothing but the kit and the files: no /proc, /dev, /etc.
works_in_empty_root() {
  make_mixed_tree
  mkdir "$case_dir/root"
  cp "$rescue" "$case_dir/root/rescue"
  mv "$case_dir/from" "$case_dir/root/from"
  chown -h 4242:4343 "$case_dir/root/from/link"
  expect 0 chroot "$case_dir/root" /rescue cp -a /from /to
  expect 0 chroot "$case_dir/root" /rescue ls -l /to
  grep -q '4242 4343 .* link -> large$' "$case_dir/out" || fail "$(<"$case_dir/out")"
  expect 0 chroot "$case_dir/root" /rescue cat /to/dir/small
  [[ $(<"$case_dir/out") == small ]] || fail "cat"
  mv "$case_dir/root/from" "$case_dir/root/to" "$case_dir"
  same_mixed_tree
}

leaves_target_alone() {
  echo precious >"$case_dir/target"
  echo new >"$case_dir/source"
  expect 1 strace -o "$case_dir/trace" -P "$case_dir/source" -e inject=openat:error=EIO \
    "$rescue" cp "$case_dir/source" "$case_dir/target"
  [[ $(<"$case_dir/target") == precious ]] || fail "the target was emptied before the source was open"
  grep -q "cp: $case_dir/source: open: I/O error\|cp: $case_dir/source: open: Input/output error" "$case_dir/err" ||
    fail "$(<"$case_dir/err")"
}

reports_read_error() {
  head -c 1000000 /dev/urandom >"$case_dir/source"
  expect 1 strace -o "$case_dir/trace" -P "$case_dir/source" -e inject=read:error=EIO:when=2+ \
    -e inject=copy_file_range:error=EIO "$rescue" cp "$case_dir/source" "$case_dir/target"
  expect 1 strace -o "$case_dir/trace" -P "$case_dir/source" -e inject=read:error=EIO:when=1 \
    "$rescue" cat "$case_dir/source"
}

reports_full_disk() {
  mkdir "$case_dir/small"
  mount -t tmpfs -o size=256k tmpfs "$case_dir/small"
  head -c 1000000 /dev/zero | tr '\0' x >"$case_dir/source"
  echo tiny >"$case_dir/tiny"
  expect 1 "$rescue" cp "$case_dir/source" "$case_dir/small"
  grep -q 'No space left on device' "$case_dir/err" || fail "$(<"$case_dir/err")"
  rm "$case_dir/small/source"
  # The next file is copied all the same.
  expect 1 "$rescue" cp "$case_dir/source" "$case_dir/tiny" "$case_dir/small"
}

# GNU's makes y, whose source is the first x, a link to what has come in its place.
links_to_no_successor() {  # OPTION...
  local way
  cd "$case_dir"
  mkdir one two three
  echo first >one/x
  echo second >two/x
  ln one/x two/y
  ln one/x three/z
  mkdir merged named
  "$rescue" cp -a "$@" one/. two/. three/. merged
  [[ $(cat merged/x merged/y merged/z) == $'second\nfirst\nfirst' ]] || fail "$*: $(head merged/*)"
  [[ merged/y -ef merged/z ]] || fail "$*: y and z are not one file"
  "$rescue" cp -a --backup=numbered one/x two/x two/y three/z named
  [[ $(cat named/x named/x.~1~ named/y) == $'second\nfirst\nfirst' ]] || fail "$(head named/*)"
  [[ named/y -ef named/z ]] || fail "after a backup, y and z are not one file"
  for way in merged named; do
    cp -a "$way" again
    "$rescue" cp -a "$@" "$way/." again
    diff -r "$way" again || fail "$*: copied over itself, $way is another tree"
    [[ again/y -ef again/z ]] || fail "$*: copied over itself, y and z are not one file"
    rm -r again
  done
}

run_case "limits: cp -a copies a tree deeper than its descriptors" copies_deep_tree 300 0
run_case "limits: cp -a copies a tree deeper than paths can be" copies_deep_tree 5000 0
run_case "limits: ls -R lists a tree 5000 deep" lists_deep_tree
run_case "limits: cp -a without copy_file_range and clones" copies_on_old_kernel copy_file_range:error=ENOSYS ioctl:error=ENOTTY
run_case "limits: cp -a where copy_file_range is forbidden" copies_on_old_kernel copy_file_range:error=EPERM
run_case "limits: cp -a across file systems as old kernels see it" copies_on_old_kernel copy_file_range:error=EXDEV
run_case "limits: cp -a where copy_file_range breaks off" copies_on_old_kernel copy_file_range:retval=0
run_case "limits: cp -a without openat2 and statx" copies_on_old_kernel openat2,statx:error=ENOSYS
run_case "limits: ls without statx" lists_on_old_kernel
run_case "limits: cp and ls in an empty root" works_in_empty_root
run_case "limits: cp opens the source before it touches the target" leaves_target_alone
run_case "limits: cp -a links to no successor of a copy" links_to_no_successor
run_case "limits: cp -a links to no successor of a copy that was removed" links_to_no_successor --remove-destination
# GNU's do not end here.
resolves_link_into_itself() {
  cd "$case_dir"
  ln -s x/y x
  expect 1 "$rescue" readlink -f x
  expect 1 "$rescue" readlink -e x/z
  expect 0 "$rescue" readlink -m x
  expect 1 "$rescue" realpath x
  grep -q 'Symbolic link loop' "$case_dir/err" || fail "$(cat "$case_dir/err")"
}

run_case "limits: a link that leads into itself" resolves_link_into_itself
run_case "limits: a failing disk is reported" reports_read_error
run_case "limits: a full disk is reported" reports_full_disk
finish
