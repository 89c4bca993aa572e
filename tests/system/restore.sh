#!/usr/bin/env bash
# restore: every accident of tests/breaks, on every root it applies to, is
# mended by `rescue-extract` with the root's own glibc bundle, exactly.
#
#   restore.sh [--control] [--compare] [--only GLOB] [ROOT]...
#
# --control   only break the roots and see that they are broken: needs no kit
# --compare   also let busybox tar and bsdtar try the same, and count
set -euo pipefail
# shellcheck source=tests/lib/report.sh
source "$(dirname "$0")/../lib/report.sh"
# shellcheck source=tests/lib/root.sh
source "$tests_dir/lib/root.sh"
# shellcheck source=tests/lib/accidents.sh
source "$tests_dir/lib/accidents.sh"
# shellcheck source=tests/lib/kit.sh
source "$tests_dir/lib/kit.sh"

control='' compare='' only='*' roots=()

# From inside, by chroot, where neither /proc nor /dev is mounted.
readonly inside_too=' libc_gone loader_gone family_gone family_empty lib64_gone lib64_full_dir lib_is_dir
  lib_and_lib64_are_dirs libc_is_dir lib_chmod_000 libc_newer stray_libc_steals libc_cut_half '
# Where another tool looks at every program, which takes a second or two.
readonly sweep=' libc_gone family_gone lib_and_lib64_are_dirs make_install_newer make_install_older nothing_wrong '

read_arguments() {
  while (($#)); do
    case $1 in
      --control) control=yes ;;
      --compare) compare=yes ;;
      --only) only=$2; shift ;;
      -*) echo "restore: $1: unknown option" >&2; exit 2 ;;
      *) roots+=("$1") ;;
    esac
    shift
  done
  ((${#roots[@]})) || roots=(bullseye bookworm trixie rhel unmerged)
}

case_control() {  # ACCIDENT ROOT
  with_root "$2"
  break_root "$1"
  snapshot "$case_dir/broken"
  [[ ${row[$1.harmless]-} ]] || expect_differs "$base" "$case_dir/broken"
}

case_restore() {  # ACCIDENT ROOT [inside]
  case_control "$1" "$2"
  local expect
  expect=$(of "$1" expect)
  extract "$expect" "${3-}" "$bundles/$2.tzst"
  check_words "$1"
  snapshot "$case_dir/after"
  if ((expect == 3 || expect == 1)); then
    expect_same "$case_dir/broken" "$case_dir/after"
    return
  fi
  check_restored "$1"
  check_again "${3-}" "$expect" "$bundles/$2.tzst"
  check_undo "${3-}"
}

check_words() {  # ACCIDENT
  local say=${row[$1.say]-}
  [[ -z $say ]] || grep -qE "$say" "$case_dir/said" || fail "does not say /$say/: $(tail -n 2 "$case_dir/said" | tr '\n' ' ')"
}

check_restored() {  # ACCIDENT
  case ${row[$1.health]-full} in
    full) assert_healthy ;;
    run) assert_runs /bin/bash -c 'ls / >/dev/null' ;;
  esac
  [[ $sweep != *" $1 "* ]] || assert_resolves
  local allow=(--allow opt/rescue) glob
  set -f  # the globs are for the comparer
  for glob in ${row[$1.left]-}; do allow+=(--allow "$glob"); done
  set +f
  if [[ ${row[$1.scope]-} == bundle ]]; then
    allow+=(--only "$(held_paths "$bundles/$NAME.tzst")")
  fi
  expect_same "$base" "$case_dir/after" "${allow[@]}"
  [[ $(type -t "after_$1") != function ]] || "after_$1"
}

# The second run finds nothing to do, and does nothing.
check_again() {  # INSIDE EXPECT BUNDLE
  extract "$2" "$1" "$3"
  ((${2} != 0)) || grep -qi 'nothing to do' "$case_dir/said" || fail "the second run does not say that there is nothing to do"
  snapshot "$case_dir/again"
  expect_same "$case_dir/after" "$case_dir/again"
}

check_undo() {  # INSIDE
  [[ ${said_first,,} != *'nothing to do'* ]] || return 0  # nothing was done
  undo "$1"
  snapshot "$case_dir/undone"
  expect_same "$case_dir/broken" "$case_dir/undone" --allow opt/rescue
}

# `rm -rf` of the whole library directory takes more than glibc: the base
# bundle has what it takes to log in and call the package manager.
case_base() {  # ROOT
  with_root "$1"
  rescue_bundle create --level 3 -o "$case_dir/base.tzst" --root "$ROOT" --recipe base
  break_root lib_dir_gone
  extract 0 '' "$case_dir/base.tzst"
  assert_runs /bin/bash -c 'ls / >/dev/null'
  [[ $1 == rhel ]] || assert_runs /usr/bin/apt-get --version
  assert_runs /usr/bin/ssh -V
}

main() {
  read_arguments "$@"
  start_test "$@"
  [[ $control ]] || need_kit
  bundles=$work/bundles
  mkdir "$bundles"
  local root name
  for root in "${roots[@]}"; do
    [[ $control ]] || run_case "$root/bundle" case_bundle "$root" glibc
    for name in "${accidents[@]}"; do
      # shellcheck disable=SC2053  # a glob is meant
      if [[ $name != $only ]] || ! applies "$name" "$root"; then continue; fi
      if [[ $control ]]; then
        run_case "$root/$name" case_control "$name" "$root"
        continue
      fi
      run_case "$root/$name" case_restore "$name" "$root"
      [[ $inside_too != *" $name "* ]] || run_case "$root/$name/inside" case_restore "$name" "$root" inside
      [[ -z $compare ]] || compare_tools "$name" "$root"
    done
    # shellcheck disable=SC2053
    [[ $control || base != $only && $only != '*' ]] || run_case "$root/base" case_base "$root"
  done
  [[ -z $compare ]] || print_comparison
  finish
}

# What others make of the same accident and the same files. It is told, and
# never counted as a result of ours.
declare -A recovered claimed
compare_tools() {  # ACCIDENT ROOT
  [[ $(NAME=$2 of "$1" expect) == 0 && ! ${row[$1.harmless]-} ]] || return 0
  local tool status
  rivals=$((${rivals-0} + 1))
  for tool in busybox bsdtar; do
    case_dir=$work/rival
    mkdir -p "$case_dir"
    set +e
    (set -e; rival_restore "$tool" "$1" "$2") >/dev/null 2>&1
    status=$?
    set -e
    [[ ! -e $case_dir/claimed ]] || claimed[$tool]=$((${claimed[$tool]-0} + 1))
    ((status)) || recovered[$tool]=$((${recovered[$tool]-0} + 1))
    clean_case
  done
}

rival_restore() {  # TOOL ACCIDENT ROOT
  with_root "$3"
  break_root "$2"
  case $1 in
    busybox) zstd -dcq "$bundles/$3.tzst" | timeout 60 busybox tar -xf - -C "$ROOT" && : >"$case_dir/claimed" ;;
    bsdtar) timeout 60 bsdtar -xpf "$bundles/$3.tzst" -C "$ROOT" && : >"$case_dir/claimed" ;;
  esac
  rm -rf "$ROOT/.rescue"
  snapshot "$case_dir/after"
  check_restored "$2"
}

print_comparison() {
  local tool
  for tool in busybox bsdtar; do
    echo "# $tool: of ${rivals-0} accidents says of ${claimed[$tool]-0} that they are mended, and ${recovered[$tool]-0} are"
  done
}

main "$@"
