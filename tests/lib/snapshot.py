#!/usr/bin/env python3
"""List every path of a root with all that a repair must bring back, and compare two such lists.

    snapshot.py take ROOT FILE [--base FILE --upper DIR]
    snapshot.py diff BEFORE AFTER [--allow GLOB]... [--only FILE]

A list has one line a path: type, mode, uid, gid, size, nlink, device, mtime,
sha256 or link, xattrs, path. Left out is what a restore may change without
harm: /var/lib/rescue itself, and the size, link count and times of directories.

With --base and --upper, what the upper layer of an overlay does not have is as
the base list has it, and is not looked at again. That holds for whole
directories too, unless one was renamed (overlayfs redirects it) or something is
mounted in the root: then all of it is walked.

diff prints one difference a line and exits 1 if there is any. --allow names
paths that may differ (and all below them), --only a file of paths, one a
line, outside of which nothing is compared. Times that alone differ are
printed as `mtime`, and do not count.

A test run starts this some ten thousand times: what not every start needs is
imported where it is needed.
"""
import os
import stat
import sys

FIELDS = ["type", "mode", "uid", "gid", "size", "nlink", "device", "mtime", "content", "xattrs"]
EXCLUDED = b"var/lib/rescue"
TYPES = {
    stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket", stat.S_IFCHR: "char", stat.S_IFBLK: "block",
}


PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+:@=,~!-._[]()"


def quote(raw):
    if not raw.strip(PLAIN):
        return raw.decode("ascii")
    return "".join(chr(byte) if byte in PLAIN else f"%{byte:02X}" for byte in raw)


def digest(path):
    import hashlib
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def xattrs_of(path):
    names = os.listxattr(path, follow_symlinks=False)
    pairs = [(name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(names)]
    return ",".join(f"{name}={value.hex()}" for name, value in pairs) or "-"


def has_redirects(upper):
    for directory, names, _ in os.walk(upper):
        for name in names:
            path = directory + b"/" + name
            if not os.path.islink(path) and "trusted.overlay.redirect" in os.listxattr(path):
                return True
    return False


def has_mounts(root):
    """The kernel writes a blank in a name as \\040; a test's root has none."""
    below = os.path.realpath(root) + b"/"
    with open("/proc/self/mountinfo", "rb") as file:
        return any(line.split()[4].startswith(below) for line in file)


class Lister:
    def __init__(self, root, base, upper):
        self.root, self.base, self.upper = root, base, upper
        self.whole = not upper or has_mounts(root) or has_redirects(upper)
        self.order = list(base)
        self.place = {path: i for i, path in enumerate(self.order)}

    def below_as_base(self, path):
        """The base's lines of all that is below a directory: they follow its own."""
        name = quote(path)
        at = self.place[name] + 1
        while at < len(self.order) and self.order[at].startswith(name + "/"):
            yield self.base[self.order[at]]
            at += 1

    def content(self, path, info):
        if stat.S_ISLNK(info.st_mode):
            return quote(os.readlink(self.root + b"/" + path)) or "-"
        if not stat.S_ISREG(info.st_mode):
            return "-"
        known = fields(self.base.get(quote(path)))
        unread = self.upper and not os.path.lexists(self.upper + b"/" + path)
        if known and unread and known["type"] == "file" and known["mtime"] == str(info.st_mtime_ns):
            return known["content"]
        return digest(self.root + b"/" + path)

    def line(self, path):
        full = self.root + b"/" + path
        info = os.lstat(full)
        directory = stat.S_ISDIR(info.st_mode)
        device = f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}" if info.st_rdev else "-"
        values = [
            TYPES[stat.S_IFMT(info.st_mode)], f"{stat.S_IMODE(info.st_mode):04o}", info.st_uid, info.st_gid,
            0 if directory else info.st_size, 0 if directory else info.st_nlink, device,
            0 if directory else info.st_mtime_ns, self.content(path, info), xattrs_of(full), quote(path) or ".",
        ]
        return "\t".join(str(value) for value in values)

    def walk(self, path):
        yield self.line(path)
        full = self.root + b"/" + path
        if not stat.S_ISDIR(os.lstat(full).st_mode):
            return
        if not self.whole and not os.path.lexists(self.upper + b"/" + path) and quote(path) in self.place:
            yield from self.below_as_base(path)
            return
        for name in sorted(os.listdir(full)):
            below = path + b"/" + name if path else name
            if below != EXCLUDED:
                yield from self.walk(below)


def read_lines(name):
    with open(name, encoding="ascii") as file:
        return file.read().splitlines()


def by_path(lines):
    """Only a few are ever taken apart."""
    return {line[line.rindex("\t") + 1:]: line for line in lines}


def fields(line):
    return dict(zip(FIELDS, line.split("\t"))) if line else None


def take(root, to, base, upper):
    lister = Lister(os.fsencode(root), by_path(read_lines(base)) if base else {}, os.fsencode(upper))
    with open(to, "w", encoding="ascii") as out:
        for line in lister.walk(b""):
            out.write(line + "\n")
    return 0


def differences(before, after, path):
    old, new = fields(before.get(path)), fields(after.get(path))
    if old is None:
        return [f"extra {path} ({new['type']})"]
    if new is None:
        return [f"missing {path} ({old['type']})"]
    changed = [f for f in FIELDS if f != "mtime" and old[f] != new[f]]
    if changed:
        return [f"changed {path}: {f} {old[f]} -> {new[f]}" for f in changed]
    return [f"mtime {path}: {old['mtime']} -> {new['mtime']}"] if old["mtime"] != new["mtime"] else []


def allowed(path, globs):
    import fnmatch
    return any(fnmatch.fnmatchcase(path, g) or fnmatch.fnmatchcase(path, g + "/*") for g in globs)


def diff(before, after, allow, only):
    old, new = set(read_lines(before)), set(read_lines(after))
    before, after = by_path(old - new), by_path(new - old)
    paths = sorted(before.keys() | after.keys())
    if only:
        with open(only, encoding="utf-8") as file:
            only = {line.strip().removeprefix("./") for line in file}
        paths = [p for p in paths if p in only]
    count = 0
    for path in paths:
        if allowed(path, allow):
            continue
        for line in differences(before, after, path):
            print(line)
            count += not line.startswith("mtime ")
    return 1 if count else 0


def main():
    options = {"--base": [], "--upper": [], "--allow": [], "--only": []}
    names, words = [], iter(sys.argv[1:])
    for word in words:
        (options[word] if word in options else names).append(next(words) if word in options else word)
    match names:
        case ["take", root, to]:
            return take(root, to, "".join(options["--base"]), "".join(options["--upper"]))
        case ["diff", before, after]:
            return diff(before, after, options["--allow"], "".join(options["--only"]))
    print(__doc__, file=sys.stderr)
    return 2


sys.exit(main())
