#!/usr/bin/env bash
# Back from a machine that does not boot: real virtual machines, Debian's kernel, a serial console.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"
# shellcheck source=tests/lib/kit.sh
. "$tests_dir/lib/kit.sh"
# shellcheck source=tests/lib/vm.sh
. "$tests_dir/lib/vm.sh"

need_kit

rescue_init=init=/opt/rescue/bin/init
login='expect:login: '
broken='expect:rescue \(system broken\) [^ ]*# '

healthy_system_boots() {  # ROOT
  with_disk "$1"
  boot "" "$login" quit:
}

broken_system_panics() {  # ROOT
  with_disk "$1"
  delete_glibc
  boot "" "never:login: " "expect:Kernel panic - not syncing" "expect:init"
}

# What an operator types; among it what must work on any terminal: Ctrl-C, and a shell that died. What is typed before the
# shell hands the terminal over has its Enter untranslated, so the program is waited for.
operator_repairs() {  # ROOT
  with_disk "$1"
  delete_glibc
  boot "$rescue_init" \
    "expect:This is the rescue shell.*system broken" "expect:rescue-extract /opt/rescue/bundles/glibc.tzst /" "$broken" \
    "send:echo ready; cat" 'expect:\nready\n' "send:it runs" 'expect:it runs\nit runs\n' 'type:\x03' "$broken" \
    'send:kill -9 $$' "expect:This is the rescue shell" "$broken" \
    "send:exit" "expect:still broken" "$broken" \
    "send:rescue-extract /opt/rescue/bundles/glibc.tzst /" "expect:mounting / writable, for the repair" \
    "expect:Verified: " "expect:rescue \(system works\) /# " \
    "send:exit" "expect:going on with /sbin/init" "$login" quit:
}

repairs_unattended() {  # ROOT
  with_disk "$1"
  delete_glibc
  boot "$rescue_init rescue.fix rescue.timeout=1" "never:rescue shell" "expect:the repair starts by itself in 1 second" \
    "expect:mounted / writable, for the repair" "expect:the system is repaired" \
    "expect:healthy; going on with /sbin/init" "$login" quit:
}

# Nothing of ours is on the disk: all comes from the image.
image_repairs() {  # ROOT WORD WHY
  with_disk "$1" bare
  delete_glibc
  initrd=$case_dir/rescue.img root_word=$2
  "$kit/bin/rescue-image" -o "$initrd" --root "$system" --bundle "$bundle"
  boot "rescue.fix rescue.timeout=0" "never:rescue shell" "expect:the root file system is on /dev/vda .*$3" \
    "expect:the system is repaired" "expect:healthy; going on with /sbin/init" "$login" quit:
}

# A disk for LVM, as RHEL's installer lays one out: a group with a volume for each folder that is named, made by LVM's
# own tools, without a kernel that knows it. `root` is made of two pieces.
make_volumes() {  # FILE FOLDER-OF-IMAGES
  local device name from count pieces
  export LVM_SYSTEM_DIR=$case_dir/lvm LVM_SUPPRESS_FD_WARNINGS=1
  mkdir "$LVM_SYSTEM_DIR"
  rm "$1"
  truncate -s 1200M "$1"
  device=$(losetup --find --show "$1") || skip "this machine gives no loop device, on which a group could be made"
  # shellcheck disable=SC2064  # the device of now
  trap "losetup -d $device 2>/dev/null || true" EXIT
  lvm_here() { lvm "$1" --driverloaded n --config "devices { filter=[\"a|^$device\$|\",\"r|.*|\"] }" "${@:2}"; }
  lvm_here pvcreate -q "$device"
  lvm_here vgcreate -q vg-0 "$device"
  for name in root=160M usr=600M var=200M; do
    lvm_here lvcreate -an -Zn -Wn -y -n "${name%=*}" -L "${name#*=}" vg-0
  done
  lvm_here lvextend -L +160M vg-0/root
  lvm_here lvs --noheadings --nosuffix --units s -o lv_name,seg_start,seg_size,seg_pe_ranges vg-0 >"$case_dir/pieces"
  cat "$case_dir/pieces"
  losetup -d "$device"
  trap - EXIT  # it may be another's from now on
  while read -r name from count pieces; do
    pieces=${pieces#*:}
    dd status=none conv=notrunc,sparse bs=512 if="$2/$name.image" skip="$from" count="$count" of="$1" \
      seek=$((2048 + ${pieces%-*} * 8192))
  done <"$case_dir/pieces"
}

# What a server with such disks has installed; its udev must find what the rescue has set up.
put_lvm_into() {  # ROOT
  dpkg -L lvm2 dmsetup dmeventd libdevmapper1.02.1 libdevmapper-event1.02.1 libaio1 libedit2 libbsd0 libmd0 |
    grep -vE '^/(etc/(init|rc)|usr/share)' | tar -C / --no-recursion -cf - -T - | tar -C "$1" --keep-directory-symlink -xf -
}

# Of XFS, as RHEL's are, where this machine can mount it to fill it.
make_root_volume() {  # FOLDER FILE
  truncate -s 320M "$2"
  mkdir "$case_dir/at"
  if mkfs.xfs -q -L its-root "$2" && mount -t xfs -o loop "$2" "$case_dir/at"; then
    cp -a "$1/." "$case_dir/at/"
    umount "$case_dir/at"
  else
    mke2fs -q -F -t ext4 -L its-root -E root_owner=0:0 -d "$1" "$2"
  fi
}

# Everything is on logical volumes: the glibc on a /usr of its own, and what the repair writes down on a /var of its own.
# The root's os-release is a link that leads nowhere before they are mounted.
image_mounts_volumes() {  # ROOT
  with_disk "$1" bare
  local server=$case_dir/server place size
  cp -a "$system" "$server"
  put_lvm_into "$server"
  initrd=$case_dir/rescue.img root_word=root=/dev/mapper/vg--0-root
  "$kit/bin/rescue-image" -o "$initrd" --root "$server" --bundle "$bundle"
  rm "$server"/usr/lib/x86_64-linux-gnu/{libc.so.6,ld-linux-x86-64.so.2}
  printf '%s\n' '/dev/mapper/vg--0-root / auto defaults 0 0' '/dev/vg-0/usr /usr ext4 defaults 0 2' \
    'LABEL=its-var /var ext4 defaults 0 2' >"$server/etc/fstab"
  for place in usr=600M var=200M; do
    size=${place#*=} place=${place%=*}
    mv "$server/$place" "$case_dir/$place"
    mkdir "$server/$place"
    mke2fs -q -F -t ext4 -L "its-$place" -E root_owner=0:0 -d "$case_dir/$place" "$case_dir/$place.image" "$size"
    rm -rf "${case_dir:?}/$place"
  done
  make_root_volume "$server" "$case_dir/root.image"
  rm -rf "$server"
  make_volumes "$disk" "$case_dir"
  boot "rescue.fix rescue.timeout=0" "never:rescue shell" "expect:root file system is on /dev/mapper/vg--0-root \((xfs|ext4)" \
    "expect:mounted /sysroot/usr, as the system's fstab says" "expect:mounted /sysroot/var, as" \
    "expect:mounted /sysroot/usr writable" "expect:the system is repaired" \
    "expect:healthy; going on with /sbin/init" "$login" "send:root" "expect:Password: " "send:rescue" \
    "expect:root@server:~# " "send:lvs --noheadings -o lv_name,lv_active; findmnt -no SOURCE /var; ls /var/lib/rescue" \
    "expect:root +active" "expect:var +active" "expect:/dev/mapper/vg--0-var" "expect:000001" quit:
}

# At the image's menu, and with the shell; on a serial line that is one of two consoles, and not the kernel's own.
image_offers() {  # ROOT
  with_disk "$1" bare
  delete_glibc
  initrd=$case_dir/rescue.img
  "$kit/bin/rescue-image" -o "$initrd" --root "$system" --bundle "$bundle" --compress gzip
  boot "console=tty0" "expect:f, s or b\? " "send:s" "expect:system broken" "$broken" "send:rescue-doctor --root /sysroot" \
    "$broken" "send:exit" "expect:still broken" "$broken" 'send:kill -9 $$' "expect:rescue shell" "$broken" \
    "send:rescue-doctor --fix -y --root /sysroot" "expect:mounting /sysroot writable" \
    "expect:rescue \(system works\)" "send:exit" "$login" quit:
}

# The applets alone, as somebody would who has no more than a shell as process 1.
image_switches_by_hand() {  # ROOT
  with_disk "$1" bare
  initrd=$case_dir/rescue.img root_word=
  "$kit/bin/rescue-image" -o "$initrd" --root "$system"
  local words="PATH=/opt/rescue/bin; mount -t devtmpfs d /dev; mount -t sysfs s /sys; mount -t proc p /proc"
  words+="; modprobe --devices; modprobe ext4; sleep 1; mount -r LABEL=server /sysroot; switch_root /sysroot /bin/true"
  words+="; echo process \$\$; exec switch_root -c /dev/ttyS0 /sysroot /usr/bin/stat -fc 'root is %T' /"
  boot "rdinit=/opt/rescue/bin/sh -- -c \"$words\"" "expect:only process 1 may do this" "expect:process 1" \
    "expect:root is ext2/ext3" quit:
}

bundle_over_the_line() {  # ROOT
  with_disk "$1"
  delete_glibc
  local sum
  sum=$(sha256sum "$bundle" | cut -d' ' -f1)
  cp "$bundle" "$case_dir/sent.tzst"
  boot "$rescue_init" "$broken" "send:cd /run && rescue-recv" "expect:Send the file now" \
    "pipe:sz -q '$case_dir/sent.tzst'" "expect:sent.tzst: .* arrived whole, SHA-256 $sum" "$broken" \
    "send:rescue-extract /run/sent.tzst /" "expect:Verified: " "expect:system works" quit:
}

password_is_demanded() {  # ROOT
  with_disk "$1"
  echo "require_password=yes" >"$case_dir/conf"
  on_disk "write $case_dir/conf /opt/rescue/etc/rescue.conf"
  boot "$rescue_init" "never:This is the rescue shell.*\n(.*\n)*.*Password" "expect:Password: " "send:wrong" \
    "expect:that is not the password" "expect:Password: " 'type:\x03' 'type:\x04' "expect:Password: " \
    "send:rescue" "expect:This is the rescue shell" "expect:rescue \(system works\) /# " "send:poweroff" gone:
  expect_clean_disk
}

# The hash in rescue.conf, of both older kinds; then root's account locked, where nobody is let in, and the repair that
# needs nobody.
password_kinds() {  # ROOT
  local hash
  with_disk "$1"
  for hash in "$(openssl passwd -5 one)" "$(openssl passwd -6 one)"; do
    printf 'require_password=yes\npassword_hash=%s\n' "$hash" >"$case_dir/conf"
    on_disk "rm /opt/rescue/etc/rescue.conf" "write $case_dir/conf /opt/rescue/etc/rescue.conf"
    boot "$rescue_init" "expect:Password: " "send:rescue" "expect:that is not the password" "expect:Password: " \
      "send:one" "expect:This is the rescue shell" "expect:rescue \(system works\) /# " quit:
  done
  echo "require_password=yes" >"$case_dir/conf"
  sed 's/^root:[^:]*/root:!*/' "$system/etc/shadow" >"$case_dir/shadow"
  on_disk "rm /opt/rescue/etc/rescue.conf" "write $case_dir/conf /opt/rescue/etc/rescue.conf" "rm /etc/shadow" \
    "write $case_dir/shadow /etc/shadow"
  delete_glibc
  boot "$rescue_init rescue.fix rescue.timeout=60" "never:This is the rescue shell" "expect:press Enter for a shell" \
    "type:\x0d" "expect:no password that could be checked; nobody can be let in" "expect:Password: " "send:rescue" \
    "expect:that is not the password" quit:
  boot "$rescue_init rescue.fix rescue.timeout=0 rescue.init=/opt/rescue/bin/poweroff -- -f" "never:Password" \
    "expect:the system is repaired" "expect:healthy; going on with" gone:
}

# The plug is pulled during the repair, again and again; each time the machine goes on from where it was when the repair
# began. It is switched off where it would go on with the system's own init: what that does is another test's.
power_cuts() {  # ROOT
  local cuts=${RESCUE_CUTS:-20} seed=$RESCUE_SEED start length moment i
  local words="$rescue_init rescue.fix rescue.timeout=0 rescue.init=/opt/rescue/bin/poweroff quiet"
  local healthy=("never:rescue shell" "expect:healthy; going on with /opt/rescue/bin/poweroff" gone:)
  echo "seed $seed"
  with_disk "$1"
  delete_glibc
  cp --sparse=always "$disk" "$case_dir/broken"
  start=$(date +%s%N)
  boot "$words -- -f" "expect:looking for what is broken" "${healthy[@]}" | tee "$case_dir/times"
  # From the beginning of the repair to the end, in milliseconds, as this machine is today.
  length=$(awk '/looking/ {a = $1} /healthy/ {b = $1} END {printf "%d", (b - a) * 1000}' "$case_dir/times")
  echo "the repair takes $length ms, the whole $((($(date +%s%N) - start) / 1000000)) ms"
  cp --sparse=always "$case_dir/broken" "$disk"
  boot "$words -- -f" "expect:looking for what is broken" "save:$case_dir/memory"
  mv "$disk" "$case_dir/broken"
  for ((i = 1; i <= cuts; i++)); do
    cp --sparse=always "$case_dir/broken" "$disk"
    moment=$(python3 -c "import random; random.seed($seed * 1000 + $i); print(random.uniform(0, $length) / 1000)")
    memory=$case_dir/memory boot "$words -- -f" "kill:$moment"
    boot "$words -- -f" "${healthy[@]}"
    expect_clean_disk
    echo "cut $i after $moment s: repaired"
  done
}

# RESCUE_CASE selects the cases whose name holds it.
boot_case() {
  [[ $1 != *"${RESCUE_CASE-}"* ]] || run_case "$@"
}

for root in boot-bookworm boot-trixie; do
  boot_case "$root: a healthy system boots to its login prompt" healthy_system_boots "$root"
  boot_case "$root: without glibc it panics" broken_system_panics "$root"
  boot_case "$root: an operator repairs it at the rescue shell" operator_repairs "$root"
  boot_case "$root: rescue.fix repairs it with nobody there" repairs_unattended "$root"
done
boot_case "boot-bookworm: a password is demanded where it is set" password_is_demanded boot-bookworm
boot_case "boot-trixie: passwords of all kinds, and none" password_kinds boot-trixie
boot_case "image: finds the root by its UUID" image_repairs boot-bookworm \
  root=UUID=11111111-2222-3333-4444-555555555555 root=UUID
boot_case "image: searches for the root" image_repairs boot-trixie rescue.nothing "it has /etc/os-release"
boot_case "image: finds root, /usr and /var on logical volumes" image_mounts_volumes boot-bookworm
boot_case "image: offers the repair, or a shell" image_offers boot-trixie
boot_case "image: switch_root by hand" image_switches_by_hand boot-bookworm
boot_case "a bundle comes in over the serial line" bundle_over_the_line boot-bookworm
boot_case "power cuts during the repair" power_cuts boot-bookworm
finish
