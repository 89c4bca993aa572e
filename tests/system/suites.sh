#!/usr/bin/env bash
# suites: busybox's and toybox's own tests, run with our applets. What the tools of this machine (GNU's, util-linux',
# procps') pass, ours pass too: a test that those fail asks for something that is busybox's or toybox's own way.
# tests/suites.excused names the few that ask of ours what it does otherwise on purpose, each with its reason.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"

# Usage: suites.sh [SUITE/APPLET]...

# Their tests mount the machine's own root, and take loop devices that belong to the whole machine.
left_out=' losetup mount '

# Names of processes, of the host and mounts are seen by none but this test.
run_suite() {  # SUITE SOURCES APPLET TOOLS OUT
  local dir=$case_dir/run status=0
  mkdir "$dir"
  (cd "$dir" && PATH=$4:$PATH env --default-signal=PIPE timeout -k 5 300 \
    unshare --mount --pid --uts --ipc --fork --mount-proc --kill-child \
    "$tests_dir/lib/suite.sh" "$1" "$2" "$3") >"$5" || status=$?
  chattr -R -ia "$dir" 2>/dev/null || true
  rm -rf --one-file-system "$dir"
  ((status != 124)) || fail "took more than 300 seconds"
  # A test that comes twice under one name is numbered; one that is named by a process is not.
  awk '/^(PASS|FAIL): / { sub(/ps -o pid [0-9]+$/, "ps -o pid N"); count[$0]++; print $0 (count[$0] > 1 ? " #" count[$0] : "") }' "$5" >"$5.list"
}

case_applet() {  # SUITE SOURCES APPLET
  local peer=$case_dir/peer ours=$case_dir/ours missing
  mkdir "$case_dir/none"
  run_suite "$1" "$2" "$3" "$case_dir/none" "$peer"
  grep -q '^PASS' "$peer.list" || skip "the tools of this machine pass nothing of it"
  run_suite "$1" "$2" "$3" "$work/tools" "$ours"
  missing=$(not_passed "$1" "$3")
  # Some wait for a fraction of a second, in which a busy machine does nothing for them.
  if [[ $missing ]]; then
    cat "$ours"
    run_suite "$1" "$2" "$3" "$work/tools" "$ours"
    missing=$(comm -12 <(echo "$missing") <(not_passed "$1" "$3"))
  fi
  if [[ $missing ]]; then
    cat "$ours"
    fail "$(grep -c . <<<"$missing") of $(passes "$peer.list" | grep -c .) do not pass: $(paste -sd'|' <<<"$missing")"
  fi
}

not_passed() {  # SUITE APPLET
  comm -23 <(passes "$peer.list") <({ passes "$ours.list"; excused "$1" "$2"; } | sort -u)
}

passes() { sed -n 's/^PASS: //p' "$1" | sort; }

# A line is SUITE/APPLET, the test's name, and `# why`.
excused() { sed -nE "s|^$1/$2: (.*) # .*|\1|p" "$tests_dir/suites.excused"; }

main() {
  start_test "$@"
  need_kit
  export LC_ALL=C.UTF-8
  local suite sources applet status applets
  applets=$("$kit/bin/rescue" --list)
  # Our applets alone: not the kit's sh.
  mkdir "$work/tools"
  for applet in $applets; do ln -s "$kit/bin/rescue" "$work/tools/$applet"; done
  for suite in busybox toybox; do
    status=0
    sources=$("$tests_dir/suites" "$suite") || status=$?
    if ((status)); then
      run_case "$suite" no_sources "$suite"
      continue
    fi
    for applet in $applets; do
      if ! wanted "$suite/$applet" "$@" || ! has_tests "$suite" "$sources" "$applet"; then continue; fi
      run_case "$suite/$applet" case_applet "$suite" "$sources" "$applet"
    done
  done
  finish
}

no_sources() {
  [[ ${CI-} == true ]] && fail "the sources of $1 could not be fetched"
  skip "the sources of $1 could not be fetched"
}

wanted() {  # NAME [NAME...]
  local name=$1 choice
  [[ $left_out != *" ${name#*/} "* ]] || return 1
  shift
  (($#)) || return 0
  for choice; do [[ $choice == "$name" ]] && return; done
  return 1
}

has_tests() {  # SUITE SOURCES APPLET
  case $1 in
    busybox) [[ -d $2/testsuite/$3 || -f $2/testsuite/$3.tests ]] ;;
    toybox) [[ -f $2/tests/$3.test ]] ;;
  esac
}

main "$@"
