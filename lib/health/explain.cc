#include "lib/health/explain.h"

#include <string>

namespace rescue {

namespace {

// In order: what is special comes before what it is a case of.
constexpr Explanation rows[] = {
    {"kernel panic*exitcode=0x00007f00", "LIBC_MISSING",
     "the first process ended with 127: its loader ran, and found no usable libc.so.6 or another library of init",
     "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix"},
    {"kernel panic*exitcode=0x0000000b", "LIBC_TRUNCATED",
     "the first process crashed (SIGSEGV): the loader or libc is damaged, or a preloaded library crashes",
     "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix"},
    {"kernel panic*exitcode=0x00000007", "LIBC_TRUNCATED",
     "the first process got SIGBUS: the loader, libc or init itself is cut short",
     "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix"},
    {"attempted to kill init", "LIBC_MIXED",
     "the first process ended: most often because loader and libc do not belong together",
     "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix"},
    {"no working init found", "LOADER_MISSING",
     "init is there, and the loader that it names is not; or /usr, where both lie, is not mounted",
     "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix"},
    {"run-init*no such file or directory", "LOADER_MISSING",
     "the initramfs cannot start init: the loader that it names is missing, or a link on the way (/sbin, /lib64)",
     "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix"},
    {"cannot be preloaded", "PRELOAD_BROKEN",
     "/etc/ld.so.preload or LD_PRELOAD names a library that cannot be loaded; programs work all the same",
     "rescue-doctor --fix takes it out of /etc/ld.so.preload; unset LD_PRELOAD if it is set"},
    {"undefined symbol*glibc_private", "LIBC_MIXED",
     "libc, the loader and their companions are of different builds; or LD_LIBRARY_PATH leads to another glibc",
     "unset LD_LIBRARY_PATH; then rescue-doctor --fix"},
    {"relocation error*glibc_private", "LIBC_MIXED",
     "libc, the loader and their companions are of different builds; or LD_LIBRARY_PATH leads to another glibc",
     "unset LD_LIBRARY_PATH; then rescue-doctor --fix"},
    {"unexpected reloc type", "LIBC_MIXED", "a newer libc under an older loader", "rescue-doctor --fix"},
    {"inconsistency detected by ld.so", "LIBC_MIXED", "an older libc under a newer loader", "rescue-doctor --fix"},
    {"stack smashing detected", "LIBC_MIXED",
     "if every program says so: an older libc under a newer loader. If only one does: a fault of that program",
     "rescue-doctor tells which; --fix mends the first"},
    {"ld-*version 'glibc_*not found*required by*libc.so", "LIBC_MIXED",
     "libc is of a newer glibc than the loader: half of an upgrade or of a `make install`", "rescue-doctor --fix"},
    {"version 'glibc_*not found", "ABI_TOO_OLD",
     "the program was made for a newer glibc than this system has. If it is the system's own: an upgrade is half done, "
     "or libc was replaced by an older one",
     "if it is a program from elsewhere, run it with a newer glibc of its own (rescue-run), and leave the system's as "
     "it is; else rescue-doctor --fix"},
    {"version 'glibcxx_*not found", "VERSION_MISSING",
     "the program needs a newer libstdc++.so.6 than the one that is found first",
     "look for a second libstdc++.so.6 (LD_LIBRARY_PATH, ld.so.conf.d); install the newer libstdc++"},
    {"version '*not found*required by", "VERSION_MISSING", "a library is older than the program that uses it",
     "install the release of that library that belongs to the program"},
    {"libc.so.6: file too short", "LIBC_EMPTY",
     "libc is empty or a few bytes long: a full disk or a copy that was cut off", "rescue-doctor --fix"},
    {"file too short", "LIBRARY_EMPTY", "the library that is named is empty or a few bytes long",
     "rescue-doctor --fix"},
    {"invalid elf header", "LIBC_NOT_ELF", "the library that is named was overwritten by something else",
     "rescue-doctor --fix"},
    {"wrong elf class", "LIBC_WRONG_ARCH", "a 32-bit library stands where the 64-bit one belongs, or the reverse",
     "rescue-doctor --fix"},
    {"failed to map segment from shared object", "NOEXEC",
     "the library lies on a file system that is mounted noexec, or a security module forbids to map it",
     "mount -o remount,exec it; look into the kernel's log for denials"},
    {"cpu does not support x86-64-v", "LIBC_WRONG_ARCH",
     "this glibc was built for a newer processor (x86-64-v2 or v3) than this machine has",
     "restore the glibc of a release that supports the processor, or move the disk to a newer machine"},
    {"cpu isa level is lower than required", "LIBC_WRONG_ARCH",
     "a library was built for a newer processor than this machine has", "restore the build for this processor"},
    {"kernel too old", "ABI_TOO_OLD", "this glibc was built for a newer kernel than the one that runs",
     "boot a newer kernel, or restore the system's own glibc: rescue-doctor --fix"},
    {"libc.so.6: cannot open shared object file: permission denied", "LIBC_NOT_READABLE",
     "libc is there, and ordinary users may not read it, or SELinux forbids it", "rescue-doctor --fix; restorecon"},
    {"libc.so.6: cannot open shared object file", "LIBC_MISSING",
     "libc.so.6 is gone, or a link that leads nowhere, or of another machine, or may not be read by users",
     "do not log out; rescue-doctor --fix"},
    {"libcrypt.so*cannot open shared object file", "UNRESOLVED",
     "libcrypt is gone: nobody can log in any more by password, su and sudo fail",
     "do not log out; rescue-doctor --fix"},
    {"cannot open shared object file", "UNRESOLVED",
     "the library that is named is not found: it is gone, or lies where only /etc/ld.so.cache would lead",
     "rescue-doctor names what is missing; rescue-doctor --fix"},
    {"libgcc_s.so.1 must be installed", "UNRESOLVED", "libgcc_s.so.1 is gone: threads cannot be cancelled",
     "rescue-doctor --fix, or install the package libgcc"},
    {"bad elf interpreter", "LOADER_MISSING",
     "the loader that the program names is missing, or a link on the way to it", "rescue-doctor --fix"},
    {"cannot execute: required file not found", "LOADER_MISSING",
     "the program is there, and the loader that it names is not: deleted, or the link /lib64 is lost. (In a script: "
     "the "
     "interpreter in its first line.)",
     "do not log out; /opt/rescue/bin/rescue-doctor --fix"},
    {"accessing a corrupted shared library", "LOADER_WRONG_ARCH", "the loader is one of another machine or class",
     "rescue-doctor --fix"},
    {"exec format error", "PROGRAM_DAMAGED", "the program is for another machine, or was overwritten or emptied",
     "elf-info PROGRAM tells; rescue-doctor --fix"},
    {"too many levels of symbolic links", "ALIAS_LINK_DANGLING", "a link leads to itself: /lib64, or the loader's",
     "rescue-doctor --fix"},
    {"cannot find name for user id", "LIBRARY_MISSING",
     "the name service modules (libnss_files and the like) are gone, or /etc/passwd is",
     "rescue-doctor --fix; look at /etc/nsswitch.conf and /etc/passwd"},
    {"symbol lookup error", "SYMBOL_MISSING", "a library is not of the build that the program was made with",
     "unset LD_LIBRARY_PATH; then rescue-doctor"},
    {"cannot set lc_", "FILE_MISSING", "the locale's files are missing; programs work, in English",
     "install the locales package again; it is no fault of glibc itself"},
    {"bus error", "LIBC_TRUNCATED", "a library or the program was cut short: what is mapped is not on the disk",
     "if every program says so: rescue-doctor --fix"},
    {"exit status 135", "LIBC_TRUNCATED", "a library or the program was cut short (SIGBUS)", "rescue-doctor --fix"},
    {"segmentation fault", "LIBC_DAMAGED",
     "if every program crashes: the loader or libc is damaged, or /etc/ld.so.preload names a library that crashes",
     "rescue-doctor --fix"},
    {"exit status 139", "LIBC_DAMAGED",
     "the loader or libc is damaged, or /etc/ld.so.preload names a library that crashes", "rescue-doctor --fix"},
    {"input/output error", "LOADER_EMPTY", "if every program says so: the loader is empty. Else the disk fails to read",
     "rescue-doctor --fix; look into the kernel's log (dmesg) for errors of the disk"},
    {"read-only file system", "READ_ONLY", "the file system is mounted read-only, perhaps after an error",
     "mount -o remount,rw it; look into the kernel's log first"},
    {"no space left on device", "DISK_FULL", "no blocks or no inodes are free", "make room: old logs, package caches"},
    {"operation not permitted", "IMMUTABLE",
     "a file or its directory is immutable (chattr +i), or something is forbidden to this user",
     "lsattr FILE tells; rescue-doctor --fix lifts it for what it repairs"},
    {"permission denied", "LOADER_NOT_EXECUTABLE",
     "if every program says so: the loader has lost its x, or the file system is mounted noexec",
     "rescue-doctor --fix; mount -o remount,exec /"},
    {"command not found", "PROGRAMS_MISSING",
     "the shell does not find the program: it is gone, or PATH does not lead to it. It is not a glibc problem",
     "type the whole path; PATH=/usr/sbin:/usr/bin:/sbin:/bin; rescue-doctor"},
    {"no such file or directory", "LOADER_MISSING",
     "if the program that is named is there: the loader that it names is not, or the link /lib64 is lost",
     "echo /bin/ls shows whether it is there; do not log out; rescue-doctor --fix"},
    {": not found", "LOADER_MISSING",
     "an old shell says this of a program that is there when its loader is not; else the program is gone",
     "echo /bin/ls shows whether it is there; rescue-doctor"},
};

// Lower case, and plain apostrophes for every kind of quote.
std::string plain(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '`' || c == '"')
      out += '\'';
    else if (text.substr(i, 3) == "\xe2\x80\x98" || text.substr(i, 3) == "\xe2\x80\x99")
      out += '\'', i += 2;
    else
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool holds(std::string_view text, std::string_view pattern) {
  while (true) {
    const size_t star = pattern.find('*');
    const std::string_view part = pattern.substr(0, star);
    const size_t at = text.find(part);
    if (at == std::string_view::npos)
      return false;
    if (star == std::string_view::npos)
      return true;
    text.remove_prefix(at + part.size());
    pattern.remove_prefix(star + 1);
  }
}

}  // namespace

const Explanation* explain(std::string_view text) {
  const std::string words = plain(text);
  for (const Explanation& row : rows)
    if (holds(words, row.pattern))
      return &row;
  return nullptr;
}

}  // namespace rescue
