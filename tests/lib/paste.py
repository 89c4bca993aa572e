#!/usr/bin/env python3
"""Run a command on a terminal of its own and paste a file when it says "Send now": paste.py FILE COMMAND [ARG]...

What it prints is printed; the status is the command's.
"""
import os
import pty
import select
import sys


def main():
    with open(sys.argv[1], "rb") as file:
        left = file.read()
    pid, line = pty.fork()
    if pid == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    os.set_blocking(line, False)
    said = b""
    while True:
        pasting = left and b"Send now" in said
        select.select([line], [line] if pasting else [], [], 60)
        try:
            data = os.read(line, 65536)
            said += data
            os.write(1, data)
        except BlockingIOError:
            pass
        except OSError:  # it has ended
            break
        if pasting:
            try:
                left = left[os.write(line, left[:65536]):]
            except BlockingIOError:
                pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
