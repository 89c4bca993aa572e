#!/usr/bin/env python3
"""Make archives that try to reach out of the directory that they are extracted into.

    hostile_archives.py DIRECTORY OUTSIDE

Writes DIRECTORY/NAME.tar, .cpio and .zip for each trick. They are to be extracted into a directory beside which OUTSIDE
lies, an absolute path whose last part is `outside`, with a file `file` and a directory `dir` in it. Prints the names.
"""
import io
import os
import struct
import sys
import tarfile
import zipfile

EVIL = b"evil\n"
FILE, DIRECTORY, LINK, HARD = "file", "directory", "link", "hard link"


def tricks(outside):
    """Name: members, each a kind, a name, and a target or content."""
    up = "../outside"
    yield "plain", [(FILE, "good", EVIL), (DIRECTORY, "d", None), (FILE, "d/good", EVIL), (LINK, "l", "good")]
    yield "dotdot", [(FILE, f"{up}/evil", EVIL), (FILE, "good", EVIL)]
    yield "dotdot-within", [(DIRECTORY, "d", None), (FILE, f"d/../{up}/evil", EVIL)]
    yield "absolute", [(FILE, f"{outside}/evil", EVIL)]
    yield "absolute-directory", [(DIRECTORY, f"{outside}/dir", None)]
    yield "through-link", [(LINK, "l", up), (FILE, "l/evil", EVIL)]
    yield "through-absolute-link", [(LINK, "l", outside), (FILE, "l/evil", EVIL)]
    yield "through-two-links", [(LINK, "a", "."), (LINK, "a/b", ".."), (FILE, "b/outside/evil", EVIL)]
    yield "through-deep-link", [(DIRECTORY, "d", None), (LINK, "d/l", "../.."), (FILE, "d/l/outside/evil", EVIL)]
    yield "link-to-dot", [(LINK, "l", "."), (FILE, "l/inside", EVIL)]
    yield "directory-becomes-link", [(DIRECTORY, "d", None), (LINK, "d", up), (FILE, "d/evil", EVIL)]
    yield "file-over-link", [(LINK, "f", f"{up}/file"), (FILE, "f", EVIL)]
    yield "directory-over-link", [(LINK, "d", f"{up}/dir"), (DIRECTORY, "d", None)]
    yield "directory-over-link-then-file", [(LINK, "d", up), (DIRECTORY, "d", None), (FILE, "d/evil", EVIL)]
    yield "hard-link-out", [(HARD, "h", f"{up}/file"), (FILE, "h", EVIL)]
    yield "hard-link-absolute", [(HARD, "h", f"{outside}/file"), (FILE, "h", EVIL)]
    yield "hard-link-through-link", [(LINK, "l", up), (HARD, "h", "l/file"), (FILE, "h", EVIL)]
    yield "hard-link-to-link", [(LINK, "l", up), (HARD, "h", "l"), (FILE, "h/evil", EVIL)]
    yield "through-link-that-was-there", [(FILE, "was-there/evil", EVIL)]
    yield "directory-through-link-that-was-there", [(DIRECTORY, "was-there/dir", None)]
    yield "hard-link-through-link-that-was-there", [(HARD, "h", "was-there/file"), (FILE, "h", EVIL)]
    yield "dot", [(FILE, ".", EVIL), (FILE, "..", EVIL), (FILE, "/", EVIL)]
    yield "long", [(FILE, "a/" * 3000 + "x", EVIL), (FILE, "x" * 300, EVIL)]


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for kind, name, what in members:
            info = tarfile.TarInfo(name)
            info.mode = 0o777 if kind == DIRECTORY else 0o644
            info.type = {FILE: tarfile.REGTYPE, DIRECTORY: tarfile.DIRTYPE, LINK: tarfile.SYMTYPE,
                         HARD: tarfile.LNKTYPE}[kind]
            if kind == FILE:
                info.size = len(what)
            elif what:
                info.linkname = what
            archive.addfile(info, io.BytesIO(what) if kind == FILE else None)
    return out.getvalue()


def cpio(members):
    """newc; a hard link is another name of the same inode, which cannot lead out: those tricks are left out."""
    if any(kind == HARD for kind, _, _ in members):
        return None
    out = bytearray()

    def add(inode, mode, name, data):
        fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out.extend(b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0")
        out.extend(b"\0" * (-len(out) % 4))
        out.extend(data)
        out.extend(b"\0" * (-len(out) % 4))

    for number, (kind, name, what) in enumerate(members, 1):
        mode = {FILE: 0o100644, DIRECTORY: 0o40777, LINK: 0o120777}[kind]
        add(number, mode, name, what if kind == FILE else (what or "").encode())
    add(0, 0, "TRAILER!!!", b"")
    return bytes(out)


def archive_zip(members):
    if any(kind == HARD for kind, _, _ in members):
        return None
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for kind, name, what in members:
            info = zipfile.ZipInfo(name + ("/" if kind == DIRECTORY else ""))
            info.create_system = 3
            info.external_attr = {FILE: 0o100644, DIRECTORY: 0o40777, LINK: 0o120777}[kind] << 16
            archive.writestr(info, what or b"")
    return out.getvalue()


def header(name, kind=b"0", size=0, size_field=None):
    block = bytearray(512)
    block[:len(name)] = name
    block[100:124] = b"0000644\0" + b"0000000\0" * 2
    block[124:136] = size_field or b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar  \0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def greedy():
    """Headers that ask for more than there is."""
    huge = b"\x80" + b"\0" * 3 + struct.pack(">Q", 1 << 62)
    yield "huge-file", header(b"f", size_field=huge)
    yield "huge-name", header(b"././@LongLink", b"L", size_field=b"17777777777\0") + header(b"f")
    yield "huge-pax", header(b"x", b"x", size_field=b"17777777777\0") + header(b"f")
    yield "negative-size", header(b"f", size_field=b"\xff" * 12)
    sparse = bytearray(header(b"s", b"S", 512))
    sparse[386:410] = b"77777777777\0" + b"77777777777\0"
    sparse[483:495] = b"77777777777\0"
    sparse[148:156] = b" " * 8
    sparse[148:156] = b"%06o\0 " % sum(sparse)
    yield "sparse-beyond-its-data", bytes(sparse) + b"x" * 512


def main():
    where, outside = sys.argv[1:]
    for name, members in tricks(outside):
        for ending, make in (("tar", tar), ("cpio", cpio), ("zip", archive_zip)):
            data = make(members)
            if data is None:
                continue
            with open(os.path.join(where, f"{name}.{ending}"), "wb") as file:
                file.write(data)
            print(f"{name}.{ending}")
    for name, data in greedy():
        with open(os.path.join(where, f"{name}.tar"), "wb") as file:
            file.write(data)
        print(f"{name}.tar")


if __name__ == "__main__":
    main()
