#!/usr/bin/env bash
# Something is gone.
# shellcheck disable=SC2154  # the facts of the root come from lib/root.sh
readonly libc_absent='libc\.so\.6: cannot open shared object file: No such file or directory'
readonly no_loader='No such file or directory'

accident libc_gone all 0 "127:$libc_absent" 'libc is deleted, link and file'
break_libc_gone() { rm -f "$ROOT/$LIBC" "$ROOT/$LIB/libc.so.6"; }

accident libc_link_gone A 0 "127:$libc_absent" 'the link libc.so.6 is deleted, the file is there'
break_libc_link_gone() { rm "$ROOT/$LIB/libc.so.6"; }

accident libc_file_gone A 0 "127:$libc_absent" 'the link libc.so.6 points to nothing'
break_libc_file_gone() { rm "$ROOT/$LIBC"; }

accident loader_gone all 0 "127:$no_loader" 'the loader is deleted'
break_loader_gone() { rm "$ROOT/$LOADER"; }

accident loader_link_gone all,-rhel 0 "127:$no_loader" 'the link that programs name as their loader is deleted'
break_loader_link_gone() { rm "$ROOT/$INTERP"; }

accident loader_and_libc_gone all 0 "127:$no_loader" 'both are deleted'
break_loader_and_libc_gone() { rm -f "$ROOT/$LOADER" "$ROOT/$LIBC" "$ROOT/$LIB/libc.so.6"; }

accident libm_gone all 0 '127:libm\.so\.6: cannot open' 'libm is deleted' probe='/usr/bin/python3 -c 1'
break_libm_gone() { rm -f "$ROOT/$LIB"/libm.so.6 "$ROOT/$LIB"/libm-*; }

accident libpthread_gone A 0 '127:libpthread\.so\.0: cannot open' 'libpthread is deleted (needed before 2.34)' \
  probe='/usr/bin/python3 -c 1'
break_libpthread_gone() { rm "$ROOT/$LIB"/libpthread*; }

accident stubs_gone B 0 0 'libpthread, libdl, librt, libutil, libanl are deleted (empty since 2.34)' alive=yes
break_stubs_gone() { rm "$ROOT/$LIB"/lib{pthread,dl,rt,util,anl}.so.*; }

# Names and links of glibc in $LIB: the loader, its libraries, the NSS modules.
family() {
  find "$ROOT/$LIB" -maxdepth 1 \( -name 'ld-*' -o -name 'libc.so.6' -o -name 'libc-2*' -o -name 'libm.so*' \
    -o -name 'libm-*' -o -name 'libmvec*' -o -name 'libpthread*' -o -name 'libdl[.-]*' -o -name 'librt[.-]*' \
    -o -name 'libutil[.-]*' -o -name 'libanl*' -o -name 'libresolv*' -o -name 'libnss_[fdch]*' -o -name 'libnsl.so.1' -o -name 'libnsl-*' \
    -o -name 'libthread_db*' -o -name 'libBrokenLocale*' -o -name 'libSegFault*' -o -name 'libc_malloc*' \
    -o -name 'libmemusage*' -o -name 'libpcprofile*' \) -print0
}

accident family_gone all 0 "127:$no_loader" 'every library of glibc is deleted, with the loader'
break_family_gone() { family | xargs -0 rm; }

accident gconv_gone all 0 '1:(not supported|failed to start)' 'the character set modules are deleted' \
  probe='/usr/bin/iconv -f UTF-16 -t ISO-8859-2 /dev/null' alive=yes
break_gconv_gone() { rm -r "${ROOT:?}/$LIB/gconv" "$ROOT/usr/${LIB#usr/}/gconv" 2>/dev/null || true; }

accident libcrypt_gone all 0 '127:libcrypt\.so\.1: cannot open' 'libcrypt is deleted: no login, no perl' \
  probe='/usr/bin/perl -e 1'
break_libcrypt_gone() { rm "$ROOT"/{,usr/}"${LIB#usr/}"/libcrypt.so.1* 2>/dev/null || true; }

accident libgcc_gone all 0 '1:libgcc_s\.so\.1: cannot open' 'libgcc_s is deleted' \
  probe="/usr/bin/python3 -c 'import ctypes; ctypes.CDLL(\"libgcc_s.so.1\")'" alive=yes
break_libgcc_gone() { rm "$ROOT"/{,usr/}"${LIB#usr/}"/libgcc_s.so.1 2>/dev/null || true; }

accident nss_gone A 0 2 'the name service modules are deleted' probe='/usr/bin/getent passwd root' alive=yes
break_nss_gone() { rm "$ROOT/$LIB"/libnss_{files,dns,compat}*; }

accident nss_stubs_gone B 0 0 'the name service modules are deleted (files and dns are in libc since 2.34)' alive=yes
break_nss_stubs_gone() { rm "$ROOT/$LIB"/libnss_{files,dns,compat,hesiod}*; }

accident conf_gone all 0 0 '/etc/ld.so.conf and what it includes are deleted' alive=yes
break_conf_gone() { rm -r "$ROOT"/etc/ld.so.conf "$ROOT"/etc/ld.so.conf.d; }

# Where every library lies in a directory that the loader knows by itself, the
# cache is worth nothing but speed, and a restore that has nothing else to do
# leaves it at that.
accident cache_gone all 0 0 '/etc/ld.so.cache is deleted' alive=yes left=etc/ld.so.cache
break_cache_gone() { rm "$ROOT/etc/ld.so.cache"; }

accident cache_gone_and_needed all 0 '1:libven\.so: cannot open' '/etc/ld.so.cache is deleted, and a library is found by it alone' \
  probe="/usr/bin/python3 -c 'import ctypes; ctypes.CDLL(\"libven.so\")'" alive=yes \
  left='etc/ld.so.conf.d/vendor.conf opt/vendor etc/ld.so.cache var/cache/ldconfig'
break_cache_gone_and_needed() {
  mkdir -p "$ROOT/opt/vendor/lib"
  # A soname of the same length: a library of its own, as far as ldconfig knows.
  cp "$(readlink -f "$ROOT/$LIB/libm.so.6")" "$ROOT/opt/vendor/lib/libven.so"
  sed -i 's/libm\.so\.6/libven.so/g' "$ROOT/opt/vendor/lib/libven.so"
  echo /opt/vendor/lib >"$ROOT/etc/ld.so.conf.d/vendor.conf"
  chroot "$ROOT" /sbin/ldconfig
  mv "$ROOT/etc/ld.so.cache" "$case_dir/cache"
}
after_cache_gone_and_needed() { cmp "$case_dir/cache" "$ROOT/etc/ld.so.cache" || fail "the cache is not what ldconfig made"; }

accident cache_and_libc_gone all 0 "127:$libc_absent" 'libc and the cache are deleted'
break_cache_and_libc_gone() { break_cache_gone; break_libc_gone; }

accident locale_gone all 0 "127:$libc_absent" 'libc and /usr/lib/locale are deleted'
break_locale_gone() { rm -r "$ROOT/usr/lib/locale"; break_libc_gone; }

# All of /etc is more than a glibc bundle holds.
accident etc_gone all 0 "127:$libc_absent" 'libc and all of /etc are deleted' scope=bundle health=run
break_etc_gone() { rm -r "${ROOT:?}/etc"; break_libc_gone; }

accident var_gone all 0 "127:$libc_absent" 'libc and all of /var are deleted' left=var
break_var_gone() { rm -r "${ROOT:?}/var"; break_libc_gone; }

# A glibc bundle brings back glibc; libtinfo and libselinux, which bash and ls
# need, are in none. It must say so.
accident lib_dir_gone all 5 "127:$no_loader" 'the whole library directory is deleted' \
  say='libtinfo|libselinux' scope=bundle health=none base=yes
break_lib_dir_gone() { rm -rf "${ROOT:?}/$LIB" "${ROOT:?}/usr/${LIB#usr/}"; }

accident lib_dir_moved all 5 "127:$no_loader" 'the library directory is renamed' \
  say='libtinfo|libselinux' scope=bundle health=none
break_lib_dir_moved() { mv "$ROOT/$LIB" "$ROOT/$LIB.bk"; }

accident lib_dir_moved_away all 5 "127:$no_loader" 'the library directory is moved into another' \
  say='libtinfo|libselinux' scope=bundle health=none
break_lib_dir_moved_away() { mv "$ROOT/$LIB" "$ROOT/root/"; }

# As `rm -rf /lib*` does where /lib is a link: rm does not follow it.
accident top_links_gone merged 0 "127:$no_loader" '/lib and /lib64 are deleted, which were links'
break_top_links_gone() { rm "$ROOT/lib" "$ROOT/lib64"; }

accident bin_links_gone merged 0 "127:$no_loader" '/bin and /sbin are deleted, which were links'
break_bin_links_gone() { rm "$ROOT/bin" "$ROOT/sbin"; }

# What dpkg leaves of a package in its database when it was removed by force, or unpacked by half.
set_dpkg_state() {  # STATE
  sed -i "/^Package: libc6\$/,/^\$/s/^Status: .*/Status: $1/" "$ROOT/var/lib/dpkg/status"
}

accident package_removed all,-rhel 0 "127:$no_loader" 'the package libc6 was removed by force' left='var/lib/dpkg'
break_package_removed() {
  break_family_gone
  rm -f "$ROOT"/var/lib/dpkg/info/libc6:amd64.*
  set_dpkg_state 'deinstall ok config-files'
}

accident package_half_way all,-rhel 0 0 'the package libc6 is unpacked and not configured; its files are all there' alive=yes \
  left='var/lib/dpkg'
break_package_half_way() { set_dpkg_state 'install ok half-configured'; }
