#!/usr/bin/env bash
# Commands that end something: the machine (here only a namespace of processes, whose init the kernel ends in its
# place), the life in an initramfs, a terminal's confusion.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"
need_kit

# ended WORD...: runs the command as process 1 of a namespace of its own; prints the signal that ended it.
ended() {
  local status=0
  unshare --pid --mount --fork --mount-proc "$@" || status=$?
  echo "$status"
}

# The kernel tells by the signal what was asked for: SIGHUP to restart, SIGINT to halt and to switch off.
at_once() {
  local row command expected
  for row in 'reboot -f:129' 'reboot -fn:129' 'halt --force:130' 'poweroff -f -n:130' 'halt -f --reboot:129' \
    'reboot -f -p:130' 'reboot -f --halt:130' 'poweroff -f -d --no-wall --poweroff:130' 'reboot -w:0'; do
    command=${row%:*} expected=${row##*:}
    # shellcheck disable=SC2086  # a command and its options
    set -- $command
    got=$(ended "$kit/bin/$1" "${@:2}" 2>"$case_dir/err")
    [[ $got == "$expected" ]] || fail "$command ended with $got instead of $expected: $(<"$case_dir/err")"
  done
}

# Process 1 that is no init is not sent a signal that means nothing to it, or that ends it.
asks_only_an_init() {
  local said
  # shellcheck disable=SC2016  # for the inner shell
  said=$(unshare --pid --mount --fork --mount-proc bash -c '"$1/bin/reboot" 2>&1; echo "status $?, still here"' - "$kit")
  grep -q 'reboot: .*bash.*is no init that is known here; -f does without it' <<<"$said" || fail "$said"
  grep -q 'status 1, still here' <<<"$said" || fail "$said"
}

switches_root() {
  local old=$case_dir/old
  mkdir "$old"
  # shellcheck disable=SC2016  # for the inner shell
  unshare --pid --mount --fork bash -euc '
    mount --make-rprivate / && mount -t tmpfs old "$1" && cd "$1" && mkdir bin new was
    cp "$2/bin/rescue" bin/ && bin/rescue --install bin && cp "$2/bin/sh" bin/ && echo gone >init
    mount -t tmpfs new new && mkdir new/bin && cp bin/rescue bin/sh new/bin/ && echo found >new/kept
    pivot_root . was && cd / && exec /bin/sh -c "
      cd /; umount -l /was
      exec /bin/switch_root /new /bin/sh -c \"/bin/rescue cat /kept; /bin/rescue ls /; echo \\\$\\\$\""
  ' - "$old" "$kit" >"$case_dir/out"
  [[ $(<"$case_dir/out") == $'found\nbin\nkept\n1' ]] || fail "$(<"$case_dir/out")"
}

# Only process 1, and only into another file system.
refuses_to_switch() {
  local status=0
  "$kit/bin/switch_root" /proc /bin/sh 2>"$case_dir/err" || status=$?
  ((status == 1)) || fail "status $status"
  grep -q 'only process 1' "$case_dir/err" || fail "$(<"$case_dir/err")"
  [[ -d /dev && -e /proc/self ]] || fail "something was moved"
  mkdir "$case_dir/same"
  got=$(ended "$kit/bin/switch_root" "$case_dir/same" /bin/sh 2>"$case_dir/err")
  [[ $got == 1 ]] || fail "a directory of the same file system: $got"
}

# A terminal in raw mode and without echo is as it was, and told to be itself.
resets_terminal() {
  python3 - "$kit/bin/reset" "$kit/bin/clear" >"$case_dir/said" <<'END'
import os, pty, subprocess, sys, termios, tty
main, other = pty.openpty()
tty.setraw(other)
subprocess.run([sys.argv[1]], stdin=other, stdout=other, check=True)
mode = termios.tcgetattr(other)
print("sane" if mode[3] & termios.ECHO and mode[3] & termios.ICANON and mode[0] & termios.ICRNL else "raw")
print("full reset" if b"\033c" in os.read(main, 1000) else "not reset")
subprocess.run([sys.argv[2]], stdin=other, stdout=other, check=True)
print("cleared" if b"\033[2J" in os.read(main, 1000) else "not cleared")
END
  [[ $(<"$case_dir/said") == $'sane\nfull reset\ncleared' ]] || fail "$(<"$case_dir/said")"
}

run_case "ending: reboot, halt and poweroff tell the kernel what was asked for" at_once
run_case "ending: only an init that is known is asked" asks_only_an_init
run_case "ending: switch_root leaves an initramfs and hands over process 1" switches_root
run_case "ending: switch_root does nothing where it must not" refuses_to_switch
run_case "ending: reset brings back a terminal in raw mode" resets_terminal
finish
