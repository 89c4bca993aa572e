#!/usr/bin/env bash
# kit: the kit under test, as the tests call it. Source it after root.sh.
# shellcheck disable=SC2034,SC2154  # set here for the tests, or by report.sh

rescue_bundle() { "$kit/bin/rescue" rescue-bundle "$@"; }

# The bundle of an untouched root, kept for all the cases of it.
case_bundle() {  # ROOT RECIPE
  with_root "$1"
  rescue_bundle create --level 3 -o "$bundles/$1.tzst" --root "$ROOT" --recipe "$2"
  rescue_bundle verify "$bundles/$1.tzst"
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after"
}

# Runs rescue-extract on $ROOT, from outside or, with `inside`, from a chroot
# into it with nothing mounted there. What it says is in $case_dir/said.
extract() {  # EXPECTED-STATUS inside|'' BUNDLE [OPTION]...
  local expected=$1 how=$2 bundle=$3
  shift 3
  if [[ $how == inside ]]; then
    put_kit "$bundle"
    run_kit "$expected" chroot "$ROOT" /opt/rescue/bin/rescue-extract "$@" /opt/rescue/bundles/test.tzst /
  else
    run_kit "$expected" "$kit/bin/rescue-extract" "$@" "$bundle" "$ROOT"
  fi
}

undo() {  # inside|''
  if [[ $1 == inside ]]; then
    run_kit 0 chroot "$ROOT" /opt/rescue/bin/rescue-extract --undo /
  else
    run_kit 0 "$kit/bin/rescue-extract" --undo "$ROOT"
  fi
}

run_kit() {  # EXPECTED-STATUS COMMAND...
  local expected=$1 status=0
  shift
  timeout 400 "$@" >"$case_dir/said" 2>&1 || status=$?
  printf '%s: status %s\n' "$*" "$status"
  show "$case_dir/said"
  [[ ${said_first-} ]] || said_first=$(<"$case_dir/said")
  ((status == expected)) || fail "${1##*/} ended with $status, not $expected: $(tail -n 2 "$case_dir/said" | tr '\n' ' ' | cut -c1-240)"
}

put_kit() {  # BUNDLE
  [[ ! -e $ROOT/opt/rescue ]] || return 0
  mkdir -p "$ROOT/opt/rescue/bin" "$ROOT/opt/rescue/bundles"
  cp "$kit/bin/rescue" "$ROOT/opt/rescue/bin/"
  ln -s rescue "$ROOT/opt/rescue/bin/rescue-extract"
  cp "$1" "$ROOT/opt/rescue/bundles/test.tzst"
}

# The paths that a bundle holds, as tar sees them, which is not our code: a file with a list of them.
held_paths() {  # BUNDLE
  local list=$1.held
  # In $(...) nothing ends by itself, and an empty list would let every difference pass.
  [[ -s $list ]] ||
    zstd -dcq "$1" | tar -tf - | sed -e 's#^\./##' -e 's#/$##' | grep -v '^\.rescue' >"$list" || return 1
  printf '%s' "$list"
}
