#!/usr/bin/env bash
# doctor-advice: what rescue-doctor says beside the finding that is meant. One
# cause is told once, no advice speaks against another, and each names what
# would really help.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

doctor() {  # EXPECTED-STATUS inside|'' [OPTION]...
  local expected=$1 how=$2
  shift 2
  if [[ $how ]]; then
    run_kit "$expected" chroot "$ROOT" /opt/rescue/bin/rescue rescue-doctor "$@"
  else
    run_kit "$expected" "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$work/none.tzst" "$@"
  fi
}

start() {  # ROOT inside|''
  with_root "$1"
  [[ ! $2 ]] || install -D "$kit/bin/rescue" "$ROOT/opt/rescue/bin/rescue"
}

says() { grep -qE "$1" "$case_dir/said" || fail "does not say /$1/: $(head -n 1 "$case_dir/said")"; }
is_silent_on() { ! grep -E "$1" "$case_dir/said" || fail "says /$1/"; }

finds_only() {  # ID...
  local found
  found=$(grep -oE '^[A-Z_]{4,}( \(note\))?(:|$)' "$case_dir/said" | tr -d : | tr '\n' ' ')
  [[ $found == "$* " ]] || fail "finds $found, not $*"
}

# What was at hand is where it was, and not one byte else.
is_pristine() {  # GLOB...
  local allow=(--allow opt/rescue) glob
  for glob in "$@"; do allow+=(--allow "$glob"); done
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after" "${allow[@]}"
}

# A directory that was renamed or moved: nothing that lies in it is missed, and it goes back whole.
case_moved() {  # ROOT inside|'' DIRECTORY PLACE
  start "$1" "$2"
  mkdir -p "$(dirname "$ROOT/$4")"
  mv "$ROOT/$3" "$ROOT/$4"
  doctor 5 "$2"
  finds_only DIRECTORY_MOVED
  says "directory .*/$3 was moved to .*/$4\\. Nothing dynamic can run"
  doctor 0 "$2" --fix -y
  is_pristine home/joe
}

# A user's own build is no directory that was moved, whatever directory this system does without.
case_own_build() {
  start bookworm ''
  mkdir "$ROOT/root/build"
  cp "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/root/build/"
  doctor 0 ''
}

# A few libraries that were moved are put back one by one, whatever their new directory is called.
case_moved_files() {  # ROOT inside|'' PLACE
  start "$1" "$2"
  mkdir -p "$ROOT/$3"
  mv "$ROOT/$LIBC" "$ROOT/$LOADER" "$ROOT/$LIB/libm.so.6" "$ROOT/$3/"
  doctor 5 "$2"
  is_silent_on DIRECTORY_MOVED
  doctor 0 "$2" --fix -y
  is_pristine "$3*"
}

# Beside the libraries of another machine (glibc's 32-bit package): they bear the same names, and nothing can use them.
case_moved_beside_32_bit() {
  local file
  start rhel ''
  mv "$ROOT/usr/lib64" "$ROOT/root/old"
  for file in "$ROOT/root/old"/{ld-*,lib*}.so*; do
    cp -p "$file" "$ROOT/usr/lib/"
    printf '\x03' | dd of="$ROOT/usr/lib/${file##*/}" bs=1 seek=18 conv=notrunc status=none
  done
  doctor 5 ''
  says "directory .*/usr/lib64 was moved to .*/root/old\."
  doctor 0 '' --fix
  is_pristine 'usr/lib/l*'
}

# A directory was moved, and somebody made it anew for what he had at hand.
case_made_anew() {  # ROOT DIRECTORY PLACE
  start "$1" ''
  mv "$ROOT/$2" "$ROOT/$3"
  mkdir "$ROOT/$2"
  cp "$ROOT/$3/libm.so.6" "$ROOT/$2/"
  doctor 5 ''
  says "directory .*/$2 was moved to .*/$3\."
  doctor 0 '' --fix -y
  is_pristine
}

# What anybody could have put there is not this system's library directory.
case_untrusted() {
  start bookworm ''
  mv "$ROOT/$LIB" "$ROOT/tmp/backup"
  chown 1000 "$ROOT/tmp/backup"
  doctor 5 ''
  is_silent_on DIRECTORY_MOVED
}

# A jail at the top that has neither /usr nor /etc keeps its directories.
case_jail() {
  start rhel ''
  mkdir -p "$ROOT/jail/bin" "$ROOT/jail/dev" "$ROOT/jail/lib64"
  cp "$ROOT/usr/bin/bash" "$ROOT/jail/bin/"
  cp "$ROOT/$LIBC" "$ROOT/jail/lib64/libc.so.6"
  cp "$ROOT/$LOADER" "$ROOT/jail/lib64/ld-linux-x86-64.so.2"
  rm -r "${ROOT:?}/usr/lib64"
  doctor 5 ''
  is_silent_on DIRECTORY_MOVED
  doctor 5 '' --fix
  cmp "$pristine/$LIBC" "$ROOT/jail/lib64/libc.so.6"
  [[ -f $ROOT/jail/lib64/ld-linux-x86-64.so.2 && -f $ROOT/jail/bin/bash ]] || fail "took something out of the jail"
}

# The link is wrong; what it leads to is not to blame for having no GLIBC_2.34.
case_link_to_another() {
  start bookworm ''
  ln -sf libm.so.6 "$ROOT/$LIB/libc.so.6"
  doctor 5 ''
  finds_only LIBC_REPLACED
}

case_loader_is_libc() {
  start bookworm ''
  cp "$ROOT/$LIBC" "$ROOT/$LOADER"
  doctor 5 ''
  says 'loader .* is another library, libc\.so\.6'
  is_silent_on 'patched it on purpose'
}

# What is not glibc's is not in a bundle of glibc.
case_other_packages() {
  start bookworm ''
  : >"$ROOT/usr/bin/bash"
  rm "$ROOT/$LIB"/libtinfo.so.6*
  doctor 5 ''
  finds_only UNRESOLVED PROGRAM_DAMAGED
  says 'install its package again, or unpack it: libtinfo6 '
  says 'install its package again, or unpack it: bash '
  is_silent_on 'packages of glibc'
}

case_many_packages() {
  start bookworm ''
  rm "$ROOT/$LIB"/lib{acl,attr,cap,tinfo,selinux,lzma}.so.*
  doctor 5 ''
  says 'install these packages again, or unpack them: .*libselinux1 '
}

# A thousand files with one fault are one finding.
case_chown() {
  start bookworm ''
  chown -R 1000:1000 "$ROOT/$LIB"
  doctor 5 ''
  (($(grep -c '^[A-Z_]*:' "$case_dir/said") <= 8)) || fail "tells the same again and again"
  doctor 0 '' --fix
}

case_only_sh() {
  start bookworm ''
  rm "$ROOT/usr/bin/sh"
  doctor 5 ''
  says 'basic programs are gone from /usr/bin: sh\.'
  says 'and those of what else is missed: dash$'
}

case_link_and_cache() {
  start bookworm ''
  ln -sfn /nonexistent/lib "$ROOT/lib"
  doctor 5 ''
  finds_only ALIAS_LINK_DANGLING
}

case_file_for_directory() {
  start bookworm ''
  rm -r "${ROOT:?}/usr/lib64"
  : >"$ROOT/usr/lib64"
  doctor 5 ''
  says 'cannot be reached: .*/usr/lib64 is a file, and should be a directory'
  doctor 0 '' --fix
  is_pristine
}

# What the repair is, as a person would type it, mends it as --fix does.
case_commands() {
  local names
  start bookworm ''
  mv "$ROOT/$LIBC" "$ROOT/$LIBC.bak"
  mv "$ROOT/$LOADER" "$ROOT/root/loader"
  echo /opt/gone.so >"$ROOT/etc/ld.so.preload"
  doctor 5 ''
  names=$(grep -oE "^ {8}$kit/bin/[a-z]+ " "$case_dir/said" | awk -F/ '{print $NF}' | sort | tr -d '\n')
  [[ $names == 'cp mv mv ' ]] || fail "the commands are $names"
  grep -E "^ {8}$kit/bin/" "$case_dir/said" >"$case_dir/commands"
  "$kit/bin/sh" -e "$case_dir/commands"
  doctor 0 ''
  is_pristine root/loader etc/ld.so.preload.off
}

case_own_configuration() {
  start bookworm ''
  head -c 300 "$ROOT/usr/bin/dash" >"$ROOT/etc/ld.so.conf.d/own.conf"
  doctor 5 ''
  says 'no package has it'
}

main() {
  start_test "$@"
  need_kit
  local how where lib=usr/lib/x86_64-linux-gnu
  for how in '' inside; do
    where=${how:-outside}
    run_case "moved/usr_lib/$where" case_moved bookworm "$how" usr/lib usr/lib.old
    run_case "moved/usr_lib_away/$where" case_moved trixie "$how" usr/lib root/lib
    run_case "moved/by_another_name/$where" case_moved bookworm "$how" $lib tmp/backup
    run_case "moved/to_a_home/$where" case_moved trixie "$how" $lib home/joe/x86_64-linux-gnu
    run_case "moved/lib64/$where" case_moved rhel "$how" usr/lib64 root/old
    run_case "moved/usr/$where" case_moved bookworm "$how" usr usr.old
    run_case "moved/files/$where" case_moved_files bookworm "$how" root/old-lib
    run_case "moved/files_rhel/$where" case_moved_files rhel "$how" root/lib64
    run_case "moved/files_multiarch/$where" case_moved_files trixie "$how" root/x86_64-linux-gnu
  done
  run_case moved/unmerged case_moved unmerged '' lib lib.old
  run_case moved/beside_32_bit case_moved_beside_32_bit
  run_case moved/anew case_made_anew bookworm $lib $lib.old
  run_case moved/anew_rhel case_made_anew rhel usr/lib64 usr/lib64.old
  run_case own_build case_own_build
  run_case untrusted case_untrusted
  run_case jail case_jail
  run_case link_to_another case_link_to_another
  run_case loader_is_libc case_loader_is_libc
  run_case other_packages case_other_packages
  run_case many_packages case_many_packages
  run_case chown case_chown
  run_case only_sh case_only_sh
  run_case link_and_cache case_link_and_cache
  run_case file_for_directory case_file_for_directory
  run_case own_configuration case_own_configuration
  run_case commands case_commands
  finish
}

main "$@"
