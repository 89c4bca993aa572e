#!/usr/bin/env bash
# rescue-recv: files over a line, sent by lrzsz's sz and as text.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"

need_kit
seed=$RESCUE_SEED

# line DAMAGE SENDER RECEIVER-OPTION...: in $case_dir, into $case_dir/in.
line() {
  local damage=$1 sender=$2
  shift 2
  mkdir -p "$case_dir/in"
  (cd "$case_dir" && python3 "$tests_dir/lib/noisy_line.py" "$damage" "$seed" "$sender" \
    "'$kit/bin/rescue-recv' -d in ${*@Q}")
}

# All that can be in a file, among it what a line may take for its own.
make_files() {
  head -c 300000 /dev/urandom >"$case_dir/random"
  printf '\0\x18\x18\x11\x13\x91\x93\xff\x7f\r\n\r\x8d@*' >"$case_dir/odd"
  : >"$case_dir/empty"
  head -c 200000 /dev/zero | tr '\0' '\30' >"$case_dir/cancels"
}

arrives() {  # DAMAGE SZ-OPTION...
  local damage=$1 name
  shift
  make_files
  line "$damage" "sz -q $* random odd empty cancels"
  for name in random odd empty cancels; do
    cmp "$case_dir/$name" "$case_dir/in/$name" || fail "$name is not what was sent"
  done
}

keeps_what_is_there() {
  make_files
  mkdir "$case_dir/in"
  echo mine >"$case_dir/in/odd"
  line 0 "sz -q odd" && fail "it overwrote a file"
  [[ $(<"$case_dir/in/odd") == mine ]]
  line 0 "sz -q odd" --overwrite
  cmp "$case_dir/odd" "$case_dir/in/odd"
}

stays_in_its_folder() {
  make_files
  mkdir -p "$case_dir/up/down"
  cp "$case_dir/odd" "$case_dir/up/evil"
  (cd "$case_dir/up/down" && mkdir in && python3 "$tests_dir/lib/noisy_line.py" 0 1 "sz -q -f ../evil" \
    "'$kit/bin/rescue-recv' -d in")
  cmp "$case_dir/odd" "$case_dir/up/down/in/evil"
}

nothing_half() {
  make_files
  # The sender is killed in the middle; it is told after the time that was allowed.
  line 0 "sz -q random | head -c 100000" -t 5 && fail "it took half a file"
  [[ -z $(ls -A "$case_dir/in") ]] || fail "something is left: $(ls -A "$case_dir/in")"
}

as_text() {
  make_files
  mkdir "$case_dir/in"
  cd "$case_dir"
  (base64 random; sha256sum random) | "$kit/bin/rescue-recv" -b -d in
  cmp random in/random
  (base64 -w 64 odd | sed 's/$/\r/'; sha256sum odd) | "$kit/bin/rescue-recv" -b -o in/named
  cmp odd in/named
}

# A terminal takes lines up to 4095 characters; this is one of 400 kB, pasted.
as_text_into_a_terminal() {
  make_files
  mkdir "$case_dir/in"
  cd "$case_dir"
  (base64 -w 0 random; echo; sha256sum random) >text
  python3 "$tests_dir/lib/paste.py" text "$kit/bin/rescue-recv" -b -d in
  cmp random in/random
  printf 'YWJj\n\4' >text
  python3 "$tests_dir/lib/paste.py" text "$kit/bin/rescue-recv" -b -d in && fail "it was broken off, and nothing came"
  [[ $(ls in) == random ]]
}

damaged_text() {
  make_files
  mkdir "$case_dir/in"
  cd "$case_dir"
  (base64 random | sed '1000d'; sha256sum random) | "$kit/bin/rescue-recv" -b -d in && fail "a line is missing"
  (base64 random | sed '100s/./[  1.0] usb/'; sha256sum random) | "$kit/bin/rescue-recv" -b -d in && fail "noise"
  base64 random | "$kit/bin/rescue-recv" -b -d in && fail "the checksum is missing"
  [[ -z $(ls -A in) ]] || fail "something is left: $(ls -A in)"
}

run_case "zmodem: whole files" arrives 0
run_case "zmodem: control characters escaped, 16-bit sums" arrives 0 -e -o
run_case "zmodem: small pieces and a window" arrives 0 -w 2048 -L 256
run_case "zmodem: a line that damages bytes (seed $seed)" arrives 30000 -L 512
run_case "zmodem: keeps what is there" keeps_what_is_there
run_case "zmodem: stays in its folder" stays_in_its_folder
run_case "zmodem: nothing half" nothing_half
run_case "text: whole files" as_text
run_case "text: pasted into a terminal" as_text_into_a_terminal
run_case "text: damaged" damaged_text
finish
