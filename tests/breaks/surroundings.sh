#!/usr/bin/env bash
# glibc is broken, and what is around it makes the repair hard; or glibc is
# whole, and what is around it stops it from working.
# shellcheck disable=SC2154  # the facts of the root come from lib/root.sh

accident preload_missing all 0 '0:ERROR: ld\.so: object .*cannot be preloaded' '/etc/ld.so.preload names a file that is not there' \
  alive=yes left=etc/ld.so.preload health=none
break_preload_missing() { echo /opt/gone/libhook.so >"$ROOT/etc/ld.so.preload"; }

# Each program waits for ever: 124 is timeout's.
accident preload_is_fifo all 5 124 '/etc/ld.so.preload is a FIFO' patience=5 left=etc/ld.so.preload say='preload|did not end' health=none
break_preload_is_fifo() { mkfifo "$ROOT/etc/ld.so.preload"; }

# glibc is whole, and no program starts. A restore has nothing to do, and must
# not say that all is well.
accident preload_crash all 5 '139|132|133|134' '/etc/ld.so.preload names a library that crashes' \
  left='etc/ld.so.preload opt/libcrash.so' say='preload' health=none
break_preload_crash() {
  local compiler
  compiler=$(command -v clang-19 || command -v cc) || skip 'no C compiler to make the crashing library with'
  mkdir -p "$ROOT/opt"
  echo '__attribute__((constructor)) static void f(void) { __builtin_trap(); }' |
    "$compiler" -x c -shared -nostdlib -fPIC -o "$ROOT/opt/libcrash.so" -
  echo /opt/libcrash.so >"$ROOT/etc/ld.so.preload"
}

# A rename cannot replace a mount point, and the file below it is not what
# programs see. It fails when it is tried, and all is taken back.
accident libc_bind_mounted all 3 '127:invalid ELF header' 'a wrong file is mounted over libc' \
  say='mounted on it' health=none
break_libc_bind_mounted() {
  head -c 9000 /dev/urandom >"$case_dir/wrong"
  mount --bind "$case_dir/wrong" "$ROOT/$LIBC"
}

accident read_only all 3 '127:libc\.so\.6: cannot open' 'libc is gone and the root is mounted read-only' \
  say='[Rr]ead-only' health=none
break_read_only() { break_libc_gone; mount -o remount,ro "$ROOT"; }

# All is restored, and still nothing can run from such a mount.
accident noexec all 5 '126:Permission denied' 'libc is gone and the root is mounted noexec' say='noexec' health=none
break_noexec() { break_libc_gone; mount -o remount,bind,noexec "$ROOT"; }

# Only the libraries lie on such a mount: the very same file system, mounted a second time.
accident lib_noexec all 5 '126:Permission denied' 'the library directory is mounted noexec' say='noexec|Permission denied' harmless=yes \
  health=none
break_lib_noexec() { mount_noexec "$ROOT/$LIB"; }
mount_noexec() { mount --bind "$1" "$1" && mount -o remount,bind,noexec "$1"; }

accident libc_noexec all 5 '127:failed to map segment' 'libc alone is mounted noexec' say='noexec|failed to map' health=none harmless=yes
break_libc_noexec() { mount_noexec "$ROOT/$LIBC"; }

accident var_other_disk all 0 '127:libc\.so\.6: cannot open' 'libc is gone, and /var is another file system' left='var .rescue'
break_var_other_disk() {
  break_libc_gone
  mount -t tmpfs -o size=64m var "$ROOT/var"
}

# The journal has no place where it belongs.
accident var_full all 3 '127:libc\.so\.6: cannot open' 'libc is gone, and /var is full' left=var health=none \
  say='are needed and 0 B are free'
break_var_full() {
  break_libc_gone
  mount -t tmpfs -o size=64k var "$ROOT/var"
  head -c 1M /dev/zero >"$ROOT/var/filler" 2>/dev/null || true
}

accident var_lib_dangling all 0 '127:libc\.so\.6: cannot open' 'libc is gone, and /var/lib is a link to nothing' \
  left='var/lib data .rescue'
break_var_lib_dangling() {
  break_libc_gone
  mv "$ROOT/var/lib" "$ROOT/var/lib.moved-away"
  rm -r "${ROOT:?}/var/lib.moved-away"
  ln -s /data/lib "$ROOT/var/lib"
}

# What is replaced cannot be linked into /var from here: it is kept at the top of
# its own file system.
accident lib_other_disk all 0 '127:libc\.so\.6: cannot open' 'libc is gone, and the library directory is another file system' \
  left='*/.rescue'
break_lib_other_disk() {
  mkdir "$case_dir/copy"
  cp -a "$ROOT/$LIB/." "$case_dir/copy/"
  mount -t tmpfs -o size=500m,mode=0755 lib "$ROOT/$LIB"
  cp -a "$case_dir/copy/." "$ROOT/$LIB/"
  rm -f "$ROOT/$LIBC" "$ROOT/$LIB/libc.so.6"
}

accident lib_other_disk_junk all 0 '127:invalid ELF header' 'libc is junk on another file system than /var' left='*/.rescue'
break_lib_other_disk_junk() {
  break_lib_other_disk
  cp -a "$pristine/$LIBC" "$ROOT/$LIBC"
  cp -a "$pristine/$LIB/libc.so.6" "$ROOT/$LIB/" 2>/dev/null || true
  head -c 9000 /dev/urandom | overwrite "$ROOT/$LIBC"
}

accident nothing_wrong all 0 0 'nothing: a healthy root' alive=yes harmless=yes
break_nothing_wrong() { :; }

# In every login from now on; the system itself is whole.
accident environment_poison bullseye,unmerged,bookworm,rhel 0 '1|127|134|139:' '/etc/environment leads to a glibc of another release' \
  probe='/usr/bin/env LD_LIBRARY_PATH=/opt/vendor/lib /bin/ls /' left='etc/environment opt/vendor'
break_environment_poison() {
  mkdir -p "$ROOT/opt/vendor/lib"
  cp "$(dir_of "$(newer)")/libc.so.6" "$ROOT/opt/vendor/lib/"
  echo 'LD_LIBRARY_PATH=/opt/vendor/lib' >>"$ROOT/etc/environment"
}

accident path_wrong all 0 0 '/etc/environment sets a PATH that leads nowhere' alive=yes left=etc/environment
break_path_wrong() { echo 'PATH=/opt/gone/bin:/opt/gone/sbin' >>"$ROOT/etc/environment"; }
