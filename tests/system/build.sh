#!/usr/bin/env bash
# build: what the built kit is, and is not. Usage: tests/system/build.sh [ARCH]; the kit must have been built.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
arch=${1:-$(uname -m)}
kit=$top/build/kit/$arch/opt/rescue
failures=0

# expect WHAT COMMAND...: the command must succeed.
expect() {
  local what=$1
  shift
  if "$@"; then
    echo "ok      $what"
  else
    echo "NOT OK  $what"
    failures=$((failures + 1))
  fi
}

nothing() { [[ -z $1 ]]; }
same() { [[ $1 == "$2" ]]; }

check_executable() {
  local name=$1 file=$2 header segments dynamic
  header=$(readelf -hW "$file")
  segments=$(readelf -lW "$file")
  dynamic=$(readelf -dW "$file")
  expect "$name: position-independent" same DYN "$(awk '$1 == "Type:" { print $2 }' <<<"$header")"
  expect "$name: says so" same PIE "$(grep -o 'PIE' <<<"$dynamic" | head -n 1)"
  expect "$name: for $arch" same "$(machine)" "$(sed -n 's/^ *Machine: *//p' <<<"$header")"
  expect "$name: no interpreter" nothing "$(grep INTERP <<<"$segments")"
  expect "$name: needs no library" nothing "$(grep NEEDED <<<"$dynamic")"
  expect "$name: no undefined symbol" nothing "$(undefined_symbols "$file")"
  expect "$name: relocations read-only" same GNU_RELRO "$(grep -o GNU_RELRO <<<"$segments")"
  expect "$name: bound at once" same BIND_NOW "$(grep -o -m 1 BIND_NOW <<<"$dynamic")"
  expect "$name: stack not executable" same RW "$(awk '$1 == "GNU_STACK" { print $(NF - 1) }' <<<"$segments")"
  expect "$name: no segment both writable and executable" nothing "$(awk '$1 == "LOAD" && /RWE/' <<<"$segments")"
  expect "$name: stripped" nothing "$(readelf -SW "$file" | grep -E '\.(symtab|debug)')"
  expect "$name: no path of the build in it" nothing "$(build_paths "$file")"
}

machine() {
  case $arch in
    x86_64) echo 'Advanced Micro Devices X86-64' ;;
    aarch64) echo AArch64 ;;
  esac
}

undefined_symbols() {
  readelf --dyn-syms -W "$1" | awk '$7 == "UND" && $8 != ""'
}

# Neither the tree nor the cache, however they are called on this machine.
build_paths() {
  local cache=${RESCUE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rescue}
  strings -a "$1" | grep -F -e "$top" -e "$cache" -e "$HOME/" -e .part. || true
}

# Every function that keeps an array on its stack is guarded: __stack_chk_fail is called, and the message-free abort
# behind it is in the file that the linker left unstripped.
check_stack_protector() {
  local unstripped=$top/build/meson/$arch/tools/rescue
  expect "rescue: stack protector" same __stack_chk_fail "$(llvm-nm-19 "$unstripped" | awk '$3 == "__stack_chk_fail" { print $3 }')"
}

run_kit() {
  local runner=()
  [[ $arch == "$(uname -m)" ]] || runner=("qemu-$arch-static")
  "${runner[@]}" "$kit/bin/rescue" "$@"
}

check_layout() {
  local name section
  for name in $(run_kit --list); do
    expect "bin/$name is a relative link" same rescue "$(readlink "$kit/bin/$name")"
    section=$(run_kit --section "$name")
    expect "$name has a manual page" test -s "$kit/share/man/man$section/$name.$section"
  done
  expect "no dangling link in bin" nothing "$(find "$kit/bin" -xtype l)"
  expect "bundles/ is there" test -d "$kit/bundles"
  expect "etc/ is there" test -d "$kit/etc"
  expect "recipes are there" test -s "$kit/share/recipes/glibc.recipe"
  expect "every file is readable by all, writable by its owner alone" nothing \
    "$(find "$kit" ! -type l ! -perm 755 ! -perm 644)"
  for name in musl llvm zlib bzip2 xz zstd libsodium libarchive mksh rescue; do
    expect "the licence of $name" test -s "$kit/share/licenses/$name"
  done
}

# The archive holds the kit, owned by root, and nothing beside opt/rescue.
check_archive() {
  local archives=("$top"/build/rescue-*-"$arch".tar.zst) list
  expect "one release archive" same 1 "${#archives[@]}"
  list=$(zstd -dc "${archives[0]}" | tar -tv --numeric-owner)
  expect "the archive is root's" nothing "$(awk '$2 != "0/0"' <<<"$list")"
  expect "the archive unpacks to opt/rescue" nothing "$(awk '$6 !~ /^opt\/rescue\//' <<<"$list")"
  expect "the archive is sorted" same "$(awk '{ print $6 }' <<<"$list" | LC_ALL=C sort)" "$(awk '{ print $6 }' <<<"$list")"
}

[[ -x $kit/bin/rescue ]] || { echo "build.sh: no kit at $kit: run scripts/build $arch" >&2 && exit 1; }
check_executable rescue "$kit/bin/rescue"
check_executable sh "$kit/bin/sh"
check_stack_protector
check_layout
check_archive
((failures == 0)) || { echo "build.sh: $failures failures" >&2 && exit 1; }
