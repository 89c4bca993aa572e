#!/usr/bin/env bash
# suite: run what another kit's test suite has for one applet, with the tools that PATH leads to.
#
#   suite.sh busybox|toybox SOURCES APPLET      in an empty directory, which it fills
#
# Prints the suite's own lines, of which `PASS: TEST`, `FAIL: TEST` and `SKIP...` count.
set -o pipefail

# Both suites feed what they print to `echo -ne`; theirs ask for features that a kit may be built without.
export ECHO='/bin/busybox echo' VERBOSE=1

# Its old tests are scripts that end well or badly, one to a file; the new ones call testing.sh. Some name `busybox` as
# the command in front.
busybox_suite() {  # SOURCES APPLET
  local test
  mkdir bin
  printf '#!/bin/bash\nexec "$@"\n' >bin/busybox
  chmod +x bin/busybox
  echo CONFIG_FEATURE_FANCY_HEAD=y >bin/.config
  cp -R "$1/testsuite" suite
  export bindir=$PWD/bin tsdir=$PWD/suite d=$PWD/suite PATH=$PATH:$PWD/bin
  OPTIONFLAGS=:$(cat suite/*.tests | grep -a optional | tr -cs 'A-Z0-9_' '\n' | sort -u | tr '\n' ':')
  export OPTIONFLAGS
  for test in "suite/$2"/*; do
    [[ -f $test ]] || continue
    mkdir here
    if (cd here && timeout -k 5 60 sh -x -e "../$test") </dev/null >log 2>&1; then
      echo "PASS: ${test##*/}"
    else
      cat log
      echo "FAIL: ${test##*/}"
    fi
    rm -rf here
  done
  [[ ! -f suite/$2.tests ]] || (cd suite && timeout -k 5 60 sh "./$2.tests") </dev/null 2>&1
}

toybox_suite() {  # SOURCES APPLET
  export FILES=$1/tests/files VERBOSE=all
  # The suite's own names.
  # shellcheck disable=SC2034
  TOPDIR=$1 TESTDIR=$PWD CMDNAME=$2 C=$(type -P "$2")
  mkdir here
  cd here || exit 1
  # shellcheck source=/dev/null
  {
    . "$1/scripts/runtest.sh"
    . "$1/tests/$2.test"
  } </dev/null 2>&1
}

# How many failed is no concern here, nor that one test waited for ever and was cut off.
case $1 in
  busybox) busybox_suite "$2" "$3" ;;
  toybox) toybox_suite "$2" "$3" ;;
esac
exit 0
