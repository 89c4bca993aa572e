#!/usr/bin/env bash
# small_layout: cut a root down to glibc, a shell and a few programs, for the
# tests that copy a whole root many times or fill a small disk with it.
#
#   small_layout.sh FROM TO
#
# What stays keeps its path, mode, owner and times. Two gconv modules stand for
# all of them, so that a test that stops at every system call ends this day.
set -euo pipefail

readonly programs=(bash dash ls cat true cp mv rm mkdir sleep getent ldconfig)
readonly gconv=(gconv-modules gconv-modules.cache ISO8859-1.so UTF-16.so)

from=$1
to=$2
mkdir -p "$to"

copy() {  # PATH, relative to the root; the directories above come along
  [[ -e $from/$1 || -L $from/$1 ]] || return 0
  (cd "$from" && cp -a --parents --no-dereference "$1" "$to/")
}

# A path as the root itself sees it, with every link on the way taken along.
copy_followed() {  # ABSOLUTE-PATH
  local target
  target=$(chroot "$from" /bin/readlink -f "$1")
  copy "${target#/}"
  if [[ $target != "$1" ]]; then
    local directory
    directory=$(chroot "$from" /bin/readlink -f "${1%/*}")
    copy "${directory#/}/${1##*/}"
  fi
}

make_tree() {
  local name
  for name in bin sbin lib lib64; do
    # A merged root has links here, an unmerged one directories.
    if [[ -L $from/$name ]]; then copy "$name"; else mkdir -p "$to/$name"; fi
  done
  mkdir -p "$to"/{dev,etc,opt,proc,root,run,sys,usr/bin,usr/sbin,usr/lib,usr/lib64,var/lib}
  mkdir -m 1777 "$to/tmp"
  cp -a "$from/dev/null" "$to/dev/"
}

copy_programs() {
  local name path library
  for name in "${programs[@]}"; do
    path=$(chroot "$from" /bin/bash -c "PATH=/usr/bin:/bin:/usr/sbin:/sbin; type -P $name")
    copy_followed "$path"
    while read -r library; do
      copy_followed "$library"
    done < <(chroot "$from" /lib64/ld-linux-x86-64.so.2 --list "$path" 2>/dev/null | grep -o '/[^ ]*' || true)
  done
  ln -sfn "$(readlink "$from/bin/sh" || echo dash)" "$to/bin/sh"
}

# glibc as the package database has it, and the two libraries that others
# load without naming them.
copy_glibc() {
  local path name
  grep -hE '/lib(64)?/.*\.so' "$from"/var/lib/dpkg/info/{libc6,libcrypt1,libgcc-s1}*.list |
    grep -v /gconv | while read -r path; do copy_followed "$path"; done
  for name in "${gconv[@]}"; do
    copy_followed "/usr/lib/x86_64-linux-gnu/gconv/$name"
  done
  copy etc/ld.so.conf
  copy etc/ld.so.conf.d
}

make_tree
copy_programs
copy_glibc
for path in etc/passwd etc/group etc/nsswitch.conf etc/os-release usr/lib/os-release etc/debian_version; do
  copy "$path"
done
chroot "$to" /sbin/ldconfig
chroot "$to" /bin/bash -c 'ls / >/dev/null && getent passwd root >/dev/null'
