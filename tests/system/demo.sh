#!/usr/bin/env bash
# demo: the README's first command does what it says, notices when it does not, and leaves nothing behind.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
start_test "$@"

need_kit

demo() {  # KIT: in a process of its own, which can be stopped
  exec env -u RESCUE_NAMESPACE RESCUE_KIT="$1" "$tests_dir/../scripts/demo" --no-build 2>&1
}

nothing_left() {
  local left
  left=$(find "$tests_dir/../build" -maxdepth 1 -name 'demo.*')
  [[ -z $left ]] || fail "left behind: $left"
}

runs() {
  need_root bookworm
  (demo "$kit") | tee "$case_dir/said"
  grep -q 'ls: cannot execute: required file not found' "$case_dir/said" || fail "ls did not fail in the middle"
  grep -q 'libc is byte for byte as ' "$case_dir/said" || fail "it does not say that libc is as it was"
  ! grep -n '.\{80\}' "$case_dir/said" || fail "a line is too long for a terminal of 80 columns"
  nothing_left
}

# A rescue-extract that only says that all is well.
liar() {
  need_root bookworm
  cp -a "$kit" "$case_dir/kit"
  rm "$case_dir/kit/bin/rescue-extract"
  printf '#!/opt/rescue/bin/sh\necho Verified.\n' >"$case_dir/kit/bin/rescue-extract"
  chmod 755 "$case_dir/kit/bin/rescue-extract"
  if (demo "$case_dir/kit") >"$case_dir/said"; then fail "it believed that the root was restored"; fi
  cat "$case_dir/said"
  grep -q 'NOT AS IT SHOULD BE: ls does not run' "$case_dir/said" || fail "it does not say what is wrong"
  nothing_left
}

# In the middle of making the bundle, which takes a while.
stopped() {  # SIGNAL
  need_root bookworm
  demo "$kit" >"$case_dir/said" &
  local waits=0
  until grep -q 'rescue-bundle create' "$case_dir/said"; do
    ((waits++ < 300)) || fail "it did not come to make the bundle"
    sleep 0.1
  done
  kill -s "$1" "$!"
  ! wait "$!" || fail "it ended well all the same"
  cat "$case_dir/said"
  nothing_left
}

run_case runs runs
run_case liar liar
run_case stopped-TERM stopped TERM
finish
