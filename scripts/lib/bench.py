"""The comparisons of scripts/bench, which see for the place to work in.

A comparison is one function that takes a Bench and yields Rows; it is in the table at the end by its name. What must
be put back between two runs is put back outside of what is timed.
"""

import argparse
import fnmatch
import os
import random
import re
import shutil
import statistics
import subprocess
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Sample:
    wall: float  # milliseconds
    cpu: float


@dataclass
class Row:
    what: str
    unit: str
    peer: str
    ours: list  # of one run each, in pairs
    theirs: list

    def line(self):
        ratios = [a / b for a, b in zip(self.ours, self.theirs) if b]
        ratio = f"{statistics.median(ratios):6.2f}" if ratios else "     -"
        span = f"{min(ratios):.2f}..{max(ratios):.2f}" if len(ratios) > 1 else ""
        ours, theirs = (number(statistics.median(values)) for values in (self.ours, self.theirs))
        return f"{self.what:<34} {self.unit:<8} {ours:>9} {theirs:>9} {ratio}  {span:<12} {self.peer}"


@dataclass
class Note:
    text: str

    def line(self):
        return "    " + self.text


HEAD = f"{'':<34} {'unit':<8} {'ours':>9} {'peer':>9} {'ratio':>6}  {'min..max':<12} peer"


def number(value):
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Bench:
    def __init__(self, options):
        self.kit = options.kit
        self.pristine = options.root
        self.work = options.work
        self.runs = options.runs
        self.rescue = str(self.kit / "bin/rescue")
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": os.environ.get("HOME", "/root")}
        self._bundle = None

    def time(self, command, expect=(0,)):
        """One run: wall and processor time. Its output goes nowhere, but for what it says when it fails."""
        with open(self.work / "said", "w+b") as said:
            start = time.perf_counter()
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self.environment)
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode not in expect:
                said.seek(0)
                text = said.read().decode(errors="replace")
                raise SystemExit(f"bench: {' '.join(map(str, command))} ended with {child.returncode}:\n{text}")
        return Sample(wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000)

    def output(self, *command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=self.environment)
        if done.returncode:
            raise SystemExit(f"bench: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout + done.stderr

    def rounds(self, contenders, prepare, runs=None, expect=(0,)):
        """Times each of NAME: COMMAND in turn, round after round; the first round only warms up."""
        samples = {name: [] for name in contenders}
        for turn in range((runs or self.runs) + 1):
            for name, command in contenders.items():
                prepare()
                os.sync()
                sample = self.time(command, expect)
                if turn:
                    samples[name].append(sample)
        return samples

    def bundle(self):
        """The bundle of the root's glibc, as an operator would make it."""
        if not self._bundle:
            self._bundle = self.work / "glibc.tzst"
            self.output(self.rescue, "rescue-bundle", "create", "-q", "-o", self._bundle, "--root", self.pristine)
        return self._bundle

    def bundle_files(self):
        """What a bundle brings, by Python's own reading of it: not the directories, nor links that stand for one."""
        plain = subprocess.run(["zstd", "-dcq", self.bundle()], check=True, capture_output=True).stdout
        with open(self.work / "plain.tar", "w+b") as file:
            file.write(plain)
            file.seek(0)
            names = [m.name for m in tarfile.open(fileobj=file) if not m.isdir() and not m.name.startswith(".rescue")]
        os.unlink(self.work / "plain.tar")
        return [n for n in names if not (self.pristine / n).is_dir()]


# --- restore

def pairs(what, peer, samples):
    """Two rows, wall and processor time, of ours against one peer."""
    for unit, field in (("ms", "wall"), ("ms cpu", "cpu")):
        yield Row(what, unit, peer, *([getattr(s, field) for s in samples[name]] for name in ("ours", peer)))


def restore_contenders(bench, target):
    """Into the same place, from the same file. The peers check no digest and sync nothing."""
    bundle = bench.bundle()
    return {
        "ours": [bench.rescue, "rescue-extract", bundle, target],
        "bsdtar -xpf": ["bsdtar", "-xpf", bundle, "-C", target],
        "tar --zstd -xpf": ["tar", "--zstd", "-xpf", bundle, "-C", target],
    }


def restore_rows(what, samples):
    for peer in samples:
        if peer != "ours":
            yield from pairs(what, peer, samples)


def restore_empty(bench):
    """Into an empty directory."""
    target = bench.work / "empty"

    def prepare():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()

    # 5: restored, and there is no program that could prove it.
    samples = bench.rounds(restore_contenders(bench, target), prepare, expect=(0, 5))
    prepare()
    yield from restore_rows("restore into an empty directory", samples)


class BrokenRoot:
    """A copy of the root; break_it() deletes all files of its glibc, and what a restore left for its undo."""

    def __init__(self, bench, where):
        self.path = where
        self.files = bench.bundle_files()
        subprocess.run(["cp", "-a", f"{bench.pristine}/.", where], check=True)

    def break_it(self):
        for name in self.files:
            (self.path / name).unlink(missing_ok=True)
        for left in (".rescue", "var/lib/rescue"):
            shutil.rmtree(self.path / left, ignore_errors=True)

    def check(self):
        if subprocess.run(["chroot", self.path, "/bin/ls", "/"], stdout=subprocess.DEVNULL).returncode:
            raise SystemExit("bench: the restored root does not run ls")


def restore_broken(bench):
    """Into a root that has lost all of its glibc: ours also checks the fit, and proves the result."""
    root = BrokenRoot(bench, bench.work / "root")
    samples = bench.rounds(restore_contenders(bench, root.path), root.break_it)
    root.check()
    yield from restore_rows("restore into a broken root", samples)

    root.break_it()
    bench.time([bench.rescue, "rescue-extract", bench.bundle(), root.path])
    contenders = {name: command for name, command in restore_contenders(bench, root.path).items() if "tar " in name}
    contenders["ours"] = [bench.rescue, "rescue-extract", bench.bundle(), root.path]
    samples = bench.rounds(contenders, lambda: None)
    yield from pairs("the same again, nothing is broken", "bsdtar -xpf", samples)
    shutil.rmtree(root.path)


SYNCS = "fsync,fdatasync,syncfs,sync,sync_file_range"


def restore_sync(bench):
    """What it costs to be safe from a power cut, which memory does not show: on ext4, with the syncs and without."""
    image = bench.work.parent / (bench.work.name + ".ext4")
    mount_point = bench.work / "ext4"
    mount_point.mkdir()
    try:
        image.touch()
        os.truncate(image, 700 << 20)
        bench.output("mkfs.ext4", "-q", "-F", image)
        bench.output("mount", "-o", "loop", image, mount_point)
        image.unlink()  # the mount keeps it; nothing is left over, however this ends
        yield from sync_rows(bench, BrokenRoot(bench, mount_point))
    finally:
        image.unlink(missing_ok=True)
        subprocess.run(["umount", "-l", mount_point], stderr=subprocess.DEVNULL, check=False)


def sync_rows(bench, root):
    ours = [bench.rescue, "rescue-extract", bench.bundle(), root.path]
    filtered = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", bench.work / "trace", "-e", f"trace={SYNCS}"]
    contenders = {
        "ours": ours,
        "ours, syncs left out": [*filtered, "-e", f"inject={SYNCS}:retval=0", *ours],
        "bsdtar -xpf": ["bsdtar", "-xpf", bench.bundle(), "-C", root.path],
    }
    samples = bench.rounds(contenders, root.break_it, runs=max(3, bench.runs // 2))
    root.check()
    for peer in ("ours, syncs left out", "bsdtar -xpf"):
        yield Row("restore on ext4", "ms", peer, *([s.wall for s in samples[name]] for name in ("ours", peer)))
    root.break_it()
    bench.time([*filtered, *ours])
    count = len((bench.work / "trace").read_text().splitlines())
    yield Note(f"It syncs {count} times. On tmpfs, above, a sync costs nothing.")


# --- packages

TOP = Path(__file__).resolve().parents[2]


def rpm_of_root(bench, compression):
    """A package of the root's libraries, by rpmbuild."""
    script = f'. "{TOP}/tests/lib/rpms.sh"; tree_rpm bench 1 1 "$1" "$2" usr/lib/x86_64-linux-gnu usr/lib/python3.11'
    done = subprocess.run(["bash", "-c", script, "bash", bench.pristine, bench.work / f"rpm-{compression}"],
                          env={**bench.environment, "RPM_COMPRESSION": compression, "HOME": str(bench.work)},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench: rpmbuild failed:\n{done.stderr}")
    return done.stdout.split()[-1]


def empty_directory(bench):
    target = bench.work / "unpacked"

    def prepare():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()

    return target, prepare


def rpm_extract(bench):
    """Unpacking: ours holds every file against its digest; the peers check nothing."""
    for compression in ("zstd-threads", "xz", "gzip"):
        package = rpm_of_root(bench, compression)
        target, prepare = empty_directory(bench)
        contenders = {
            "ours": [bench.rescue, "rpm-extract", "-C", target, package],
            "rpm2cpio | cpio": ["/bin/sh", "-c", f"cd '{target}' && rpm2cpio '{package}' | cpio -idm --quiet"],
            "bsdtar -xpf": ["bsdtar", "-xpf", package, "-C", target],
        }
        samples = bench.rounds(contenders, prepare)
        for peer in ("rpm2cpio | cpio", "bsdtar -xpf"):
            yield from pairs(f"unpack an RPM ({compression.split('-')[0]})", peer, samples)
        prepare()


def rpm_names(bench):
    """Both read the header alone."""
    package = rpm_of_root(bench, "zstd-threads")
    contenders = {"ours": [bench.rescue, "rpm-extract", "-l", package], "rpm -qpl": ["rpm", "-qpl", package]}
    yield from pairs("list the names in an RPM", "rpm -qpl", bench.rounds(contenders, lambda: None))


def rpm_digests(bench):
    """All digests of header and payload, as the package lies there."""
    package = rpm_of_root(bench, "gzip")
    contenders = {
        "ours": [bench.rescue, "rpm-extract", "--verify-package", package],
        "rpmkeys --checksig": ["rpmkeys", "--checksig", package],
    }
    yield from pairs("check an RPM's digests", "rpmkeys --checksig", bench.rounds(contenders, lambda: None))


def deb_extract(bench):
    """Unpacking: ours holds every file against its sum; the peer checks nothing."""
    for name in ("libc6", "systemd"):
        package = bench.output(TOP / "tests/debs", "bookworm", "amd64", name).strip()
        target, prepare = empty_directory(bench)
        contenders = {
            "ours": [bench.rescue, "deb-extract", "-C", target, package],
            "dpkg-deb -x": ["dpkg-deb", "-x", package, target],
        }
        yield from pairs(f"unpack {name}.deb", "dpkg-deb -x", bench.rounds(contenders, prepare))
        prepare()


# --- searching, sorting

def text_rows(bench, comparisons):
    """Each of the kit's commands beside the system's, with the same words, on the same files."""
    for what, name, *words in comparisons:
        peer = f"GNU {name}"
        contenders = {"ours": [bench.rescue, name, *words], peer: [f"/usr/bin/{name}", *words]}
        yield from pairs(what, peer, bench.rounds(contenders, lambda: None, expect=(0, 1)))


def search(bench):
    """grep, sed and find in a copy of the root's /usr/share."""
    tree = bench.work / "share"
    shutil.copytree(bench.pristine / "usr/share", tree, symlinks=True)
    text = bench.work / "text"
    with open(text, "wb") as out:
        for path in sorted(p for p in tree.rglob("*") if p.is_file() and not p.is_symlink()):
            out.write(path.read_bytes())
    yield from text_rows(bench, [
        ("grep -rn WORD", "grep", "-rn", "license", tree),
        ("grep -rE PATTERN", "grep", "-rE", "[a-z]+tion [0-9]+", tree),
        ("grep -ac WORD, one large file", "grep", "-ac", "license", text),
        ("sed 's/WORD/X/g'", "sed", "s/the/THE/g", text),
        ("sed -E 's/(A) (B)/\\2 \\1/'", "sed", "-E", r"s/([a-z]+) ([a-z]+)/\2 \1/", text),
        ("find", "find", bench.pristine),
        ("find -name -type", "find", bench.pristine, "-name", "*.so*", "-type", "f"),
        ("find -size", "find", bench.pristine, "-size", "+100k"),
    ])
    text.unlink()
    shutil.rmtree(tree)


def sort(bench):
    """A million lines: a word, a number, a word."""
    path = bench.work / "million"
    dice = random.Random(5)
    words = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(3, 10))) for _ in range(20000)]
    with open(path, "w", encoding="ascii") as out:
        for _ in range(1_000_000):
            out.write(f"{dice.choice(words)} {dice.randint(0, 10_000_000)} {dice.choice(words)}\n")
    yield from text_rows(bench, [
        ("sort, a million lines", "sort", path),
        ("sort -n -k2", "sort", "-n", "-k2", path),
    ])
    path.unlink()


# --- start-up and size

def instructions(bench, *command):
    """User instructions from start to exit, as valgrind counts them."""
    said = bench.output("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command)
    return int(re.search(r"Collected : (\d+)", said)[1])


def system_calls(bench, *command):
    trace = bench.work / "trace"
    bench.output("strace", "-f", "-qq", "-o", trace, *command)
    return len(re.findall(r"^\d+ +\w+\(", trace.read_text(), re.MULTILINE))


def start_up(bench):
    """`true`: nothing but starting and ending."""
    ours, theirs = (bench.rescue, "true"), ("/bin/busybox", "true")
    peer = "busybox-static true"
    yield Row("start-up of `true`", "instr.", peer, [instructions(bench, *ours)], [instructions(bench, *theirs)])
    yield Row("start-up of `true`", "syscalls", peer, [system_calls(bench, *ours)], [system_calls(bench, *theirs)])
    samples = bench.rounds({"ours": repeat(ours), peer: repeat(theirs)}, lambda: None)
    yield next(pairs("1,000 times `true`", peer, samples))


def repeat(command):
    return ["/bin/dash", "-c", f"i=0; while [ $i -lt 1000 ]; do {' '.join(command)}; i=$((i + 1)); done"]


def size(bench):
    sizes = ([os.stat(path).st_size] for path in (bench.rescue, "/bin/busybox"))
    yield Row("size of the executable", "bytes", "busybox-static", *sizes)


# --- texts

TEXT_COMMANDS = (
    ["wc"], ["wc", "-l"], ["wc", "-L"], ["cat"], ["tail", "-n", "100000"], ["head", "-n", "-10"], ["tac"], ["uniq"],
    ["cut", "-d", " ", "-f", "2,5"], ["nl"], ["fold", "-w", "30"], ["od", "-t", "x1", "-N", "4000000"],
    ["base64"], ["strings"],
)


def texts(bench):
    """Commands over the lines of a text of 40 MB. `strings` is binutils', all others are GNU's."""
    text = bench.work / "text"
    line = b"line %d of a log with some words in it and an end\n"
    text.write_bytes(b"".join(line % number for number in range(730_000)))
    for words in TEXT_COMMANDS:
        peer = f"GNU {words[0]}"
        contenders = {"ours": [bench.rescue, *words, text], peer: [f"/usr/bin/{words[0]}", *words[1:], text]}
        yield next(pairs(f"`{' '.join(words)}`", peer, bench.rounds(contenders, lambda: None)))
    text.unlink()


# --- archives

TARS = {"ours": ["tar"], "GNU tar": ["/usr/bin/tar"], "bsdtar": ["/usr/bin/bsdtar"], "busybox tar": ["/bin/busybox", "tar"]}


def tar_commands(bench, words):
    """The same words for each tar. busybox has no zstd, and does not compress with xz."""
    commands = {name: [*command, *words] for name, command in TARS.items()}
    commands["ours"] = [bench.rescue, *commands["ours"]]
    if "--zstd" in words or any(str(word).endswith(".tzst") for word in words):
        del commands["busybox tar"]
    return commands


def against_fastest(what, samples):
    """Against the peer that is the fastest by the clock."""
    peer = min((name for name in samples if name != "ours"),
               key=lambda name: statistics.median(s.wall for s in samples[name]))
    yield from pairs(what, peer, samples)


def archive_source(bench, limit):
    """Some of the root's /usr/lib, files of all sizes, up to so many bytes."""
    source = bench.work / f"source-{limit}"
    total = 0
    for path in sorted((bench.pristine / "usr/lib").rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        total += path.stat().st_size
        if total > limit:
            break
        target = source / path.relative_to(bench.pristine / "usr/lib")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return source


def tar_rows(name, option, ending, limit):
    """Making and extracting tar archives of a part of /usr/lib."""

    def compare(bench):
        source = archive_source(bench, limit)
        made, target = bench.work / f"made.{ending}", bench.work / "extracted"

        def empty():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()

        runs = bench.runs if name == "plain" else min(bench.runs, 3)
        create = ["-c", *option, "-f", made, "-C", source, "."]
        commands = tar_commands(bench, create)
        if name == "xz":
            del commands["busybox tar"]
        yield from against_fastest(f"tar: create, {name}", bench.rounds(commands, lambda: made.unlink(missing_ok=True), runs))
        bench.output("/usr/bin/tar", *create)
        # busybox must be told how it is compressed.
        extract = tar_commands(bench, ["-x", *option, "-f", made, "-C", target])
        yield from against_fastest(f"tar: extract, {name}", bench.rounds(extract, empty, bench.runs))
        made.unlink()
        empty()

    return compare


# --- the ordinary applets

def with_toybox(contenders, applet, *arguments):
    """The same by toybox too, where that is installed."""
    toybox = shutil.which("toybox")
    return contenders | ({f"toybox {applet}": [toybox, applet, *arguments]} if toybox else {})


def against_all(bench, what, contenders, prepare=lambda: None):
    samples = bench.rounds(contenders, prepare)
    for peer in contenders:
        if peer != "ours":
            yield next(pairs(what, peer, samples))


def file_applets(bench):
    """Listing, counting, copying and removing a tree, all of it in memory."""
    tree, copy = bench.work / "tree", bench.work / "copy"
    subprocess.run(["cp", "-a", bench.pristine / "usr", tree], check=True)
    ours = lambda *words: {"ours": [bench.rescue, *words]}
    yield from against_all(bench, "ls -lR /usr", ours("ls", "-lR", tree) | {
        "busybox ls": ["/bin/busybox", "ls", "-lR", tree], "GNU ls": ["/bin/ls", "-lR", tree]})
    yield from against_all(bench, "du -s /usr", with_toybox(
        ours("du", "-s", tree) | {"GNU du": ["/usr/bin/du", "-s", tree]}, "du", "-s", tree))

    def remove_copy():
        shutil.rmtree(copy, ignore_errors=True)

    share = tree / "share"
    yield from against_all(bench, "cp -a /usr/share", with_toybox(
        ours("cp", "-a", share, copy) | {"GNU cp": ["/bin/cp", "-a", share, copy]}, "cp", "-a", share, copy), remove_copy)

    def make_copy():
        remove_copy()
        subprocess.run(["/bin/cp", "-a", share, copy], check=True)

    yield from against_all(bench, "rm -rf /usr/share", with_toybox(
        ours("rm", "-rf", copy) | {"GNU rm": ["/bin/rm", "-rf", copy]}, "rm", "-rf", copy), make_copy)
    remove_copy()
    shutil.rmtree(tree)


def digest_applets(bench):
    """Digests of 256 MiB, and dd of them."""
    data, copy = bench.work / "data", bench.work / "data-copy"
    with open(data, "wb") as file:
        for _ in range(256):
            file.write(os.urandom(1 << 20))
    for applet, peer in (("sha256sum", ["openssl", "sha256"]), ("sha512sum", ["openssl", "sha512"]),
                         ("sha1sum", ["openssl", "sha1"]), ("md5sum", ["/usr/bin/md5sum"]),
                         ("b2sum", ["/usr/bin/b2sum"])):
        yield from against_all(bench, f"{applet} of 256 MiB", {
            "ours": [bench.rescue, applet, data], " ".join(peer): [*peer, data]})
    operands = [f"if={data}", f"of={copy}", "bs=64K", "status=none"]
    yield from against_all(bench, "dd bs=64K of 256 MiB", {
        "ours": [bench.rescue, "dd", *operands], "GNU dd": ["/bin/dd", *operands]}, lambda: copy.unlink(missing_ok=True))
    data.unlink()
    copy.unlink()


# --- libraries: who needs what, the cache, the doctor

def programs():
    """The ELF files of this machine's /usr/bin and /usr/sbin, each once."""
    paths = [p for folder in ("/usr/bin", "/usr/sbin") for p in sorted(Path(folder).iterdir())]
    return [p for p in paths if p.is_file() and not p.is_symlink() and p.open("rb").read(4) == b"\x7fELF"]


def ldd_lite(bench):
    """Whether every program finds its libraries: glibc's ldd starts each, libtree and ours read them."""
    files = programs()
    ours = [bench.rescue, "ldd-lite", "--check", *files]
    loop = ["/bin/bash", "-c", 'for file; do /usr/bin/ldd "$file"; done', "-", *files]
    for peer, command, runs in (("ldd, a loop", loop, min(bench.runs, 3)),
                                ("libtree -vvv", ["libtree", "-vvv", *files], bench.runs),
                                ("libtree", ["libtree", *files], bench.runs)):
        samples = bench.rounds({"ours": ours, peer: command}, lambda: None, runs, expect=range(32))
        for row in pairs(f"ldd-lite --check, {len(files)} programs", peer, samples):
            yield row
            yield Note(f"{1 / statistics.median(a / b for a, b in zip(row.ours, row.theirs) if b):,.1f} times as fast")


def ldconfig(bench):
    """The cache of a whole root, written anew; theirs is the root's own, with what it remembers of each file and without."""
    root = bench.work / "ldconfig-root"
    subprocess.run(["cp", "-a", bench.pristine, root], check=True)
    theirs = ["/usr/sbin/chroot", root, "/sbin/ldconfig"]
    for peer, options in (("ldconfig", []), ("ldconfig -i", ["-i"])):
        yield from pairs("ldconfig", peer, bench.rounds(
            {"ours": [bench.rescue, "ldconfig", "-r", root], peer: [*theirs, *options]}, lambda: None))
    shutil.rmtree(root)


def doctor(bench):
    """All of a diagnosis, with the bundle and without: a second is the limit."""
    for what, bundle in (("with a bundle", bench.bundle()), ("alone", bench.work / "none.tzst")):
        command = [bench.rescue, "rescue-doctor", "--root", bench.pristine, "--bundle", bundle]
        samples = bench.rounds({"ours": command}, lambda: None)["ours"]
        yield Row(f"rescue-doctor, {what}", "ms", "the limit", [s.wall for s in samples], [1000] * len(samples))


COMPARISONS = {
    "tar-plain": tar_rows("plain", [], "tar", 150 << 20),
    "tar-gzip": tar_rows("gzip", ["-z"], "tgz", 50 << 20),
    "tar-zstd": tar_rows("zstd", ["--zstd"], "tzst", 150 << 20),
    "tar-xz": tar_rows("xz", ["-J"], "txz", 16 << 20),
    "restore-empty": restore_empty,
    "restore-broken": restore_broken,
    "restore-sync": restore_sync,
    "rpm-extract": rpm_extract,
    "rpm-names": rpm_names,
    "rpm-digests": rpm_digests,
    "deb-extract": deb_extract,
    "search": search,
    "sort": sort,
    "start-up": start_up,
    "size": size,
    "texts": texts,
    "files": file_applets,
    "digests": digest_applets,
    "ldd-lite": ldd_lite,
    "ldconfig": ldconfig,
    "doctor": doctor,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kit", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("globs", nargs="*", default=["*"])
    options = parser.parse_args()
    wanted = [n for n in COMPARISONS if any(fnmatch.fnmatch(n, glob) for glob in options.globs)]
    if options.list:
        print("\n".join(COMPARISONS))
        return
    if not wanted:
        raise SystemExit("bench: there is no such comparison; --list names them")
    bench = Bench(options)
    print(HEAD, flush=True)
    try:
        for name in wanted:
            for row in COMPARISONS[name](bench):
                print(row.line(), flush=True)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
