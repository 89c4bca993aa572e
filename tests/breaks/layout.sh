#!/usr/bin/env bash
# The directories and links above glibc are not what they were.
# shellcheck disable=SC2154  # the facts of the root come from lib/root.sh
readonly absent='No such file or directory'

accident lib64_gone all 0 "127:$absent" '/lib64 is deleted'
break_lib64_gone() { rm -r "${ROOT:?}/lib64"; }

accident lib64_dangling all 0 "127:$absent" '/lib64 is a link to nothing'
break_lib64_dangling() { rm -r "${ROOT:?}/lib64"; ln -s nowhere "$ROOT/lib64"; }

accident lib64_loop all 0 '126:Too many levels' '/lib64 is a link to itself'
break_lib64_loop() { rm -r "${ROOT:?}/lib64"; ln -s lib64 "$ROOT/lib64"; }

accident lib64_file all 0 '126:Not a directory' '/lib64 is a file'
break_lib64_file() { rm -r "${ROOT:?}/lib64"; echo oops >"$ROOT/lib64"; }

accident lib64_fifo all 0 '126:Not a directory' '/lib64 is a FIFO'
break_lib64_fifo() { rm -r "${ROOT:?}/lib64"; mkfifo "$ROOT/lib64"; }

accident lib64_empty_dir merged 0 "127:$absent" '/lib64 is an empty directory and was a link'
break_lib64_empty_dir() { rm "$ROOT/lib64"; mkdir "$ROOT/lib64"; }

# What strangers lie in such a directory is moved to where the link leads.
readonly strangers='usr/lib64/libstranger.so.1 usr/lib64/sub usr/lib/modprobe.d/stray.conf'

accident lib64_full_dir merged 0 "127:$absent" '/lib64 is a directory with strangers and was a link' left="$strangers"
break_lib64_full_dir() {
  break_lib64_empty_dir
  mkdir "$ROOT/lib64/sub"
  echo stranger | tee "$ROOT/lib64/libstranger.so.1" >"$ROOT/lib64/sub/note"
}

accident lib64_closed_dir merged 0 "127:$absent" '/lib64 is a directory of mode 000' \
  left="$strangers"
break_lib64_closed_dir() { break_lib64_full_dir; chmod 000 "$ROOT/lib64" "$ROOT/lib64/sub"; }

# The link leads to the same place, and that is what counts: it is left alone.
accident lib64_absolute merged 0 0 '/lib64 is an absolute link to the right place' alive=yes left=lib64
break_lib64_absolute() { ln -sfn "/$(readlink "$ROOT/lib64")" "$ROOT/lib64"; }

# Inside the root this is /tmp/...; followed by the host it is the host's.
accident lib64_outside all 0 "127:$absent" '/lib64 is a link that climbs out of the root'
break_lib64_outside() {
  mkdir -p "$case_dir/outside"
  rm -r "${ROOT:?}/lib64"
  ln -s "../../../../../../../../../../../..$case_dir/outside" "$ROOT/lib64"
}
after_lib64_outside() {
  [[ -z $(ls -A "$case_dir/outside") ]] || fail "wrote outside the root: $(ls -A "$case_dir/outside")"
}

accident lib_link_gone merged 0 "127:$absent" '/lib is deleted, which was a link' \
  control_trixie=0 control_rhel=0
break_lib_link_gone() { rm "$ROOT/lib"; }

accident lib_is_dir merged 0 "127:$absent" '/lib is a directory with a few files and was a link' \
  control_trixie=0 control_rhel=0 left="$strangers"
break_lib_is_dir() {
  rm "$ROOT/lib"
  mkdir -p "$ROOT/lib/modprobe.d"
  echo '# stray' >"$ROOT/lib/modprobe.d/stray.conf"
}

# What a package built for an unmerged system, or tar with its defaults, leaves.
accident lib_and_lib64_are_dirs merged 0 "127:$absent" '/lib and /lib64 are directories and were links' \
  left="$strangers"
break_lib_and_lib64_are_dirs() { break_lib_is_dir; break_lib64_full_dir; }

accident usr_lib64_moved bullseye,bookworm,trixie 0 "127:$absent" '/usr/lib64 is renamed' left=usr/lib64.bk
break_usr_lib64_moved() { mv "$ROOT/usr/lib64" "$ROOT/usr/lib64.bk"; }

# Debian has nothing but the loader's link in it.
accident usr_lib64_gone bullseye,bookworm,trixie 0 "127:$absent" '/usr/lib64 is deleted, and /lib64 leads to it'
break_usr_lib64_gone() { rm -r "${ROOT:?}/usr/lib64"; }

# An administrator moved the directory to another disk and left a link. The
# system works, and it must stay that way.
accident lib_dir_is_link all,-rhel 0 "127:libc\.so\.6: cannot open" \
  'the library directory is a link to where it was moved, and libc is gone' left="$(printf '%s ' {,usr/}lib/{x86_64-linux-gnu,moved})"
break_lib_dir_is_link() {
  local parent=$ROOT/${LIB%/*}
  mv "$ROOT/$LIB" "$parent/moved"
  ln -s moved "$ROOT/$LIB"
  rm -f "$parent/moved/libc.so.6" "$parent/moved/libc-$GLIBC.so"
}
after_lib_dir_is_link() {
  [[ -L $ROOT/$LIB ]] || fail "replaced the administrator's link by a directory"
}

accident loader_link_dangling all,-rhel 0 "127:$absent" 'the loader link points to nothing'
break_loader_link_dangling() { ln -sfn "/$LIB/ld-2.17.so" "$ROOT/$INTERP"; }

accident libc_link_loop A 0 '127:libc\.so\.6: cannot open' 'the link libc.so.6 points to itself'
break_libc_link_loop() { ln -sfn libc.so.6 "$ROOT/$LIB/libc.so.6"; }

accident libc_link_outside all 0 '127:libc\.so\.6: cannot open' 'libc.so.6 is a link that climbs out of the root'
break_libc_link_outside() {
  echo host >"$case_dir/outside"
  ln -sfn "../../../../../../../../../../../..$case_dir/outside" "$ROOT/$LIB/libc.so.6"
}
after_libc_link_outside() {
  [[ $(cat "$case_dir/outside") == host ]] || fail "wrote outside the root"
}

# `rescue-extract` is given one root; programs are another package's business.
accident libc_and_tmp_gone all 0 '127:libc\.so\.6: cannot open' 'libc and /run, /tmp, /proc are deleted' \
  left='run tmp proc'
break_libc_and_tmp_gone() { rm -rf "${ROOT:?}"/{run,tmp,proc}; break_libc_gone; }
