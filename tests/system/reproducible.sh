#!/usr/bin/env bash
# reproducible: the same sources in another directory give the same release archive, byte for byte.
# Usage: tests/system/reproducible.sh [ARCH]
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
arch=${1:-$(uname -m)}
work=$top/build/test-work/reproducible-$arch
copy=$work/a/directory/with/another/name
trap 'rm -rf "$work"' EXIT

copy_sources() {
  rm -rf "$work"
  mkdir -p "$copy"
  git -C "$top" ls-files -z --cached --others --exclude-standard |
    tar -C "$top" --null --ignore-failed-read -T - -c | tar -x -C "$copy"
}

# Both are told the same time, which is the commit's anyway; the copy has no repository to ask.
SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct)
export SOURCE_DATE_EPOCH

# With the options it was built with last: none of CI's makes a difference to the kit, and another would build it anew.
options=()
[[ ! -f $top/build/meson/$arch.stamp ]] || read -ra options <"$top/build/meson/$arch.stamp" || true
"$top/scripts/build" "$arch" "${options[@]:1}"
copy_sources
# What was compiled before must not help here.
RESCUE_COMPILE_ALL=1 "$copy/scripts/build" "$arch"
for archive in "$top"/build/rescue-*-"$arch".tar.zst; do
  if cmp "$archive" "$copy/build/${archive##*/}"; then
    echo "ok      ${archive##*/}: the same bytes from two directories"
  else
    echo "NOT OK  ${archive##*/}: other bytes from another directory" >&2
    exit 1
  fi
done
