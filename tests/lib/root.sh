#!/usr/bin/env bash
# root: throwaway copies of the cached roots, and what may be asked of them.
# Source it after report.sh, and use it inside a case.
#
#   with_root NAME      sets $ROOT: a writable overlay over the cached root
#   small_root NAME     sets $ROOT: a real copy on tmpfs, of bullseye, bookworm, ...
#   ext4_root NAME SIZE [MKFS-OPTION]...  the same on an ext4 image of its own
#   snapshot FILE       lists the root exactly (see snapshot.py)
#   expect_same BEFORE AFTER [--allow GLOB]...
#   assert_healthy      its programs run
#   assert_resolves     every program in /usr/bin finds its libraries
#
# Each of the first three also sets the facts of the root, below.
# shellcheck disable=SC2034,SC2154  # set here for the tests, or by report.sh
# shellcheck disable=SC2016  # bash inside the root expands these strings

# Facts, as paths inside $ROOT without a leading slash:
#   LIB     the directory of libc         LIBC    the file that is libc
#   LOADER  the file that is the loader   INTERP  the path that programs name
#   LAYOUT  A (versioned files and links) or B (files named by their soname)
root_facts() {  # NAME
  LIB=usr/lib/x86_64-linux-gnu INTERP=lib64/ld-linux-x86-64.so.2 GLIBC=2.36 LAYOUT=B
  case ${1#small-} in
    bullseye) GLIBC=2.31 LAYOUT=A ;;
    unmerged) GLIBC=2.31 LAYOUT=A LIB=lib/x86_64-linux-gnu ;;
    trixie) GLIBC=2.41 ;;
    rhel) LIB=usr/lib64 ;;
    bookworm-arm64) LIB=usr/lib/aarch64-linux-gnu INTERP=lib/ld-linux-aarch64.so.1 ;;
  esac
  LIBC=$LIB/libc.so.6 LOADER=$LIB/${INTERP##*/}
  if [[ $LAYOUT == A ]]; then LIBC=$LIB/libc-$GLIBC.so LOADER=$LIB/ld-$GLIBC.so; fi
}

with_root() {  # NAME
  need_root "$1"
  root_facts "$1"
  NAME=$1 ROOT=$case_dir/root UPPER=$case_dir/upper
  base=$pristine.list
  [[ -e $base ]] || make_base
  mkdir -p "$ROOT" "$UPPER" "$case_dir/scratch"
  mount -t overlay overlay -o "lowerdir=$pristine,upperdir=$UPPER,workdir=$case_dir/scratch,redirect_dir=on" "$ROOT"
}

# The list of the untouched root is made once, and kept beside it.
make_base() {
  ask_comparer take "$pristine" "$case_dir/base"
  cp "$case_dir/base" "$base.$$"
  mv "$base.$$" "$base"
}

small_root() {  # NAME
  need_root "small-$1"
  root_facts "$1"
  NAME=$1 ROOT=$case_dir/root UPPER=
  mkdir -p "$ROOT"
  mount -t tmpfs -o size=64m,mode=0755 small "$ROOT"
  cp -a "$pristine/." "$ROOT/"
}

ext4_root() {  # NAME SIZE [MKFS-OPTION]...
  local size=$2
  need_root "small-$1"
  root_facts "$1"
  NAME=$1 ROOT=$case_dir/root UPPER=
  shift 2
  mkdir -p "$ROOT"
  truncate -s "$size" "$case_dir/disk"
  mkfs.ext4 -q -F -m 0 "$@" "$case_dir/disk"
  mount -o loop "$case_dir/disk" "$ROOT"
  cp -a "$pristine/." "$ROOT/"
}

# A case deals with one root at a time; this throws away the last.
drop_root() {
  umount -R -l "$ROOT"
  rm -rf --one-file-system "$case_dir/upper" "$case_dir/scratch" "$case_dir/disk"
}

snapshot() {  # FILE
  if [[ $UPPER ]]; then
    ask_comparer take "$ROOT" "$1" --base "$base" --upper "$UPPER"
  else
    ask_comparer take "$ROOT" "$1"
  fi
}

differences() { ask_comparer diff "$@"; }

# One serves a whole test, as start_test starts it: see answers.py.
start_comparer() {
  mkfifo "$work/.ask" "$work/.answer"
  (cd / && exec python3 -BSE "$tests_dir/lib/answers.py" "$work/.ask" "$work/.answer") </dev/null >"$logs/comparer.log" 2>&1 &
  comparer=$!
  disown "$comparer"
}

# Where other things are mounted than it sees, another one is asked.
ask_comparer() {  # WORD...: prints what it says, and ends with its status
  if [[ ! /proc/self/ns/mnt -ef /proc/$comparer/ns/mnt ]]; then
    python3 -SE "$tests_dir/lib/snapshot.py" "$@"
    return
  fi
  local status IFS=$'\t'
  printf '%s\n' "$case_dir/.says"$'\t'"$*" >"$work/.ask"
  read -r -t 400 status <"$work/.answer" || fail "the comparer does not answer"
  [[ ! -s $case_dir/.says ]] || show "$case_dir/.says"
  return "$status"
}

expect_same() {  # BEFORE AFTER [--allow GLOB]...: what differs ends the case
  local found status=0
  found=$(differences "$@") || status=$?
  [[ -z $found ]] || printf '%s\n' "$found"
  if ((status)); then
    fail "differs: $(grep -v '^mtime ' <<<"$found" | head -n 3 | tr '\n' ';')$(grep -cv '^mtime ' <<<"$found") in all"
  fi
}

expect_differs() {  # BEFORE AFTER: an accident that changes nothing proves nothing
  if differences "$@" >/dev/null; then fail "the accident left the root as it was"; fi
}

inside() { timeout 200 chroot "$ROOT" "$@"; }

assert_runs() {  # COMMAND...
  local output
  output=$(inside "$@" 2>&1) || fail "does not run after the repair: $*: ${output:0:160}"
  # The loader complains of a bad preload on each start, and goes on.
  [[ $output != *'ERROR: ld.so'* ]] || fail "complains after the repair: $*: ${output:0:160}"
}

assert_healthy() {
  assert_runs /bin/true
  assert_runs /bin/bash -c 'x=$(ls /) && [[ $x == *usr* ]]'
  [[ ${pristine##*/} == small-* ]] && return
  [[ $NAME == rhel ]] || assert_runs /usr/bin/apt-get --version
  assert_runs /usr/bin/python3 -c 'import ssl, ctypes, socket'
  assert_runs /usr/bin/getent passwd root
  assert_runs /usr/bin/perl -e 1
  assert_runs /usr/bin/ssh -V
}

# By the root's own loader, which is the judge; it runs none of them.
assert_resolves() {
  local output
  output=$(inside /bin/bash -c '
    loader=/'"$INTERP"'
    for program in /usr/bin/* /usr/sbin/*; do
      "$loader" --verify "$program" >/dev/null 2>&1 || continue
      list=$("$loader" --list "$program" 2>&1) || echo "$program: $list"
      [[ $list != *"not found"* ]] || echo "$program: $list"
    done') || fail "the programs of the root could not be looked at: ${output:0:160}"
  [[ -z $output ]] || fail "do not find their libraries: ${output:0:300}"
}
