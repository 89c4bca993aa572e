#!/usr/bin/env bash
# ldconfig: the cache is byte for byte the one that the root's own ldconfig
# writes, and the same links are made, pointed elsewhere and removed.
#
#   ldconfig.sh [--random COUNT] [--seed NUMBER] [--only GLOB] [ROOT]...
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"

count=25 seed='' only='*' roots=()

read_arguments() {
  while (($#)); do
    case $1 in
      --random) count=$2; shift ;;
      --seed) seed=$2; shift ;;
      --only) only=$2; shift ;;
      -*) echo "ldconfig: $1: unknown option" >&2; exit 2 ;;
      *) roots+=("$1") ;;
    esac
    shift
  done
  ((${#roots[@]})) || roots=(bullseye bookworm trixie rhel unmerged bookworm-arm64)
}

zoo() { python3 "$tests_dir/lib/library_zoo.py" "$@"; }

# Two writable copies of the root with a layer of libraries over it. Both have
# the same layers, so that their directories give the names in one order: it
# decides among files that are equal otherwise.
twins() {  # ROOT ZOO-ARGUMENT...
  local name=$1 twin
  shift
  need_root "$name"
  root_facts "$name"
  mkdir -p "$case_dir/zoo"
  [[ $# == 0 ]] || zoo "$1" "$case_dir/zoo" "${@:2}"
  for twin in theirs ours; do
    mkdir -p "$case_dir/$twin/upper" "$case_dir/$twin/work" "$case_dir/$twin/root"
    mount -t overlay overlay \
      -o "lowerdir=$case_dir/zoo:$pristine,upperdir=$case_dir/$twin/upper,workdir=$case_dir/$twin/work,redirect_dir=on" \
      "$case_dir/$twin/root"
  done
}

their_ldconfig() {
  local run=("$case_dir/theirs/root/sbin/ldconfig")
  [[ $LIB != *aarch64* ]] || run=(qemu-aarch64-static "${run[@]}")
  "${run[@]}" -r "$case_dir/theirs/root" "$@"
}
our_ldconfig() { "$kit/bin/rescue" ldconfig -r "$case_dir/ours/root" "$@"; }

# All that a run left in the upper layer: links with their targets, removed
# names (character devices), files. The helper cache is ldconfig's own affair.
changes() {  # TWIN
  (cd "$case_dir/$1/upper" && find . -path ./var/cache/ldconfig -prune -o -path ./var -prune -o \
    ! -type d -printf '%p %y %m %U:%G %l\n' | sort)
}

both() {  # OPTION...: runs both and compares what they did
  their_ldconfig -v "$@" >"$case_dir/theirs.out" 2>"$case_dir/theirs.err" || fail "the root's own ldconfig failed: $(tail -n 1 "$case_dir/theirs.err")"
  our_ldconfig -v "$@" >"$case_dir/ours.out" 2>"$case_dir/ours.err" || fail "ours failed: $(tail -n 1 "$case_dir/ours.err")"
  compare
}

compare() {
  local twin
  for twin in theirs ours; do
    changes "$twin" >"$case_dir/$twin.changes"
    # 2.31 does not say where a directory was named.
    sed -E 's/ \(from [^)]*\)$//' "$case_dir/$twin.out" >"$case_dir/$twin.said"
  done
  diff "$case_dir/theirs.changes" "$case_dir/ours.changes" || fail "other links or files: $(diff "$case_dir/theirs.changes" "$case_dir/ours.changes" | sed -n 2p)"
  cmp "$case_dir/theirs/root/etc/ld.so.cache" "$case_dir/ours/root/etc/ld.so.cache" || fail "another cache"
  diff "$case_dir/theirs.said" "$case_dir/ours.said" || fail "says something else: $(diff "$case_dir/theirs.said" "$case_dir/ours.said" | sed -n 2p)"
}

case_zoo() {  # ROOT CASE [ZOO-ARGUMENT...]
  twins "$@"
  both
  # A second run finds all in place, with nothing "(changed)".
  both
  case_print
}

case_print() {
  diff <(their_ldconfig -p) <(our_ldconfig -p) || fail "-p prints something else"
}

case_formats() {  # ROOT
  local format
  twins "$1" i386
  for format in old compat new; do
    both -c "$format"
    case_print
  done
  both -X -C /etc/other.cache
  cmp "$case_dir/theirs/root/etc/other.cache" "$case_dir/ours/root/etc/other.cache" || fail "-C: another cache"
}

case_options() {  # ROOT
  twins "$1" links
  both -N -X
  both -n /opt/l
  both -X /opt/far /opt/l
  printf '/opt/m\n' | tee "$case_dir/theirs/root/etc/my.conf" >"$case_dir/ours/root/etc/my.conf"
  both -f /etc/my.conf
  both -l /opt/l/libone.so.1.9 /opt/m/ld-2.99.so
  both
}

# Without the root's ldconfig, libc and loader still tell which it was; without
# a cache too.
case_without_ldconfig() {  # ROOT
  twins "$1" i386
  rm -f "$case_dir/ours/root/sbin/ldconfig" "$case_dir/ours/root/etc/ld.so.cache"
  their_ldconfig >/dev/null 2>&1
  our_ldconfig >/dev/null 2>&1
  cmp "$case_dir/theirs/root/etc/ld.so.cache" "$case_dir/ours/root/etc/ld.so.cache" || fail "another cache"
}

# With nothing left to tell the version, no cache is guessed.
case_without_anything() {  # ROOT
  twins "$1"
  local root=$case_dir/ours/root status=0
  rm -rf "${root:?}/sbin/ldconfig" "${root:?}/etc/ld.so.cache" "${root:?}/${LIB:?}/"{libc.so.6,libc-*,ld-*} "${root:?}/lib64"
  our_ldconfig >/dev/null 2>"$case_dir/said" || status=$?
  ((status == 1)) || fail "ends with $status, not 1"
  [[ ! -e $root/etc/ld.so.cache ]] || fail "wrote a cache all the same"
  grep -q 'which glibc\|version' "$case_dir/said" || fail "does not say why: $(cat "$case_dir/said")"
}

# The root's own ldconfig fills the memory of both, as it would on a live system.
remember() {
  their_ldconfig -i >/dev/null 2>&1
  local run=("$case_dir/ours/root/sbin/ldconfig")
  [[ $LIB != *aarch64* ]] || run=(qemu-aarch64-static "${run[@]}")
  "${run[@]}" -i -r "$case_dir/ours/root" >/dev/null 2>&1
}

each_memory() {  # COMMAND...: with the path of each memory behind it
  local twin
  for twin in theirs ours; do "$@" "$case_dir/$twin/root/var/cache/ldconfig/aux-cache"; done
}

# What is remembered of a library is believed where glibc's believes it, and only there.
case_memory() {  # ROOT
  local size whole file
  twins "$1"
  remember
  both
  # With another soname in it, both say what no library says.
  each_memory sed -i 's/libz\.so\.1/libq.so.1/g'
  both
  our_ldconfig -p | grep -q 'libq\.so\.1' || fail "does not believe what is remembered"
  each_memory sed -i 's/libz\.so\.1/libq.so.1/g'
  both -i
  ! our_ldconfig -p | grep -q 'libq\.so\.1 .*/libz' || fail "believes it with -i"
  # A file that was touched since is read.
  each_memory sed -i 's/libz\.so\.1/libq.so.1/g'
  for file in "$case_dir"/{theirs,ours}/root/{,usr/}"${LIB#usr/}"/libz.so.1.*; do
    [[ ! -e $file ]] || touch "$file"
  done
  both
  remember
  whole=$(stat -c %s "$case_dir/ours/root/var/cache/ldconfig/aux-cache")
  for size in 0 23 24 31 32 79 80 $((whole / 2)) $((whole - 1)) $((whole + 1)); do
    each_memory truncate -s "$size"
    both
    remember
  done
}

# A dry run changes nothing; a library whose soname climbs out makes no link.
case_harmless() {  # ROOT
  twins "$1" links
  our_ldconfig --dry-run >/dev/null 2>&1
  [[ -z $(changes ours) ]] || fail "--dry-run changed something: $(changes ours | head -n 1)"
  python3 - "$tests_dir/lib" "$case_dir/ours/root/opt/l/libevil.so.1.0" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from tiny_elf import tiny_elf
open(sys.argv[2], 'wb').write(tiny_elf('../../etc/libevil.so.1'))
END
  our_ldconfig >/dev/null 2>&1
  [[ ! -L $case_dir/ours/root/etc/libevil.so.1 ]] || fail "made a link where a soname led"
}

main() {
  read_arguments "$@"
  start_test "$@"
  seed=${seed:-$RESCUE_SEED}
  need_kit
  local root name i
  echo "# seed $seed"
  for root in "${roots[@]}"; do
    for name in plain formats options without_ldconfig without_anything harmless memory; do
      # shellcheck disable=SC2053  # a glob is meant
      [[ $name == $only ]] || continue
      if [[ $name == plain ]]; then run_case "$root/plain" case_zoo "$root"; else run_case "$root/$name" "case_$name" "$root"; fi
    done
    for name in $(zoo --list); do
      # shellcheck disable=SC2053
      [[ $name != $only ]] || run_case "$root/$name" case_zoo "$root" "$name"
    done
    # shellcheck disable=SC2053
    [[ many != $only ]] || run_case "$root/many" case_zoo "$root" many 300
    # shellcheck disable=SC2053
    [[ random == $only ]] || continue
    # Drawn once: a link that an earlier directory's removal leaves dangling.
    run_case "$root/random-14023" case_zoo "$root" random 14023
    for ((i = 0; i < count; ++i)); do
      run_case "$root/random-$((seed + i))" case_zoo "$root" random $((seed + i))
    done
  done
  finish
}

main "$@"
