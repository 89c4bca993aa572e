#!/usr/bin/env bash
# doctor: rescue-doctor names what is behind every accident of tests/breaks,
# mends it with the least, and is honest where it cannot.
#
#   doctor.sh [--only GLOB] [--mode bundle|alone] ROOT...
#
# bundle: with the root's own glibc bundle; alone: with nothing but what the
# broken root itself still holds.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/accidents.sh
source "$tests_dir/lib/accidents.sh"
# shellcheck source=tests/lib/diagnoses.sh
source "$tests_dir/lib/diagnoses.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

only='*' modes='bundle alone' roots=()

# Looked at from inside as well, where neither /proc nor /dev is mounted.
readonly inside_too=' libc_gone loader_gone lib64_gone lib64_full_dir libc_link_gone libc_is_dir lib_dir_moved preload_crash '
# Taken back as well.
readonly undo_too=' libc_empty lib64_full_dir lib_dir_moved hwcaps_poison stray_libc_steals family_gone preload_crash cache_gone '

read_arguments() {
  while (($#)); do
    case $1 in
      --only) only=$2; shift ;;
      --mode) modes=$2; shift ;;
      -*) echo "doctor: $1: unknown option" >&2; exit 2 ;;
      *) roots+=("$1") ;;
    esac
    shift
  done
  ((${#roots[@]})) || roots=(bookworm)
}

doctor() {  # EXPECTED-STATUS inside|'' MODE [OPTION]...
  local expected=$1 how=$2 bundle=$work/none.tzst
  [[ $3 != bundle ]] || bundle=$bundles/$NAME.tzst
  shift 3
  if [[ $how == inside ]]; then
    mkdir -p "$ROOT/opt/rescue/bin"
    cp "$kit/bin/rescue" "$ROOT/opt/rescue/bin/"
    cp "$bundle" "$ROOT/opt/rescue/test.tzst" 2>/dev/null || true
    run_kit "$expected" chroot "$ROOT" /opt/rescue/bin/rescue rescue-doctor --bundle /opt/rescue/test.tzst "$@"
  else
    run_kit "$expected" "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$bundle" "$@"
  fi
}

findings() { python3 -c 'import json, sys; [print(f["severity"], f["id"]) for f in json.load(open(sys.argv[1]))["findings"]]' "$1"; }

# The finding that is meant is there; a healthy root has none.
check_finding() {  # ACCIDENT INSIDE MODE
  local want
  want=$(told_of "$1" finding)
  [[ $3 != bundle ]] || want=${told[$1.bundle]-${told[$1.finding]}}
  if [[ $want == - ]]; then
    doctor 0 "$2" "$3" --json
    ! findings "$case_dir/said" | grep -qv '^note ' || fail "finds fault where there is none: $(findings "$case_dir/said" | head -n 1)"
    return
  fi
  doctor 5 "$2" "$3" --json
  findings "$case_dir/said" >"$case_dir/found"
  grep -qE "^[a-z]+ ($want)\$" "$case_dir/found" || fail "does not find $want, but $(tr '\n' ' ' <"$case_dir/found")"
}

check_pristine() {  # ACCIDENT
  local allow=(--allow opt/rescue) glob left
  left=$(told_of "$1" left "${row[$1.left]-}")
  set -f
  for glob in $left; do allow+=(--allow "$glob"); done
  set +f
  if [[ ${row[$1.scope]-} == bundle && -e $bundles/$NAME.tzst && $left != '*' ]]; then
    held_paths "$bundles/$NAME.tzst" >"$case_dir/held"
    allow+=(--only "$case_dir/held")
  fi
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after" "${allow[@]}"
}

case_doctor() {  # ACCIDENT ROOT MODE [inside]
  local how=${4-} alone status
  with_root "$2"
  break_root "$1"
  check_finding "$1" "$how" "$3"
  alone=$(told_of "$1" alone)
  [[ $3 == alone ]] || alone=mended
  status=$(told_of "$1" with 0)
  [[ $3 == bundle ]] || case $alone in mended) status=0 ;; *) status=5 ;; esac
  # Where there is nothing that could be done, nothing is refused.
  [[ $3 == bundle || $1 != read_only || $LAYOUT == B ]] || status=3
  # What is lost must stay as it is, bit for bit.
  if [[ $alone == same ]] || ((status)) || [[ $undo_too == *" $1 "* ]]; then snapshot "$case_dir/broken"; fi
  doctor "$status" "$how" "$3" --fix -y
  if ((status == 0)); then
    check_pristine "$1"
  elif [[ $3 == alone && $alone == same ]]; then
    snapshot "$case_dir/after"
    expect_same "$case_dir/broken" "$case_dir/after" --allow opt/rescue
  fi
  if ((status == 0)) && [[ $undo_too == *" $1 "* ]]; then
    run_kit 0 "$kit/bin/rescue" rescue-extract --undo "$ROOT"
    snapshot "$case_dir/undone"
    expect_same "$case_dir/broken" "$case_dir/undone" --allow opt/rescue
  fi
}

main() {
  read_arguments "$@"
  start_test "$@"
  need_kit
  bundles=$work/bundles
  mkdir "$bundles"
  local root name mode
  for root in "${roots[@]}"; do
    run_case "$root/bundle" case_bundle "$root" glibc
    for name in "${diagnosed[@]}"; do
      # shellcheck disable=SC2053  # a glob is meant
      if [[ $name != $only ]] || ! applies "$name" "$root"; then continue; fi
      for mode in $modes; do
        run_case "$root/$name/$mode" case_doctor "$name" "$root" "$mode"
        [[ $inside_too != *" $name "* ]] || run_case "$root/$name/$mode/inside" case_doctor "$name" "$root" "$mode" inside
      done
    done
  done
  finish
}

main "$@"
