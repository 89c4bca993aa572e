#!/usr/bin/env bash
# fit: a bundle that is whole and not for this system is refused with both
# facts; what --dry-run, --undo, --resume and wrong usage say and do.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

make_bundle() {  # ROOT
  with_root "$1"
  rescue_bundle create --level 3 -o "$bundles/$1.tzst" --root "$ROOT" --recipe glibc
}

# Same input, same bytes: another time, directory and order of names.
same_bytes() {
  with_root bookworm
  cd "$case_dir"
  rescue_bundle create --level 3 -o again.tzst --root root --recipe glibc
  cmp again.tzst "$bundles/bookworm.tzst"
}

# Of another release: refused by that alone. Where the root says the same, as a
# half-upgraded one may, by the names that its programs need.
other_release() {  # BUNDLE ROOT WORDS
  with_root "$2"
  rm -f "$ROOT/$LIBC"
  refused "$1" "made for debian"
  sed -i "s/^VERSION_ID=.*/VERSION_ID=\"$(release_of "$1")\"/" "$ROOT/usr/lib/os-release"
  refused "$1" "$3"
}

release_of() { case $1 in bullseye) echo 11 ;; bookworm) echo 12 ;; trixie) echo 13 ;; esac; }

refused() {  # BUNDLE WORDS
  snapshot "$case_dir/before"
  extract 3 '' "$bundles/$1.tzst"
  grep -qE "$2" "$case_dir/said" || fail "does not say /$2/: $(tail -n 1 "$case_dir/said")"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

no_system() {
  root_facts bookworm
  NAME=none ROOT=$case_dir/root UPPER=''
  mkdir "$ROOT"
  mount -t tmpfs none "$ROOT"
  snapshot "$case_dir/before"
  local status=0
  "$kit/bin/rescue-extract" "$bundles/bookworm.tzst" "$ROOT" >"$case_dir/said" 2>&1 || status=$?
  cat "$case_dir/said"
  # An empty disk is a system to be filled, or is refused; never half of it.
  ((status == 3 || status == 5)) || fail "on an empty directory: status $status"
  if ((status == 3)); then
    snapshot "$case_dir/after"
    expect_same "$case_dir/before" "$case_dir/after"
  fi
}

dry_run() {
  with_root bookworm
  rm "$ROOT/$LIBC" "$ROOT/lib64"
  snapshot "$case_dir/before"
  extract 0 '' "$bundles/bookworm.tzst" --dry-run
  grep -q 'libc\.so\.6' "$case_dir/said" || fail "the plan does not name libc.so.6"
  grep -q 'lib64' "$case_dir/said" || fail "the plan does not name /lib64"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
  [[ ! -e $ROOT/var/lib/rescue ]] || fail "a dry run left /var/lib/rescue"
}

healthy_untouched() {
  with_root bookworm
  extract 0 '' "$bundles/bookworm.tzst"
  grep -qi 'nothing to do' "$case_dir/said" || fail "does not say that there is nothing to do"
  [[ ! -e $ROOT/var/lib/rescue ]] || fail "left /var/lib/rescue with nothing done"
  [[ -z $(find "$UPPER" -newer "$case_dir/said" -mindepth 1 | head -n 1) ]] || fail "touched a healthy root"
  local status=0
  "$kit/bin/rescue-extract" --undo "$ROOT" >"$case_dir/said" 2>&1 || status=$?
  ((status == 0 || status == 1)) || fail "--undo with nothing done: status $status"
  [[ -s $case_dir/said ]] || fail "--undo with nothing done: not a word"
}

usage() {
  local status arguments
  with_root bookworm
  snapshot "$case_dir/before"
  while read -r arguments; do
    status=0
    # shellcheck disable=SC2086  # words are meant
    "$kit/bin/rescue-extract" $arguments >"$case_dir/said" 2>&1 || status=$?
    printf '%s: status %s: %s\n' "$arguments" "$status" "$(cat "$case_dir/said")"
    ((status == 2)) || fail "'$arguments': status $status, not 2"
  done <<END

--no-such-option
$bundles/bookworm.tzst $ROOT $ROOT
--undo $bundles/bookworm.tzst $ROOT
END
  status=0
  "$kit/bin/rescue-extract" "$bundles/bookworm.tzst" "$case_dir/absent" >"$case_dir/said" 2>&1 || status=$?
  ((status == 1 || status == 3)) || fail "a root that is not there: status $status"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
}

json() {
  with_root bookworm
  rm "$ROOT/$LIBC"
  extract 0 '' "$bundles/bookworm.tzst" --json
  "$kit/bin/rescue-extract" --json "$bundles/bookworm.tzst" "$ROOT" 2>/dev/null | python3 -m json.tool >/dev/null ||
    fail "--json is not JSON"
}

main() {
  start_test "$@"
  need_kit
  bundles=$work/bundles
  mkdir "$bundles"
  local root name
  for root in bullseye bookworm trixie; do run_case "$root/bundle" make_bundle "$root"; done
  run_case same_bytes same_bytes
  run_case other_release/bullseye_on_bookworm other_release bullseye bookworm 'GLIBC_2\.3[2-6]'
  run_case other_release/bookworm_on_trixie other_release bookworm trixie 'GLIBC_(2\.3[78]|2\.4|ABI)'
  for name in no_system dry_run healthy_untouched usage json; do run_case "$name" "$name"; done
  finish
}

main "$@"
