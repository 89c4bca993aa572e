#!/usr/bin/env bash
# Something of another kind stands where a file of glibc belongs.
# shellcheck disable=SC2154  # the facts of the root come from lib/root.sh

accident libc_is_dir all 0 '127:(cannot read file data|Is a directory|cannot open)' 'libc is a directory with files in it'
break_libc_is_dir() {
  rm "$ROOT/$LIBC"
  mkdir -p "$ROOT/$LIBC/inner"
  echo stranger >"$ROOT/$LIBC/inner/file"
}

accident libc_link_is_dir A 0 '127:(cannot read file data|Is a directory|cannot open)' 'the link libc.so.6 is a directory'
break_libc_link_is_dir() {
  rm "$ROOT/$LIB/libc.so.6"
  mkdir "$ROOT/$LIB/libc.so.6"
}

# A reader that opens it without care waits for ever: 124 is timeout's.
accident libc_is_fifo all 0 '124' 'libc is a FIFO' patience=5
break_libc_is_fifo() { rm "$ROOT/$LIBC"; mkfifo "$ROOT/$LIBC"; }

accident libc_is_socket all 0 '127:libc\.so\.6: cannot open' 'libc is a socket'
break_libc_is_socket() {
  rm "$ROOT/$LIBC"
  (cd "$ROOT/$LIB" && python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "${LIBC##*/}")
}

accident libc_is_device all 0 '127:(file too short|cannot open)' 'libc is a character device'
break_libc_is_device() { rm "$ROOT/$LIBC"; mknod "$ROOT/$LIBC" c 1 3; }

accident libc_is_link all 0 '127:libc\.so\.6: cannot open' 'libc is a link to nothing'
break_libc_is_link() { ln -sfn /nowhere "$ROOT/$LIBC"; }

accident loader_is_dir all 0 '126:(Is a directory|Permission denied|cannot execute)' 'the loader is a directory'
break_loader_is_dir() { rm "$ROOT/$LOADER"; mkdir "$ROOT/$LOADER"; }

accident gconv_is_file all 0 '1:(not supported|failed to start)' 'gconv is a file and was a directory' \
  probe='/usr/bin/iconv -f UTF-16 -t ISO-8859-2 /dev/null' alive=yes
break_gconv_is_file() {
  local gconv=$ROOT/usr/${LIB#usr/}/gconv
  rm -r "$gconv"
  echo oops >"$gconv"
}

accident conf_d_is_file all 0 0 '/etc/ld.so.conf.d is a file and was a directory' alive=yes
break_conf_d_is_file() { rm -r "${ROOT:?}/etc/ld.so.conf.d"; echo oops >"$ROOT/etc/ld.so.conf.d"; }

accident cache_is_dir all 0 0 '/etc/ld.so.cache is a directory' alive=yes
break_cache_is_dir() { rm "$ROOT/etc/ld.so.cache"; mkdir "$ROOT/etc/ld.so.cache"; }

# The whole directory is a file: what else was in it is in no glibc bundle.
accident lib_dir_is_file all 5 '126|127:' 'the library directory is a file' \
  say='libtinfo|libselinux' scope=bundle health=none
break_lib_dir_is_file() {
  rm -r "${ROOT:?}/$LIB"
  echo oops >"$ROOT/$LIB"
}
