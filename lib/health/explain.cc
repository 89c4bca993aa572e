#include "lib/health/explain.h"

#include <string>

#include "lib/base/dense_text.h"

namespace rescue {

namespace {

// Four lines each: pattern, identifier, cause, remedy. In order: what is special comes before what it is a case of. One
// text, because a table of pointers would cost a relocation for each of them at every start of the executable.
constexpr DenseText rows = dense<
    "kernel panic*exitcode=0x00007f00\n"
    "LIBC_MISSING\n"
    "the first process ended with 127: its loader ran, and found no usable libc.so.6 or another library of init\n"
    "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix\n"
    "kernel panic*exitcode=0x0000000b\n"
    "LIBC_TRUNCATED\n"
    "the first process crashed (SIGSEGV): the loader or libc is damaged, or a preloaded library crashes\n"
    "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix\n"
    "kernel panic*exitcode=0x00000007\n"
    "LIBC_TRUNCATED\n"
    "the first process got SIGBUS: the loader, libc or init itself is cut short\n"
    "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix\n"
    "attempted to kill init\n"
    "LIBC_MIXED\n"
    "the first process ended: most often because loader and libc do not belong together\n"
    "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix\n"
    "no working init found\n"
    "LOADER_MISSING\n"
    "init is there, and the loader that it names is not; or /usr, where both lie, is not mounted\n"
    "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix\n"
    "run-init*no such file or directory\n"
    "LOADER_MISSING\n"
    "the initramfs cannot start init: the loader that it names is missing, or a link on the way (/sbin, /lib64)\n"
    "boot with init=/opt/rescue/bin/init, or mount the disk elsewhere, and run rescue-doctor --fix\n"
    "cannot be preloaded\n"
    "PRELOAD_BROKEN\n"
    "/etc/ld.so.preload or LD_PRELOAD names a library that cannot be loaded; programs work all the same\n"
    "rescue-doctor --fix takes it out of /etc/ld.so.preload; unset LD_PRELOAD if it is set\n"
    "undefined symbol*glibc_private\n"
    "LIBC_MIXED\n"
    "libc, the loader and their companions are of different builds; or LD_LIBRARY_PATH leads to another glibc\n"
    "unset LD_LIBRARY_PATH; then rescue-doctor --fix\n"
    "relocation error*glibc_private\n"
    "LIBC_MIXED\n"
    "libc, the loader and their companions are of different builds; or LD_LIBRARY_PATH leads to another glibc\n"
    "unset LD_LIBRARY_PATH; then rescue-doctor --fix\n"
    "unexpected reloc type\n"
    "LIBC_MIXED\n"
    "a newer libc under an older loader\n"
    "rescue-doctor --fix\n"
    "inconsistency detected by ld.so\n"
    "LIBC_MIXED\n"
    "an older libc under a newer loader\n"
    "rescue-doctor --fix\n"
    "stack smashing detected\n"
    "LIBC_MIXED\n"
    "if every program says so: an older libc under a newer loader. If only one does: a fault of that program\n"
    "rescue-doctor tells which; --fix mends the first\n"
    "ld-*version 'glibc_*not found*required by*libc.so\n"
    "LIBC_MIXED\n"
    "libc is of a newer glibc than the loader: half of an upgrade or of a `make install`\n"
    "rescue-doctor --fix\n"
    "version 'glibc_*not found\n"
    "ABI_TOO_OLD\n"
    "the program was made for a newer glibc than this system has. If it is the system's own: an upgrade is half "
    "done, or libc was replaced by an older one\n"
    "if it is a program from elsewhere, run it with a newer glibc of its own, and leave the "
    "system's as it is; else rescue-doctor --fix\n"
    "version 'glibcxx_*not found\n"
    "VERSION_MISSING\n"
    "the program needs a newer libstdc++.so.6 than the one that is found first\n"
    "look for a second libstdc++.so.6 (LD_LIBRARY_PATH, ld.so.conf.d); install the newer libstdc++\n"
    "version '*not found*required by\n"
    "VERSION_MISSING\n"
    "a library is older than the program that uses it\n"
    "install the release of that library that belongs to the program\n"
    "libc.so.6: file too short\n"
    "LIBC_EMPTY\n"
    "libc is empty or a few bytes long: a full disk or a copy that was cut off\n"
    "rescue-doctor --fix\n"
    "file too short\n"
    "LIBRARY_EMPTY\n"
    "the library that is named is empty or a few bytes long\n"
    "rescue-doctor --fix\n"
    "invalid elf header\n"
    "LIBC_NOT_ELF\n"
    "the library that is named was overwritten by something else\n"
    "rescue-doctor --fix\n"
    "wrong elf class\n"
    "LIBC_WRONG_ARCH\n"
    "a 32-bit library stands where the 64-bit one belongs, or the reverse\n"
    "rescue-doctor --fix\n"
    "failed to map segment from shared object\n"
    "NOEXEC\n"
    "the library lies on a file system that is mounted noexec, or a security module forbids to map it\n"
    "mount -o remount,exec it; look into the kernel's log for denials\n"
    "cpu does not support x86-64-v\n"
    "CPU_TOO_OLD\n"
    "this glibc was built for a newer processor (x86-64-v2 or v3) than this machine has\n"
    "restore the glibc of a release that supports the processor, or move the disk to a newer machine\n"
    "cpu isa level is lower than required\n"
    "CPU_TOO_OLD\n"
    "a library was built for a newer processor than this machine has\n"
    "restore the build for this processor\n"
    "kernel too old\n"
    "KERNEL_TOO_OLD\n"
    "this glibc was built for a newer kernel than the one that runs\n"
    "boot a newer kernel, or restore the system's own glibc: rescue-doctor --fix\n"
    "libc.so.6: cannot open shared object file: permission denied\n"
    "LIBC_NOT_READABLE\n"
    "libc is there, and ordinary users may not read it, or SELinux forbids it\n"
    "rescue-doctor --fix; restorecon\n"
    "libc.so.6: cannot open shared object file\n"
    "LIBC_MISSING\n"
    "libc.so.6 is gone, or a link that leads nowhere, or of another machine, or may not be read by users\n"
    "do not log out; rescue-doctor --fix\n"
    "libcrypt.so*cannot open shared object file\n"
    "UNRESOLVED\n"
    "libcrypt is gone: nobody can log in any more by password, su and sudo fail\n"
    "do not log out; rescue-doctor --fix\n"
    "cannot open shared object file\n"
    "UNRESOLVED\n"
    "the library that is named is not found: it is gone, or lies where only /etc/ld.so.cache would lead\n"
    "rescue-doctor names what is missing; rescue-doctor --fix\n"
    "libgcc_s.so.1 must be installed\n"
    "UNRESOLVED\n"
    "libgcc_s.so.1 is gone: threads cannot be cancelled\n"
    "rescue-doctor --fix, or install the package libgcc\n"
    "bad elf interpreter\n"
    "LOADER_MISSING\n"
    "the loader that the program names is missing, or a link on the way to it\n"
    "rescue-doctor --fix\n"
    "cannot execute: required file not found\n"
    "LOADER_MISSING\n"
    "the program is there, and the loader that it names is not: deleted, or the link /lib64 is lost. (In a "
    "script: the interpreter in its first line.)\n"
    "do not log out; /opt/rescue/bin/rescue-doctor --fix\n"
    "accessing a corrupted shared library\n"
    "LOADER_WRONG_ARCH\n"
    "the loader is one of another machine or class\n"
    "rescue-doctor --fix\n"
    "exec format error\n"
    "PROGRAM_DAMAGED\n"
    "the program is for another machine, or was overwritten or emptied\n"
    "elf-info PROGRAM tells; rescue-doctor --fix\n"
    "too many levels of symbolic links\n"
    "ALIAS_LINK_DANGLING\n"
    "a link leads to itself: /lib64, or the loader's\n"
    "rescue-doctor --fix\n"
    "cannot find name for user id\n"
    "LIBRARY_MISSING\n"
    "the name service modules (libnss_files and the like) are gone, or /etc/passwd is\n"
    "rescue-doctor --fix; look at /etc/nsswitch.conf and /etc/passwd\n"
    "symbol lookup error\n"
    "SYMBOL_MISSING\n"
    "a library is not of the build that the program was made with\n"
    "unset LD_LIBRARY_PATH; then rescue-doctor\n"
    "cannot set lc_\n"
    "FILE_MISSING\n"
    "the locale's files are missing; programs work, in English\n"
    "install the locales package again; it is no fault of glibc itself\n"
    "bus error\n"
    "LIBC_TRUNCATED\n"
    "a library or the program was cut short: what is mapped is not on the disk\n"
    "if every program says so: rescue-doctor --fix\n"
    "exit status 135\n"
    "LIBC_TRUNCATED\n"
    "a library or the program was cut short (SIGBUS)\n"
    "rescue-doctor --fix\n"
    "segmentation fault\n"
    "LIBC_DAMAGED\n"
    "if every program crashes: the loader or libc is damaged, or /etc/ld.so.preload names a library that crashes\n"
    "rescue-doctor --fix\n"
    "exit status 139\n"
    "LIBC_DAMAGED\n"
    "the loader or libc is damaged, or /etc/ld.so.preload names a library that crashes\n"
    "rescue-doctor --fix\n"
    "input/output error\n"
    "LOADER_EMPTY\n"
    "if every program says so: the loader is empty. Else the disk fails to read\n"
    "rescue-doctor --fix; look into the kernel's log (dmesg) for errors of the disk\n"
    "read-only file system\n"
    "READ_ONLY\n"
    "the file system is mounted read-only, perhaps after an error\n"
    "mount -o remount,rw it; look into the kernel's log first\n"
    "no space left on device\n"
    "DISK_FULL\n"
    "no blocks or no inodes are free\n"
    "make room: old logs, package caches\n"
    "invalid cross-device link\n"
    "MOUNTED_OVER\n"
    "something is mounted on the file that is to be replaced\n"
    "umount it (findmnt and /proc/self/mountinfo tell), and try again\n"
    "device or resource busy\n"
    "MOUNTED_OVER\n"
    "something is mounted on the file that is to be replaced\n"
    "umount it (findmnt and /proc/self/mountinfo tell), and try again\n"
    "cannot apply additional memory protection\n"
    "TRIAL_FAILED\n"
    "the kernel, or what confines programs here, forbids a call that this glibc makes; its files are whole\n"
    "look at what confines them (a container engine's seccomp filter, SELinux); a newer kernel or engine may know it\n"
    "function not implemented\n"
    "TRIAL_FAILED\n"
    "this kernel, or an old container engine, lacks a call that this glibc makes; its files are whole\n"
    "boot a newer kernel, or run a newer engine; else restore an older glibc, if it is one of this system's release\n"
    "operation not permitted\n"
    "IMMUTABLE\n"
    "a file or its directory is immutable (chattr +i), or something is forbidden to this user\n"
    "lsattr FILE tells; rescue-doctor --fix lifts it for what it repairs\n"
    "permission denied\n"
    "LOADER_NOT_EXECUTABLE\n"
    "if every program says so: the loader has lost its x, or the file system is mounted noexec\n"
    "rescue-doctor --fix; mount -o remount,exec /\n"
    "setting locale failed\n"
    "FILE_MISSING\n"
    "the files of the locale are gone (/usr/lib/locale), or it was never made; programs work all the same\n"
    "LC_ALL=C; rescue-doctor tells whether files of glibc are missing\n"
    "cannot *set lc_\n"
    "FILE_MISSING\n"
    "the files of the locale are gone (/usr/lib/locale), or it was never made; programs work all the same\n"
    "LC_ALL=C; rescue-doctor tells whether files of glibc are missing\n"
    "conversion from*supported\n"
    "FILE_MISSING\n"
    "the character sets of glibc are gone (the directory gconv beside libc.so.6), or the name is wrong\n"
    "rescue-doctor tells whether files of glibc are missing; --fix\n"
    "not found in path\n"
    "PATH_WRONG\n"
    "PATH does not lead to the programs, or they are gone. It is not a glibc problem\n"
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin; rescue-doctor\n"
    "command not found\n"
    "PROGRAMS_MISSING\n"
    "the shell does not find the program: it is gone, or PATH does not lead to it. It is not a glibc problem\n"
    "type the whole path; PATH=/usr/sbin:/usr/bin:/sbin:/bin; rescue-doctor\n"
    "no such file or directory\n"
    "LOADER_MISSING\n"
    "if the program that is named is there: the loader that it names is not, or the link /lib64 is lost\n"
    "echo /bin/ls shows whether it is there; do not log out; rescue-doctor --fix\n"
    ": not found\n"
    "LOADER_MISSING\n"
    "an old shell says this of a program that is there when its loader is not; else the program is gone\n"
    "echo /bin/ls shows whether it is there; rescue-doctor\n">;

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

std::optional<Explanation> explain(std::string_view text) {
  const std::string words = plain(text);
  const std::string all = rows.text();
  std::string_view rest(all);
  const auto line = [&] {
    const std::string_view one = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(one.size() + 1);
    return one;
  };
  while (!rest.empty()) {
    Explanation row;
    row.pattern = line();
    row.id = line();
    row.cause = line();
    row.remedy = line();
    if (holds(words, row.pattern))
      return row;
  }
  return std::nullopt;
}

}  // namespace rescue
