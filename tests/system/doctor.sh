#!/usr/bin/env bash
# doctor: rescue-doctor names what is behind every accident of tests/breaks,
# mends it with the least, and is honest where it cannot.
#
#   doctor.sh [--only GLOB] [--mode bundle|alone] [--draw place|all] [--seed N] ROOT...
#
# bundle: with the root's own glibc bundle; alone: with nothing but what the
# broken root itself still holds. Each from outside, and from a chroot into the
# root; there /proc and /dev are mounted or not, as is drawn. `--draw place` draws
# from where, for each accident and mode; `--draw all` draws the mode as well. The
# seed is printed; the same one draws the same.
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

only='*' modes='bundle alone' draw='' seed='' roots=()

# Nothing can be started from a file system that is mounted noexec, nor a kit that lies on it.
readonly outside_only=' noexec '
# Taken back as well.
readonly undo_too=' libc_empty lib64_full_dir lib_dir_moved hwcaps_poison stray_libc_steals family_gone preload_crash cache_gone '

read_arguments() {
  while (($#)); do
    case $1 in
      --only) only=$2; shift ;;
      --mode) modes=$2; shift ;;
      --draw) draw=$2; shift ;;
      --seed) seed=$2; shift ;;
      -*) echo "doctor: $1: unknown option" >&2; exit 2 ;;
      *) roots+=("$1") ;;
    esac
    shift
  done
  ((${#roots[@]})) || roots=(bookworm)
}

# The kit inside is there before the accident, as it must be on a server.
put_kit_inside() {  # MODE
  mkdir -p "$ROOT/opt/rescue/bin" "$ROOT/opt/rescue/bundles"
  cp "$kit/bin/rescue" "$ROOT/opt/rescue/bin/"
  [[ $1 != bundle ]] || cp "$bundles/$NAME.tzst" "$ROOT/opt/rescue/bundles/"
}

doctor() {  # EXPECTED-STATUS inside|'' MODE [OPTION]...
  local expected=$1 how=$2 bundle=$work/none.tzst
  [[ $3 != bundle ]] || bundle=$bundles/$NAME.tzst
  shift 3
  if [[ $how == inside ]]; then
    mount_kernel
    run_kit "$expected" chroot "$ROOT" /opt/rescue/bin/rescue rescue-doctor "$@"
    drop_kernel
  else
    run_kit "$expected" "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$bundle" "$@"
  fi
}

mount_kernel() {
  [[ $kernel ]] || return 0
  [[ ! -d $ROOT/proc ]] || mount -t proc proc "$ROOT/proc"
  [[ ! -d $ROOT/dev ]] || mount --bind /dev "$ROOT/dev"
}

drop_kernel() {
  [[ $kernel ]] || return 0
  local dir
  for dir in "$ROOT/proc" "$ROOT/dev"; do
    [[ ! -d $dir ]] || umount "$dir"
  done
}

findings() { ask_comparer findings "$1"; }

wanted() {  # ACCIDENT MODE
  if [[ $2 == bundle ]]; then told_of "$1" bundle "${told[$1.finding]}"; else told_of "$1" finding; fi
}

# What the repair says that it found first, which saves a look of its own.
check_found() {  # ACCIDENT MODE
  local want found
  want=$(wanted "$1" "$2")
  [[ $want != - ]] || return 0
  want=${want#note:}
  found=$(findings "$case_dir/said")
  grep -qE "^[a-z]+ ($want)\$" <<<"$found" || fail "does not find $want, but ${found//$'\n'/ }"
}

# The finding that is meant is there; a healthy root has none.
check_finding() {  # ACCIDENT INSIDE MODE
  local want
  want=$(wanted "$1" "$3")
  if [[ $want == note:* ]]; then
    doctor 0 "$2" "$3" --json
    findings "$case_dir/said" | grep -qxE "note (${want#note:})" || fail "does not tell of ${want#note:}"
    return
  fi
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
    allow+=(--only "$(held_paths "$bundles/$NAME.tzst")")
  fi
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after" "${allow[@]}"
}

case_doctor() {  # ACCIDENT ROOT MODE [inside]
  local how=${4-} kernel=${5-} alone status
  with_root "$2"
  [[ $how != inside ]] || put_kit_inside "$3"
  break_root "$1"
  [[ $how == inside ]] || check_finding "$1" "$how" "$3"
  alone=$(told_of "$1" alone)
  [[ $3 == alone ]] || alone=mended
  status=$(told_of "$1" with 0)
  [[ $3 == bundle ]] || case $alone in mended) status=0 ;; *) status=5 ;; esac
  # Where there is nothing that could be done, nothing is refused.
  [[ $3 == bundle || $1 != read_only || $LAYOUT == B ]] || status=3
  # What is lost must stay as it is, bit for bit.
  if [[ $alone == same ]] || ((status)) || [[ $undo_too == *" $1 "* ]]; then snapshot "$case_dir/broken"; fi
  doctor "$status" "$how" "$3" --fix -y ${how:+--json}
  # A refusal says why on the other stream as well, and is no JSON then.
  [[ $how != inside ]] || ((status == 3)) || check_found "$1" "$3"
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

run_places() {  # ACCIDENT ROOT MODE...
  local name=$1 root=$2 mode how kernel places
  shift 2
  [[ $draw != all ]] || set -- "${@:1 + RANDOM % $#:1}"
  for mode; do
    places=(outside inside)
    [[ ! $draw ]] || places=("${places[RANDOM % 2]}")
    [[ $outside_only != *" $name "* ]] || places=(outside)
    for how in "${places[@]}"; do
      kernel=
      if [[ $how == inside ]] && ((RANDOM % 2)); then kernel=kernel; fi
      run_case "$root/$name/$mode/$how${kernel:+/$kernel}" case_doctor "$name" "$root" "$mode" "${how#outside}" "$kernel"
    done
  done
}

# Every way to break glibc that the handbook knows is a row, here or elsewhere.
case_handbook() {
  local number words word file
  while read -r number words; do
    [[ $number == 1.* ]] || continue
    words=${words%%  *}
    for word in $words; do
      case $word in
        -) ;;
        *:*)
          file=$tests_dir/${word%%:*}
          grep -qE "^(case_)?${word#*:}\\(\\)" "$file" || fail "$number: ${file##*/} has no ${word#*:}"
          ;;
        *) [[ " ${diagnosed[*]} " == *" $word "* ]] || fail "$number: there is no accident $word" ;;
      esac
    done
    printf '%s\n' "$number"
  done <"$tests_dir/breaks/handbook.list" >"$case_dir/numbers"
  diff <(printf '1.1.%s\n' {1..22}; printf '1.2.%s\n' {1..28}) "$case_dir/numbers" || fail "a number of the handbook has no row"
  # Each accident is a row of the doctor's.
  for word in "${accidents[@]}"; do
    [[ " ${diagnosed[*]} " == *" $word "* ]] || fail "the accident $word has no diagnosis"
  done
}

main() {
  read_arguments "$@"
  start_test "$@"
  seed=${seed:-$RESCUE_SEED}
  need_kit
  bundles=$work/bundles
  mkdir "$bundles"
  echo "# seed $seed"
  RANDOM=$((seed % 32768))
  local root name
  run_case handbook case_handbook
  for root in "${roots[@]}"; do
    run_case "$root/bundle" case_bundle "$root" glibc
    for name in "${diagnosed[@]}"; do
      # shellcheck disable=SC2053  # a glob is meant
      if [[ $name != $only ]] || ! applies "$name" "$root"; then continue; fi
      # shellcheck disable=SC2086  # a word for each mode
      run_places "$name" "$root" $modes
    done
  done
  finish
}

main "$@"
