#!/usr/bin/env bash
# report: result lines for the system tests. Source it; see root.sh for roots.
#
#   start_test "$@"          first: a private mount namespace, a work directory
#   run_case NAME COMMAND... runs one case in a subshell of its own, with its log
#   fail WHY                 ends the case; so does any command that fails
#   skip WHY                 ends the case as not run
#   finish                   last: the sum; non-zero if any case failed
#
# Lines are `ok NAME`, `not ok NAME: WHY`, `skip NAME: WHY`, and at the end
# `N passed, N failed, N skipped`. The log of a failed case is kept.
# shellcheck disable=SC2034  # what is set here is used by those who source it

passed=0 failed=0 skipped=0
tests_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
test_name=$(basename "$0" .sh)
logs=${RESCUE_LOGS:-$tests_dir/../build/test-logs}/$test_name
kit=${RESCUE_KIT:-$(cd "$tests_dir/.." && pwd)/build/kit/$(uname -m)/opt/rescue}

start_test() {
  [[ $(id -u) == 0 ]] || { echo "$test_name: must run as root, in a mount namespace of its own" >&2; exit 2; }
  if [[ ${RESCUE_NAMESPACE-} != "$test_name" ]]; then
    RESCUE_NAMESPACE=$test_name exec unshare --mount --propagation private -- "$0" "$@"
  fi
  export RESCUE_SEED=${RESCUE_SEED:-$(seed_of_code)}
  unset LD_LIBRARY_PATH LD_PRELOAD
  export LC_ALL=C
  # Where python3 is a version manager's script, which takes longer to start
  # than what is asked of it, the interpreter itself comes first.
  PATH=$(dirname "$(python3 -c 'import sys; print(sys.executable)')"):$PATH
  rm -rf "$logs"
  mkdir -p "$logs"
  logs=$(cd "$logs" && pwd)
  mkdir -p "$tests_dir/../build/test-work"
  work=$(cd "$tests_dir/../build/test-work" && mktemp -d "$PWD/$test_name.XXXXXX")
  # Memory, so that a test does not wait for a disk: gone with the namespace.
  mount -t tmpfs -o size=6g,mode=0755 "rescue-$test_name" "$work"
  trap leave EXIT
  [[ $(type -t start_comparer) != function ]] || start_comparer
}

# What is drawn at random is drawn anew with each change of the code, and is the same for one state of it: what failed
# fails again. RESCUE_SEED=NUMBER draws otherwise.
seed_of_code() {
  local hash
  hash=$(git -C "$tests_dir" rev-parse --verify --quiet HEAD:lib 2>/dev/null) || hash=0
  echo $((16#${hash:0:7} % 32768))
}

leave() {
  cd /
  [[ -z ${comparer-} ]] || kill "$comparer" 2>/dev/null || true
  umount -R -l "$work" 2>/dev/null || true
  rmdir "$work" 2>/dev/null || true
}

need_kit() {
  [[ -x $kit/bin/rescue ]] && return
  echo "$test_name: $kit/bin/rescue: not built; run scripts/build first" >&2
  exit 2
}

# What a test starts by the thousand it does itself: a process takes longer than most of what they do.
show() {  # FILE
  local lines
  mapfile -t lines <"$1"
  printf '%s\n' "${lines[@]}"
}

is_mounted() {  # PATH
  local mounts
  mapfile -t mounts </proc/self/mountinfo
  [[ ${mounts[*]} == *" $1 "* ]]
}

fail() { printf '%s\n' "$*" >"$case_dir/why"; exit 1; }
skip() { printf '%s\n' "$*" >"$case_dir/why"; exit 77; }

run_case() {  # NAME COMMAND...
  local name=$1 status log=$logs/.running
  shift
  case_dir=$work/case
  mkdir -p "$case_dir"
  # Not `if (...)` nor `(...) || ...`: both switch `set -e` off in the subshell.
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  settle "$name" "$status" "$log"
  clean_case
}

settle() {  # NAME STATUS LOG
  local why kept=$logs/${1//\//_}.log
  if (($2 == 0)); then
    passed=$((passed + 1))
    echo "ok $1"
    return
  fi
  why=$(cat "$case_dir/why" 2>/dev/null || tail -n 1 "$3" | cut -c1-200)
  case $2 in
    77) skipped=$((skipped + 1)); echo "skip $1: $why" ;;
    *) failed=$((failed + 1)); mv "$3" "$kept"; echo "not ok $1: $why [log: $kept]" ;;
  esac
}

# Whatever a case mounted, and however it ended, the next one starts clean.
clean_case() {
  local mounts i target
  mapfile -t mounts </proc/self/mountinfo
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
    read -r _ _ _ _ target _ <<<"${mounts[i]}"
    [[ $target/ != "$case_dir/"* ]] || umount -l "$target" || break
  done
  if ! rm -rf --one-file-system "$case_dir" 2>/dev/null; then
    chattr -R -ia "$case_dir" 2>/dev/null || true
    rm -rf --one-file-system "$case_dir"
  fi
}

# A root that cannot be had is no failure on a laptop without network, and is
# one in CI, which must not pass by testing nothing.
need_root() {  # NAME: sets $pristine
  local status=0 known=$work/.root-$1
  if [[ -s $known ]]; then read -r pristine <"$known"; return; fi
  pristine=$("$tests_dir/roots" "$1") || status=$?
  if ((status == 0)); then printf '%s\n' "$pristine" >"$known"; return; fi
  ((status == 77)) && [[ ${CI-} != true ]] && skip "the root $1 could not be fetched"
  fail "the root $1 could not be built"
}

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0))
}
