#!/usr/bin/env bash
# The boot menu: a disk with GRUB on it, as a server has it; the entry of rescue-image chosen over the serial line.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"
# shellcheck source=tests/lib/kit.sh
. "$tests_dir/lib/kit.sh"
# shellcheck source=tests/lib/vm.sh
. "$tests_dir/lib/vm.sh"

need_kit

start_of_partition=$((1 << 20))

# The programs of grub-common and what they load that the root does not have.
put_grub_into() {  # ROOT
  local root=$1 library
  dpkg -L grub-common grub2-common | grep -E '^/(etc/grub.d|usr/s?bin|usr/share/grub)/.' |
    tar -C / --no-recursion -cf - -T - 2>/dev/null | tar -C "$root" -xf -
  mkdir -p "$root/grub-libraries" "$root/boot/grub/i386-pc"
  for library in $(ldd /usr/bin/grub-mkrelpath /usr/bin/grub-script-check | awk '$3 ~ "^/" {print $3}' | sort -u); do
    [[ -e $root$library ]] || cp -L "$library" "$root/grub-libraries/"
  done
  cp /usr/lib/grub/i386-pc/*.{mod,lst} "$root/boot/grub/i386-pc/"
  cat >"$root/etc/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=60
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=quiet
GRUB_CMDLINE_LINUX="root=PARTUUID=5e5c0e01-01 console=ttyS0,115200 panic=-1 edd=off tsc=reliable no_timer_check mitigations=off"
GRUB_TERMINAL=serial
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
GRUB_DISABLE_OS_PROBER=true
END
  # What grub-probe would say there: the root is a folder here, and a disk only later.
  cat >"$root/usr/sbin/grub-probe" <<'END'
#!/bin/sh
for word; do case $word in --target=*) target=${word#*=} ;; -t*) target=${word#-t} ;; esac; done
case $target in
  device) echo /dev/vda1 ;;
  fs) echo ext2 ;;
  fs_uuid) echo 11111111-2222-3333-4444-555555555555 ;;
  partmap) echo msdos ;;
  partuuid) echo 5e5c0e01-01 ;;
  hints_string) echo --hint-bios=hd0,msdos1 ;;
  compatibility_hint) echo hd0,msdos1 ;;
esac
END
}

inside() { chroot "$server" /usr/bin/env LD_LIBRARY_PATH=/grub-libraries PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# Sets $server: the folder of a server with GRUB's own menu and the kit, where the user has run rescue-image.
make_server() {
  with_disk boot-bookworm
  rm "$disk"
  server=$case_dir/server
  cp -a "$system" "$server"
  cp -a "$kit" "$server/opt/rescue"
  cp "$bundle" "$server/opt/rescue/bundles/glibc.tzst"
  put_grub_into "$server"
  inside grub-mkconfig -o /boot/grub/grub.cfg
  inside grub-script-check /boot/grub/grub.cfg
  inside /opt/rescue/bin/rescue-image --grub /
  inside grub-script-check /boot/grub/custom.cfg
  # They have done their work; without what they load the doctor would find fault with them.
  rm -r "$server/grub-libraries" "$server"/usr/{bin,sbin}/grub-*
}

# A disk with a partition, and GRUB before it, as grub-install lays it out.
make_server_disk() {
  make_disk "$server" "$case_dir/partition"
  disk=$case_dir/disk
  truncate -s $((start_of_partition + $(stat -c %s "$case_dir/partition"))) "$disk"
  printf '%s\n' 'label: dos' 'label-id: 0x5e5c0e01' "start=$((start_of_partition / 512)), type=83, bootable" |
    sfdisk -q "$disk"
  dd status=none conv=notrunc,sparse bs=1M seek=1 if="$case_dir/partition" of="$disk"
  rm "$case_dir/partition"
  grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o "$case_dir/core.img" biosdisk part_msdos ext2
  dd status=none conv=notrunc bs=440 count=1 if=/usr/lib/grub/i386-pc/boot.img of="$disk"
  dd status=none conv=notrunc bs=512 seek=1 if="$case_dir/core.img" of="$disk"
}

on_partition() { printf '%s\n' "$@" | debugfs -w -f - "$disk?offset=$start_of_partition" 2>&1; }

start_disk() {  # STEP...
  python3 "$tests_dir/lib/vm.py" --image "$disk" --log "$case_dir/console" "$@" ||
    { keep_console; fail "$(tail -n 1 "$case_dir/console" | cut -c1-200)"; }
}

chosen_in_the_menu() {
  make_server
  make_server_disk
  on_partition "rm /usr/lib/x86_64-linux-gnu/libc.so.6" "rm /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" >/dev/null
  # Ctrl-N is one entry down; the star is before the one that Enter starts.
  start_disk 'expect:\*Debian GNU/Linux' 'expect:Rescue \(works without glibc\)' 'type:\x0e' 'expect:\*Advanced' \
    'type:\x0e' 'expect:\*Rescue \(works without glibc\)' 'type:\x0d' 'expect:Loading the rescue system' \
    'expect:the root file system is on /dev/vda1 .*root=PARTUUID=5e5c0e01-01' 'expect:f, s or b\? ' 'send:s' \
    'expect:rescue \(system broken\) [^ ]*# ' 'send:rescue-doctor --fix -y --root /sysroot' \
    'expect:rescue \(system works\)' 'send:exit' 'expect:going on with /sbin/init' \
    'expect:login: ' 'send:root' 'expect:Password: ' 'send:rescue' 'expect:root@server:~# ' \
    'send:/opt/rescue/bin/rescue-image --grub / --remove' 'expect:custom.cfg: removed' \
    'expect:rescue.img: removed' 'expect:root@server:~# ' 'send:ls /boot /boot/grub; sync; echo end' \
    'expect:\nend\n' 'send:/opt/rescue/bin/reboot' gone:
  # The menu as it was before.
  start_disk 'never:Rescue' 'expect:\*Debian GNU/Linux' 'expect:Advanced options' 'type:\x0d' 'expect:login: ' quit:
}

run_case "the entry is chosen in GRUB's menu, mends the system, and is taken away again" chosen_in_the_menu
finish
