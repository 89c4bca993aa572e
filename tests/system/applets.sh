#!/usr/bin/env bash
# The ordinary applets against their GNU namesakes: each row of tests/applets/*.table runs with both, in the same
# prepared tree. Arguments are names of tables; RESCUE_ROW selects the rows that hold it.
set -euo pipefail
# shellcheck source=tests/lib/report.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/report.sh"
start_test "$@"

need_kit

# Only what the table is about is ours: everything else in a row is the system's own.
compare_table() {
  local name=$1 applets=$case_dir/applets
  mkdir "$applets"
  ln -s "$kit/bin/rescue" "$applets/$name"
  python3 "$tests_dir/lib/differential.py" --applets "$applets" --trees "$tests_dir/applets/trees.sh" \
    --work "$case_dir" --only="${RESCUE_ROW-}" "$tests_dir/applets/$name.table"
}

tables=("$@")
[[ $# -gt 0 ]] || for table in "$tests_dir"/applets/*.table; do tables+=("$(basename "$table" .table)"); done
for name in "${tables[@]}"; do
  run_case "applets: $name" compare_table "$name"
done
finish
