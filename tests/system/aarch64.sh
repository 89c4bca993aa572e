#!/usr/bin/env bash
# aarch64: the kit for aarch64, under qemu-user, restores an arm64 root; and so
# does the kit of this machine, as on a rescue instance of another kind.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

arm_kit=${RESCUE_KIT_AARCH64:-$tests_dir/../build/kit/aarch64/opt/rescue}

# qemu runs one program by name; what that would start needs the kernel's help,
# which this test does not ask for: it would change the whole machine.
put_qemu() { cp -n "$(command -v qemu-aarch64-static)" "$ROOT/qemu"; }
inside_qemu() {
  put_qemu
  timeout 300 chroot "$ROOT" /qemu "$@"
}

arm_root() {
  with_root bookworm-arm64
}

make_bundle() {
  arm_root
  rescue_bundle create --level 3 -o "$bundles/arm.tzst" --root "$ROOT" --recipe glibc
  qemu-aarch64-static "$arm_kit/bin/rescue" rescue-bundle create --level 3 -o "$bundles/by-qemu.tzst" --root "$ROOT" --recipe glibc
  cmp "$bundles/arm.tzst" "$bundles/by-qemu.tzst" || fail "the two kits make different bundles of one root"
}

break_libc_gone() { rm "$ROOT/$LIBC"; }
break_loader_gone() { rm "$ROOT/$LOADER"; }
break_loader_link_gone() { rm "$ROOT/$INTERP"; }
break_lib_link_gone() { rm "$ROOT/lib"; }
break_lib_is_dir() { rm "$ROOT/lib"; mkdir "$ROOT/lib"; echo stranger >"$ROOT/lib/note"; }
break_libc_junk() { head -c 9000 /dev/urandom >"$ROOT/$LIBC"; }
break_other_machine() {
  cat "$("$tests_dir/roots" bookworm)/usr/lib/x86_64-linux-gnu/libc.so.6" >"$ROOT/$LIBC"
}

restore_with() {  # KIT ACCIDENT
  arm_root
  "break_$2"
  ! inside_qemu /bin/ls / >"$case_dir/ls" 2>&1 || fail "control: ls still runs"
  rm "$ROOT/qemu"
  case $1 in
    native) run_kit 0 "$kit/bin/rescue-extract" "$bundles/arm.tzst" "$ROOT" ;;
    qemu) run_kit 0 qemu-aarch64-static "$arm_kit/bin/rescue" rescue-extract "$bundles/arm.tzst" "$ROOT" ;;
    inside) restore_inside ;;
  esac
  inside_qemu /bin/ls / >"$case_dir/ls" 2>&1 || fail "ls does not run after the repair: $(head -c 200 "$case_dir/ls")"
  inside_qemu /usr/bin/apt-get --version >/dev/null || fail "apt-get does not run after the repair"
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after" --allow qemu --allow opt --allow usr/lib/note
}

restore_inside() {
  mkdir -p "$ROOT/opt/rescue/bin" "$ROOT/opt/rescue/bundles"
  cp "$arm_kit/bin/rescue" "$ROOT/opt/rescue/bin/"
  cp "$bundles/arm.tzst" "$ROOT/opt/rescue/bundles/"
  put_qemu
  run_kit 0 chroot "$ROOT" /qemu /opt/rescue/bin/rescue rescue-extract /opt/rescue/bundles/arm.tzst /
}

# A bundle for the other machine is whole, and is refused.
# A machine of that kind: its kernel, our image, a person at its serial line, and on to what its own libc runs.
boots_an_image() {
  need_root kernel-arm64
  local system=$case_dir/system
  cp -a "$pristine" "$system"
  rescue_bundle create --level 3 -o "$case_dir/glibc.tzst" --root "$system" --recipe glibc
  qemu-aarch64-static "$arm_kit/bin/rescue" rescue-image -o "$case_dir/rescue.img" --root "$system" \
    --bundle "$case_dir/glibc.tzst"
  rm "$system"/usr/lib/aarch64-linux-gnu/{libc.so.6,ld-linux-aarch64.so.1}
  mke2fs -q -F -t ext4 -L server -E root_owner=0:0 -d "$system" "$case_dir/disk" 500M
  python3 "$tests_dir/lib/vm.py" --machine aarch64 --image "$case_dir/disk" --kernel "$(echo "$system"/boot/vmlinuz-*)" \
    --initrd "$case_dir/rescue.img" --log "$case_dir/console" \
    --append 'root=LABEL=server console=ttyAMA0 panic=-1 rescue.init=/bin/bash -- -c "echo arm runs again; exec sleep 99"' \
    'expect:the root file system is on /dev/vda' 'expect:f, s or b\? ' 'send:s' 'expect:rescue \(system broken\) [^ ]*# ' \
    'send:rescue-doctor --fix -y --root /sysroot' 'expect:rescue \(system works\)' 'send:exit' \
    'expect:going on with /bin/bash' 'expect:arm runs again' quit: ||
    { tail -n 60 "$case_dir/console"; fail "$(tail -n 1 "$case_dir/console" | cut -c1-200)"; }
}

wrong_machine() {
  with_root bookworm
  rescue_bundle create --level 3 -o "$bundles/amd.tzst" --root "$ROOT" --recipe glibc
  rm "$ROOT/$LIBC"
  snapshot "$case_dir/before"
  extract 3 '' "$bundles/arm.tzst"
  grep -q aarch64 "$case_dir/said" || fail "does not name the architecture"
  snapshot "$case_dir/after"
  expect_same "$case_dir/before" "$case_dir/after"
  drop_root
  arm_root
  break_libc_gone
  extract 3 '' "$bundles/amd.tzst"
}

# RESCUE_CASE selects the cases whose name holds it.
arm_case() {
  [[ $1 != *"${RESCUE_CASE-}"* ]] || run_case "$@"
}

main() {
  start_test "$@"
  need_kit
  [[ -x $arm_kit/bin/rescue ]] || { echo "$test_name: $arm_kit/bin/rescue: not built; run scripts/build first" >&2; exit 2; }
  bundles=$work/bundles
  mkdir "$bundles"
  arm_case bundle make_bundle
  local how name
  for name in libc_gone loader_gone loader_link_gone lib_link_gone lib_is_dir libc_junk other_machine; do
    for how in native qemu inside; do
      arm_case "$name/$how" restore_with "$how" "$name"
    done
  done
  arm_case wrong_machine wrong_machine
  arm_case boots_an_image boots_an_image
  finish
}

main "$@"
