#!/usr/bin/env bash
# accidents: the table of ways to break a root. Source it after root.sh.
#
# Each file in tests/breaks/ adds rows, and a function break_NAME which does
# the damage to $ROOT (the facts of root.sh are set: $LIB, $LIBC, ...):
#
#   accident NAME ROOTS EXPECT CONTROL WHAT [KEY=VALUE]...
#
# ROOTS    all, merged, A, B (the layouts), or names with commas; a leading -
#          takes one out (all,-rhel)
# EXPECT   the exit code of `rescue-extract` with the root's own glibc bundle:
#          0 restored, 1 failed and taken back, 3 refused, 5 restored and
#          still broken
# CONTROL  STATUS or STATUS:REGEX: what the probe says of the broken root. This
#          is what proves that the accident happened. Statuses may be listed
#          as 135|139.
# Keys:
#   probe=COMMAND      instead of `/bin/ls /`
#   control_ROOT=..    CONTROL on one root;  expect_ROOT=..  likewise
#   say=REGEX          must be in what rescue-extract says
#   left=GLOB...       paths that no glibc bundle can put right, and why they
#                      may stay is said in the row's comment
#   scope=bundle       compare only the paths that the bundle holds
#   health=none|run    assert nothing, or only that bash and ls run
#   bundle=base        needs the base bundle
#   patience=SECONDS   how long the probe may take (60)
#   alive=yes          the probe works although the root is damaged
# An optional function after_NAME asserts more once the root is repaired.
# shellcheck disable=SC2034,SC2154  # set here for the tests, or by root.sh

declare -gA row
accidents=()

accident() {  # NAME ROOTS EXPECT CONTROL WHAT [KEY=VALUE]...
  local name=$1 pair
  accidents+=("$name")
  row[$name.file]=${file##*/} row[$name.roots]=$2 row[$name.expect]=$3 row[$name.control]=$4 row[$name.what]=$5
  shift 5
  for pair in "$@"; do
    row[$name.${pair%%=*}]=${pair#*=}
  done
}

# The value for this root, or the general one.
of() {  # NAME KEY [DEFAULT]
  printf '%s' "${row[$1.$2_${NAME-}]-${row[$1.$2]-${3-}}}"
}

applies() {  # NAME ROOT
  local word answer=1
  for word in ${row[$1.roots]//,/ }; do
    case $word in
      all | "$2") answer=0 ;;
      merged) [[ $2 == unmerged ]] || answer=0 ;;
      A) [[ $2 != bullseye && $2 != unmerged ]] || answer=0 ;;
      B) [[ $2 == bullseye || $2 == unmerged ]] || answer=0 ;;
      "-$2") return 1 ;;
    esac
  done
  return "$answer"
}

# The accidents in an order in which none writes or waits where another put a FIFO, or a link that leads to the host.
in_safe_order() {  # NAME...
  local name
  for name; do
    case ${row[$name.file]} in
      content.sh | attributes.sh) printf '1 %s\n' "$name" ;;
      mixed.sh) printf '2 %s\n' "$name" ;;
      *) printf '3 %s\n' "$name" ;;
    esac
  done | sort -s -k1,1 | cut -d' ' -f2
}

# Does the damage, and proves it by what the root says for itself.
break_root() {  # NAME
  # These functions delete; they must never see another directory than this.
  if [[ $ROOT != "$case_dir/root" ]] || ! is_mounted "$ROOT"; then fail "no root to break is mounted"; fi
  "break_$1"
  check_control "$1"
}

check_control() {  # NAME
  local control expected status=0 output command
  control=$(of "$1" control)
  expected=${control%%:*}
  # The rows quote their probes as a shell does.
  eval "command=($(of "$1" probe '/bin/ls /'))"
  # timeout hands on the signal that its child died of, as a shell sees it.
  output=$(timeout "$(of "$1" patience 60)" chroot "$ROOT" "${command[@]}" 2>&1) || status=$?
  printf 'control: %s: status %s: %s\n' "${command[*]}" "$status" "$output"
  [[ "|$expected|" == *"|$status|"* ]] ||
    fail "control: ${command[*]} ended with $status, not $expected: ${output:0:160}"
  if [[ $control == *:* ]]; then
    grep -qE "${control#*:}" <<<"$output" || fail "control: '${output:0:160}' does not match '${control#*:}'"
  fi
}

for file in "$tests_dir"/breaks/*.sh; do
  # shellcheck source=/dev/null
  source "$file"
done
