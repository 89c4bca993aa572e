#!/usr/bin/env bash
# space: full and read-only disks. What cannot be done is refused, with what is
# needed; what can be done with the room of files that are dead is done.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

make_bundle() {
  small_root bookworm
  rescue_bundle create --level 3 -o "$bundles/small.tzst" --root "$ROOT" --recipe glibc
}

fill_blocks() {  # [LEAVE-KIB]: takes every free block, but so much
  local free
  dd if=/dev/zero of="$ROOT/root/filler" bs=4k status=none 2>/dev/null || true
  sync -f "$ROOT"
  free=${1-0}
  if ((free)); then truncate -s "-$((free << 10))" "$ROOT/root/filler"; fi
  sync -f "$ROOT"
  df -k "$ROOT"
}

fill_inodes() {
  mkdir "$ROOT/root/files"
  local i=0
  while : 2>/dev/null >"$ROOT/root/files/$i"; do i=$((i + 1)); done
  df -i "$ROOT"
}

refused() {  # WORDS
  snapshot "$case_dir/before"
  extract 3 '' "$bundles/small.tzst"
  grep -qiE "$1" "$case_dir/said" || fail "does not say /$1/: $(tail -n 2 "$case_dir/said" | tr '\n' ' ')"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
  [[ ! -e $ROOT/.rescue ]] || fail "left /.rescue behind"
}

# In a PID namespace of its own, where every process can be looked into: a
# machine may have one that even root may not see the mappings of.
alone() { run_kit "$1" unshare --pid --fork --mount-proc -- "${@:2}"; }

restored() {
  alone 0 "$kit/bin/rescue-extract" "$bundles/small.tzst" "$ROOT"
  rm -rf "$ROOT/root/filler" "$ROOT/root/files"
  snapshot "$case_dir/after"
  expect_same "$case_dir/whole" "$case_dir/after"
  assert_healthy
}

read_only() {
  ext4_root bookworm 48M
  rm "$ROOT/$LIBC"
  mount -o remount,ro "$ROOT"
  refused 'read-only'
}

no_blocks() {
  ext4_root bookworm 48M
  rm "$ROOT/$LIBC"
  fill_blocks
  refused '(space|room|full)'
  # The number that is needed is the point of the message.
  grep -qE '[0-9]' "$case_dir/said" || fail "does not say how much is needed"
}

no_inodes() {
  ext4_root bookworm 48M -N 400
  rm "$ROOT/$LIBC"
  fill_inodes
  refused 'inode'
}

# The very file that is junk has the room that its successor needs.
dead_file_gives_blocks() {
  ext4_root bookworm 48M
  snapshot "$case_dir/whole"
  dd if=/dev/urandom of="$ROOT/$LIBC" bs=4k count=$(($(stat -c %s "$ROOT/$LIBC") / 4096 + 1)) conv=notrunc status=none
  fill_blocks
  restored
}

# Not so if a process still maps it: that would be written into.
mapped_file_gives_none() {
  ext4_root bookworm 48M
  dd if=/dev/urandom of="$ROOT/$LIBC" bs=4k count=$(($(stat -c %s "$ROOT/$LIBC") / 4096 + 1)) conv=notrunc status=none
  fill_blocks
  snapshot "$case_dir/before"
  # shellcheck disable=SC2016  # expanded by the inner shell
  alone 3 bash -c '
    python3 -c "import mmap, sys, time; f = open(sys.argv[1], \"rb\"); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); print(1, flush=True); time.sleep(60)" "$1" >"$2/mapped" &
    for i in {1..100}; do [[ -s $2/mapped ]] && break; sleep 0.1; done
    "$3" "$4" "$5"' - "$ROOT/$LIBC" "$case_dir" "$kit/bin/rescue-extract" "$bundles/small.tzst" "$ROOT"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

dead_file_gives_inode() {
  ext4_root bookworm 48M -N 400
  snapshot "$case_dir/whole"
  : >"$ROOT/$LIBC"
  fill_inodes
  restored
}

# Enough for the loader and libc, and not for the whole family: these first.
first_tier_only() {
  ext4_root bookworm 48M
  cp "$ROOT/$LIBC" "$case_dir/libc"
  cp "$ROOT/$LOADER" "$case_dir/loader"
  find "$ROOT/$LIB" -maxdepth 1 \( -name 'ld-*' -o -name 'libc.so*' -o -name 'libm*.so*' -o -name 'libpthread*' \
    -o -name 'libresolv*' -o -name 'libcrypt*' -o -name 'libnss*' -o -name 'libgcc*' \) -delete
  fill_blocks 2700
  local status=0
  "$kit/bin/rescue-extract" "$bundles/small.tzst" "$ROOT" >"$case_dir/said" 2>&1 || status=$?
  cat "$case_dir/said"
  ((status == 0 || status == 5)) || fail "status $status: $(tail -n 1 "$case_dir/said")"
  cmp "$case_dir/libc" "$ROOT/$LIBC"
  cmp "$case_dir/loader" "$ROOT/$LOADER"
  assert_runs /bin/dash -c :
}

# A quarter of a megabyte short: found before anything is changed.
almost_enough() {
  ext4_root bookworm 48M
  rm "$ROOT/$LIBC"
  fill_blocks 1600
  refused '(space|room|full)'
}

undo_on_full_disk() {
  ext4_root bookworm 48M
  head -c 9000 /dev/urandom >"$ROOT/$LIBC"
  snapshot "$case_dir/broken"
  extract 0 '' "$bundles/small.tzst"
  dd if=/dev/zero of="$ROOT/root/filler" bs=4k status=none 2>/dev/null || true
  undo ''
  rm "$ROOT/root/filler"
  snapshot "$case_dir/undone"
  expect_same "$case_dir/broken" "$case_dir/undone"
}

immutable_on_ext4() {
  ext4_root bookworm 48M
  snapshot "$case_dir/whole"
  : >"$ROOT/$LIBC"
  chattr +i "$ROOT/$LIBC" "$ROOT/$LIB"
  chattr +a "$ROOT/etc"
  restored
  [[ $(lsattr -d "$ROOT/$LIB") == *i*\ * ]] || fail "the directory is not immutable any more"
}

main() {
  start_test "$@"
  need_kit
  bundles=$work/bundles
  mkdir "$bundles"
  local name
  for name in make_bundle read_only no_blocks no_inodes almost_enough dead_file_gives_blocks mapped_file_gives_none \
    dead_file_gives_inode first_tier_only undo_on_full_disk immutable_on_ext4; do
    run_case "$name" "$name"
  done
  finish
}

main "$@"
