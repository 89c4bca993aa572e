#!/usr/bin/env python3
"""Run clang-tidy on each file of the tree that BUILD compiles.

    tidy.py BUILD CACHE

A file that was found to be in order is remembered in CACHE by all that the
finding depends on: the checks, the linter, the words that the file is compiled
with, its text and that of the tree's headers that it includes, and the
packages that the other headers are of. Comments count too: they can turn a
check off.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import re
import subprocess
import sys

INCLUDE = re.compile(rb'^\s*#\s*include "([^"]+)"', re.MULTILINE)
TOOL = "clang-tidy-19"


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def output_of(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


@functools.cache
def headers_of(path):
    """The files of the tree that `path` includes itself, and a digest of its text."""
    text = open(path, "rb").read()
    names = (os.path.relpath(os.path.join(folder, name.decode()))
             for name in INCLUDE.findall(text) for folder in (".", os.path.dirname(path)))
    return {name for name in names if os.path.exists(name)}, hashlib.sha256(text).hexdigest()


def closure(path):
    """Digests of `path` and of all that it includes from the tree."""
    seen, to_do = set(), [path]
    while to_do:
        if (name := to_do.pop()) not in seen:
            seen.add(name)
            to_do += headers_of(name)[0]
    return [headers_of(name)[1] for name in sorted(seen)]


def commands(build):
    """(path, the words that it is compiled with), the largest first, so that the processors end together."""
    found = {}
    for entry in json.load(open(os.path.join(build, "compile_commands.json"), encoding="utf-8")):
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]))
        if not path.startswith("build/"):
            found[path] = entry["command"].replace(os.getcwd(), "")
    return sorted(found.items(), key=lambda item: -os.path.getsize(item[0]))


def main():
    build, cache = sys.argv[1:]
    os.makedirs(cache, exist_ok=True)
    common = [open(".clang-tidy", encoding="utf-8").read(), output_of(TOOL, "--version"),
              output_of("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "*-dev", "clang*")]

    def check(item):
        path, command = item
        known = os.path.join(cache, digest(*common, command, *closure(path)))
        if os.path.exists(known):
            return True
        done = subprocess.run([TOOL, "--quiet", "-p", build, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        if done.returncode:
            print(done.stdout, flush=True)
            return False
        open(known, "w", encoding="utf-8").close()
        return True

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return 0 if all(list(pool.map(check, commands(build)))) else 1


sys.exit(main())
