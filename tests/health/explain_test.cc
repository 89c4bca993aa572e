#include "lib/health/explain.h"

#include <string_view>

#include <doctest/doctest.h>

namespace rescue { namespace {

struct Row {
  std::string_view text;  // as programs print it
  std::string_view id;
};

// Every message of the symptom table (handbook 1.1), and those that people ask about.
constexpr Row rows[] = {
    {"ls: error while loading shared libraries: libc.so.6: cannot open shared object file: No such file or directory",
     "LIBC_MISSING"},
    {"bash: /bin/ls: cannot execute: required file not found", "LOADER_MISSING"},
    {"-bash: /bin/ls: No such file or directory", "LOADER_MISSING"},
    {"bash: /bin/ls: /lib64/ld-linux-x86-64.so.2: bad ELF interpreter: No such file or directory", "LOADER_MISSING"},
    {"sh: 1: ls: not found", "LOADER_MISSING"},
    {"error while loading shared libraries: /lib64/libc.so.6: file too short", "LIBC_EMPTY"},
    {"error while loading shared libraries: /lib64/libc.so.6: invalid ELF header", "LIBC_NOT_ELF"},
    {"Bus error (core dumped)", "LIBC_TRUNCATED"},
    {"/lib64/libc.so.6: wrong ELF class: ELFCLASS32", "LIBC_WRONG_ARCH"},
    {"-bash: /bin/ls: Input/output error", "LOADER_EMPTY"},
    {"-bash: /bin/ls: Accessing a corrupted shared library", "LOADER_WRONG_ARCH"},
    {"Segmentation fault", "LIBC_DAMAGED"},
    {"libc.so.6: cannot apply additional memory protection after relocation: Operation not permitted", "TRIAL_FAILED"},
    {"clone3: Function not implemented", "TRIAL_FAILED"},
    {"-bash: /bin/ls: Permission denied", "LOADER_NOT_EXECUTABLE"},
    {"libc.so.6: cannot open shared object file: Permission denied", "LIBC_NOT_READABLE"},
    {"symbol lookup error: /lib/libc.so.6: undefined symbol: __tunable_is_initialized, version GLIBC_PRIVATE",
     "LIBC_MIXED"},
    {"/lib64/ld-linux-x86-64.so.2: version `GLIBC_2.35' not found (required by /lib64/libc.so.6)", "LIBC_MIXED"},
    {"relocation error: /lib64/libc.so.6: symbol _dl_starting_up, version GLIBC_PRIVATE not defined in file "
     "ld-linux-x86-64.so.2 with link time reference",
     "LIBC_MIXED"},
    {"*** stack smashing detected ***: terminated", "LIBC_MIXED"},
    {"Inconsistency detected by ld.so: dl-call-libc-early-init.c: 37: sym != NULL", "LIBC_MIXED"},
    {"./a: /lib64/libc.so.6: version `GLIBC_2.34' not found (required by ./a)", "ABI_TOO_OLD"},
    {"/lib64/libc.so.6: version \xe2\x80\x98GLIBC_2.34\xe2\x80\x99 not found", "ABI_TOO_OLD"},
    {"/lib64/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by cmake)", "VERSION_MISSING"},
    {"ERROR: ld.so: object '/opt/x.so' from /etc/ld.so.preload cannot be preloaded (cannot open shared object file): "
     "ignored.",
     "PRELOAD_BROKEN"},
    {"libc.so.6: failed to map segment from shared object", "NOEXEC"},
    {"Fatal glibc error: CPU does not support x86-64-v2", "CPU_TOO_OLD"},
    {"libfoo.so: CPU ISA level is lower than required", "CPU_TOO_OLD"},
    {"FATAL: kernel too old", "KERNEL_TOO_OLD"},
    {"Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00", "LIBC_MISSING"},
    {"Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b", "LIBC_TRUNCATED"},
    {"Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000007", "LIBC_TRUNCATED"},
    {"Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.", "LOADER_MISSING"},
    {"libcrypt.so.1: cannot open shared object file: No such file or directory", "UNRESOLVED"},
    {"libgcc_s.so.1 must be installed for pthread_exit to work", "UNRESOLVED"},
    {"whoami: cannot find name for user ID 0", "LIBRARY_MISSING"},
    {"bash: foo: command not found", "PROGRAMS_MISSING"},
    {"mv: cannot move 'a' to 'b': Operation not permitted", "IMMUTABLE"},
    {"touch: cannot touch 'x': Read-only file system", "READ_ONLY"},
    {"cp: error writing 'x': No space left on device", "DISK_FULL"},
    {"relocation error: /lib64/libc.so.6: symbol _dl_find_dso_for_object, version GLIBC_PRIVATE not defined in file "
     "ld-linux-x86-64.so.2 with link time reference",
     "LIBC_MIXED"},
    {"relocation error: /lib64/libpthread.so.0: symbol __getrlimit, version GLIBC_PRIVATE not defined in file "
     "libc.so.6 "
     "with link time reference",
     "LIBC_MIXED"},
    {"symbol lookup error: /opt/x/lib/libc.so.6: undefined symbol: __nptl_set_robust, version GLIBC_PRIVATE",
     "LIBC_MIXED"},
    {"/bin/ls: error while loading shared libraries: /lib64/libc.so.6: unexpected reloc type 0x25", "LIBC_MIXED"},
    {"/usr/bin/x: /lib64/libc.so.6: version `GLIBC_ABI_DT_RELR' not found (required by /usr/bin/x)", "ABI_TOO_OLD"},
    {"/lib64/libz.so.1: version `ZLIB_1.2.9' not found (required by x)", "VERSION_MISSING"},
    {"error while loading shared libraries: libfoo.so.1: file too short", "LIBRARY_EMPTY"},
    {"error while loading shared libraries: libfoo.so.1: cannot open shared object file: No such file or directory",
     "UNRESOLVED"},
    {"ls: symbol lookup error: ls: undefined symbol: foo", "SYMBOL_MISSING"},
    {"Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100", "LIBC_MIXED"},
    {"run-init: /sbin/init: No such file or directory", "LOADER_MISSING"},
    {"bash: /bin/ls: cannot execute binary file: Exec format error", "PROGRAM_DAMAGED"},
    {"bash: /bin/ls: Too many levels of symbolic links", "ALIAS_LINK_DANGLING"},
    {"bash: warning: setlocale: LC_ALL: cannot change locale; perl: warning: cannot set LC_ALL to default locale",
     "FILE_MISSING"},
    {"exit status 135", "LIBC_TRUNCATED"},
    {"exit status 139", "LIBC_DAMAGED"},
    {"dpkg: error: 2 expected programs not found in PATH or not executable", "PATH_WRONG"},
    {"unable to make backup link of './lib/libc.so.6' before installing new version: Invalid cross-device link",
     "MOUNTED_OVER"},
    {"mv: cannot move 'x' to '/lib64/libc.so.6': Device or resource busy", "MOUNTED_OVER"},
};

TEST_CASE("explain: each message of a broken system leads to its cause") {
  for (const Row& row : rows) {
    INFO(row.text);
    const auto found = explain(row.text);
    REQUIRE(found);
    CHECK(found->id == row.id);
    CHECK(!found->cause.empty());
    CHECK(!found->remedy.empty());
  }
}

TEST_CASE("explain: what is unknown is not guessed at") {
  CHECK(!explain(""));
  CHECK(!explain("hello, world"));
}

}}  // namespace rescue
