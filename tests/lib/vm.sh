#!/usr/bin/env bash
# vm: disks of whole systems, and machines that boot them. Source it after root.sh and kit.sh.
# shellcheck disable=SC2154  # set by report.sh

# make_disk ROOT FILE: an ext4 image, labelled `server`, of what lies in ROOT. No loop device is needed.
make_disk() {
  rm -f "$2"
  mke2fs -q -F -t ext4 -L server -U 11111111-2222-3333-4444-555555555555 -E root_owner=0:0 -d "$1" "$2" 700M
}

# The root NAME as a disk, with the kit and a bundle of its glibc in it, or `bare`; made once for all cases. Sets $disk
# (a fresh copy), $kernel, $initrd, $system (the folder that the disk was made from) and $bundle.
with_disk() {  # NAME [bare]
  local name=$1 kind=${2:-kit}
  local master=$work/disk-$name-$kind
  system=$work/system-$name
  bundle=$work/glibc-$name.tzst
  if [[ ! -d $system ]]; then
    need_root "$name"
    cp -a "$pristine" "$system"
    rm -rf "$system"/var/{lib/apt/lists,cache/apt}/* "$system"/usr/share/{doc,man,locale}
    rescue_bundle create --level 3 -o "$bundle" --root "$system" --recipe glibc
  fi
  if [[ ! -e $master ]]; then
    rm -rf "$system/opt/rescue"
    if [[ $kind == kit ]]; then
      cp -a "$kit" "$system/opt/rescue"
      cp "$bundle" "$system/opt/rescue/bundles/glibc.tzst"
    fi
    make_disk "$system" "$master"
    rm -rf "$system/opt/rescue"
  fi
  disk=$case_dir/disk
  cp --sparse=always "$master" "$disk"
  kernel=$(echo "$system"/boot/vmlinuz-*)
  initrd=$(echo "$system"/boot/initrd.img-*)
  root_word=root=LABEL=server
  more_disks=() memory=
}

# on_disk COMMAND...: debugfs on $disk, for small changes and looks without mounting it.
on_disk() {
  printf '%s\n' "$@" | debugfs -w -f - "$disk" >/dev/null 2>&1
}

# What the accident of all these cases removes: the loader and libc, whatever directory they are in.
delete_glibc() {
  local lib=/usr/lib/x86_64-linux-gnu
  on_disk "rm $lib/libc.so.6" "rm $lib/ld-linux-x86-64.so.2" "rm $lib/libm.so.6"
}

# boot WORDS STEP...: a machine with $disk, $kernel and $initrd, and WORDS added to the kernel's; with $more_disks too.
# Where $memory is set, it goes on from what is saved there.
# On a busy machine the emulated timer's first ticks get lost: without no_timer_check the kernel panics then.
boot() {
  local words=$1
  shift
  python3 "$tests_dir/lib/vm.py" "${more_disks[@]/#/--image=}" --image "$disk" --kernel "$kernel" \
    --initrd "$initrd" ${memory:+--resume "$memory"} --log "$case_dir/console" \
    --append "$root_word ro console=ttyS0,115200 panic=-1 edd=off tsc=reliable no_timer_check mitigations=off $words" "$@" ||
    { keep_console; fail "$(tail -n 1 "$case_dir/console" | cut -c1-200)"; }
}

# The console log of a failed case is kept beside the case's own.
keep_console() {
  cp "$case_dir/console" "$logs/console-$(date +%s).log"
  echo "console: $logs/console-*.log"
  tail -n 60 "$case_dir/console"
}

# The journal is replayed first, as the next mount would; then nothing may be left to be mended.
expect_clean_disk() {
  e2fsck -y -E journal_only "$disk" || true
  e2fsck -fn "$disk" || fail "e2fsck finds fault with the disk"
}
