#!/usr/bin/env bash
# rescue-chroot: a system entered, and left without a trace however it ends.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"
# shellcheck source=tests/lib/root.sh
. "$tests_dir/lib/root.sh"

need_kit

# Whatever ran or was mounted for it is gone.
expect_no_trace() {
  sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo | sort >"$case_dir/mounts.after"
  diff "$case_dir/mounts.before" "$case_dir/mounts.after" || fail "the mounts are not as before"
  ! pgrep -f "$case_dir/marker" || fail "something still runs"
}

enter() {  # EXPECTED-STATUS ARGUMENT...
  local expected=$1 status=0
  shift
  sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo | sort >"$case_dir/mounts.before"
  timeout 300 "$kit/bin/rescue-chroot" "$@" >"$case_dir/said" 2>&1 || status=$?
  cat "$case_dir/said"
  ((status == expected)) || fail "status $status, not $expected"
  expect_no_trace
}

says() { grep -q -- "$1" "$case_dir/said" || fail "it does not say: $1"; }

whole_system() {
  with_root bookworm
  printf 'none /boot tmpfs size=64k 0 0\nLABEL=there-is-none /usr/local ext4 defaults 0 0\nnone /srv tmpfs noauto 0 0\n' \
    >"$ROOT/etc/fstab"
  # shellcheck disable=SC2016  # for the shell inside
  enter 7 "$ROOT" sh -c 'stat -fc "%n %T" /proc /sys /run /boot; ls /dev/null /run/rescue/bin/rescue; echo "pid $$"; exit 7'
  for what in "/proc proc" "/sys sysfs" "/run tmpfs" "/boot tmpfs" /dev/null /run/rescue/bin/rescue; do says "$what"; done
  says "LABEL=there-is-none"
}

without_fstab() {
  with_root bookworm
  printf 'none /boot tmpfs size=64k 0 0\n' >"$ROOT/etc/fstab"
  enter 0 --bare "$ROOT" stat -fc "%n %T" /boot
  ! grep -q "/boot tmpfs" "$case_dir/said" || fail "it mounted what fstab names"
}

own_shell() {
  with_root bookworm
  # shellcheck disable=SC2016  # for the shell inside
  enter 3 "$ROOT" < <(echo 'echo "bash ${BASH_VERSION%%.*}"; exit 3')
  says "bash 5"
}

kit_shell() {
  with_root bookworm
  rm "$ROOT/$LIBC"
  # shellcheck disable=SC2016  # as above
  enter 3 "$ROOT" < <(echo 'echo "it is $KSH_VERSION"; ls /run/rescue/bin/rescue; exit 3')
  says "its own shell cannot run"
  says "it is .*MIRBSD KSH"
  says /run/rescue/bin/rescue
}

statuses() {
  with_root bookworm
  enter 127 "$ROOT" /nowhere
  enter 126 "$ROOT" /etc/passwd
  enter 125 "$case_dir/nowhere" true
  enter 2 --nonsense
  # shellcheck disable=SC2016  # as above
  enter 143 "$ROOT" sh -c 'kill -TERM $$'
}

left_running() {
  with_root bookworm
  enter 0 "$ROOT" bash -c "(exec -a '$case_dir/marker' sleep 1000) & cd /boot; sleep 0.2"
}

# It is killed itself, by a signal that nobody can catch, and by others.
killed() {
  with_root bookworm
  local pid signal
  for signal in KILL TERM HUP; do
    rm -f "$ROOT/ready"
    sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo | sort >"$case_dir/mounts.before"
    "$kit/bin/rescue-chroot" "$ROOT" bash -c "touch /ready; exec -a '$case_dir/marker' sleep 1000" &
    pid=$!
    wait_until test -e "$ROOT/ready"
    kill -"$signal" "$pid"
    wait "$pid" || true
    wait_until marker_is_gone
    expect_no_trace
  done
}

marker_is_gone() { ! pgrep -f "$case_dir/marker" >/dev/null; }

wait_until() {  # COMMAND...
  local i
  for ((i = 0; i < 600; i++)); do "$@" && return; sleep 0.1; done
  fail "this never came: $*"
}

# What is mounted in it already is there inside, is not mounted again, and stays.
mounted_before() {
  with_root bookworm
  mount -t tmpfs -o size=64k before "$ROOT/boot"
  mkdir "$ROOT/boot/deep"
  mount -t tmpfs -o size=64k deeper "$ROOT/boot/deep"
  touch "$ROOT/boot/deep/mine"
  printf 'other /boot tmpfs size=128k 0 0\n' >"$ROOT/etc/fstab"
  enter 0 "$ROOT" sh -c 'ls /boot/deep; grep -c " /boot " /proc/self/mountinfo'
  says mine
  says "^1$"
}

# Its fstab names a disk by its label, and by its UUID; read-only where that is asked for.
own_disks() {
  need_root small-bookworm
  local system=$case_dir/system device
  cp -a "$pristine" "$system"
  mkdir -p "$system"/{boot,opt}
  printf 'LABEL=chroot-boot /boot ext4 defaults 0 2\nUUID="AAAAAAAA-2222-3333-4444-555555555555" /opt ext4 ro 0 2\n' \
    >"$system/etc/fstab"
  mke2fs -q -F -t ext4 -d "$system" "$case_dir/disk" 64M
  mke2fs -q -F -t ext4 -L chroot-boot "$case_dir/boot" 2M
  mke2fs -q -F -t ext4 -U aaaaaaaa-2222-3333-4444-555555555555 "$case_dir/opt" 2M
  trap 'losetup -d $devices' EXIT
  devices=
  for device in boot opt; do
    devices+=" $(losetup --find --show "$case_dir/$device")" || skip "this machine gives no loop device"
  done
  enter 0 "$case_dir/disk" /run/rescue/bin/sh -c 'touch /made /boot/made && ! touch /opt/made && ls -d /opt/lost+found'
  says /opt/lost+found
  enter 0 -r "$case_dir/disk" /run/rescue/bin/sh -c '! touch /etc/other && ! touch /boot/other && ls /made /boot/made'
  says /boot/made
  for device in disk boot opt; do e2fsck -fn "$case_dir/$device"; done
}

on_an_image() {
  need_root small-bookworm
  mke2fs -q -F -t ext4 -L server -d "$pristine" "$case_dir/disk" 64M
  [[ -e /dev/loop-control ]] || skip "no loop devices here"
  enter 0 -r "$case_dir/disk" /run/rescue/bin/sh -c 'test -r /etc/os-release && ! test -w /etc'
  enter 0 "$case_dir/disk" /run/rescue/bin/touch /made
  ! losetup -j "$case_dir/disk" | grep . || fail "the loop device is still there"
  debugfs -R 'stat /made' "$case_dir/disk" 2>/dev/null | grep -q regular
  e2fsck -fn "$case_dir/disk"
}

run_case "a system with all its file systems" whole_system
run_case "without those of its fstab" without_fstab
run_case "its own shell" own_shell
run_case "the kit's shell where that cannot run" kit_shell
run_case "exit statuses" statuses
run_case "what is left running ends" left_running
run_case "killed" killed
run_case "what is mounted in it before" mounted_before
run_case "disks that its fstab names" own_disks
run_case "an image of a disk" on_an_image
finish
