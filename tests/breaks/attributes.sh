#!/usr/bin/env bash
# The bytes are right; mode, owner, flags or links are not.
# shellcheck disable=SC2154  # the facts of the root come from lib/root.sh

accident libc_mode_000 all 0 0 'libc may be read by nobody (root reads it all the same)' alive=yes
break_libc_mode_000() { chmod 000 "$ROOT/$LIBC"; }

accident loader_not_executable all 0 '126:Permission denied' 'the loader lost its x'
break_loader_not_executable() { chmod 0644 "$ROOT/$LOADER"; }

accident family_mode_000 all 0 '126:Permission denied' 'every file of glibc has mode 000'
break_family_mode_000() { family | xargs -0 chmod 000; }

accident libc_owner all 0 0 'libc belongs to a user' alive=yes
break_libc_owner() { chown 1000:1000 "$ROOT/$LIBC"; }

accident family_owner_and_mode all 0 0 'every file of glibc belongs to a user and may be written by all' alive=yes
break_family_owner_and_mode() { family | xargs -0 chown -h 1000:1000; family | xargs -0 chmod 0777; }

accident libc_setuid all 0 0 'libc is setuid' alive=yes
break_libc_setuid() { chmod 4755 "$ROOT/$LIBC"; }

accident lib_dir_mode_000 all 0 0 'the library directory has mode 000 (root enters all the same)' alive=yes
break_lib_dir_mode_000() { chmod 000 "$ROOT/$LIB"; }

accident lib_dir_owner all 0 0 'the library directory belongs to a user' alive=yes
break_lib_dir_owner() { chown 1000:1000 "$ROOT/$LIB"; chmod 0777 "$ROOT/$LIB"; }

# The other libraries stay at 0644: they are in no glibc bundle, and run so.
accident lib_chmod_0644 all 0 '126:Permission denied' 'chmod -R 0644 of the library directory' scope=bundle
break_lib_chmod_0644() { chmod -R 0644 "$ROOT/$LIB"; }

accident lib_chmod_000 all 0 '126:Permission denied' 'chmod -R 000 of the library directory' scope=bundle
break_lib_chmod_000() { chmod -R 000 "$ROOT/$LIB"; }

accident lib_chown all 0 0 'chown -R of the library directory' scope=bundle alive=yes
break_lib_chown() { chown -hR 1000:1000 "$ROOT/$LIB"; }

# An overlay hands the flags of the lower file to the upper file system, which
# may not know them all: so the file goes up first.
make_immutable() {  # PATH
  touch -cr "$1" "$1"
  chattr +i "$1" || skip 'this file system has no immutable files'
}

flags_of() { lsattr -d "$1" 2>/dev/null | cut -d' ' -f1; }

accident libc_immutable all 0 '127:file too short' 'libc is empty and immutable'
break_libc_immutable() {
  : >"$ROOT/$LIBC"
  make_immutable "$ROOT/$LIBC"
}

accident libc_append_only all 0 '127:invalid ELF header' 'libc is junk and append-only'
break_libc_append_only() {
  head -c 9000 /dev/urandom | overwrite "$ROOT/$LIBC"
  chattr +a "$ROOT/$LIBC" || skip 'this file system has no append-only files'
}

accident dir_immutable all 0 '127:libc\.so\.6: cannot open' 'libc is gone from an immutable directory'
break_dir_immutable() {
  rm -f "$ROOT/$LIBC" "$ROOT/$LIB/libc.so.6"
  make_immutable "$ROOT/$LIB"
}
after_dir_immutable() {
  [[ $(flags_of "$ROOT/$LIB") == *i* ]] || fail "the immutable flag of the directory was not put back"
}

accident all_immutable all 0 '127:libc\.so\.6: cannot open' 'libc is gone, and all of glibc is immutable'
break_all_immutable() {
  rm -f "$ROOT/$LIBC" "$ROOT/$LIB/libc.so.6"
  family | while IFS= read -rd '' file; do [[ -L $file ]] || make_immutable "$file"; done
  make_immutable "$ROOT/$LIB"
}

# A backup made with `cp -al` shares the inodes: a repair in place would change
# the backup as well.
accident hard_linked all 0 0 'a backup shares its inodes, and libc has a wrong mode' alive=yes left=root/backup
break_hard_linked() {
  mkdir -p "$ROOT/root/backup"
  touch -cr "$ROOT/$LIBC" "$ROOT/$LIBC"  # in an overlay: up to where a link stays one
  ln "$ROOT/$LIBC" "$ROOT/root/backup/libc"
  chmod 0600 "$ROOT/$LIBC"
  stat -c '%a %u %s %Y' "$ROOT/root/backup/libc" >"$case_dir/backup"
}
after_hard_linked() {
  [[ $(stat -c '%a %u %s %Y' "$ROOT/root/backup/libc") == "$(cat "$case_dir/backup")" ]] ||
    fail "the backup that shared the inode was changed"
  [[ $(stat -c %h "$ROOT/$LIBC") == 1 ]] || fail "libc is still one inode with the backup"
}
