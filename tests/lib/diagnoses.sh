#!/usr/bin/env bash
# diagnoses: what rescue-doctor must make of each accident of tests/breaks.
# Source it after accidents.sh.
#
#   diagnosis NAME FINDING ALONE [KEY=VALUE]...
#
# FINDING  a regex for the identifier of one finding, of the whole word; - where
#          there is nothing to find
# ALONE    what --fix must come to with nothing but the broken root itself:
#          mended  exit 0, and the root is the pristine one (but for left=)
#          same    the content is lost: exit 5, and nothing has changed
#          partly  exit 5, and what could be mended is
# Keys:
#   bundle=FINDING  where the bundle shows more
#   with=STATUS   of --fix with the root's own bundle (0)
#   finding_ROOT, alone_ROOT, bundle_ROOT...: on one root; _A, _B: in a layout
#   left=GLOB...  may differ from the pristine root (instead of the accident's)
# shellcheck disable=SC2034,SC2154  # set here for the tests, or by others

declare -gA told
diagnosed=()

diagnosis() {  # NAME FINDING ALONE [KEY=VALUE]...
  local name=$1 pair
  diagnosed+=("$name")
  told[$name.finding]=$2 told[$name.alone]=$3
  shift 3
  for pair in "$@"; do
    told[$name.${pair%%=*}]=${pair#*=}
  done
}

# The value for this root, or its layout, or the general one.
told_of() {  # NAME KEY [DEFAULT]
  local name=$1.$2
  printf '%s' "${told[${name}_$NAME]-${told[${name}_$LAYOUT]-${told[$name]-${3-}}}}"
}

# Modes and owners. Those of other files than libraries are in no database of
# dpkg's, nor is the x of Debian's libc, which does without.
diagnosis libc_mode_000 LIBC_NOT_READABLE mended
diagnosis loader_not_executable LOADER_NOT_EXECUTABLE mended
diagnosis family_mode_000 LOADER_NOT_EXECUTABLE mended
diagnosis libc_owner LIBC_WRONG_OWNER mended
diagnosis family_owner_and_mode LIBC_WRONG_OWNER mended
diagnosis libc_setuid LIBC_WRONG_MODE mended
diagnosis lib_dir_mode_000 DIRECTORY_NOT_READABLE mended
diagnosis lib_dir_owner DIRECTORY_WRONG_OWNER mended
diagnosis lib_chmod_0644 LOADER_NOT_EXECUTABLE mended left='*'
diagnosis lib_chmod_000 LOADER_NOT_EXECUTABLE mended left='*'
diagnosis lib_chown LIBC_WRONG_OWNER mended left='*'
diagnosis libc_immutable LIBC_EMPTY same
diagnosis libc_append_only LIBC_NOT_ELF same
diagnosis dir_immutable LIBC_MISSING same alone_A=partly
diagnosis all_immutable LIBC_MISSING same alone_A=partly
diagnosis hard_linked LIBC_NOT_READABLE mended

# Content.
diagnosis libc_empty LIBC_EMPTY same
diagnosis libc_short LIBC_NOT_ELF same
diagnosis libc_junk LIBC_NOT_ELF same
diagnosis libc_header_only 'LIBC_(DAMAGED|TRUNCATED)' same
diagnosis libc_cut_early LIBC_TRUNCATED same
diagnosis libc_cut_half LIBC_TRUNCATED same
diagnosis libc_cut_end LIBC_TRUNCATED same
diagnosis libc_zero_tail 'LIBC_DIFFERS' same finding_rhel='SYMBOL_MISSING|TRIAL_FAILED'
# Where nothing says what libc should be, a letter in its text cannot be seen to be wrong.
diagnosis libc_bit_flipped LIBC_DIFFERS same alone_rhel=mended finding_rhel=- left_rhel=usr/lib64/libc.so.6
diagnosis libc_other_machine LIBC_WRONG_ARCH same
diagnosis libc_other_class LIBC_WRONG_ARCH same
diagnosis loader_empty LOADER_EMPTY same
diagnosis loader_junk LOADER_NOT_ELF same
diagnosis loader_other_machine LOADER_WRONG_ARCH same
diagnosis loader_cut LOADER_TRUNCATED same
diagnosis libc_isa_too_new CPU_TOO_OLD same
diagnosis libc_kernel_too_new KERNEL_TOO_OLD same
diagnosis libm_prelinked note:LIBRARY_PRELINKED mended finding_rhel=- left='*/libm.so.6 */libm-*'
diagnosis libm_corrupt LIBRARY_NOT_ELF same
diagnosis family_empty LOADER_EMPTY same
diagnosis libcrypt_empty 'LIBRARY_(DAMAGED|EMPTY)' same
diagnosis cache_junk CACHE_CORRUPT mended
diagnosis cache_cut CACHE_CORRUPT mended
diagnosis cache_foreign CACHE_CORRUPT mended
diagnosis cache_empty CACHE_CORRUPT mended
# Configuration is the administrator's; a bundle has what it was.
diagnosis conf_junk 'CONFIG_[A-Z]+' mended alone_rhel=same

# Directories and links.
diagnosis lib64_gone ALIAS_MISSING mended finding_unmerged=LOADER_MISSING bundle_unmerged=LOADER_LINK_MISSING
diagnosis lib64_dangling ALIAS_LINK_DANGLING mended finding_unmerged=LOADER_MISSING bundle_unmerged=LOADER_LINK_MISSING
diagnosis lib64_loop ALIAS_LINK_DANGLING mended finding_unmerged=LOADER_MISSING bundle_unmerged=LOADER_LINK_MISSING
diagnosis lib64_file ALIAS_REPLACED mended finding_unmerged=LOADER_MISSING bundle_unmerged=LOADER_LINK_MISSING
diagnosis lib64_fifo ALIAS_REPLACED mended finding_unmerged=LOADER_MISSING bundle_unmerged=LOADER_LINK_MISSING
diagnosis lib64_empty_dir ALIAS_REPLACED mended
diagnosis lib64_full_dir ALIAS_REPLACED mended
diagnosis lib64_closed_dir ALIAS_REPLACED mended
diagnosis lib64_absolute - mended
diagnosis lib64_outside ALIAS_LINK_DANGLING mended finding_unmerged=LOADER_MISSING bundle_unmerged=LOADER_LINK_MISSING
diagnosis lib_link_gone ALIAS_MISSING mended
diagnosis lib_is_dir ALIAS_REPLACED mended
diagnosis lib_and_lib64_are_dirs ALIAS_REPLACED mended
diagnosis usr_lib64_moved DIRECTORY_MOVED mended left=
diagnosis usr_lib64_gone LOADER_MISSING mended
diagnosis lib_dir_is_link LIBC_MISSING same alone_A=partly
diagnosis loader_link_dangling LOADER_LINK_DANGLING mended
diagnosis libc_link_loop LIBC_LINK_DANGLING mended
diagnosis libc_link_outside LIBC_LINK_DANGLING same alone_A=mended
diagnosis libc_and_tmp_gone LIBC_MISSING same alone_A=partly

# Gone.
diagnosis libc_gone LIBC_MISSING same alone_A=partly
diagnosis libc_link_gone LIBC_LINK_MISSING mended
diagnosis libc_file_gone LIBC_MISSING same
diagnosis loader_gone LOADER_MISSING same
diagnosis loader_link_gone LOADER_LINK_MISSING mended
diagnosis loader_and_libc_gone LIBC_MISSING same alone_A=partly
diagnosis libm_gone 'LIBRARY_(LINK_)?MISSING' same alone_A=partly
diagnosis libpthread_gone 'LIBRARY_(LINK_)?MISSING' same alone_A=partly
diagnosis stubs_gone LIBRARY_MISSING same
diagnosis family_gone LOADER_MISSING same alone_A=partly
diagnosis gconv_gone 'FILE_MISSING|FILE_REPLACED|DIRECTORY_MISSING' same alone_rhel=mended finding_rhel=- left_rhel=usr/lib64/gconv
diagnosis libcrypt_gone UNRESOLVED same bundle='LIBRARY_(LINK_)?MISSING'
diagnosis libgcc_gone 'UNRESOLVED|LIBRARY_MISSING' same bundle='LIBRARY_(LINK_)?MISSING'
diagnosis nss_gone 'LIBRARY_(LINK_)?MISSING' same alone_A=partly
diagnosis nss_stubs_gone LIBRARY_MISSING same
diagnosis conf_gone - mended left='etc/ld.so.conf etc/ld.so.conf.d' bundle='(CONFIG|DIRECTORY)_MISSING'
diagnosis cache_gone CACHE_MISSING mended left=
diagnosis cache_gone_and_needed CACHE_MISSING mended
diagnosis cache_and_libc_gone LIBC_MISSING partly
diagnosis locale_gone LIBC_MISSING same alone_A=partly
diagnosis etc_gone LIBC_MISSING partly
diagnosis var_gone LIBC_MISSING same alone_A=partly
diagnosis lib_dir_gone LOADER_MISSING same alone_A=partly with=5
diagnosis lib_dir_moved DIRECTORY_MOVED mended left=
diagnosis lib_dir_moved_away DIRECTORY_MOVED mended left=
diagnosis top_links_gone ALIAS_MISSING mended
diagnosis bin_links_gone ALIAS_MISSING mended
diagnosis package_removed LOADER_MISSING same alone_A=partly
diagnosis package_half_way - mended

# Two glibcs. Layout A keeps the old files beside the new ones.
diagnosis libc_newer LIBC_MIXED same
diagnosis libc_older LIBC_MIXED same
diagnosis loader_newer LIBC_MIXED same
diagnosis libc_link_to_newer 'LIBC_LINK_WRONG|LIBC_MIXED' mended left=
diagnosis stray_libc_steals 'LIBRARY_STRAY' partly finding_rhel='LIBRARY_STRAY|LIBC_MIXED' alone_A=mended left=
diagnosis family_links_wrong LIBC_LINK_DANGLING mended
diagnosis family_links_crossed LIBC_LINK_WRONG mended
# The loader's link leads to the right file again, by another name.
diagnosis make_install_newer 'LIBC_MIXED|LIBC_REPLACED|LIBC_LINK_[A-Z]+' same alone_A=mended left='usr/lib64/ld-linux-x86-64.so.2 lib64/ld-linux-x86-64.so.2 */libc_malloc_debug.so.0'
diagnosis make_install_older LIBC_MIXED same
diagnosis libpthread_older_than_libc 'LIBRARY_DIFFERS' same
diagnosis foreign_tarball 'LIBC_(MIXED|LINK_REPLACED)|LOADER_(MIXED|LINK_REPLACED)' same with=5
diagnosis programs_newer ABI_TOO_OLD same with=5
diagnosis hwcaps_poison LIBRARY_SHADOWED mended left='*/glibc-hwcaps var/cache/ldconfig etc/ld.so.cache'
diagnosis conf_poison LIBRARY_SHADOWED mended
diagnosis dpkg_leftovers LIBC_MISSING mended

# Surroundings.
diagnosis preload_missing PRELOAD_BROKEN mended left=
diagnosis preload_is_fifo PRELOAD_UNREADABLE mended left=
diagnosis preload_crash PRELOAD_BROKEN mended left=opt/libcrash.so
diagnosis libc_bind_mounted MOUNTED_OVER same with=5
diagnosis read_only READ_ONLY same alone_A=partly with=3
diagnosis noexec NOEXEC same alone_A=partly with=5
diagnosis lib_noexec NOEXEC same with=5
diagnosis libc_noexec NOEXEC same with=5
diagnosis environment_poison ENVIRONMENT same with=5
diagnosis path_wrong PATH_WRONG same with=5
diagnosis var_other_disk LIBC_MISSING same alone_A=partly
diagnosis var_full DISK_FULL same alone_A=partly with=3
diagnosis var_lib_dangling LIBC_MISSING same alone_A=partly
diagnosis lib_other_disk LIBC_MISSING same alone_A=partly
diagnosis lib_other_disk_junk LIBC_NOT_ELF same
diagnosis nothing_wrong - mended

# Other kinds.
diagnosis libc_is_dir LIBC_REPLACED same
diagnosis libc_link_is_dir LIBC_LINK_REPLACED mended
diagnosis libc_is_fifo LIBC_REPLACED same
diagnosis libc_is_socket LIBC_REPLACED same
diagnosis libc_is_device LIBC_REPLACED same
diagnosis libc_is_link LIBC_LINK_DANGLING same
diagnosis loader_is_dir LOADER_REPLACED same
diagnosis gconv_is_file 'FILE_MISSING|DIRECTORY_REPLACED' same alone_rhel=mended finding_rhel=- left_rhel=usr/lib64/gconv
diagnosis conf_d_is_file - mended left='etc/ld.so.conf.d' bundle='(CONFIG|DIRECTORY)_REPLACED'
diagnosis cache_is_dir CACHE_CORRUPT mended
diagnosis lib_dir_is_file 'LOADER_MISSING' same alone_A=partly with=5
