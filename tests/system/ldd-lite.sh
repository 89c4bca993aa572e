#!/usr/bin/env bash
# ldd-lite and elf-info: what they say is what the root's own loader says, for
# every program and library of the roots; and damage is told, not crashed on.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"

ldd_lite() { "$kit/bin/rescue" ldd-lite "$@"; }
truth() { python3 "$tests_dir/lib/loader_truth.py" "$1" "$kit" "$2" "/$INTERP" | tee "$case_dir/truth"; }

same_paths() {  # ROOT [paths|symbols]
  need_root "$1"
  root_facts "$1"
  truth "${2:-paths}" "$pristine" || fail "$(tail -n 1 "$case_dir/truth")"
}

healthy_sweep() {  # ROOT
  need_root "$1"
  ldd_lite --root "$pristine" --check /usr/bin /usr/sbin || fail "calls something in a healthy root broken"
}

broken_sweep() {  # a library gone, one cut short, one too old: each is named, and nothing else
  with_root bookworm
  local programs
  programs=$(ldd_lite --root "$ROOT" --check /usr/bin | wc -l)
  ((programs == 0)) || fail "was not healthy before"
  rm "$ROOT/$LIB/libtinfo.so.6"
  truncate -s 20000 "$ROOT/$LIB"/libselinux.so.1
  if ldd_lite --root "$ROOT" --check /usr/bin >"$case_dir/out"; then fail "exit 0 for a broken root"; fi
  grep -q '/usr/bin/bash: libtinfo.so.6: not found (looked in' "$case_dir/out" || fail "bash is not named"
  grep -q '/usr/bin/ls: .*libselinux.so.1: load: the file is cut short' "$case_dir/out" || fail "ls is not named"
  if grep -q '/usr/bin/cat:' "$case_dir/out"; then fail "cat is named, and is healthy"; fi
}

# Far more directories than descriptors: what is found is the same.
many_directories() {
  with_root bookworm
  rm "$ROOT/$LIB/libtinfo.so.6"
  local many=300
  (($(find "$ROOT/usr" -type d | wc -l) > many)) || fail "not enough directories to prove anything"
  ldd_lite --root "$ROOT" --check /usr >"$case_dir/all" && fail "exit 0 for a broken root"
  grep -q '/usr/bin/bash: libtinfo.so.6: not found' "$case_dir/all" || fail "bash is not named"
  (ulimit -n "$many"; ldd_lite --root "$ROOT" --check /usr >"$case_dir/few" 2>&1) && fail "exit 0 for a broken root"
  diff "$case_dir/all" "$case_dir/few" || fail "finds something else with $many descriptors"
}

old_libc() {  # programs of trixie over the libc of bullseye
  need_root bullseye
  local old=$pristine
  with_root trixie
  cp "$old/lib/x86_64-linux-gnu/libc-2.31.so" "$ROOT/$LIBC"
  if ldd_lite --root "$ROOT" /usr/bin/ls >"$case_dir/out"; then fail "exit 0"; fi
  grep -q "libc.so.6: version \`GLIBC_2.34' not found (required by /usr/bin/ls)" "$case_dir/out" ||
    fail "says $(cat "$case_dir/out")"
}

copied_tree() {  # ROOT PROGRAM ARGUMENT...
  need_root "$1"
  local program=$2
  shift 2
  ldd_lite --root "$pristine" --copy-to "$case_dir/tree" "$program" >"$case_dir/out"
  chroot "$case_dir/tree" "$program" "$@" || fail "the copy does not run"
}

foreign_root() {
  need_root bookworm-arm64
  ldd_lite --root "$pristine" --check /usr/bin /usr/sbin || fail "calls something broken"
  [[ $(ldd_lite --root "$pristine" /usr/bin/bash) == *'libc.so.6 => /lib/aarch64-linux-gnu/libc.so.6 ('* ]] ||
    fail "does not find the libc of another machine"
}

versions() {  # ROOT
  need_root "$1"
  root_facts "$1"
  local file said
  for file in "$LIBC" "$LOADER"; do
    said=$("$kit/bin/rescue" elf-info --root "$pristine" "/$file" | awk '$1 == "glibc:" { print $2 }')
    [[ $said == "$GLIBC" ]] || fail "/$file is called '$said' instead of $GLIBC"
  done
}

start_test "$@"
need_kit
for root in bookworm bullseye trixie rhel unmerged; do
  run_case "paths-$root" same_paths "$root"
  run_case "healthy-$root" healthy_sweep "$root"
  run_case "version-$root" versions "$root"
done
run_case symbols-bookworm same_paths bookworm symbols
run_case version-arm64 versions bookworm-arm64
run_case foreign foreign_root
run_case broken broken_sweep
run_case many-directories many_directories
run_case old-libc old_libc
run_case copy-bash copied_tree bookworm /usr/bin/bash -c 'echo runs'
run_case copy-dpkg copied_tree bullseye /usr/bin/dpkg --version
finish
