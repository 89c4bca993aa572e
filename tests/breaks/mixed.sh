#!/usr/bin/env bash
# Two glibcs in one root: what `make install`, a copied file or a package of
# another release leaves.
# shellcheck disable=SC2153,SC2154  # the facts of the root come from lib/root.sh

other_root() {  # NAME: the path of another cached root
  local path
  path=$("$tests_dir/roots" "$1") || skip "the root $1, whose files this needs, could not be had"
  printf '%s' "$path"
}

# The other release to mix in, and where it keeps its libraries.
newer() { case $NAME in bullseye | unmerged) echo bookworm ;; *) echo trixie ;; esac; }
older() { case $NAME in trixie) echo bookworm ;; *) echo bullseye ;; esac; }
dir_of() { printf '%s/usr/lib/x86_64-linux-gnu' "$(other_root "$1")"; }

accident libc_newer bullseye,unmerged,bookworm,rhel 0 \
  "1|127:(version .GLIBC_2\.35' not found|undefined symbol: __tunable_is_initialized|GLIBC_PRIVATE)" \
  'libc is of a newer release than the loader'
break_libc_newer() { cat "$(dir_of "$(newer)")/libc.so.6" >"$ROOT/$LIBC"; }

accident libc_older bookworm,rhel,trixie 0 \
  '134|127|1:(stack smashing|Inconsistency detected|GLIBC_2\.3[0-9]. not found|GLIBC_PRIVATE)' \
  'libc is of an older release than the loader'
break_libc_older() { cat "$(readlink -f "$(dir_of "$(older)")/libc.so.6")" >"$ROOT/$LIBC"; }

accident loader_newer bullseye,unmerged,bookworm,rhel 0 \
  '134|127|1|139:' 'the loader is of a newer release than libc'
break_loader_newer() { cat "$(dir_of "$(newer)")/ld-linux-x86-64.so.2" >"$ROOT/$LOADER"; }

# Layout A: a newer libc put beside, and the link turned to it. The stranger
# may stay: no glibc package of this system ever held it.
accident libc_link_to_newer A 0 "1|127:(GLIBC_2\.35' not found|GLIBC_PRIVATE)" \
  'libc.so.6 points to the libc of a newer release put beside it' left='*/libc-2.36.so'
break_libc_link_to_newer() {
  cp "$(dir_of bookworm)/libc.so.6" "$ROOT/$LIB/libc-2.36.so"
  ln -sfn libc-2.36.so "$ROOT/$LIB/libc.so.6"
}

# A name that sorts above the true one: the next ldconfig turns the link to it.
accident stray_libc_steals all 0 '1|127|134:' 'a stray libc-9.99.so has taken the link libc.so.6' left='*/libc-9.99.so'
break_stray_libc_steals() {
  local from
  case $NAME in trixie) from=$(older) ;; *) from=$(newer) ;; esac
  cp "$(dir_of "$from")/libc.so.6" "$ROOT/$LIB/libc-9.99.so"
  ln -sfn libc-9.99.so "$ROOT/$LIB/libc.so.6"
}

family_links() { find "$ROOT/$LIB" -maxdepth 1 -type l -lname "*-$GLIBC.so" -print0; }

accident family_links_wrong A 0 '127|1:' 'every link of the family points to a release that is not there'
break_family_links_wrong() {
  local link
  while IFS= read -rd '' link; do
    ln -sfn "$(readlink "$link" | sed "s/-$GLIBC/-2.28/")" "$link"
  done < <(family_links)
}

# libc.so.6 -> libm-2.31.so, and so round.
accident family_links_crossed A 0 '127|1:' 'the links of the family point to each other'\''s files'
break_family_links_crossed() {
  ln -sfn "libm-$GLIBC.so" "$ROOT/$LIB/libc.so.6"
  ln -sfn "libc-$GLIBC.so" "$ROOT/$LIB/libm.so.6"
}

# `make install` of a whole newer glibc: consistent in itself, so all runs; but
# it is not what the packages had, and the bundle's owner wants that back.
accident make_install_newer bullseye,unmerged,bookworm,rhel 0 0 'the whole family is of a newer release' \
  alive=yes left='*/libc_malloc_debug.so.0'
break_make_install_newer() { install_family "$(newer)"; }

accident make_install_older trixie 0 '1|127:' 'the whole family is of an older release: nothing runs'
break_make_install_older() { install_family bookworm; }

# In layout A the new files take the sonames, where the links were, and the
# old versioned files stay beside them.
install_family() {  # NAME of the root to take it from
  local file
  for file in "$(dir_of "$1")"/{ld-linux*,lib{c,m,mvec,pthread,dl,rt,util,anl,resolv,thread_db}.so*,libnss_[fdc]*}; do
    rm -f "$ROOT/$LIB/${file##*/}"
    cp "$file" "$ROOT/$LIB/"
  done
  [[ $LAYOUT == B ]] || ln -sfn "/$LIB/ld-linux-x86-64.so.2" "$ROOT/$INTERP"
}

accident libpthread_older_than_libc A 0 '127|134|139|1:' 'libpthread is of another release than libc' probe='/usr/bin/python3 -c 1'
break_libpthread_older_than_libc() { cat "$(dir_of bookworm)/libpthread.so.0" >"$ROOT/$LIB/libpthread-2.31.so"; }

# No bundle of this system's own glibc can help: the programs are too new. It is
# refused, with the name that is missing; where the package database says that
# the bundle's very version is installed, it is restored and said not to do.
accident programs_newer bullseye,unmerged,bookworm,rhel 5 "1:version .GLIBC_2\.3[0-9]' not found" \
  'the programs are of a newer release than glibc' expect_rhel=3 say='GLIBC_2\.3[0-9]' health=none \
  left='bin/* usr/bin/bash usr/bin/ls usr/bin/cat'
break_programs_newer() {
  local name from
  from=$(other_root "$(newer)")
  for name in bash ls cat; do
    cat "$from/bin/$name" >"$ROOT/bin/$name"
  done
  # Something to restore: with nothing to do there is nothing to refuse.
  : >"$ROOT/$LIB/libanl.so.1"
}

# Another libc where the loader looks first, once the cache knows of it or is
# gone. It is none of the bundle's files, so a restore alone cannot end it, and must say so.
accident hwcaps_poison bookworm,rhel 5 '1|127|134:' 'another libc lies in glibc-hwcaps' \
  say='glibc-hwcaps' left='*/glibc-hwcaps etc/ld.so.cache var/cache/ldconfig' health=none
break_hwcaps_poison() {
  mkdir -p "$ROOT/$LIB/glibc-hwcaps/x86-64-v2"
  cp "$(dir_of trixie)/libc.so.6" "$ROOT/$LIB/glibc-hwcaps/x86-64-v2/"
  chroot "$ROOT" /sbin/ldconfig
}

# As some databases and compilers do it when they are installed.
accident conf_poison bullseye,unmerged,bookworm,rhel 5 '1|127|134:' 'ld.so.conf.d names a directory with a libc of its own' \
  say='opt/vendor' left='etc/ld.so.conf.d/vendor.conf opt/vendor etc/ld.so.cache var/cache/ldconfig' health=none
break_conf_poison() {
  mkdir -p "$ROOT/opt/vendor/lib"
  cp "$(dir_of "$(newer)")/libc.so.6" "$ROOT/opt/vendor/lib/"
  echo /opt/vendor/lib >"$ROOT/etc/ld.so.conf.d/vendor.conf"
  chroot "$ROOT" /sbin/ldconfig
}

accident dpkg_leftovers bookworm,trixie 0 '127:libc\.so\.6: cannot open' 'dpkg was killed between unpacking and renaming' \
  left='*.dpkg-new *.dpkg-tmp'
break_dpkg_leftovers() {
  mv "$ROOT/$LIBC" "$ROOT/$LIBC.dpkg-new"
  cp -a "$ROOT/$LIB/libm.so.6" "$ROOT/$LIB/libm.so.6.dpkg-tmp"
}

# `tar -xf rootfs.tar -C /` of another release: it fits together, so that going back to the old glibc alone would break it.
accident foreign_tarball bullseye,unmerged,bookworm,rhel 5 0 'a newer release was unpacked over the root' alive=yes \
  expect_rhel=3 say='GLIBC_2\.3[0-9]' health=none left='* .'
break_foreign_tarball() {
  local name from
  from=$(other_root "$(newer)")
  install_family "$(newer)"
  for name in bash ls cat; do
    cat "$from/bin/$name" >"$ROOT/bin/$name"
  done
  cp "$from/usr/lib/x86_64-linux-gnu"/lib{selinux,pcre2-8,tinfo}.so.* "$ROOT/usr/${LIB#usr/}/"
  chown 1000:1000 "$ROOT"
}
