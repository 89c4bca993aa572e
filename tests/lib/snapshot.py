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
"""
import fnmatch
import hashlib
import os
import stat
import sys
import time

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
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


class Digests:
    """Of files that were read before, known by what every write() changes: the time of change, which nobody can set.
    Its clock ticks every 10 ms at most, so a file that changed a moment ago is read again."""
    ROOM = 1000
    MOMENT = 50_000_000

    def __init__(self):
        self.known = {}

    def of(self, path, info):
        identity = info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns
        if identity in self.known:
            return self.known[identity]
        settled = info.st_ctime_ns + self.MOMENT < time.time_ns()
        found = digest(path)
        if settled:
            if len(self.known) >= self.ROOM:
                self.known.clear()
            self.known[identity] = found
        return found


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


class List:
    """The lines of a root, as they stand in a file."""

    def __init__(self, lines):
        self.lines = lines
        self.set = frozenset(lines)


class Base(List):
    """The list of an untouched root, which others are measured by."""

    def __init__(self, lines):
        super().__init__(lines)
        self.line_of = by_path(lines)
        self.order = list(self.line_of)
        self.place = {path: i for i, path in enumerate(self.order)}

    def below(self, name):
        """The lines of all that is below a directory: they follow its own."""
        first = end = self.place[name] + 1
        while end < len(self.order) and self.order[end].startswith(name + "/"):
            end += 1
        return self.lines[first:end]


class Lister:
    def __init__(self, root, base, upper, digests):
        self.root, self.base, self.upper, self.digests = root, base, upper, digests
        self.whole = not upper or has_mounts(root) or has_redirects(upper)
        self.lines = []

    def content(self, path, info):
        if stat.S_ISLNK(info.st_mode):
            return quote(os.readlink(self.root + b"/" + path)) or "-"
        if not stat.S_ISREG(info.st_mode):
            return "-"
        known = fields(self.base.line_of.get(quote(path)))
        unread = self.upper and not os.path.lexists(self.upper + b"/" + path)
        if known and unread and known["type"] == "file" and known["mtime"] == str(info.st_mtime_ns):
            return known["content"]
        return self.digests.of(self.root + b"/" + path, info)

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
        self.lines.append(self.line(path))
        full = self.root + b"/" + path
        if not stat.S_ISDIR(os.lstat(full).st_mode):
            return
        if not self.whole and not os.path.lexists(self.upper + b"/" + path) and quote(path) in self.base.place:
            self.lines += self.base.below(quote(path))
            return
        for name in sorted(os.listdir(full)):
            below = path + b"/" + name if path else name
            if below != EXCLUDED:
                self.walk(below)


def by_path(lines):
    """Only a few are ever taken apart."""
    return {line[line.rindex("\t") + 1:]: line for line in lines}


def fields(line):
    return dict(zip(FIELDS, line.split("\t"))) if line else None


class Shelf:
    """The lists that were last asked for, each as long as its file stays the same, and what their files hold."""
    ROOM = 8

    def __init__(self):
        self.lists = {}
        self.digests = Digests()

    def put(self, name, kind, lines):
        info = os.stat(name)
        while len(self.lists) >= self.ROOM:
            del self.lists[next(iter(self.lists))]
        self.lists[name, kind] = (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns), kind(lines)
        return self.lists[name, kind][1]

    def get(self, name, kind):
        info = os.stat(name)
        known = self.lists.pop((name, kind), None)
        if known and known[0] == (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns):
            self.lists[name, kind] = known
            return known[1]
        with open(name, encoding="ascii") as file:
            return self.put(name, kind, file.read().splitlines())


def take(shelf, root, to, base, upper):
    base = shelf.get(base, Base) if base else Base([])
    lister = Lister(os.fsencode(root), base, os.fsencode(upper), shelf.digests)
    lister.walk(b"")
    with open(to, "w", encoding="ascii") as out:
        out.write("\n".join(lister.lines) + "\n")
    shelf.put(to, List, lister.lines)
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
    return any(fnmatch.fnmatchcase(path, g) or fnmatch.fnmatchcase(path, g + "/*") for g in globs)


def diff(shelf, before, after, allow, only):
    old, new = shelf.get(before, List).set, shelf.get(after, List).set
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


def obey(shelf, words):
    options = {"--base": [], "--upper": [], "--allow": [], "--only": []}
    names, words = [], iter(words)
    for word in words:
        (options[word] if word in options else names).append(next(words) if word in options else word)
    match names:
        case ["take", root, to]:
            return take(shelf, root, to, "".join(options["--base"]), "".join(options["--upper"]))
        case ["diff", before, after]:
            return diff(shelf, before, after, options["--allow"], "".join(options["--only"]))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(obey(Shelf(), sys.argv[1:]))
