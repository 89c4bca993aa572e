#!/usr/bin/env bash
# doctor-random: accidents in combination, and random damage to glibc's files,
# are mended by rescue-doctor to the pristine root.
#
#   doctor-random.sh [--seed N] [--combinations N | --these A+B+C] [--rounds N] [ROOT]...
#
# The seed is printed; the same one makes the same damage, as long as the accidents are the same. --these runs the
# combination that a failure names, and nothing else.
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

seed='' combinations=12 these='' rounds=120 seconds=45 roots=()

# Where no bundle of glibc alone can bring back the pristine root, or where the
# accident is one of mounts; and those that leave nothing for others to break.
readonly left_out=' lib_chmod_0644 lib_chmod_000 lib_chown lib_dir_gone lib_dir_is_file lib_dir_is_link libc_bind_mounted
  read_only noexec var_full var_other_disk var_lib_dangling lib_other_disk lib_other_disk_junk programs_newer etc_gone
  var_gone hard_linked conf_poison hwcaps_poison cache_gone_and_needed preload_crash libc_and_tmp_gone nothing_wrong
  lib64_absolute conf_gone conf_d_is_file libc_immutable libc_append_only dir_immutable all_immutable lib_dir_moved
  lib_dir_moved_away
  usr_lib64_moved dpkg_leftovers lib_noexec libc_noexec environment_poison path_wrong package_removed package_half_way
  foreign_tarball preload_is_fifo '

# Drawn once, and failed then.
readonly failed_once='lib_dir_owner+bin_links_gone+libc_other_machine'

read_arguments() {
  while (($#)); do
    case $1 in
      --seed) seed=$2; shift ;;
      --combinations) combinations=$2; shift ;;
      --these) these=$2; shift ;;
      --rounds) rounds=$2; seconds=100000; shift ;;
      -*) echo "doctor-random: $1: unknown option" >&2; exit 2 ;;
      *) roots+=("$1") ;;
    esac
    shift
  done
  ((${#roots[@]})) || roots=(bullseye bookworm trixie rhel)
}

pool() {  # ROOT
  local name
  for name in "${diagnosed[@]}"; do
    [[ " ${left_out//$'\n'/ } " == *" $name "* ]] || ! applies "$name" "$1" || printf '%s\n' "$name"
  done
}

case_combination() {  # ROOT ACCIDENT...
  local name glob allow=()
  with_root "$1"
  shift
  # One accident may have taken what the next would damage.
  for name in $(in_safe_order "$@"); do (break_"$name") || true; done
  run_kit 0 "$kit/bin/rescue" rescue-doctor --root "$ROOT" --bundle "$bundles/$NAME.tzst" --fix
  set -f
  for name in "$@"; do
    for glob in $(told_of "$name" left "${row[$name.left]-}"); do allow+=(--allow "$glob"); done
  done
  set +f
  snapshot "$case_dir/after"
  expect_same "$base" "$case_dir/after" "${allow[@]}"
  assert_healthy
}

case_damage() {  # ROOT
  with_root "$1"
  python3 "$tests_dir/lib/random_damage.py" "$ROOT" "$pristine" "$kit/bin/rescue" "$bundles/$1.tzst" \
    "$seed" "$rounds" "$seconds" >"$case_dir/damage" 2>&1 || { cat "$case_dir/damage"; fail "$(head -n 1 "$case_dir/damage")"; }
  tee -a "$work/sums" <"$case_dir/damage"
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
  local root names name count i chosen
  for root in "${roots[@]}"; do
    run_case "$root/bundle" case_bundle "$root" glibc
    for name in ${these:-$failed_once}; do
      IFS=+ read -ra chosen <<<"$name"
      run_case "$root/$name" case_combination "$root" "${chosen[@]}"
    done
    [[ ! $these ]] || continue
    mapfile -t names < <(pool "$root")
    for ((i = 0; i < combinations; ++i)); do
      chosen=()
      for ((count = 2 + RANDOM % 2; count; --count)); do chosen+=("${names[RANDOM % ${#names[@]}]}"); done
      run_case "$root/${chosen[0]}+${chosen[1]}${chosen[2]:++${chosen[2]}}/$i" case_combination "$root" "${chosen[@]}"
    done
    run_case "$root/damage" case_damage "$root"
  done
  sed 's/^/# /' "$work/sums" 2>/dev/null || true
  finish
}

main "$@"
