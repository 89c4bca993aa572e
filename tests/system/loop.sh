#!/usr/bin/env bash
# losetup, and mount and umount of images: on the loop devices of this machine, beside those of util-linux.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"

need_kit

ours() { "$kit/bin/rescue" "$@"; }

# What the case before has left attached is freed here too. util-linux decides whether this machine can do it at all.
with_image() {
  local device
  image=$case_dir/image
  truncate -s 8M "$image"
  mke2fs -q -F -t ext4 -L loop-test "$image"
  device=$(losetup --find --show "$image") || skip "this machine gives no loop device"
  losetup -d "$device"
  trap free_all EXIT
}

free_all() {
  local device
  umount -R -l "$case_dir/at" 2>/dev/null || true
  for device in $(losetup -nO NAME,BACK-FILE | awk -v of="$case_dir/" 'index($0, of) {print $1}'); do
    losetup -d "$device" || true
  done
}

attached() { losetup -nO NAME -j "$image"; }

# The kernel frees a device a moment after its last user is gone.
expect_free() {
  local i
  for ((i = 0; i < 100; i++)); do
    [[ $(attached) ]] || return 0
    sleep 0.1
  done
  fail "$(attached) is still attached"
}

says() { grep -q -- "$1" <<<"$2" || fail "it does not say '$1' but: $2"; }

sets_up() {
  with_image
  local device
  device=$(ours losetup -f --show "$image")
  [[ $device == /dev/loop* && $(attached) == "$device" ]] || fail "util-linux does not see $device"
  cmp "$image" "$device"
  for words in "$device" "-j $image"; do
    # shellcheck disable=SC2086  # words
    diff <(losetup $words) <(ours losetup $words)
  done
  for words in -l '-l --raw' '-l --output-all' '-nO NAME,RO,MAJ:MIN,BACK-INO,LOG-SEC' -lJ '-JO NAME,DIO,OFFSET'; do
    # shellcheck disable=SC2086  # words
    diff <(losetup $words "$device" | tr -d ' \n') <(ours losetup $words "$device" | tr -d ' \n')
  done
  [[ $(ours losetup -L -f --show "$image") == "$device" ]] || fail "-L takes another device"
  ! ours losetup -L -f -o 4096 "$image" || fail "-L shows a part that is in use"
  diff <(losetup -a | grep -F "$image") <(ours losetup -a | grep -F "$image")
  [[ $(ours losetup -l | head -n 1) == NAME* ]]
  [[ $(ours losetup -ln | grep -F "$image" | awk '{print $1, $2, $3, $4, $5}') == "$device 0 0 0 0" ]]
  [[ $(ours blkid -o value -s LABEL "$device") == loop-test ]]
  ours losetup -d "$device"
  expect_free
  ! ours losetup "$device" || fail "it shows a device that is free"
}

parts_and_forms() {
  with_image
  local device
  device=$(ours losetup -f --show -r -o 4096 --sizelimit 1M "$image")
  diff <(losetup "$device") <(ours losetup "$device")
  [[ $(losetup -nO OFFSET,SIZELIMIT,RO "$device" | xargs) == "4096 1048576 1" ]] || fail "$(losetup -l "$device")"
  cmp <(head -c $((4096 + 1048576)) "$image" | tail -c 1048576) "$device"
  ours losetup -d "$device"
  device=$(ours losetup -f)
  ours losetup -b 4096 "$device" "$image"
  [[ $(blockdev --getss "$device") == 4096 ]] || fail "sectors of $(blockdev --getss "$device")"
  truncate -s 12M "$image"
  ours losetup -c "$device"
  [[ $(blockdev --getsize64 "$device") == $((12 << 20)) ]] || fail "it did not grow"
  ours losetup -d "$device"
  expect_free
}

mounts_an_image() {  # OPTIONS...
  with_image
  mkdir "$case_dir/at"
  ours mount "$@" "$image" "$case_dir/at"
  echo made >"$case_dir/at/file"
  [[ $(findmnt -no FSTYPE "$case_dir/at") == ext4 ]]
  says 'type ext4 (rw' "$(ours mount | grep -F "$case_dir/at")"
  ours umount "$case_dir/at"
  expect_free
  ours mount -o loop,ro "$image" "$case_dir/at"
  [[ $(<"$case_dir/at/file") == made ]]
  ! touch "$case_dir/at/other" || fail "it can be written"
  ours umount "$case_dir/at"
  expect_free
  e2fsck -fn "$image"
}

mounts_a_part() {
  with_image
  mkdir "$case_dir/at"
  (head -c 1M /dev/zero && cat "$image") >"$case_dir/longer"
  image=$case_dir/longer
  for words in offset=1M offset=1048576,sizelimit=8M; do
    ours mount -o "loop,$words" "$image" "$case_dir/at"
    [[ -d $case_dir/at/lost+found ]]
    ours umount "$case_dir/at"
    expect_free
  done
  local said
  if said=$(ours mount -o loop,offset=x "$image" "$case_dir/at" 2>&1); then fail "it takes no size for 0"; fi
  says "offset=x is no size" "$said"
  expect_free
}

frees_the_device() {
  with_image
  local device
  mkdir "$case_dir/at"
  device=$(losetup --find --show "$image")
  ours mount LABEL=loop-test "$case_dir/at" || fail "it is not found by its label: $(ours blkid "$device")"
  [[ $(findmnt -no SOURCE "$case_dir/at") == "$device" ]]
  ours umount "$device"
  [[ $(attached) == "$device" ]] || fail "umount has freed what it was not told to"
  ours mount "$device" "$case_dir/at"
  ours umount -d "$case_dir/at"
  expect_free
}

cannot_be_written() {
  with_image
  mkdir "$case_dir/at" "$case_dir/dir"
  mount --bind "$case_dir" "$case_dir/dir"
  mount -o remount,bind,ro "$case_dir/dir"
  local said
  said=$(ours mount "$case_dir/dir/image" "$case_dir/at" 2>&1)
  says "mounted read-only" "$said"
  [[ $(findmnt -no OPTIONS "$case_dir/at") == ro,* ]]
  ours umount "$case_dir/at"
  expect_free
}

partitions() {
  with_image
  local device
  mkdir "$case_dir/at"
  truncate -s 20M "$case_dir/whole"
  printf '%s\n' 'label: gpt' 'start=2048, size=16384, name=first' 'start=20480, size=4096, name=second' |
    sfdisk -q "$case_dir/whole"
  dd status=none conv=notrunc bs=512 seek=2048 if="$image" of="$case_dir/whole"
  image=$case_dir/whole
  device=$(losetup -f -P --show "$image")
  [[ -e /sys/class/block/${device#/dev/}p1 ]] || skip "this kernel reads no partition tables"
  losetup -d "$device"
  expect_free
  device=$(ours losetup -f -P --show "$image")
  [[ $(ours lsblk -nro NAME "$device" | xargs) == "${device#/dev/} ${device#/dev/}p1 ${device#/dev/}p2" ]] ||
    fail "its partitions: $(ours lsblk "$device")"
  [[ $(ours blkid -o value -s PARTLABEL "${device}p2") == second ]]
  ours mount PARTLABEL=first "$case_dir/at"
  [[ -d $case_dir/at/lost+found ]]
  ours umount "$case_dir/at"
  ours losetup -d "$device"
  expect_free
}

refuses() {
  with_image
  mkdir "$case_dir/at"
  local said
  truncate -s 1M "$case_dir/nothing"
  if said=$(ours mount "$case_dir/nothing" "$case_dir/at" 2>&1); then fail "it mounts zeros"; fi
  says "holds no file system that could be mounted" "$said"
  image=$case_dir/nothing
  expect_free
  mkswap -q "$case_dir/nothing"
  if said=$(ours mount -o loop "$case_dir/nothing" "$case_dir/at" 2>&1); then fail "it mounts swap"; fi
  says "holds no file system, but swap" "$said"
  expect_free
  if ours losetup -d /dev/loop-control; then fail "it frees what is no loop device"; fi
  if ours losetup -f "$case_dir/missing"; then fail "it attaches what is not there"; fi
}

run_case "a device set up, listed and freed" sets_up
run_case "a part of a file, sectors, another size" parts_and_forms
run_case "an image mounted" mounts_an_image
run_case "an image mounted, with the type given" mounts_an_image -t ext4 -o loop
run_case "a file system behind an offset" mounts_a_part
run_case "umount -d frees the device" frees_the_device
run_case "an image that cannot be written" cannot_be_written
run_case "partitions of an image" partitions
run_case "what is refused" refuses
finish
