#!/usr/bin/env python3
"""Run the rows of tables with the GNU tools and with ours, and compare.

    differential.py --applets DIR --trees FILE --work DIR [--only WORD] TABLE...

A table has one shell command a line; one with a quote open at the line's end goes on in the next. Each runs twice in the same prepared tree: with the system's own tools, and with
DIR first in PATH. Output, exit status, whether there were messages, and the tree afterwards must be the same. Other
lines:

    # a comment
    %tree NAME     the tree for the rows that follow: made by the function tree_NAME of FILE, in an empty directory
    %keep          the rows that follow change nothing, so one tree does for all of them
    %change        they do: each gets a tree of its own (default)
    %tty ROW       standard output is a terminal of 80 columns
    %messages ROW  the text of the messages must be the same too
    %usage ROW     a wrong option: ours ends with status 2, whatever GNU's ends with

Times after the start of the run all count as "now". Prints `ok ROW` or `not ok ROW` with what differs.
"""
import argparse
import fcntl
import hashlib
import os
import pty
import re
import shutil
import stat
import struct
import subprocess
import sys
import termios
import time

ENVIRONMENT = {
    "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "Europe/Berlin", "TERM": "xterm", "SHELL": "/bin/sh",
    "PATH": os.environ["PATH"],
}
TIME_LIMIT = 60


def write_time(nanoseconds, start):
    return "now" if nanoseconds >= start else str(nanoseconds)


def describe(path, start, links):
    info = os.lstat(path)
    parts = [stat.filemode(info.st_mode), f"{info.st_uid}:{info.st_gid}"]
    if stat.S_ISLNK(info.st_mode):
        parts.append(os.fsdecode(os.readlink(path)))
    elif stat.S_ISREG(info.st_mode):
        # Where only root may write, root need not ask: a file without permissions can be read too.
        with open(path, "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()[:16]
        parts += [str(info.st_size), content, f"blocks={info.st_blocks}"]
    elif not stat.S_ISDIR(info.st_mode):
        parts.append(str(info.st_rdev))
    parts.append(write_time(info.st_mtime_ns, start))
    if not stat.S_ISDIR(info.st_mode) and info.st_nlink > 1:
        parts.append(f"same as {links.setdefault((info.st_dev, info.st_ino), path)}")
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        parts.append(f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}")
    return " ".join(parts)


def snapshot(top, start):
    links, lines = {}, []
    for root, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(root, name)
            lines.append(f"{os.path.relpath(path, top)!a} {describe(path, start, links)}")
    return lines


def has_open_quote(text):
    # An open quote makes the count odd, or an escaped one does: only then is the shell asked, which takes its time.
    if not any(text.count(quote) % 2 for quote in "'\"`"):
        return False
    done = subprocess.run(["bash", "-nc", text], capture_output=True, check=False)
    return b"unexpected EOF while looking for matching" in done.stderr


def read_lines(path):
    """Give the lines of a table, and as one those of a row that goes on."""
    text = ""
    with open(path, encoding="utf-8") as file:
        for line in file:
            text += line
            if text.startswith("#") or not has_open_quote(text):
                yield text.rstrip("\n")
                text = ""
    if text:
        sys.exit(f"{path}: a quote is open at the end: {text}")


def run_on_terminal(command, where, environment):
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(command, cwd=where, env=environment, stdin=subprocess.DEVNULL, stdout=other,
                               stderr=subprocess.PIPE, start_new_session=True)
    os.close(other)
    output = b""
    try:
        while block := os.read(main, 65536):
            output += block
    except OSError:  # the other side is closed
        pass
    os.close(main)
    messages = process.stderr.read()
    return process.wait(TIME_LIMIT), output, messages


class Runner:
    def __init__(self, options):
        self.options = options
        self.made = {}  # tree name -> the prepared copy
        self.failed = self.passed = 0

    def prepared(self, name):
        if name not in self.made:
            path = os.path.join(self.options.work, f"made-{name}")
            os.mkdir(path)
            script = f'. "$1" && tree_{name}'
            subprocess.run(["bash", "-euc", script, "tree", self.options.trees], cwd=path, env=ENVIRONMENT, check=True)
            self.made[name] = path
        return self.made[name]

    def run(self, row, row_kind, tree, keep, applets):
        environment = dict(ENVIRONMENT)
        if applets:
            environment["PATH"] = applets + ":" + environment["PATH"]
        where = os.path.join(self.options.work, "tree")
        if not keep or not os.path.exists(where):
            shutil.rmtree(where, ignore_errors=True)
            subprocess.run(["/bin/cp", "-a", "--", self.prepared(tree), where], check=True)
        start = time.time_ns() - 50_000_000  # the kernel's clock for files is a little behind
        command = ["bash", "-c", row]
        if row_kind == "tty":
            status, output, messages = run_on_terminal(command, where, environment)
        else:
            done = subprocess.run(command, cwd=where, env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=TIME_LIMIT, check=False)
            status, output, messages = done.returncode, done.stdout, done.stderr
        after = [] if keep else snapshot(where, start)
        return status, output, messages, after

    def row(self, row, row_kind, tree, keep):
        if not keep:
            shutil.rmtree(os.path.join(self.options.work, "tree"), ignore_errors=True)
        theirs = self.run(row, row_kind, tree, keep, None)
        ours = self.run(row, row_kind, tree, keep, self.options.applets)
        problems = list(self.compare(theirs, ours, row_kind))
        self.failed += bool(problems)
        self.passed += not problems
        shown = row.replace("\n", "\n    ")
        print(f"{'not ok' if problems else 'ok'} {shown}", *problems, sep="\n    ", flush=True)

    @staticmethod
    def compare(theirs, ours, row_kind):
        if re.search(rb"^bash: -c: line \d+: (unexpected EOF|syntax error)", theirs[2], re.MULTILINE):
            yield f"no command: {theirs[2]!r}"
        if row_kind == "usage":
            if theirs[0] == 0 or ours[0] != 2:
                yield f"status: GNU's {theirs[0]}, ours {ours[0]} instead of 2"
        elif theirs[0] != ours[0]:
            yield f"status: GNU's {theirs[0]}, ours {ours[0]}"
        if theirs[1] != ours[1]:
            yield f"output: GNU's {theirs[1]!r}"
            yield f"        ours  {ours[1]!r}"
        crashed = re.search(rb"Sanitizer|runtime error", ours[2])
        same_text = theirs[2] == ours[2]
        if crashed or (row_kind == "messages" and not same_text) or bool(theirs[2]) != bool(ours[2]):
            yield f"messages: GNU's {theirs[2]!r}"
            yield f"          ours  {ours[2]!r}"
        gone = [line for line in theirs[3] if line not in ours[3]]
        extra = [line for line in ours[3] if line not in theirs[3]]
        yield from (f"tree: GNU's {line}" for line in gone)
        yield from (f"tree: ours  {line}" for line in extra)

    def table(self, path):
        tree, keep = "plain", False
        for line in read_lines(path):
            if line.startswith("%tree "):
                tree = line.split()[1]
                shutil.rmtree(os.path.join(self.options.work, "tree"), ignore_errors=True)
            elif line in ("%keep", "%change"):
                keep = line == "%keep"
                shutil.rmtree(os.path.join(self.options.work, "tree"), ignore_errors=True)
            elif line and not line.startswith("#"):
                kind = re.match(r"%(tty|messages|usage) ", line)
                row = line[kind.end():] if kind else line
                if self.options.only in row:
                    self.row(row, kind and kind[1], tree, keep)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--applets", required=True)
    parser.add_argument("--trees", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("tables", nargs="+")
    runner = Runner(parser.parse_args())
    for table in runner.options.tables:
        runner.table(table)
    print(f"{runner.passed} rows agree, {runner.failed} do not", file=sys.stderr)
    sys.exit(1 if runner.failed else 0)


if __name__ == "__main__":
    main()
