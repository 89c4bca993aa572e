#!/usr/bin/env bash
# The file is there, and its bytes are wrong.
# shellcheck disable=SC2154  # the facts of the root come from lib/root.sh

# Writes as a disk or a half-done copy would leave it: same name, new bytes.
overwrite() {  # FILE: content from standard input, mode kept
  cat >"$case_dir/bytes"
  cat "$case_dir/bytes" >"$1"
}

accident libc_empty all 0 '127:file too short' 'libc is empty'
break_libc_empty() { : >"$ROOT/$LIBC"; }

accident libc_short all 0 '127:(file too short|invalid ELF header)' 'libc is a line of text'
break_libc_short() { echo 'not a library' >"$ROOT/$LIBC"; }

accident libc_junk all 0 '127:invalid ELF header' 'libc is random bytes of its own length'
break_libc_junk() { head -c "$(stat -c %s "$ROOT/$LIBC")" /dev/urandom | overwrite "$ROOT/$LIBC"; }

accident libc_header_only all 0 '127:(file too short|cannot read|object file has no)' 'libc is cut after its header'
break_libc_header_only() { truncate -s 64 "$ROOT/$LIBC"; }

accident libc_cut_early all 0 '135|139|127' 'libc is cut after 4096 bytes'
break_libc_cut_early() { truncate -s 4096 "$ROOT/$LIBC"; }

accident libc_cut_half all 0 '135|139' 'libc is cut in the middle'
break_libc_cut_half() { truncate -s "$(($(stat -c %s "$ROOT/$LIBC") / 2))" "$ROOT/$LIBC"; }

# Only the section headers are lost, and no loader reads them.
accident libc_cut_end all 0 0 'libc lacks its last 100 bytes' alive=yes
break_libc_cut_end() { truncate -s -100 "$ROOT/$LIBC"; }

# A crash before the data reached the disk.
accident libc_zero_tail all 0 '135|139|127|132|134' 'the second half of libc is zeros'
break_libc_zero_tail() {
  local size
  size=$(stat -c %s "$ROOT/$LIBC")
  truncate -s "$((size / 2))" "$ROOT/$LIBC"
  truncate -s "$size" "$ROOT/$LIBC"
}

accident libc_bit_flipped all 0 0 'one byte of libc is another' alive=yes
break_libc_bit_flipped() {  # in the string of the version, which nothing runs
  local at
  at=$(grep -abo 'GNU C Library' "$ROOT/$LIBC" | head -n 1 | cut -d: -f1)
  printf 'X' | dd of="$ROOT/$LIBC" bs=1 seek="$at" conv=notrunc status=none
}

accident libc_other_machine all 0 '127:libc\.so\.6: cannot open' 'libc is the one of an aarch64 system'
break_libc_other_machine() { cat "$(other_root bookworm-arm64)/usr/lib/aarch64-linux-gnu/libc.so.6" >"$ROOT/$LIBC"; }

accident libc_other_class all 0 '127:wrong ELF class: ELFCLASS32' 'libc is marked as 32-bit'
break_libc_other_class() { printf '\1' | dd of="$ROOT/$LIBC" bs=1 seek=4 conv=notrunc status=none; }

accident loader_empty all 0 '126:Input/output error' 'the loader is empty'
break_loader_empty() { : >"$ROOT/$LOADER"; }

accident loader_junk all 0 '126|127|139' 'the loader is random bytes'
break_loader_junk() { head -c 200000 /dev/urandom | overwrite "$ROOT/$LOADER"; }

accident loader_other_machine all 0 '126:Accessing a corrupted shared library' 'the loader is the one of an aarch64 system'
break_loader_other_machine() {
  cat "$(other_root bookworm-arm64)/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" >"$ROOT/$LOADER"
}

accident loader_cut all 0 '135|139' 'the loader is cut in the middle'
break_loader_cut() { truncate -s "$(($(stat -c %s "$ROOT/$LOADER") / 2))" "$ROOT/$LOADER"; }

accident libm_corrupt all 0 '127:invalid ELF header' 'libm is junk' probe='/usr/bin/python3 -c 1'
break_libm_corrupt() { head -c 5000 /dev/urandom | overwrite "$(readlink -f "$ROOT/$LIB/libm.so.6")"; }

accident family_empty all 0 '126:Input/output error' 'every file of glibc is empty, as after a full disk'
break_family_empty() {
  local file
  while IFS= read -rd '' file; do
    [[ -L $file ]] || : >"$file"
  done < <(family)
}

accident libcrypt_empty all 0 '127:libcrypt\.so\.1: file too short' 'libcrypt is empty' probe='/usr/bin/perl -e 1'
break_libcrypt_empty() {
  local file
  for file in "$ROOT"/{,usr/}"${LIB#usr/}"/libcrypt.so.1.*; do
    [[ ! -e $file ]] || : >"$file"
  done
}

accident cache_junk all 0 0 '/etc/ld.so.cache is random bytes' alive=yes
break_cache_junk() { head -c 20000 /dev/urandom | overwrite "$ROOT/etc/ld.so.cache"; }

accident cache_cut all 0 0 '/etc/ld.so.cache is cut in the middle' alive=yes
break_cache_cut() { truncate -s 3000 "$ROOT/etc/ld.so.cache"; }

accident cache_empty all 0 0 '/etc/ld.so.cache is empty' alive=yes
break_cache_empty() { : >"$ROOT/etc/ld.so.cache"; }

accident conf_junk all 0 0 '/etc/ld.so.conf is random bytes' alive=yes
break_conf_junk() { head -c 300 /dev/urandom | overwrite "$ROOT/etc/ld.so.conf"; }

# Changes one place in a file, in place; fails where it is not there.
patch_bytes() {  # FILE OLD-HEX NEW-HEX
  python3 -SEc 'import sys
path, old, new = sys.argv[1], *map(bytes.fromhex, sys.argv[2:4])
data = open(path, "rb").read()
if old not in data:
    sys.exit(f"{path}: the bytes to change are not in it")
open(path, "r+b").write(data.replace(old, new, 1))' "$@"
}

# The property note says which level of processor is needed: now one that does not exist yet.
accident libc_isa_too_new B 0 '127:CPU ISA level is lower than required' 'libc is built for a newer processor'
break_libc_isa_too_new() { patch_bytes "$ROOT/$LIBC" 028000c00400000001000000 028000c00400000010000000; }

# Up to 2.35 the loader passes over a library that asks for a newer kernel.
accident libc_kernel_too_new A 0 '127:libc\.so\.6: cannot open' 'libc is built for a newer kernel'
break_libc_kernel_too_new() {
  patch_bytes "$ROOT/$LIBC" 474e550000000000030000000200000000000000 474e550000000000630000000200000000000000
}

# prelink fills in addresses, and says so in the dynamic section: at its end there is room.
accident libm_prelinked all 0 0 'libm was changed by prelink' probe='/usr/bin/python3 -c "import math"' alive=yes
break_libm_prelinked() {
  python3 -SEc 'import struct, sys
path = sys.argv[1]
data = bytearray(open(path, "rb").read())
offset, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
for at in range(offset, offset + 56 * count, 56):
    kind, _, place, _, _, size = struct.unpack_from("<IIQQQQ", data, at)
    if kind == 2:
        tags = [struct.unpack_from("<Q", data, place + i)[0] for i in range(0, size, 16)]
        end = tags.index(0)
        assert end + 1 < len(tags), "there is no room"
        struct.pack_into("<QQ", data, place + end * 16, 0x6ffffdf5, 0x52345678)
open(path, "r+b").write(data)' "$(readlink -f "$ROOT/$LIB/libm.so.6")"
}

accident cache_foreign all 0 0 '/etc/ld.so.cache has the mark of the other byte order' alive=yes
break_cache_foreign() { printf '\003' | dd of="$ROOT/etc/ld.so.cache" bs=1 seek=28 conv=notrunc status=none; }
