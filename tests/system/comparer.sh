#!/usr/bin/env bash
# comparer: the tests' own judge sees every kind of difference. A comparer that
# is blind would make every other test pass.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"

change_content() { printf x | dd of="$1" bs=1 seek=20 conv=notrunc status=none; touch -r "${2-$1.copy}" "$1"; }
change_size() { truncate -s +1 "$1"; }
change_mode() { chmod 0600 "$1"; }
change_owner() { chown 5 "$1"; }
change_group() { chgrp 5 "$1"; }
change_links() { ln "$1" "$1.copy2"; rm "$1.copy"; }
change_type() { rm "$1"; mkfifo "$1"; }
change_gone() { rm "$1"; }
change_xattr() { python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.note", b"x")' "$1"; }
change_link() { ln -sfn elsewhere "$ROOT/$INTERP"; }
change_extra() { : >"$ROOT/$LIB/.leftover"; }
change_dir_mode() { chmod 0700 "$ROOT/$LIB"; }
change_dir_gone() { rm -r "${ROOT:?}/etc/ld.so.conf.d"; }

sees() {  # CHANGE WORDS [overlay]
  if [[ ${3-} ]]; then with_root bookworm; else small_root bookworm; fi
  local file=$ROOT/$LIBC
  cp -a "$file" "$file.copy"
  snapshot "$case_dir/before"
  "change_$1" "$file"
  snapshot "$case_dir/after"
  local found status=0
  found=$(differences "$case_dir/before" "$case_dir/after") || status=$?
  printf '%s\n' "$found"
  ((status == 1)) || fail "$1 is not seen"
  grep -q "$2" <<<"$found" || fail "$1 is seen as: $found"
}

sees_nothing() {
  with_root bookworm
  snapshot "$case_dir/before"
  cat "$ROOT/$LIBC" >/dev/null
  mkdir -p "$ROOT/var/lib/rescue/1"
  : >"$ROOT/$LIB/.temporary"
  rm "$ROOT/$LIB/.temporary"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
  expect_same "$base" "$case_dir/after"
}

# It says the same where it is asked by itself, and does not go by what a file held before.
served_as_alone() {
  with_root bookworm
  : >"$ROOT/$LIBC"
  snapshot "$case_dir/served"
  python3 -SE "$tests_dir/lib/snapshot.py" take "$ROOT" "$case_dir/alone" --base "$base" --upper "$UPPER"
  cmp "$case_dir/served" "$case_dir/alone" || fail "lists otherwise than alone"
  expect_same "$case_dir/alone" "$case_dir/served"
  sed -i "/libc.so.6\$/d" "$case_dir/served"
  expect_differs "$case_dir/alone" "$case_dir/served"
  # What it read once is read again where only its inside is another, whatever its times say.
  cp -a --preserve=timestamps "$pristine/$LIBC" "$ROOT/$LIBC"
  snapshot "$case_dir/before"
  sleep 0.2
  snapshot "$case_dir/again"
  change_content "$ROOT/$LIBC" "$pristine/$LIBC"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/again"
  expect_differs "$case_dir/again" "$case_dir/after"
  ! differences "$case_dir/absent" "$case_dir/served" >"$case_dir/said" || fail "finds no fault with a list that is not there"
  grep -q "No such file.*absent" "$case_dir/said" || fail "does not say what is missing"
  expect_same "$base" "$base"
}

main() {
  start_test "$@"
  local name overlay
  for overlay in '' overlay; do
    while read -r name words; do
      run_case "$name${overlay:+/$overlay}" sees "$name" "$words" "$overlay"
    done <<'END'
content changed .*libc.so.6: content
size changed .*libc.so.6: size
mode changed .*libc.so.6: mode 0755 -> 0600
owner changed .*libc.so.6: uid 0 -> 5
group changed .*libc.so.6: gid 0 -> 5
links missing .*libc.so.6.copy
type changed .*libc.so.6: type file -> fifo
gone missing .*libc.so.6
xattr changed .*libc.so.6: xattrs
link changed .*ld-linux-x86-64.so.2: content
extra extra .*.leftover
dir_mode changed .*x86_64-linux-gnu: mode
dir_gone missing etc/ld.so.conf.d
END
  done
  run_case nothing sees_nothing
  run_case served_as_alone served_as_alone
  finish
}

main "$@"
