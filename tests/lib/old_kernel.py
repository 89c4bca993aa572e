#!/usr/bin/env python3
"""Run a command as an old kernel would: newer system calls do not exist.

    old_kernel.py COMMAND [ARG]...

Answers ENOSYS to every x86_64 system call that came after Linux 3.10 (number
314 and up: renameat2, getrandom, copy_file_range, statx, openat2, faccessat2,
fchmodat2, ...), and to O_TMPFILE what 3.10 answers, EISDIR. By a seccomp
filter, which children inherit.
"""
import ctypes
import os
import struct
import sys

ENOSYS, EISDIR = 38, 21
FIRST_NEWER = 314  # sched_setattr, of 3.14
OPEN, OPENAT = 2, 257
TMPFILE = 0o20000000  # O_TMPFILE without O_DIRECTORY, which it contains
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
# seccomp_data: number, architecture, instruction pointer, arguments of 8 bytes
NUMBER, ARGUMENT = 0, 16
LOAD, GOTO, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2

# Each with the instructions to skip if true, and if false.
PROGRAM = [
    (LOAD, 0, 0, NUMBER),
    (AT_LEAST, 0, 1, FIRST_NEWER),
    (RETURN, 0, 0, ERRNO | ENOSYS),
    (EQUAL, 0, 2, OPEN),
    (LOAD, 0, 0, ARGUMENT + 8),
    (GOTO, 0, 0, 2),  # to the test of the flags
    (EQUAL, 0, 3, OPENAT),
    (LOAD, 0, 0, ARGUMENT + 16),
    (ANY_BIT, 0, 1, TMPFILE),
    (RETURN, 0, 0, ERRNO | EISDIR),
    (RETURN, 0, 0, ALLOW),
]


def main():
    if os.uname().machine != "x86_64" or len(sys.argv) < 2:
        sys.exit("old_kernel: for x86_64, with a command to run")
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in PROGRAM)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(PROGRAM), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, program, 0, 0):
        sys.exit(f"old_kernel: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])


main()
