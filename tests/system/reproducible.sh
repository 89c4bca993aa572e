#!/usr/bin/env bash
# reproducible: the same sources in another directory give the same release archive, byte for byte.
# Usage: tests/system/reproducible.sh [ARCH]
#
# Objects of the other directory may come from the compiler's cache, as what was compiled elsewhere. Some, drawn anew with
# each commit, are compiled there without it, and compared with the first build's. RESCUE_COMPILE_ALL=1 compiles all.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
arch=${1:-$(uname -m)}
work=$top/build/test-work/reproducible-$arch
copy=$work/a/directory/with/another/name
drawn=40
trap 'rm -rf "$work"' EXIT

copy_sources() {
  rm -rf "$work"
  mkdir -p "$copy"
  git -C "$top" ls-files -z --cached --others --exclude-standard |
    tar -C "$top" --null --ignore-failed-read -T - -c | tar -x -C "$copy"
}

# OUTPUT and COMMAND of some of the objects, with a tab between them: [ is always one, as its name is quoted in its command.
draw_objects() {
  jq -r '.[] | .output + "\t" + .command' "$copy/build/meson/$arch/compile_commands.json" |
    awk -v seed="$SOURCE_DATE_EPOCH" 'BEGIN { srand(seed) } { printf "%.9f\t%s\n", /^[^\t]*\[/ ? 0 : rand(), $0 }' |
    sort -n | head -n "$drawn" | cut -f2-
}

# compile OBJECT COMMAND: does COMMAND, which makes OBJECT, and leaves what it makes in $work/object.
compile() {
  local object=$1 argv=() i
  eval "argv=($2)"
  for i in "${!argv[@]}"; do
    [[ ${argv[i]} == -o && ${argv[i + 1]-} == "$object" ]] || continue
    argv[i + 1]=$work/object
    (cd "$copy/build/meson/$arch" && "${argv[@]}") </dev/null
    return
  done
  echo "NOT OK  $object: not what its command makes" >&2
  return 1
}

compile_drawn() {
  local object command count=0
  while IFS=$'\t' read -r object command; do
    rm -f "$work/object"
    compile "$object" "$command"
    if ! cmp "$work/object" "$top/build/meson/$arch/$object"; then
      echo "NOT OK  $object: other bytes where it is compiled in another directory" >&2
      return 1
    fi
    count=$((count + 1))
  done < <(draw_objects)
  ((count == drawn)) || { echo "NOT OK  $count objects, not $drawn, could be drawn" >&2; return 1; }
  echo "ok      $count objects: the same bytes, compiled in two directories"
}

# Both are told the same time, which is the commit's anyway; the copy has no repository to ask.
SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct)
export SOURCE_DATE_EPOCH

# With the options it was built with last: none of CI's makes a difference to the kit, and another would build it anew.
options=()
[[ ! -f $top/build/meson/$arch.stamp ]] || read -ra options <"$top/build/meson/$arch.stamp" || true
RESCUE_COMPILE_ALL='' "$top/scripts/build" "$arch" "${options[@]:1}"
copy_sources
# With other words for the compiler its cache would know none of the objects. Applets on their own are in no archive.
same=()
for option in "${options[@]:1}"; do [[ $option == -Dstandalone* ]] || same+=("$option"); done
"$copy/scripts/build" "$arch" "${same[@]}"
[[ ${RESCUE_COMPILE_ALL-} ]] || compile_drawn
for archive in "$top"/build/rescue-*-"$arch".tar.zst; do
  if cmp "$archive" "$copy/build/${archive##*/}"; then
    echo "ok      ${archive##*/}: the same bytes from two directories"
  else
    echo "NOT OK  ${archive##*/}: other bytes from another directory" >&2
    exit 1
  fi
done
