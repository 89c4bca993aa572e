#!/usr/bin/env bash
# live: a restore while programs of the root are running, and from a shell that
# has little left: no /proc, closed streams, a reader that went away.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

make_bundles() {
  with_root "$1"
  rescue_bundle create --level 3 -o "$bundles/$1.tzst" --root "$ROOT" --recipe glibc
}

# Calls into libc all over, through pages that are read again from the file
# each time, and counts its rounds into a file.
readonly busy='
import ctypes, os, time
libc = ctypes.CDLL("libc.so.6")
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))(lambda a, b: a[0] - b[0])
rounds = 0
while True:
    array = (ctypes.c_int * 4)(3, 1, 2, 0)
    libc.qsort(array, 4, 4, compare)
    assert list(array) == [0, 1, 2, 3]
    # Drop the pages of every library, so that they come from the file again.
    for line in open("/proc/self/maps"):
        fields = line.split()
        if len(fields) > 5 and ".so" in fields[5] and fields[1] == "r-xp":
            begin, end = (int(x, 16) for x in fields[0].split("-"))
            libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), 4)
    time.strftime("%c"), os.listdir("/"), str(3.5 ** 2.5)
    rounds += 1
    with open("/run/rounds.new", "w") as file:
        file.write(str(rounds))
    os.rename("/run/rounds.new", "/run/rounds")
    time.sleep(0.01)
'

start_busy() {
  mount -t proc proc "$ROOT/proc"
  mkdir -p "$ROOT/run"
  chroot "$ROOT" /usr/bin/python3 -c "$busy" &
  busy_pid=$!
  wait_for_rounds 0
}

rounds() { cat "$ROOT/run/rounds" 2>/dev/null || echo 0; }

wait_for_rounds() {  # MORE-THAN: within some seconds
  local i
  for ((i = 0; i < 100; i++)); do
    (($(rounds) > $1)) && return
    kill -0 "$busy_pid" 2>/dev/null || fail "the running program died"
    sleep 0.1
  done
  fail "the running program stands still"
}

# HOW the library is broken must leave what is mapped alone, as a package
# manager or `rm` does; a restore must not be worse.
survives() {  # ROOT HOW
  with_root "$1"
  start_busy
  local mapped
  mapped=$(sha256sum <"$(mapped_libc)")
  "break_$2"
  extract 0 '' "$bundles/$1.tzst"
  wait_for_rounds "$(($(rounds) + 5))"
  [[ $(sha256sum <"$(mapped_libc)") == "$mapped" ]] || fail "the mapped library was written into"
  assert_healthy
  undo ''
  wait_for_rounds "$(($(rounds) + 5))"
  extract 0 '' "$bundles/$1.tzst"
  wait_for_rounds "$(($(rounds) + 5))"
  kill "$busy_pid"
}

mapped_libc() {
  local entry
  for entry in "/proc/$busy_pid/map_files"/*; do
    if [[ $(readlink "$entry") == */libc[.-]* ]]; then printf '%s' "$entry"; return; fi
  done
  fail "the running program maps no libc"
}

break_deleted() { rm -f "$ROOT/$LIBC" "$ROOT/$LOADER"; }
break_renamed_over() {
  head -c 9000 /dev/urandom >"$ROOT/$LIB/.junk"
  mv "$ROOT/$LIB/.junk" "$ROOT/$LIBC"
}
break_mode() { chmod 0600 "$ROOT/$LIBC"; }
break_owner() { chown 7:7 "$ROOT/$LIBC" "$ROOT/$LOADER"; }
# The mapped file itself is gone from its name, and comes back by another.
break_moved() { mv "$ROOT/$LIBC" "$ROOT/$LIB/libc-moved"; }

broken_small() {
  small_root bookworm
  snapshot "$case_dir/whole"
  head -c 9000 /dev/urandom >"$ROOT/$LIBC"
  rm "$ROOT/$INTERP"
  bundle=$bundles/bookworm.tzst
}

# The small root has fewer files than its bundle: what is not there is made.
make_small_bundle() {
  small_root bookworm
  rescue_bundle create --level 3 -o "$bundles/small.tzst" --root "$ROOT" --recipe glibc
}

# A file opened as descriptor 1 must not get the report written into it.
closed_streams() {
  local which status
  for which in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' '<&- 2>&-' '<&- >&- 2>&-'; do
    broken_small
    status=0
    eval '"$kit/bin/rescue-extract" -v "$bundles/small.tzst" "$ROOT"' "$which" || status=$?
    printf 'with %s: status %s\n' "$which" "$status"
    # It cannot say so, and the restore is what counts; a stream that cannot
    # be written to may be reported in the status.
    ((status == 0 || status == 1)) || fail "with $which: status $status"
    snapshot "$case_dir/after"
    expect_same "$case_dir/whole" "$case_dir/after"
    drop_root
  done
}

full_or_gone_output() {
  local status
  broken_small
  status=0
  "$kit/bin/rescue-extract" -v "$bundles/small.tzst" "$ROOT" >/dev/full 2>"$case_dir/said" || status=$?
  ((status == 1)) || fail "on a full output: status $status"
  [[ -s $case_dir/said ]] || fail "on a full output: not a word"
  snapshot "$case_dir/after"
  expect_same "$case_dir/whole" "$case_dir/after"
  drop_root
  broken_small
  { "$kit/bin/rescue-extract" -v "$bundles/small.tzst" "$ROOT" 2>/dev/null || true; } | true
  snapshot "$case_dir/after"
  expect_same "$case_dir/whole" "$case_dir/after"
}

# From outside, where nothing of the host is mounted either.
no_proc() {
  broken_small
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --mount bash -c 'umount -l /proc && cd "$1" && exec ./rescue-extract "$2" "$3"' - \
    "$kit/bin" "$bundles/small.tzst" "$ROOT" >"$case_dir/said" 2>&1 || fail "without /proc: $(tail -n 1 "$case_dir/said")"
  snapshot "$case_dir/after"
  expect_same "$case_dir/whole" "$case_dir/after"
}

# As the first process of a machine whose shell is all that is left: no
# environment, a current directory that is gone, a mask that closes everything.
bare_surroundings() {
  broken_small
  mkdir "$case_dir/gone"
  (
    cd "$case_dir/gone"
    rmdir "$case_dir/gone"
    umask 0777
    exec env -i "$kit/bin/rescue-extract" "$bundles/small.tzst" "$ROOT"
  ) >"$case_dir/said" 2>&1 || fail "in bare surroundings: $(tail -n 1 "$case_dir/said")"
  snapshot "$case_dir/after"
  expect_same "$case_dir/whole" "$case_dir/after"
}

# The broken system's own variables must do nothing to a static program.
poisoned_environment() {
  broken_small
  LD_PRELOAD=/nowhere.so LD_LIBRARY_PATH=/nowhere TMPDIR=/nowhere HOME=/nowhere LANG=xx_XX TZ=/nowhere \
    "$kit/bin/rescue-extract" "$bundles/small.tzst" "$ROOT" >"$case_dir/said" 2>&1 ||
    fail "with a poisoned environment: $(tail -n 1 "$case_dir/said")"
  snapshot "$case_dir/after"
  expect_same "$case_dir/whole" "$case_dir/after"
}

# Two at once: one works, the other is refused or waits; the end is right.
two_at_once() {
  broken_small
  local first=0 second=0
  "$kit/bin/rescue-extract" "$bundles/small.tzst" "$ROOT" >"$case_dir/first" 2>&1 &
  "$kit/bin/rescue-extract" "$bundles/small.tzst" "$ROOT" >"$case_dir/second" 2>&1 || second=$?
  wait $! || first=$?
  printf 'status %s and %s\n' "$first" "$second"
  cat "$case_dir/first" "$case_dir/second"
  ((first == 0 || second == 0)) || fail "neither of two restores worked"
  [[ $first$second == *[!03]* ]] && fail "one of two restores failed: $first and $second"
  snapshot "$case_dir/after"
  expect_same "$case_dir/whole" "$case_dir/after"
}

main() {
  start_test "$@"
  need_kit
  bundles=$work/bundles
  mkdir "$bundles"
  local root how name
  for root in bookworm bullseye; do
    run_case "$root/bundle" make_bundles "$root"
    for how in deleted renamed_over mode owner moved; do
      run_case "$root/survives/$how" survives "$root" "$how"
    done
  done
  run_case small_bundle make_small_bundle
  for name in closed_streams full_or_gone_output no_proc bare_surroundings poisoned_environment two_at_once; do
    run_case "$name" "$name"
  done
  finish
}

main "$@"
