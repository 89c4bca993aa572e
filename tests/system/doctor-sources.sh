#!/usr/bin/env bash
# doctor-sources: where rescue-doctor takes good bytes from when there is no
# bundle, and what it says and does in cases that are not an accident to glibc.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

doctor() {  # EXPECTED-STATUS [OPTION]...
  local expected=$1
  shift
  run_kit "$expected" "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$work/none.tzst" "$@"
}

says() { grep -qE "$1" "$case_dir/said" || fail "does not say /$1/: $(head -n 1 "$case_dir/said")"; }

pristine_but() {  # GLOB...
  local allow=() glob
  for glob in "$@"; do allow+=(--allow "$glob"); done
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after" "${allow[@]}"
  assert_healthy
}

# Until it has become what it is to be, and loaded its libc; before that it is a shell of ours.
wait_for_sleep() {  # PID
  until [[ $(cat "/proc/$1/comm") == sleep ]] && grep -q 'libc[.-]' "/proc/$1/maps"; do
    kill -0 "$1" || fail "the program of the root did not start"
    sleep 0.1
  done
}

# The very bytes, from a program that still runs.
case_process() {  # ROOT
  with_root "$1"
  chroot "$ROOT" /bin/sleep 1000 &
  local sleeper=$!
  # It has loaded its libc once it waits.
  wait_for_sleep "$sleeper"
  rm -f "$ROOT/$LIBC" "$ROOT/$LIB/libc.so.6" "$ROOT/$LOADER"
  doctor 0 --fix
  says "process $sleeper"
  says "1 process still uses the deleted libraries of before: sleep \\($sleeper\\)"
  kill -0 "$sleeper" || fail "the program that gave its libc has died"
  kill "$sleeper"
  pristine_but
}

# The package of the root's own libc6, where apt keeps those that it fetched.
keep_package() {
  local deb=${RESCUE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rescue}/debs/amd64 version
  version=$(sed -n '/^Package: libc6$/,/^$/s/^Version: //p' "$ROOT/var/lib/dpkg/status")
  deb=$deb/libc6_${version}_amd64.deb
  [[ -e $deb ]] || skip "the package of this libc6 is not in the cache any more"
  cp "$deb" "$ROOT/var/cache/apt/archives/"
}

case_package() {
  with_root bookworm
  keep_package
  rm "$ROOT/$LIBC"
  : >"$ROOT/$LOADER"
  doctor 0 --fix
  says 'libc6_.*\.deb'
  pristine_but 'var/cache/apt/archives/*'
}

case_renamed() {  # ROOT
  with_root "$1"
  mv "$ROOT/$LIBC" "$ROOT/$LIBC.bak"
  doctor 0 --fix
  says 'rename'
  pristine_but
}

# What somebody keeps elsewhere is copied, and stays his.
case_kept_elsewhere() {
  with_root bookworm
  mv "$ROOT/$LIBC" "$ROOT/root/libc.so.6"
  doctor 0 --fix
  pristine_but root/libc.so.6
  [[ -e $ROOT/root/libc.so.6 ]] || fail "took away the copy in /root"
}

# All of the directory is gone, and the package is there: what it has comes back through the links that are there.
case_package_without_directory() {
  with_root bookworm
  keep_package
  rm -r "${ROOT:?}/$LIB"
  doctor 5 --fix
  [[ -L $ROOT/lib && -L $ROOT/lib64 ]] || fail "a link of the merged /usr was replaced"
  cmp "$pristine/$LIBC" "$ROOT/$LIBC"
  inside /bin/dash -c : || fail "nothing runs"
}

# A bundle of another build than the database knows: it is restored as a whole,
# things run again, and what still differs is said.
case_other_build() {
  with_root bookworm
  rescue_bundle create --level 3 -o "$case_dir/glibc.tzst" --root "$ROOT"
  sed -i 's/+deb12u[0-9]*$/+deb12u99/' "$ROOT/var/lib/dpkg/status"
  sed -i 's#^.*\(  .*/libc.so.6\)$#00000000000000000000000000000000\1#' "$ROOT/var/lib/dpkg/info/libc6:amd64.md5sums"
  rm "$ROOT/$LIBC"
  snapshot "$case_dir/broken"
  run_kit 5 "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$case_dir/glibc.tzst" --fix --dry-run
  says "restore .*/$LIBC from the bundle glibc.tzst"
  snapshot "$case_dir/after"
  expect_same "$case_dir/broken" "$case_dir/after"
  run_kit 5 "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$case_dir/glibc.tzst" --fix
  says 'another build'
  assert_healthy
}

case_not_glibc_programs() {
  with_root bookworm
  rm -r "${ROOT:?}"/usr/bin/*
  doctor 5
  says '^This is not a glibc problem'
  says '^PROGRAMS_MISSING'
  says 'unpack these packages again.* coreutils'
  nothing_to_mend
}

# It says so, changes nothing, and asks nothing.
nothing_to_mend() {
  snapshot "$case_dir/broken"
  doctor 5 --fix
  says '^This is not a glibc problem'
  says '^Nothing was changed'
  snapshot "$case_dir/after"
  expect_same "$case_dir/broken" "$case_dir/after"
}

# The shell that asks finds nothing, and all is there.
case_not_glibc_path() {
  with_root bookworm
  put_kit /dev/null
  run_kit 5 env -i "$(command -v chroot)" "$ROOT" /usr/bin/env -i PATH=/opt/gone:/opt/bin /opt/rescue/bin/rescue rescue-doctor
  says '^This is not a glibc problem: glibc 2\.36 is whole. But this shell sets PATH to /opt/gone:/opt/bin'
  says '^ *export PATH='
  run_kit 0 env -i "$(command -v chroot)" "$ROOT" /usr/bin/env -i PATH=/opt/gone:/usr/bin /opt/rescue/bin/rescue rescue-doctor --no-trial
  says 'none was run \(--no-trial\)'
}

# A system without a shell is not called healthy for its libraries.
case_not_glibc_shell() {
  with_root bookworm
  rm "$ROOT"/usr/bin/{sh,bash,dash}
  doctor 5
  says '^This is not a glibc problem: glibc 2\.36 is whole. But basic programs'
  says 'unpack these packages again.*: bash, dash$'
  nothing_to_mend
}

# Two copies of the directory that is missing: it is for a person to say which is the right one.
case_two_candidates() {
  with_root bookworm
  mv "$ROOT/$LIB" "$ROOT/$LIB.bk"
  cp -a "$ROOT/$LIB.bk" "$ROOT/$LIB.old"
  snapshot "$case_dir/broken"
  doctor 5 --fix
  says 'more than one directory could be the one'
  snapshot "$case_dir/after"
  expect_same "$case_dir/broken" "$case_dir/after"
}

case_not_glibc_library() {
  with_root bookworm
  rm "$ROOT"/usr/lib/x86_64-linux-gnu/libacl.so.1*
  doctor 5
  says '^This is not a glibc problem: glibc 2\.36 is whole'
  says 'package libacl1 '
  nothing_to_mend
}

# A library that all programs preload is suspected where they do not run; where that was not it, it stays.
case_wrong_guess() {
  with_root bookworm
  echo "/$LIB/libm.so.6" >"$ROOT/etc/ld.so.preload"
  cat "$ROOT/bin/false" >"$ROOT/bin/true"
  snapshot "$case_dir/broken"
  doctor 5 --fix
  says 'a step that did not help was taken back'
  snapshot "$case_dir/after"
  expect_same "$case_dir/broken" "$case_dir/after"
}

# A container, repaired from the host by the way into its root that one of its processes is.
case_container() {
  with_root bookworm
  unshare --mount chroot "$ROOT" /bin/sleep 1000 &
  local sleeper=$!
  wait_for_sleep "$sleeper"
  rm "$ROOT/$LIBC" "$ROOT/$LOADER"
  run_kit 0 "$kit/bin/rescue" rescue-doctor --root "/proc/$sleeper/root" --bundle "$work/none.tzst" --fix
  says "process $sleeper"
  kill "$sleeper"
  pristine_but
}

case_no_system() {
  mkdir "$case_dir/root"
  ROOT=$case_dir/root
  doctor 5
  says 'Is it the right one'
  doctor 5 --fix
  [[ -z $(ls -A "$ROOT") ]] || fail "left something in an empty directory"
}

case_unfinished() {
  with_root bookworm
  rm "$ROOT/lib64"
  doctor 0 --fix
  # As if the power had failed before the last word was written.
  mv "$ROOT/var/lib/rescue/000001/done" "$ROOT/var/lib/rescue/000001/journal"
  doctor 5
  says '^UNFINISHED_RESTORE'
  doctor 0 --fix
  says 'broken off'
  pristine_but
}

case_undo_rounds() {
  with_root bullseye
  rm "$ROOT/lib64" "$ROOT/$LIB/libc.so.6" "$ROOT/etc/ld.so.cache"
  snapshot "$case_dir/broken"
  doctor 0 --fix
  says '^Found: '
  pristine_but
  run_kit 0 "$kit/bin/rescue" rescue-extract --undo "$ROOT"
  snapshot "$case_dir/undone"
  expect_same "$case_dir/broken" "$case_dir/undone"
}

case_label() {
  small_root bookworm
  local file label=system_u:object_r:lib_t:s0
  find "$ROOT/$LIB" -maxdepth 1 -print0 | xargs -0 setfattr -h -n security.selinux -v "$label" 2>/dev/null ||
    skip "this file system has no security attributes"
  doctor 0
  setfattr -x security.selinux "$ROOT/$LIBC"
  setfattr -n security.selinux -v unconfined_u:object_r:admin_home_t:s0 "$ROOT/$LIB/libm.so.6"
  doctor 5
  says '^LABEL_MISSING'
  says '^LABEL_WRONG'
  doctor 0 --fix
  for file in "$ROOT/$LIBC" "$ROOT/$LIB/libm.so.6"; do
    [[ $(getfattr --only-values -n security.selinux "$file" | tr -d '\0') == "$label" ]] || fail "$file has another label"
  done
}

# At a terminal it asks before it changes the system that runs.
case_asks() {
  with_root bookworm
  put_kit /dev/null
  rm "$ROOT/lib64"
  local ask="chroot $ROOT /opt/rescue/bin/rescue rescue-doctor --fix" status=0
  echo n | script -qec "$ask" /dev/null >"$case_dir/said" 2>&1 || status=$?
  ((status == 3)) || fail "ended with $status where the answer was no"
  says 'This would be done'
  [[ ! -e $ROOT/lib64 ]] || fail "changed the system though the answer was no"
  status=0
  echo y | script -qec "$ask" /dev/null >"$case_dir/said" 2>&1 || status=$?
  ((status == 0)) || fail "ended with $status where the answer was yes"
  pristine_but opt/rescue
}

# The files are whole, and the kernel or what stands before it forbids a call that glibc makes and the kit can do without.
case_call_forbidden() {
  with_root bookworm
  local forbid=(strace -f -qq -o "$case_dir/calls" -e trace=mprotect -e inject=mprotect:error=EPERM)
  run_kit 5 "${forbid[@]}" "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$work/none.tzst" --fix
  says '^TRIAL_FAILED'
  says 'a call that this glibc makes; its files are whole'
  says '^    Repair: look at what confines them'
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after"
}

case_words() {
  run_kit 0 "$kit/bin/rescue" rescue-doctor --explain "bash: /bin/ls: cannot execute: required file not found"
  says 'LOADER_MISSING'
  run_kit 5 "$kit/bin/rescue" rescue-doctor --explain "all is well"
  run_kit 2 "$kit/bin/rescue" rescue-doctor --dry-run
  run_kit 2 "$kit/bin/rescue" rescue-doctor operand
}

# A package manager that is at work replaces the same files.
case_package_manager() {
  with_root bookworm
  rm "$ROOT/lib64"
  touch "$ROOT/var/lib/dpkg/lock-frontend"
  python3 -c 'import fcntl, sys, time
with open(sys.argv[1], "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("locked", flush=True)
    time.sleep(1000)' "$ROOT/var/lib/dpkg/lock-frontend" >"$case_dir/holder" &
  until [[ -s $case_dir/holder ]]; do sleep 0.1; done
  doctor 3 --fix
  says "process $!"
  kill $!
  [[ ! -e $ROOT/lib64 ]] || fail "changed the root under a package manager"
}

case_dry_run() {
  with_root bookworm
  rm "$ROOT/lib64"
  snapshot "$case_dir/broken"
  doctor 5 --fix --dry-run
  says 'This would be done'
  ! grep -q '^Then' "$case_dir/said" || fail "tells of a second round where there is one"
  rm "$ROOT/etc/ld.so.cache"
  snapshot "$case_dir/broken"
  doctor 5 --fix --dry-run
  says '^Then, where another look finds that it is still needed:'
  doctor 5 --fix --dry-run --json
  [[ $(python3 -c 'import json, sys; print(*[c["round"] for c in json.load(open(sys.argv[1]))["changes"]])' "$case_dir/said") == '1 2' ]] ||
    fail "the rounds are not told"
  doctor 5 -q
  [[ ! -s $case_dir/said ]] || fail "-q says something"
  snapshot "$case_dir/after"
  expect_same "$case_dir/broken" "$case_dir/after"
}

main() {
  start_test "$@"
  need_kit
  local root
  for root in bullseye bookworm trixie; do
    run_case "process/$root" case_process "$root"
    run_case "renamed/$root" case_renamed "$root"
  done
  run_case package case_package
  run_case package_without_directory case_package_without_directory
  run_case kept_elsewhere case_kept_elsewhere
  run_case other_build case_other_build
  run_case not_glibc/programs case_not_glibc_programs
  run_case not_glibc/library case_not_glibc_library
  run_case not_glibc/path case_not_glibc_path
  run_case not_glibc/shell case_not_glibc_shell
  run_case two_candidates case_two_candidates
  run_case wrong_guess case_wrong_guess
  run_case container case_container
  run_case no_system case_no_system
  run_case unfinished case_unfinished
  run_case undo_rounds case_undo_rounds
  run_case label case_label
  run_case asks case_asks
  run_case call_forbidden case_call_forbidden
  run_case words case_words
  run_case dry_run case_dry_run
  run_case package_manager case_package_manager
  finish
}

main "$@"
