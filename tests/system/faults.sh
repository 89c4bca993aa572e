#!/usr/bin/env bash
# faults: a restore that is killed, or whose disk fails, at any of the system
# calls that change the file system ends, after --resume or --undo, in exactly
# the new or exactly the old state.
#
#   faults.sh [kill] [EIO] [ENOSPC] [threads] [kernel]     all of them by default
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

readonly calls=open,openat,creat,write,pwrite64,writev,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,fsync,fdatasync,syncfs,sync_file_range,utimensat,setxattr,lsetxattr,fsetxattr,removexattr,ftruncate,truncate,fallocate,copy_file_range,sendfile,ioctl

# Damage of every kind that a restore deals with: content, links, a link that
# became a directory, obstacles, modes, what is missing.
wreck() {
  head -c 9000 /dev/urandom >"$case_dir/noise"
  cat "$case_dir/noise" >"$ROOT/$LIBC"
  [[ ! -L $ROOT/lib64 ]] || { rm "$ROOT/lib64"; mkdir "$ROOT/lib64"; echo stranger >"$ROOT/lib64/note"; }
  rm -f "$ROOT/$INTERP" "$ROOT/$LIB/libm.so.6"
  rm -f "$ROOT/usr/${LIB#usr/}/gconv/UTF-16.so"
  mkdir -p "$ROOT/usr/${LIB#usr/}/gconv/UTF-16.so/inner"
  chmod 0600 "$(readlink -f "$ROOT/$LIB/libresolv.so.2")"
  rm -r "$ROOT/etc/ld.so.conf.d"
  mkfifo "$ROOT/etc/ld.so.conf.d"
}

# The wrecked root and the mended one, with their lists; made once.
prepare() {  # NAME
  small_root "$1"
  rescue_bundle create --level 3 -o "$state/bundle.tzst" --root "$ROOT" --recipe glibc
  wreck
  snapshot "$state/old.list"
  cp -a "$ROOT" "$state/old"
  trace_restore
  snapshot "$state/new.list"
  assert_healthy
  if differences "$state/old.list" "$state/new.list" >/dev/null; then fail "the restore changed nothing"; fi
  find_calls >"$state/calls"
  printf '%s calls change the file system\n' "$(wc -l <"$state/calls")"
}

# On one processor, where all is done by one thread in one order.
trace_restore() {
  "${alone[@]}" strace -qq -f -o "$state/trace" -e "trace=$calls" -e signal=none \
    "$kit/bin/rescue-extract" "$state/bundle.tzst" "$ROOT" </dev/null >"$case_dir/said" 2>&1 ||
    fail "the restore under strace failed: $(tail -n 1 "$case_dir/said")"
}

# CALL NUMBER for each call that changes something: strace counts every call of
# a name, so the harmless ones are counted here too, and not printed. Children
# only try programs; the counters are each process's own.
find_calls() {
  awk '
    NR == 1 { main = $1 }
    $1 != main { next }
    {
      call = substr($2, 1, index($2, "(") - 1)
      if (call == "") next
      number[call]++
      if (call ~ /^(open|openat)$/ && !/O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/) next
      if (call ~ /write/ && /write[v64]*\([012],/) next
      if (call == "ioctl" && !/SETFLAGS/) next
      print call, number[call]
    }' "$state/trace"
}

fresh_root() {
  ROOT=$case_dir/root UPPER='' pristine=small-$name NAME=$name
  root_facts "$name"
  mountpoint -q "$ROOT" || { mkdir -p "$ROOT"; mount -t tmpfs -o size=64m,mode=0755 small "$ROOT"; }
  find "$ROOT" -mindepth 1 -delete
  cp -a "$state/old/." "$ROOT/"
}

# One fault, then what a user would do, then the judgement.
try_fault() {  # HOW CALL NUMBER TURN
  local inject=error=$1 status=0
  [[ $1 != kill ]] || inject=signal=KILL
  fresh_root
  printf '== %s at %s number %s\n' "$1" "$2" "$3"
  # The trace of one call only, so that the fault is seen to have happened.
  "${alone[@]}" strace -qq -f -o "$case_dir/trace" -e "trace=$2" -e signal=none -e "inject=$2:$inject:when=$3" \
    "$kit/bin/rescue-extract" "$state/bundle.tzst" "$ROOT" </dev/null >"$case_dir/said" 2>&1 || status=$?
  printf 'status %s: %s\n' "$status" "$(cat "$case_dir/said")"
  [[ $1 == kill || ! ${alone[*]} ]] || grep -q '(INJECTED)' "$case_dir/trace" || fail "$1 at $2 number $3: the fault did not happen"
  check_status "$@" "$status"
  recover "$@" "$status"
  judge "$@" "$status"
}

check_status() {  # HOW CALL NUMBER TURN STATUS
  if [[ $1 == kill ]]; then
    (($5 == 137)) || [[ $5 == 0 && ! ${alone[*]} ]] || fail "$1 at $2 number $3: was not killed (status $5)"
  else
    case $5 in
      0 | 1 | 3) ;;
      *) fail "$1 at $2 number $3: status $5: $(tail -n 1 "$case_dir/said")" ;;
    esac
  fi
}

recover() {  # HOW CALL NUMBER TURN STATUS
  local how=--resume
  (($4 % 2)) || how=--undo
  # A restore that succeeded in spite of the fault is judged as it stands.
  (($5)) || return 0
  local status=0
  "$kit/bin/rescue-extract" "$how" "$ROOT" </dev/null >"$case_dir/said" 2>&1 || status=$?
  printf '%s: status %s: %s\n' "$how" "$status" "$(cat "$case_dir/said")"
  ((status == 0)) || fail "$1 at $2 number $3: $how ended with $status: $(tail -n 1 "$case_dir/said")"
}

judge() {  # HOW CALL NUMBER TURN STATUS
  snapshot "$case_dir/now"
  local to_new to_old
  to_new=$(differences "$state/new.list" "$case_dir/now" || true)
  to_old=$(differences "$state/old.list" "$case_dir/now" || true)
  to_new=$(grep -v '^mtime ' <<<"$to_new" || true)
  to_old=$(grep -v '^mtime ' <<<"$to_old" || true)
  if [[ $to_new && ($to_old || $5 == 0) ]]; then
    printf 'against new: %s\nagainst old: %s\n' "$to_new" "$to_old"
    fail "$1 at $2 number $3: neither new nor old: $(head -n 2 <<<"$to_new" | tr '\n' ';')"
  fi
  # From either state, the next restore brings all of it back.
  extract 0 '' "$state/bundle.tzst"
  snapshot "$case_dir/now"
  expect_same "$state/new.list" "$case_dir/now"
}

# All the faults of one kind, on one root: as one case, which names the first
# call at which it went wrong.
try_all() {  # HOW
  local call number turn=0
  while read -r call number; do
    turn=$((turn + 1))
    try_fault "$1" "$call" "$number" "$turn"
  done <"$state/calls"
  ((turn > 20)) || fail "only $turn calls were found"
  printf '%s faults\n' "$turn"
}

# By several threads in whatever order: the call of that number fails in each
# of them that comes so far.
try_threads() {
  local how call number turn=0
  alone=()
  for how in kill EIO ENOSPC; do
    for call in openat write fchown fchmod utimensat sync_file_range fsync; do
      for number in 1 4 20; do
        turn=$((turn + 1))
        try_fault "$how" "$call" "$number" "$turn"
      done
    done
  done
}

# Killed twice: during the restore, then during what should mend that.
try_twice() {  # HOW
  local call number turn=0 how
  while read -r call number; do
    turn=$((turn + 1))
    ((turn % 7 == 0)) || continue
    fresh_root
    how=--resume
    ((turn % 2)) || how=--undo
    "${alone[@]}" strace -qq -f -o /dev/null -e "trace=$call" -e signal=none \
      -e "inject=$call:signal=KILL:when=$number" "$kit/bin/rescue-extract" "$state/bundle.tzst" "$ROOT" </dev/null >/dev/null 2>&1 || true
    local second
    for second in rename renameat renameat2 unlinkat fsync linkat; do
      strace -qq -f -o /dev/null -e "trace=$second" -e signal=none -e "inject=$second:signal=KILL:when=1" \
        "$kit/bin/rescue-extract" "$how" "$ROOT" </dev/null >/dev/null 2>&1 || true
    done
    printf '== killed at %s number %s, then in %s\n' "$call" "$number" "$how"
    recover kill "$call" "$number" "$turn" 137
    judge "twice: kill" "$call" "$number" "$turn" 137
  done <"$state/calls"
}

# Linux 3.10, and what is between it and today.
old_kernel() {  # inside|''
  fresh_root
  local run=(python3 "$tests_dir/lib/old_kernel.py")
  if [[ $1 ]]; then
    put_kit "$state/bundle.tzst"
    run_kit 0 "${run[@]}" chroot "$ROOT" /opt/rescue/bin/rescue-extract /opt/rescue/bundles/test.tzst /
  else
    run_kit 0 "${run[@]}" "$kit/bin/rescue-extract" "$state/bundle.tzst" "$ROOT"
  fi
  snapshot "$case_dir/now"
  expect_same "$state/new.list" "$case_dir/now" --allow opt/rescue
  if [[ $1 ]]; then
    run_kit 0 "${run[@]}" chroot "$ROOT" /opt/rescue/bin/rescue-extract --undo /
  else
    run_kit 0 "${run[@]}" "$kit/bin/rescue-extract" --undo "$ROOT"
  fi
  snapshot "$case_dir/now"
  expect_same "$state/old.list" "$case_dir/now" --allow opt/rescue
}

main() {
  start_test "$@"
  need_kit
  (($#)) || set -- kill EIO ENOSPC threads kernel
  state=$work/state
  # Faults are counted where one thread does all, in one order: on one processor.
  alone=(taskset -c "$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')")
  local what
  for name in bookworm bullseye unmerged; do
    # The second layouts, by the fault that matters most.
    [[ $name == bookworm || " $* " == *" kill "* ]] || continue
    rm -rf "$state"
    mkdir -p "$state"
    run_case "$name/prepare" prepare "$name"
    [[ -s $state/calls ]] || continue
    for what in "$@"; do
      case $name/$what in
        bookworm/threads) run_case "$name/threads" try_threads ;;
        */kill) run_case "$name/kill" try_all kill; run_case "$name/kill_twice" try_twice ;;
        bookworm/kernel) run_case "$name/old_kernel" old_kernel ''; run_case "$name/old_kernel/inside" old_kernel inside ;;
        bookworm/E*) run_case "$name/$what" try_all "$what" ;;
      esac
    done
  done
  finish
}

main "$@"
