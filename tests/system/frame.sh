#!/usr/bin/env bash
# The frame that every applet stands in: how they are found, what --help, --version and wrong usage print, what
# happens where output cannot be written, and the manual pages.
# shellcheck disable=SC2016  # what is in single quotes is for the inner shell
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"
need_kit

rescue=$kit/bin/rescue
mapfile -t applets < <("$rescue" --list)

# Sets $text to that of a file, without the ends of lines behind it; a zero byte is shown as `?`. No process does it: this
# test would start thousands.
text_of() {  # FILE
  local IFS='?' parts
  mapfile -d '' -t parts <"$1"
  text="${parts[*]}"
  while [[ $text == *$'\n' ]]; do text=${text%$'\n'}; done
}

# expect STATUS COMMAND...: runs it, with its output in $out and its messages in $err.
expect() {
  local expected=$1 status=0 text
  shift
  timeout 20 "$@" >"$case_dir/out" 2>"$case_dir/err" || status=$?
  text_of "$case_dir/out"
  out=$text
  text_of "$case_dir/err"
  err=$text
  ((status == expected)) || fail "$* ended with $status instead of $expected: $err"
}

lists_itself() {
  expect 0 "$rescue"
  for name in "${applets[@]}"; do
    grep -q "^  $name  *[a-z]" <<<"$out" || fail "rescue alone does not explain $name"
  done
  ((${#applets[@]} >= 8)) || fail "only ${#applets[@]} applets"
  [[ $(printf '%s\n' "${applets[@]}") == "$(printf '%s\n' "${applets[@]}" | LC_ALL=C sort -u)" ]] || fail "the list is not sorted"
}

finds_applets() {
  expect 0 "$rescue" echo a b
  [[ $out == 'a b' ]] || fail "rescue echo: $out"
  ln -s "$rescue" "$case_dir/echo"
  expect 0 "$case_dir/echo" c
  [[ $out == c ]] || fail "a link called echo: $out"
  expect 0 bash -c 'exec -a /any/where/echo "$0" d' "$rescue"
  [[ $out == d ]] || fail "argv[0]: $out"
  expect 2 "$rescue" nonesuch
  [[ $err == *nonesuch*$'\n'"Try 'rescue --help'"* ]] || fail "unknown applet: $err"
  expect 2 "$rescue" --nonesuch
}

installs_links() {
  local dir=$case_dir/moved/bin
  mkdir -p "$dir"
  cp "$rescue" "$dir/rescue"
  expect 0 "$dir/rescue" --install "$dir"
  for name in "${applets[@]}"; do
    [[ $(readlink "$dir/$name") == rescue ]] || fail "$name is not a relative link"
  done
  # The kit can be moved, and a second time changes nothing.
  mv "$case_dir/moved" "$case_dir/elsewhere"
  expect 0 "$case_dir/elsewhere/bin/echo" moved
  expect 0 "$case_dir/elsewhere/bin/rescue" --install "$case_dir/elsewhere/bin"
  expect 0 "$rescue" --install "$case_dir/new"
  expect 0 "$case_dir/new/echo" from afar
  [[ $out == 'from afar' ]] || fail "$out"
  # What is there already is not replaced.
  rm "$case_dir/new/cat" && echo mine >"$case_dir/new/cat"
  expect 1 "$rescue" --install "$case_dir/new"
  [[ $(<"$case_dir/new/cat") == mine ]] || fail "a file was replaced"
  expect 1 "$rescue" --install "$case_dir/no/such/place"
}

# false fails whatever it is asked, as GNU's does.
status_of_help() { if [[ $1 == false ]]; then echo 1; else echo 0; fi; }

# All words of `test` are part of its condition.
helps() {
  local name=$1
  [[ $name != test ]] || return 0
  expect "$(status_of_help "$name")" "$rescue" "$name" --help
  [[ $out == "Usage: $name"* && -z $err ]] || fail "--help: $out$err"
  [[ ! $out =~ [^$'\n']{121} ]] || fail "--help has lines that are too long"
  expect "$(status_of_help "$name")" "$rescue" "$name" --version
  [[ $out == "$name (rescue) "[0-9]* && -z $err ]] || fail "--version: $out$err"
}

# These print or ignore whatever they are given; and without a terminal stty looks at nothing.
takes_anything() { case $1 in true | false | echo | expr | printf | test | '[' | init | stty) ;; *) return 1 ;; esac; }

# The commands of that name elsewhere have numbers of their own for wrong usage.
usage_status() {
  case $1 in
    dmesg | find | free | id | losetup | lsblk | lsof | mount | nsenter | pivot_root | ps | reset | sed) echo 1 ;;
    setsid | swapon | switch_root | umount | uname | unshare | uptime | whoami | xargs) echo 1 ;;
    blkid) echo 4 ;;
    swapoff) echo 16 ;;
    chroot | env | nohup | timeout) echo 125 ;;  # the command that they run has all others
    *) echo 2 ;;
  esac
}

refuses_unknown_options() {
  local name=$1 word hint=$'\n'"Try '$1 --help' for more information."
  takes_anything "$name" && return
  # An option that find does not know is a predicate that it does not know.
  [[ $name != find ]] || hint=''
  for word in --no-such-option --no-such-option=x; do
    expect "$(usage_status "$name")" "$rescue" "$name" "$word"
    [[ $err == "$name: "*"$hint" && -z $out ]] || fail "$word: $out$err"
  done
}

takes_prefixes() {
  expect 0 "$rescue" ls --rec --rev --format=com /dev/null
  expect 2 "$rescue" ls --re /dev/null
  [[ $err == *ambiguous*--reverse*--recursive* || $err == *ambiguous*--recursive*--reverse* ]] || fail "$err"
  expect 0 "$rescue" ls -la -- /dev/null
  expect 2 "$rescue" ls -- --all
  expect 2 "$rescue" ls --width
  expect 2 "$rescue" ls --all=yes
}

# Of the applet itself: no time-out, and no signal.
is_failure() { (($1 > 0 && $1 != 124 && ($1 < 128 || $1 == 255))); }

# Writing fails: an error exit with a message, never silence.
reports_lost_output() {
  local name=$1 status=0
  [[ $name != test ]] || return 0  # it prints nothing, whatever it is given
  timeout 20 "$rescue" "$name" --help >/dev/full 2>"$case_dir/err" || status=$?
  is_failure "$status" || fail "a full device gave $status"
  [[ $(<"$case_dir/err") == "$name: standard output: write: No space left on device" ]] || fail "$(<"$case_dir/err")"
}

survives_closed_pipe() {
  seq 1 100000 >"$case_dir/large"
  { "$rescue" cat "$case_dir/large" 2>"$case_dir/err" || echo $? >"$case_dir/status"; } | head -n 1 >/dev/null
  [[ $(<"$case_dir/status") == 1 ]] || fail "a closed pipe gave $(<"$case_dir/status")"
  [[ $(<"$case_dir/err") == 'cat: standard output: write: Broken pipe' ]] || fail "$(<"$case_dir/err")"
}

survives_closed_descriptors() {
  local name=$1 status=0
  expect "$(status_of_help "$name")" bash -c '"$0" "$1" --help <&-' "$rescue" "$name"
  expect "$(status_of_help "$name")" bash -c '"$0" "$1" --help 2>&-' "$rescue" "$name"
  timeout 20 bash -c '"$0" "$1" --help >&-' "$rescue" "$name" 2>"$case_dir/err" || status=$?
  # A repair is done even where nobody can see it, and a test needs nobody to see it.
  case $name in rescue-* | ldconfig | init | test | '[') ((status == 0)) && return ;; esac
  is_failure "$status" || fail "closed standard output gave $status"
  [[ $(<"$case_dir/err") == "$name: standard output: write: Bad file descriptor" ]] || fail "$(<"$case_dir/err")"
}

# A file opened while descriptor 1 or 2 is closed must not get what was meant for these.
keeps_output_out_of_files() {
  echo content >"$case_dir/from"
  expect 1 bash -c '"$0" cp -v "$1" "$2" >&-' "$rescue" "$case_dir/from" "$case_dir/to"
  [[ $(<"$case_dir/to") == content ]] || fail "standard output got into the copy: $(<"$case_dir/to")"
  expect 1 bash -c '"$0" cp "$1" /nonexistent "$2" 2>&-' "$rescue" "$case_dir/from" "$case_dir"
  [[ $(<"$case_dir/from") == content ]] || fail "a message got into a file"
  expect 1 bash -c '"$0" cat <&-' "$rescue"
  [[ $err == *'Bad file descriptor'* ]] || fail "closed standard input: $err"
}

# The page as staged; or made here, from the description beside the applet.
manual_page() {
  local name=$1 section
  section=$("$rescue" --section "$name")
  [[ $section == 1 || $section == 8 ]] || fail "section '$section'"
  page=$kit/share/man/man$section/$name.$section
  [[ -f $page ]] || fail "$page is not there"
}

has_manual_page() {
  local name=$1 page
  manual_page "$name"
  groff -man -Tutf8 -ww -z "$page" >"$case_dir/out" 2>&1 || fail "groff: $(<"$case_dir/out")"
  [[ ! -s $case_dir/out ]] || fail "groff warns: $(<"$case_dir/out")"
  if command -v mandoc >/dev/null; then
    mandoc -Tlint -W warning "$page" >"$case_dir/out" 2>&1 || fail "mandoc: $(<"$case_dir/out")"
  fi
  MANWIDTH=80 groff -man -Tascii -P-c "$page" 2>/dev/null | sed 's/.\x08//g' >"$case_dir/text"
  local word text
  text_of "$case_dir/text"
  for word in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLE; do
    [[ $'\n'$text == *$'\n'"$word"* ]] || fail "no section $word"
  done
  # Every option of the help is in the manual.
  "$rescue" "$name" --help | grep -oE '^ +(-., )?--[a-z0-9-]+' | grep -oE '\-\-[a-z0-9-]+' >"$case_dir/options" || true
  while read -r word; do
    [[ $text == *"$word"* ]] || fail "$word is not in the manual"
  done <"$case_dir/options"
}

run_case "frame: rescue alone lists its applets" lists_itself
run_case "frame: an applet is found by its name and by the first word" finds_applets
run_case "frame: --install makes links that can be moved" installs_links
run_case "frame: options may be cut short" takes_prefixes
run_case "frame: a closed pipe is an error that is said" survives_closed_pipe
run_case "frame: closed descriptors are not taken for files" keeps_output_out_of_files
for name in "${applets[@]}"; do
  run_case "frame: $name explains itself" helps "$name"
  run_case "frame: $name refuses unknown options" refuses_unknown_options "$name"
  run_case "frame: $name reports lost output" reports_lost_output "$name"
  run_case "frame: $name survives closed descriptors" survives_closed_descriptors "$name"
  run_case "frame: $name has a manual page" has_manual_page "$name"
done
finish
