#!/usr/bin/env bash
# rescue-image: what is in an image, and its entry in the boot menus of both families. Booting one: boot.sh.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"

need_kit

image() { "$kit/bin/rescue-image" "$@"; }

# A root with a kernel and two modules, of which one drives disks.
make_system() {
  R=$case_dir/root V=6.1.0-1-amd64
  local modules=$R/usr/lib/modules/$V
  mkdir -p "$R"/{boot,etc} "$modules"/kernel/{fs/ext4,net/odd}
  ln -s usr/lib "$R/lib"
  echo kernel >"$R/boot/vmlinuz-$V"
  echo ext4 >"$modules/kernel/fs/ext4/ext4.ko"
  echo odd >"$modules/kernel/net/odd/odd.ko"
  printf 'kernel/fs/ext4/ext4.ko:\nkernel/net/odd/odd.ko:\n' >"$modules/modules.dep"
  printf 'alias fs-ext4 ext4\nalias net-odd odd\n' >"$modules/modules.alias"
  echo bundle >"$case_dir/own.tzst"
}

listing() { zstd -dcq "$1" | cpio --quiet -tv; }

holds_what_it_should() {
  make_system
  image -o "$case_dir/i" --root "$R" --bundle "$case_dir/own.tzst"
  listing "$case_dir/i" >"$case_dir/list"
  cat "$case_dir/list"
  for what in 'init -> opt/rescue/bin/init' 'sbin/modprobe -> ' 'dev/console' 'opt/rescue/bin/sh$' \
    'opt/rescue/bundles/own.tzst' 'opt/rescue/etc/profile' "lib/modules/$V/kernel/fs/ext4/ext4.ko" sysroot; do
    grep -q -- "$what" "$case_dir/list" || fail "$what is missing"
  done
  ! grep -q odd.ko "$case_dir/list" || fail "it holds a module that drives no disk"
  [[ $(stat -c %a "$case_dir/i") == 600 ]] || fail "others may read it"
  image -o "$case_dir/all" --root "$R" --all-modules
  listing "$case_dir/all" | grep -q odd.ko || fail "--all-modules leaves one out"
  image -o "$case_dir/none" --root "$R" --no-modules
  ! listing "$case_dir/none" | grep '\.ko' || fail "--no-modules leaves one in"
}

forms() {
  make_system
  image -o "$case_dir/one" --root "$R" && image -o "$case_dir/two" --root "$R"
  cmp "$case_dir/one" "$case_dir/two" || fail "the same input gives other bytes"
  image -o "$case_dir/gz" --root "$R" --compress gzip
  image -o "$case_dir/plain" --root "$R" --compress none
  gzip -dc "$case_dir/gz" | cmp - "$case_dir/plain"
  zstd -dcq "$case_dir/one" | cmp - "$case_dir/plain"
  image -o "$case_dir/x" --root "$R" --compress nonsense && fail "an unknown compression"
  image --root "$R" && fail "no output"
  rm "$R"/boot/vmlinuz-*
  image -o "$case_dir/x" --root "$R" && fail "no kernel"
  [[ ! -e $case_dir/x ]]
}

debian_menu() {
  make_system
  mkdir "$R/boot/grub"
  cat >"$R/boot/grub/grub.cfg" <<END
menuentry 'Debian' --class debian {
	insmod ext2
	search --no-floppy --fs-uuid --set=root 1111
	linux /boot/vmlinuz-$V root=UUID=1111 ro quiet console=ttyS0,115200
	initrd /boot/initrd.img-$V
}
source \${config_directory}/custom.cfg
END
  echo '# mine' >"$R/boot/grub/custom.cfg"
  image --grub "$R"
  image --grub "$R"
  cat "$R/boot/grub/custom.cfg"
  [[ $(grep -c "menuentry 'Rescue (works without glibc)'" "$R/boot/grub/custom.cfg") == 1 ]] || fail "not one entry"
  grep -q "linux /boot/vmlinuz-$V root=UUID=1111 ro console=ttyS0,115200 rescue" "$R/boot/grub/custom.cfg"
  grep -q 'initrd /boot/rescue.img' "$R/boot/grub/custom.cfg"
  [[ -s $R/boot/rescue.img ]]
  if command -v grub-script-check >/dev/null; then grub-script-check "$R/boot/grub/custom.cfg"; fi
  image --grub "$R" --remove
  [[ $(<"$R/boot/grub/custom.cfg") == '# mine' ]] || fail "custom.cfg is not as before"
  [[ ! -e $R/boot/rescue.img ]] || fail "the image is still there"
}

# The menu knows only an older kernel than the one whose modules are in the image; then there is no room in /boot.
newer_kernel() {
  make_system
  mkdir "$R/boot/grub"
  printf "menuentry 'x' {\n\tlinux /boot/vmlinuz-5.10.0-1-amd64 root=/dev/sda1 ro\n\tinitrd /boot/initrd.img\n}\nsource custom.cfg\n" \
    >"$R/boot/grub/grub.cfg"
  image --grub "$R"
  grep -q "linux /boot/vmlinuz-$V root=/dev/sda1 ro rescue" "$R/boot/grub/custom.cfg" || fail "$(<"$R/boot/grub/custom.cfg")"
  image --grub "$R" --remove
  cp -a "$R/boot" "$case_dir/boot"
  mount -t tmpfs -o size=1m none "$R/boot"
  cp -a "$case_dir/boot/." "$R/boot/"
  image --grub "$R" >"$case_dir/said" 2>&1 && fail "there was no room"
  cat "$case_dir/said"
  grep -q 'boot/rescue.img: .*No space left' "$case_dir/said" || fail "it does not say that there is no room"
  diff -r "$case_dir/boot" "$R/boot" || fail "something is left behind"
  umount "$R/boot"
}

rhel_menu() {
  make_system
  mkdir -p "$R/boot/grub2" "$R/boot/loader/entries"
  printf 'insmod blscfg\nblscfg\n' >"$R/boot/grub2/grub.cfg"
  printf 'title Rocky\nversion %s\nlinux /vmlinuz-%s\ninitrd /initramfs.img\noptions root=/dev/sda2 ro rhgb quiet\n' \
    "$V" "$V" >"$R/boot/loader/entries/abc-$V.conf"
  image --grub "$R"
  cat "$R/boot/loader/entries/rescue.conf"
  grep -qx 'title Rescue (works without glibc)' "$R/boot/loader/entries/rescue.conf"
  grep -qx "linux /vmlinuz-$V" "$R/boot/loader/entries/rescue.conf"
  grep -qx 'initrd /rescue.img' "$R/boot/loader/entries/rescue.conf"
  grep -q '^options root=/dev/sda2 ro rescue' "$R/boot/loader/entries/rescue.conf"
  image --grub "$R" --remove
  [[ ! -e $R/boot/loader/entries/rescue.conf && ! -e $R/boot/rescue.img ]] || fail "something is still there"
}

# The very files that kmod would load, in its order, for every module and for what devices ask for.
modprobe_as_kmod() {
  need_root boot-bookworm
  local version name asked=()
  version=$(basename "$pristine"/lib/modules/*)
  mapfile -t asked < <(sed -n 's#^[^:]*/\([^/:]*\)\.ko:.*#\1#p' "$pristine/lib/modules/$version/modules.dep" | shuf -n 60 \
    --random-source=<(yes "$RESCUE_SEED"))
  kmod() { modprobe -d "$pristine" -S "$version" "$@"; }
  ours() { "$kit/bin/rescue" modprobe -d "$pristine" -S "$version" "$@"; }
  # kmod names some twice, and of several lines on what a module softly asks for it takes the first alone.
  for name in "${asked[@]}" btrfs; do
    kmod -D "$name" | awk '!named[$0]++' >"$case_dir/kmod"
    ours -D "$name" >"$case_dir/ours"
    diff "$case_dir/kmod" <(grep -Fxf "$case_dir/kmod" "$case_dir/ours") || fail "$name"
  done
  for name in xfs dm-mod dm_mod ext4 virtio:d00000002v00001AF4 pci:v00001AF4d00001001sv1sd2bc01sc00i00; do
    diff <(kmod -D "$name" | awk '!named[$0]++') <(ours -D "$name") || fail "$name"
  done
  for options in "-n xfs" "-nv xfs" "-nva xfs ext4"; do
    # shellcheck disable=SC2086  # words
    diff <(kmod $options) <(ours $options) || fail "$options"
  done
  ! ours -q -n nowhere || fail "it finds what is not there"
  ! ours -q -S 1.2.3 xfs || fail "it finds a kernel that is not there"
}

run_case "modprobe: what kmod would load" modprobe_as_kmod
run_case "an image holds what it should" holds_what_it_should
run_case "the same bytes, in each compression" forms
run_case "the menu of Debian" debian_menu
run_case "the menu knows another kernel; no room" newer_kernel
run_case "the menu of RHEL" rhel_menu
finish
