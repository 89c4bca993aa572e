#!/usr/bin/env python3
"""Make bundles that must be refused, from a good one.

    hostile.py GOOD.tzst DIRECTORY

Writes DIRECTORY/NAME.tzst for each, and prints NAME EXPECTED-STATUS a line.
Every bundle is the good one, taken apart and put together again with one thing
wrong and all else consistent: where a field is wrong in the manifest alone, the
tar is right, and the other way round. `unchanged` goes the same way with
nothing wrong, and must be accepted: so what is refused is refused for its fault.
"""
import copy
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile

INFO, MANIFEST = ".rescue/info", ".rescue/manifest.mtree"
EVIL = b"evil\n"


def zstd(data, *options):
    return subprocess.run(["zstd", "-q", "-c", "-1", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def escape(name):
    plain = b"\\#*?[="
    return "".join(chr(c) if 0x20 < c < 0x7F and c not in plain else f"\\{c:03o}" for c in name)


class Bundle:
    """Members in order, and the manifest as lines by path."""

    def __init__(self, path):
        raw = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
        self.members = []
        with tarfile.open(fileobj=io.BytesIO(raw), errors="surrogateescape") as tar:
            for member in tar:
                data = tar.extractfile(member).read() if member.isreg() else None
                self.members.append([member, data])
        self.lines = self.member(MANIFEST)[1].decode("ascii").splitlines()

    def member(self, name):
        return next(m for m in self.members if m[0].name.removeprefix("./").rstrip("/") == name)

    def first(self, kind):
        """The path of the first member of a kind that is not the bundle's own."""
        for info, _ in self.members:
            if not info.name.startswith(".rescue") and kind(info):
                return info.name.removeprefix("./").rstrip("/")
        raise LookupError

    def edit_line(self, path, pattern, replacement):
        for i, line in enumerate(self.lines):
            if line.split(" ")[0] == f"./{escape(os.fsencode(path))}":
                new = re.sub(pattern, replacement, line)
                assert new != line, (path, pattern)
                self.lines[i] = new
                return
        raise LookupError(path)

    def drop_line(self, path):
        self.lines = [line for line in self.lines if line.split(" ")[0] != f"./{path}"]

    def add(self, name, kind=tarfile.REGTYPE, data=EVIL, link="", mode=0o644, tags="tags=t3", line=True, **more):
        """Adds a member at the end, and its line."""
        info = tarfile.TarInfo(os.fsdecode(name) if isinstance(name, bytes) else name)
        info.type, info.mode, info.linkname = kind, mode, link
        for key, value in more.items():
            setattr(info, key, value)
        body = data if kind == tarfile.REGTYPE else None
        info.size = len(body) if body is not None else 0
        self.members.append([info, body])
        if line:
            self.lines.append(self.describe(info, body, tags))

    def describe(self, info, body, tags):
        kinds = {tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "link", tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block",
                 tarfile.FIFOTYPE: "fifo"}
        kind = kinds.get(info.type, "file")
        text = f"./{escape(os.fsencode(info.name))} type={kind} mode=0{info.mode:o} uid={info.uid} gid={info.gid}"
        if kind == "file":
            text += f" nlink=1 size={len(body or b'')} sha256digest={hashlib.sha256(body or b'').hexdigest()}"
        if kind == "link":
            text += f" link={escape(os.fsencode(info.linkname))}"
        return f"{text} {tags}"

    def tar(self):
        self.store_manifest()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
            for info, data in self.members:
                tar.addfile(info, io.BytesIO(data) if data is not None else None)
        return out.getvalue()

    def store_manifest(self):
        for entry in self.members:
            if entry[0].name.removeprefix("./") == MANIFEST:
                entry[1] = ("\n".join(self.lines) + "\n").encode("ascii")
                entry[0].size = len(entry[1])

    def remove(self, name):
        self.members = [m for m in self.members if m[0].name.removeprefix("./").rstrip("/") != name]

    def replace_info(self, pattern, replacement):
        entry = self.member(INFO)
        new = re.sub(pattern, replacement, entry[1], flags=re.M)
        assert new != entry[1], pattern
        entry[1] = new
        entry[0].size = len(new)


class Maker:
    def __init__(self, good, directory):
        self.good_path, self.directory = good, directory
        self.good = Bundle(good)
        with open(good, "rb") as file:
            self.good_bytes = file.read()
        self.file = self.good.first(lambda m: m.isreg() and m.size > 1000)
        self.link = self.good.first(lambda m: m.issym())
        self.dir = self.good.first(lambda m: m.isdir())

    def write(self, name, data, status=4):
        with open(f"{self.directory}/{name}.tzst", "wb") as file:
            file.write(data)
        print(name, status)

    def bundle(self, name, change, status=4):
        bundle = copy.deepcopy(self.good)
        change(bundle)
        self.write(name, zstd(bundle.tar(), "--check"), status)

    def make(self):
        self.bundle("unchanged", lambda b: None, 0)
        self.make_paths()
        self.make_kinds()
        self.make_mismatches()
        self.make_structure()
        self.make_info()
        self.make_frames()
        self.make_bombs()
        self.make_cuts()

    def make_paths(self):
        names = {
            "dotdot": "../../evil", "dotdot_inside": "usr/../../evil", "absolute": "/evil", "dot": "usr/./evil",
            "double_slash": "usr//evil", "newline": "usr/evil\nname", "escape_code": "usr/evil\x1b[31m",
            "not_utf8": b"usr/evil\xff\xfe", "own_name": ".rescue/evil", "own_directory": ".rescue/sub/evil",
            "long_component": "usr/" + "e" * 256, "long_path": "usr/" + "/".join(["e" * 200] * 25),
            "no_parent": "nowhere/evil", "empty_name": "./",
        }
        for name, path in names.items():
            self.bundle(f"path_{name}", lambda b, p=path: b.add(p))
            # The same with a good name in the manifest, which the reader has seen first.
            self.bundle(f"path_{name}_in_tar_only", lambda b, p=path: b.add(p, line=False))
        self.bundle("path_pax_override", self.pax_override)
        for tag, target in (("absolute", "/tmp"), ("dotdot", "../../../.."), ("plain", "lib")):
            def through(bundle, target=target):
                bundle.add("usr/evil", tarfile.SYMTYPE, link=target, mode=0o777)
                bundle.add("usr/evil/file")
            self.bundle(f"path_through_link_{tag}", through)
        self.bundle("path_below_file", lambda b: (b.add("usr/evil"), b.add("usr/evil/file")))

    @staticmethod
    def pax_override(bundle):
        bundle.add("usr/evil")
        bundle.members[-1][0].pax_headers = {"path": "../../evil"}

    def make_kinds(self):
        for name, kind in (("char", tarfile.CHRTYPE), ("block", tarfile.BLKTYPE), ("fifo", tarfile.FIFOTYPE)):
            self.bundle(f"kind_{name}", lambda b, k=kind: b.add("usr/evil", k))

            def disguised(bundle, kind=kind):
                bundle.add("usr/evil", data=b"")
                bundle.members[-1][0].type = kind
            self.bundle(f"kind_{name}_said_to_be_file", disguised)
        for name, mode in (("setuid", 0o4755), ("setgid", 0o2755), ("both", 0o6755)):
            self.bundle(f"mode_{name}", lambda b, m=mode: b.add("usr/evil", mode=m))
        for name, target in (("absolute", "/etc/passwd"), ("dotdot", "../../etc/passwd"), ("unknown", "usr/nothing"),
                             ("self", "usr/evil")):
            def hard(bundle, target=target):
                bundle.add("usr/evil")
                bundle.members[-1][0].type, bundle.members[-1][0].linkname = tarfile.LNKTYPE, target
                bundle.members[-1][0].size, bundle.members[-1][1] = 0, None
            self.bundle(f"hard_link_{name}", hard)

        def capability(bundle):
            value = bytes.fromhex("0100000200000080000000000000000000000000").decode("latin-1")
            bundle.add("usr/evil")
            bundle.members[-1][0].pax_headers = {"SCHILY.xattr.security.capability": value}
        self.bundle("file_capability", capability)
        for name in ("uid", "gid"):
            self.bundle(f"{name}_minus_one", lambda b, n=name: b.add("usr/evil", **{n: 4294967295}))

    def make_mismatches(self):
        edits = {
            "type": (self.file, r"type=file", "type=dir"), "mode": (self.file, r"mode=0\d+", "mode=0600"),
            "uid": (self.file, r"uid=0", "uid=1"), "gid": (self.file, r"gid=0", "gid=1"),
            "size_more": (self.file, r"size=(\d+)", lambda m: f"size={int(m[1]) + 1}"),
            "size_less": (self.file, r"size=(\d+)", lambda m: f"size={int(m[1]) - 1}"),
            "size_zero": (self.file, r"size=\d+", "size=0"), "size_none": (self.file, r" size=\d+", ""),
            "size_negative": (self.file, r"size=\d+", "size=-1"),
            "size_huge": (self.file, r"size=\d+", "size=9223372036854775807"),
            "size_wraps": (self.file, r"size=\d+", "size=18446744073709551615"),
            "digest": (self.file, r"sha256digest=.", lambda m: m[0][:-1] + ("0" if m[0][-1] != "0" else "1")),
            "digest_none": (self.file, r" sha256digest=\w+", ""), "digest_short": (self.file, r"(sha256digest=\w+)\w", r"\1"),
            "nlink": (self.file, r"nlink=1", "nlink=2"), "nlink_zero": (self.file, r"nlink=1", "nlink=0"),
            "link_text": (self.link, r"link=\S+", "link=elsewhere"), "link_none": (self.link, r" link=\S+", ""),
            "dir_mode": (self.dir, r"mode=0\d+", "mode=0700"), "dir_type": (self.dir, r"type=dir", "type=link link=x"),
            "mode_type_bits": (self.file, r"mode=0\d+", "mode=0100755"),
            "duplicate_keyword": (self.file, r"uid=0", "uid=0 uid=0"),
        }
        for name, edit in edits.items():
            self.bundle(f"manifest_{name}", lambda b, e=edit: b.edit_line(*e))
        self.bundle("content_changed", self.change_content)
        self.bundle("line_missing", lambda b: b.drop_line(self.file))
        self.bundle("member_missing", lambda b: b.remove(self.file))
        self.bundle("line_twice", lambda b: b.lines.append(b.lines[-1]))
        self.bundle("member_twice", lambda b: b.members.append(copy.deepcopy(b.member(self.file))))

        def both_twice(bundle):
            bundle.add("usr/evil")
            bundle.add("usr/evil")
        self.bundle("both_twice", both_twice)

    def change_content(self, bundle):
        entry = bundle.member(self.file)
        entry[1] = entry[1][:-1] + bytes([entry[1][-1] ^ 1])

    def make_structure(self):
        self.bundle("no_info", lambda b: b.remove(INFO))
        self.bundle("no_manifest", lambda b: b.remove(MANIFEST))
        self.bundle("no_info_no_manifest", lambda b: (b.remove(INFO), b.remove(MANIFEST)))
        self.bundle("files_only_missing", lambda b: b.members.__delitem__(slice(2, None)))

        def reorder(bundle, first):
            entries = {m[0].name.removeprefix("./"): m for m in bundle.members[:3]}
            assert INFO in entries and MANIFEST in entries, list(entries)
            bundle.members = [bundle.member(first)] + [m for m in bundle.members if m is not bundle.member(first)]
        self.bundle("manifest_before_info", lambda b: reorder(b, MANIFEST))
        self.bundle("file_before_manifest", lambda b: b.members.insert(0, b.members.pop()))
        self.bundle("manifest_last", lambda b: b.members.append(b.members.pop(b.members.index(b.member(MANIFEST)))))
        self.bundle("files_out_of_order", lambda b: b.members.append(b.members.pop(b.members.index(b.member(self.file)))))
        self.bundle("manifest_twice", lambda b: b.members.append(copy.deepcopy(b.member(MANIFEST))))
        self.bundle("manifest_empty", lambda b: b.lines.clear())
        self.bundle("manifest_no_head", lambda b: b.lines.pop(0))
        self.bundle("manifest_unescaped", lambda b: b.lines.append("./usr/x type=file"))

    def make_info(self):
        edits = {
            "format_2": (rb"^FORMAT=.*$", b"FORMAT=2"), "format_none": (rb"^FORMAT=.*\n", b""),
            "name_slash": (rb"^NAME=.*$", b"NAME=../../evil"), "name_escape": (rb"^NAME=.*$", b'NAME="x\x1b[2J"'),
            "arch_none": (rb"^ARCH=.*\n", b""), "no_equals": (rb"^NAME=.*$", b"NAME"),
            "open_quote": (rb"^NAME=.*$", b'NAME="glibc'), "nul": (rb"^NAME=.*$", b"NAME=gl\0ibc"),
            "provides_broken": (rb"^PROVIDES=.*$", b'PROVIDES="libc.so.6(GLIBC_2.2.5"'),
            "interp_relative": (rb"^INTERP=.*$", b"INTERP=../../evil"),
        }
        for name, edit in edits.items():
            self.bundle(f"info_{name}", lambda b, e=edit: b.replace_info(*e))
        # Whole, and not for this system: a refusal by the fit, not by the bundle.
        self.bundle("fit_other_arch", lambda b: b.replace_info(rb"^ARCH=.*$", b"ARCH=aarch64"), 3)

    def make_frames(self):
        tar = self.good.tar()
        self.write("frame_trailing_garbage", self.good_bytes + b"garbage")
        self.write("frame_trailing_zeros", self.good_bytes + bytes(512))
        self.write("frame_twice", self.good_bytes + self.good_bytes)
        extra = Bundle.__new__(Bundle)
        extra.members, extra.lines = [], []
        extra.add("usr/evil", line=False)
        self.write("frame_second_archive", self.good_bytes + zstd(extra.tar(), "--check"))
        self.write("tar_after_end", zstd(tar + extra.tar(), "--check"))
        self.write("tar_without_end", zstd(tar.rstrip(b"\0"), "--check"))
        self.write("plain_tar", tar)
        self.write("gzip", subprocess.run(["gzip", "-c1"], input=tar, stdout=subprocess.PIPE, check=True).stdout)
        self.write("empty", b"")
        self.write("empty_frame", zstd(b""))
        self.write("empty_tar", zstd(bytes(10240)))
        self.write("noise", os.urandom(4096))
        self.write("noise_in_frame", zstd(os.urandom(65536)))
        self.write("wide_window", zstd(tar, "--ultra", "-22", "--long=31"))
        step = max(1, len(self.good_bytes) // 40)
        for at in range(0, len(self.good_bytes), step):
            flipped = bytearray(self.good_bytes)
            flipped[at] ^= 0x10
            self.write(f"flipped_{at}", bytes(flipped))

    def make_bombs(self):
        """Small files that hold half a gigabyte: refused by the manifest's sizes, long before it is unpacked."""
        huge = bytes(1 << 29)

        def bomb(bundle):
            bundle.add("usr/evil")
            bundle.members[-1][1], bundle.members[-1][0].size = huge, len(huge)
        self.bundle("bomb_file", bomb)

        def bomb_in(name):
            def change(bundle):
                entry = bundle.member(name)
                entry[1], entry[0].size = entry[1] + huge, len(entry[1]) + len(huge)
            return change
        self.bundle("bomb_info", bomb_in(INFO))
        bundle = copy.deepcopy(self.good)
        bundle.lines.append("#" + "x" * (1 << 28))
        self.write("bomb_manifest", zstd(bundle.tar()))
        self.write("bomb_after_end", zstd(self.good.tar() + huge))
        self.write("bomb_noise", zstd(huge))

    def make_cuts(self):
        size = len(self.good_bytes)
        lengths = {*range(1, 20), *range(size - 8, size), *range(0, size, max(1, size // 60))}
        for length in sorted(lengths - {0}):
            self.write(f"cut_{length}", self.good_bytes[:length])


def main():
    os.makedirs(sys.argv[2], exist_ok=True)
    Maker(sys.argv[1], sys.argv[2]).make()


main()
