#!/usr/bin/env python3
"""Turn a Debian root (merged /usr, amd64) into one laid out as RHEL's is.

    rhel_layout.py ROOT

What comes out: every library, the loader and gconv in /usr/lib64, /lib64 a
link to it, no multiarch directory, no dpkg or apt and no database of theirs,
libraries of mode 0755, an empty /etc/ld.so.conf.d.

On RHEL the loader searches /lib64 and /usr/lib64 because they are compiled
into it, so nothing breaks when the cache is lost. Debian's loader has the
multiarch directories there instead. To get the same behaviour the compiled-in
paths are rewritten, in the loader and in all else that names them, to the new
directory followed by as many slashes as keep the length:

    /lib/x86_64-linux-gnu/      ->  /lib64////////////////
    /usr/lib/x86_64-linux-gnu/  ->  /usr/lib64////////////////

Slashes in a row are one slash to the kernel, and ldconfig strips them from
the end of a directory. The build-ids stay as they were.
"""
import os
import re
import shutil
import sys

TRIPLET = "x86_64-linux-gnu"
COMPILED_IN = re.compile(rb"(/usr)?/lib/" + TRIPLET.encode())
DEBIAN_ONLY = [
    "var/lib/dpkg", "var/lib/apt", "var/cache/apt", "etc/apt", "etc/dpkg", "usr/lib/apt", "usr/lib/dpkg",
    "usr/share/dpkg", "etc/debian_version", "lib32", "libx32", "usr/lib32", "usr/libx32",
    "etc/ld.so.conf.d/" + TRIPLET + ".conf", "etc/ld.so.conf.d/libc.conf",
]
OS_RELEASE = 'NAME="RHEL layout"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9"\nPRETTY_NAME="RHEL layout (for tests)"\n'


def same_length(match):
    new = (match.group(1) or b"") + b"/lib64"
    return new + b"/" * (len(match.group(0)) - len(new))


def remove(path):
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)


def move_libraries(root):
    old, new = f"{root}/usr/lib/{TRIPLET}", f"{root}/usr/lib64"
    for name in os.listdir(new):  # Debian's link to the loader
        remove(f"{new}/{name}")
    for name in os.listdir(old):
        os.rename(f"{old}/{name}", f"{new}/{name}")
    os.rmdir(old)
    for name in os.listdir(new):
        path = f"{new}/{name}"
        if ".so" in name and os.path.isfile(path) and not os.path.islink(path):
            os.chmod(path, 0o755)


def rewrite_file(path):
    with open(path, "rb") as file:
        old = file.read()
    new = COMPILED_IN.sub(same_length, old)
    if new == old:
        return
    stat = os.stat(path)
    with open(path, "r+b") as file:
        file.write(new)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def rewrite_link(path):
    old = os.readlink(path)
    # In a link the padding would be seen by every reader: here it is cut.
    new = re.sub(rf"(^|/)lib/{TRIPLET}(?=/|$)", r"\1lib64", old)
    if new != old:
        os.unlink(path)
        os.symlink(new, path)


def rewrite_tree(root):
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = f"{directory}/{name}"
            if os.path.islink(path):
                rewrite_link(path)
            elif os.path.isfile(path):
                rewrite_file(path)


def remove_debian(root):
    for path in DEBIAN_ONLY:
        remove(f"{root}/{path}")
    for directory in ("usr/bin", "usr/sbin"):
        for name in os.listdir(f"{root}/{directory}"):
            if re.match(r"(apt|dpkg|deb-)", name):
                remove(f"{root}/{directory}/{name}")
    remove(f"{root}/etc/os-release")
    with open(f"{root}/usr/lib/os-release", "w", encoding="ascii") as file:
        file.write(OS_RELEASE)
    os.symlink("../usr/lib/os-release", f"{root}/etc/os-release")


def main():
    root = sys.argv[1]
    if not os.path.isdir(f"{root}/usr/lib/{TRIPLET}") or os.path.realpath(root) == "/":
        sys.exit(f"rhel_layout: {root}: not a Debian root")
    move_libraries(root)
    remove_debian(root)
    for top in ("etc", "usr"):
        rewrite_tree(f"{root}/{top}")


main()
