#!/usr/bin/env bash
# Back from a machine that does not boot: real virtual machines, Debian's kernel, a serial console.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"
# shellcheck source=tests/lib/kit.sh
. "$tests_dir/lib/kit.sh"
# shellcheck source=tests/lib/vm.sh
. "$tests_dir/lib/vm.sh"

need_kit

rescue_init=init=/opt/rescue/bin/init
login='expect:login: '
prompt='expect:rescue \(system [a-z]+\) [^ ]*# '

healthy_system_boots() {  # ROOT
  with_disk "$1"
  boot "" "$login" quit:
}

broken_system_panics() {  # ROOT
  with_disk "$1"
  delete_glibc
  boot "" "never:login: " "expect:Kernel panic - not syncing" "expect:init"
}

operator_repairs() {  # ROOT
  with_disk "$1"
  delete_glibc
  boot "$rescue_init" \
    "expect:This is the rescue shell.*system broken" "expect:rescue-extract /opt/rescue/bundles/glibc.tzst /" \
    "expect:rescue \(system broken\) /# " \
    "send:rescue-extract /opt/rescue/bundles/glibc.tzst /" "expect:mounting / writable, for the repair" \
    "expect:Verified: " "expect:rescue \(system works\) /# " \
    "send:exit" "expect:going on with /sbin/init" "$login" quit:
}

for root in boot-bookworm boot-trixie; do
  run_case "$root: a healthy system boots to its login prompt" healthy_system_boots "$root"
  run_case "$root: without glibc it panics" broken_system_panics "$root"
  run_case "$root: an operator repairs it at the rescue shell" operator_repairs "$root"
done
finish
