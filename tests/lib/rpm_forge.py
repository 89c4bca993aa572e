#!/usr/bin/env python3
"""Make RPM packages that rpmbuild does not make: of other formats, too large for it, or hostile.

    rpm_forge.py CASE FILE

Good ones: v3 (MD5, whole paths, no region), v6 (payload without headers), large (a file of 4 GiB and more),
other-digests (of a kind that nobody knows).
Hostile ones: all others; see HOSTILE.
"""
import hashlib
import os
import random
import struct
import subprocess
import sys
import threading
import zlib

INT16, INT32, INT64, STRING, BIN, ARRAY = 3, 4, 5, 6, 7, 8
WIDTHS = {INT16: ">H", INT32: ">I", INT64: ">Q"}
TRAILER = b"070701" + b"0" * 88 + b"0000000b00000000" + b"TRAILER!!!\0"


def pad4(data):
    return data + b"\0" * (-len(data) % 4)


class Header:
    def __init__(self, region=0):
        self.region = region
        self.entries = []

    def add(self, tag, kind, value):
        self.entries.append((tag, kind, value))
        return self

    def bytes(self):
        index, store = b"", b""
        for tag, kind, value in sorted(self.entries, key=lambda entry: entry[0]):
            if kind in WIDTHS:
                store += b"\0" * (-len(store) % struct.calcsize(WIDTHS[kind]))
                data, count = b"".join(struct.pack(WIDTHS[kind], v) for v in value), len(value)
            elif kind == ARRAY:
                data, count = b"".join(v + b"\0" for v in value), len(value)
            elif kind == STRING:
                data, count = value + b"\0", 1
            else:
                data, count = value, len(value)
            index += struct.pack(">IIII", tag, kind, len(store), count)
            store += data
        number = len(self.entries)
        if self.region:
            number += 1
            index = struct.pack(">IIII", self.region, BIN, len(store), 16) + index
            store += struct.pack(">IIiI", self.region, BIN, -16 * number, 16)
        return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", number, len(store)) + index + store


class File:
    def __init__(self, path, data=b"", mode=0o100644, link=b"", inode=0, **other):
        self.path, self.data, self.mode, self.link, self.inode = path, data, mode, link, inode
        self.size = other.get("size", len(link) if mode >> 12 == 0o12 else len(data))
        self.digest = other.get("digest")
        self.user = other.get("user", b"root")
        self.rdev = other.get("rdev", 0)


def file_tags(header, files, algorithm, whole_paths=False):
    if whole_paths:
        header.add(1027, ARRAY, [f.path for f in files])
    else:
        dirs = sorted({f.path[:f.path.rfind(b"/") + 1] for f in files})
        header.add(1117, ARRAY, [f.path[f.path.rfind(b"/") + 1:] for f in files])
        header.add(1118, ARRAY, dirs)
        header.add(1116, INT32, [dirs.index(f.path[:f.path.rfind(b"/") + 1]) for f in files])
    if any(f.size >= 1 << 32 for f in files) or algorithm == "sha512":
        header.add(5008, INT64, [f.size for f in files])
    else:
        header.add(1028, INT32, [f.size for f in files])
    regular = [f.mode >> 12 == 0o10 for f in files]
    digests = [(f.digest or hashlib.new(algorithm, f.data).hexdigest()).encode() if r else b""
               for f, r in zip(files, regular)]
    header.add(1035, ARRAY, digests)
    if algorithm != "md5":
        header.add(5011, INT32, [{"sha256": 8, "sha512": 10}[algorithm]])
    header.add(1030, INT16, [f.mode for f in files])
    header.add(1033, INT16, [f.rdev for f in files])
    header.add(1034, INT32, [1600000000] * len(files))
    header.add(1036, ARRAY, [f.link for f in files])
    header.add(1037, INT32, [0] * len(files))
    header.add(1039, ARRAY, [f.user for f in files])
    header.add(1040, ARRAY, [b"root"] * len(files))
    header.add(1095, INT32, [1] * len(files))
    header.add(1096, INT32, [f.inode or i + 1 for i, f in enumerate(files)])


def identity(header, name=b"forged"):
    header.add(1000, STRING, name).add(1001, STRING, b"1").add(1002, STRING, b"2.el8").add(1022, STRING, b"x86_64")
    header.add(1004, STRING, b"Forged").add(1005, STRING, b"Forged.").add(1021, STRING, b"linux")
    header.add(1009, INT32, [0]).add(1014, STRING, b"MIT").add(1016, STRING, b"Unspecified")
    header.add(1006, INT32, [1600000000]).add(1007, STRING, b"localhost").add(1044, STRING, b"forged-1-2.el8.src.rpm")
    header.add(1124, STRING, b"cpio")


def newc(files):
    out = b""
    for i, f in enumerate(files):
        data = f.link if f.mode >> 12 == 0o12 else f.data
        names = sum(1 for g in files if g.inode and g.inode == f.inode) or 1
        fields = [f.inode or i + 1, f.mode, 0, 0, names, 1600000000, len(data), 0, 0, f.rdev >> 8, f.rdev & 255]
        name = b"." + f.path + b"\0"
        head = b"070701" + b"".join(b"%08x" % v for v in fields) + b"%08x%08x" % (len(name), 0)
        out += pad4(head + name) + pad4(data)
    return out + pad4(TRAILER)


def stripped(files):
    out = b""
    for i, f in enumerate(files):
        out += b"07070X%08x\0\0" % i + pad4(f.link if f.mode >> 12 == 0o12 else f.data)
    return out + pad4(TRAILER)


def package(header, payload, md5=True, major=3):
    head = header.bytes()
    signature = Header(62)
    if md5:
        signature.add(1004, BIN, hashlib.md5(head + payload).digest())
        signature.add(1000, INT32, [len(head) + len(payload)])
    else:
        signature.add(273, STRING, hashlib.sha256(head).hexdigest().encode())
        signature.add(279, STRING, hashlib.sha3_256(head).hexdigest().encode())
    lead = struct.pack(">4sBBHH66sHH16s", b"\xed\xab\xee\xdb", major, 0, 0, 1, b"forged-1-2", 1, 5, b"")
    out = lead + signature.bytes()
    return out + b"\0" * (-len(out) % 8) + head + payload


def gzip(data):
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    return deflate.compress(data) + deflate.flush()


def gibibytes():
    """Three of zeros, in a few kilobytes."""
    def squeezed(data):
        return subprocess.run(["zstd", "-q", "-c", "-"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return squeezed(b"\0" * (64 << 20)) * 48, squeezed


def bomb_in_file():
    """The payload says that the file is large, the header that it is not."""
    zeros, squeezed = gibibytes()
    files = [GOOD, File(b"/opt/evil", b"evil")]
    payload = newc(files)
    at = payload.rfind(b"070701", 0, payload.index(b"./opt/evil"))
    large = payload[:at + 54] + b"%08x" % (3 << 30) + payload[at + 62:at + 124]
    return hostile(files, squeezed(large) + zeros + squeezed(TRAILER))


def bomb_as_header_says():
    """Without headers of its own: as long as the header says, which is less than comes."""
    zeros, squeezed = gibibytes()
    return hostile([GOOD, File(b"/opt/evil", b"evil", size=4)],
                   squeezed(b"07070X00000000\0\0" + pad4(GOOD.data) + b"07070X00000001\0\0") + zeros)


def bomb_behind():
    zeros, squeezed = gibibytes()
    return hostile([GOOD], squeezed(newc([GOOD])) + zeros)


def other_digests(change=False):
    """Each file has a digest of a kind that nobody knows: what the payload holds is covered by xz's own sum alone."""
    stored = File(b"/opt/evil", random.Random(4).randbytes(1 << 18))
    header = Header(63)
    identity(header)
    file_tags(header, [GOOD, stored], "sha256")
    header.entries = [(tag, kind, [99] if tag == 5011 else value) for tag, kind, value in header.entries]
    payload = subprocess.run(["xz", "--check=sha256"], input=newc([GOOD, stored]), stdout=subprocess.PIPE,
                             check=True).stdout
    if change:
        # What is random is in it as it was, so that whatever stands there can be decompressed.
        at = payload.index(stored.data[200000:200016])
        payload = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1:]
    return package(header, payload)


SOME = [
    File(b"/opt/forged", mode=0o40755),
    File(b"/opt/forged/file", b"content\n"),
    File(b"/opt/forged/link", mode=0o120777, link=b"file"),
    File(b"/opt/forged/one", b"", inode=9, mode=0o100755, size=5),
    File(b"/opt/forged/two", b"hard\n", inode=9, mode=0o100755),
]

def some(algorithm):
    files = [File(f.path, f.data, f.mode, f.link, f.inode, size=f.size) for f in SOME]
    files[3].digest = hashlib.new(algorithm, b"hard\n").hexdigest()
    return files


def v3():
    header = Header()
    identity(header)
    file_tags(header, some("md5"), "md5", whole_paths=True)
    return package(header, gzip(newc(SOME)))


def v6():
    header = Header(63)
    identity(header)
    header.add(5114, INT32, [6]).add(1125, STRING, b"gzip")
    file_tags(header, some("sha512"), "sha512")
    plain = stripped(SOME)
    payload = gzip(plain)
    header.add(5092, ARRAY, [hashlib.sha256(payload).hexdigest().encode()]).add(5093, INT32, [8])
    header.add(5097, ARRAY, [hashlib.sha256(plain).hexdigest().encode()])
    header.add(5121, STRING, hashlib.sha512(payload).hexdigest().encode())
    header.add(5122, STRING, hashlib.sha512(plain).hexdigest().encode())
    header.add(5123, STRING, hashlib.sha3_256(payload).hexdigest().encode())
    header.add(5124, STRING, hashlib.sha3_256(plain).hexdigest().encode())
    header.add(5112, INT64, [len(payload)]).add(5113, INT64, [len(plain)])
    return package(header, payload, md5=False, major=4)


def large():
    """A file of zeros behind a small one; the zeros are never in memory."""
    size = (1 << 32) + 5
    sha = hashlib.sha256()
    block = b"\0" * (1 << 24)
    compressor = subprocess.Popen(["zstd", "-q", "-1", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    small = File(b"/opt/small", b"small\n")
    compressor.stdin.write(b"07070X%08x\0\0" % 0 + pad4(small.data) + b"07070X%08x\0\0" % 1)
    compressed = []
    reader = threading.Thread(target=lambda: compressed.append(compressor.stdout.read()))
    reader.start()
    for at in range(0, size, len(block)):
        piece = block[:min(len(block), size - at)]
        sha.update(piece)
        compressor.stdin.write(piece)
    compressor.stdin.write(b"\0" * (-size % 4) + pad4(TRAILER))
    compressor.stdin.close()
    reader.join()
    header = Header(63)
    identity(header)
    header.add(1125, STRING, b"zstd")
    file_tags(header, [small, File(b"/opt/zeros", size=size, digest=sha.hexdigest())], "sha256")
    header.add(5092, ARRAY, [hashlib.sha256(compressed[0]).hexdigest().encode()]).add(5093, INT32, [8])
    return package(header, compressed[0], md5=False)


def hostile(files, payload=None):
    header = Header(63)
    identity(header)
    file_tags(header, files, "sha256")
    return package(header, newc(files) if payload is None else payload)


def sizes(entries, store):
    """A header whose counts are what a machine would choke on."""
    data = bytearray(v3())
    at = data.rfind(b"\x8e\xad\xe8\x01")
    data[at + 8:at + 16] = struct.pack(">II", entries, store)
    return bytes(data)


# Where the hostile ones want to write.
OUTSIDE = os.environ.get("OUTSIDE", "/nowhere").encode()
GOOD = File(b"/opt/before", b"good\n")
HOSTILE = {
    "dotdot": lambda: hostile([GOOD, File(b"/../escape", b"evil")]),
    "dotdot-inside": lambda: hostile([GOOD, File(b"/opt/../../escape", b"evil")]),
    "through-link": lambda: hostile([GOOD, File(b"/opt/out", mode=0o120777, link=OUTSIDE),
                                     File(b"/opt/out/escape", b"evil")]),
    "through-relative-link": lambda: hostile([GOOD, File(b"/opt/out", mode=0o120777, link=b"../" * 20 + OUTSIDE),
                                              File(b"/opt/out/escape", b"evil")]),
    "over-link": lambda: hostile([GOOD, File(b"/opt/out", mode=0o120777, link=OUTSIDE + b"/victim"),
                                  File(b"/opt/out", b"evil")]),
    "device-as-directory": lambda: hostile([GOOD, File(b"/opt/null", mode=0o20666, rdev=259),
                                            File(b"/opt/null/escape", b"evil")]),
    "wrong-digest": lambda: hostile([GOOD, File(b"/opt/evil", b"evil", digest="0" * 64)]),
    "wrong-size": lambda: hostile([GOOD, File(b"/opt/evil", b"evil", size=3)]),
    "other-digest": lambda: other_digests(change=True),
    "missing": lambda: hostile([GOOD, File(b"/opt/evil", b"evil")], newc([GOOD])),
    "too-many": lambda: hostile([GOOD], newc([GOOD, File(b"/opt/evil", b"evil")])),
    "twice": lambda: hostile([GOOD, File(b"/opt/evil", b"evil")], newc([GOOD, GOOD])),
    "unknown-number": lambda: hostile([GOOD], b"07070X00000007\0\0" + pad4(TRAILER)),
    "huge-name": lambda: hostile([GOOD], newc([GOOD]).replace(b"0000000d", b"fffffff0", 1)),
    "huge-entries": lambda: sizes(0xffffffff, 100),
    "huge-store": lambda: sizes(10, 0xfffffff0),
    "no-trailer": lambda: hostile([GOOD], newc([GOOD])[:-124]),
    "bad-gzip": lambda: hostile([GOOD], gzip(newc([GOOD]))[:-20] + b"x" * 20),
    "bomb-in-file": bomb_in_file,
    "bomb-as-header-says": bomb_as_header_says,
    "bomb-behind": bomb_behind,
    "delta": lambda: hostile([GOOD]).replace(b"cpio\0", b"drpm\0", 1),
}
CASES = {"v3": v3, "v6": v6, "large": large, "other-digests": other_digests, **HOSTILE}


def main():
    if sys.argv[1:] == ["--hostile"]:
        print("\n".join(HOSTILE))
        return
    case, path = sys.argv[1:]
    with open(path, "wb") as file:
        file.write(CASES[case]())


main()
