#!/usr/bin/env bash
# hostile: bundles made to harm are refused with status 4, and the root is
# byte for byte what it was. lib/hostile.py makes them.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

make_bundles() {
  small_root bookworm
  rescue_bundle create --level 3 -o "$bundles/good.tzst" --root "$ROOT" --recipe glibc
  python3 "$tests_dir/lib/hostile.py" "$bundles/good.tzst" "$bundles/hostile" >"$bundles/list"
}

# One root for all of a group: each of them must leave it as it was. 512 MiB of
# address space is far more than a bundle of some MiB needs, and less than what
# a bomb would take.
refuse_group() {  # NAME-PREFIX
  small_root bookworm
  : >"$ROOT/$LIBC"
  snapshot "$case_dir/before"
  local name expected count=0
  while read -r name expected; do
    [[ $name == $1* ]] || continue
    count=$((count + 1))
    refuse_one "$name" "$expected"
  done <"$bundles/list"
  ((count)) || fail "no bundle of the kind $1 was made"
}

refuse_one() {  # NAME EXPECTED
  local status=0
  prlimit --as=$((512 << 20)) --fsize=$((64 << 20)) timeout 20 \
    "$kit/bin/rescue-extract" "$bundles/hostile/$1.tzst" "$ROOT" >"$case_dir/said" 2>&1 || status=$?
  printf '%s: status %s: %s\n' "$1" "$status" "$(head -c 300 "$case_dir/said")"
  ((status == $2)) || fail "$1: status $status, not $2: $(head -c 160 "$case_dir/said")"
  [[ -s $case_dir/said ]] || fail "$1: refused without a word"
  ! grep -qP '[\x00-\x08\x0b-\x1f\x7f-\xff]' "$case_dir/said" || fail "$1: hands the bundle's bytes to the terminal"
  [[ ! -e $ROOT/var/lib/rescue && ! -e $ROOT/.rescue ]] || fail "$1: left a state directory behind"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

# The same machinery with nothing wrong: what it makes is accepted.
accept_unchanged() {
  small_root bookworm
  : >"$ROOT/$LIBC"
  extract 0 '' "$bundles/hostile/unchanged.tzst"
  assert_healthy
}

# With the bomb's own name on the way out of the root: nothing is there.
nothing_outside() {
  local path
  for path in /evil "$work/evil" "$work/../evil" /tmp/file /tmp/evil; do
    [[ ! -e $path ]] || fail "$path was written"
  done
}

not_a_file() {
  small_root bookworm
  snapshot "$case_dir/before"
  local path
  mkdir "$case_dir/directory"
  mkfifo "$case_dir/fifo"
  for path in "$case_dir/directory" "$case_dir/fifo" "$case_dir/absent" /dev/null; do
    local status=0
    timeout 10 "$kit/bin/rescue-extract" "$path" "$ROOT" </dev/null >"$case_dir/said" 2>&1 || status=$?
    printf '%s: status %s: %s\n' "$path" "$status" "$(head -c 300 "$case_dir/said")"
    ((status == 1 || status == 4)) || fail "$path as a bundle: status $status: $(head -c 160 "$case_dir/said")"
  done
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

main() {
  start_test "$@"
  need_kit
  bundles=$work/bundles
  mkdir "$bundles"
  run_case make make_bundles
  local group
  run_case accept_unchanged accept_unchanged
  for group in path_ kind_ mode_ hard_link_ file_ uid_ gid_ manifest_ content_ line_ member_ both_ no_ files_ info_ \
    fit_ frame_ tar_ plain_ gzip empty noise wide_ flipped_ bomb_ cut_; do
    run_case "refuse/${group%_}" refuse_group "$group"
  done
  run_case nothing_outside nothing_outside
  run_case not_a_file not_a_file
  finish
}

main "$@"
