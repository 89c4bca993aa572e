#!/usr/bin/env python3
"""Damage random files of glibc in random ways, have rescue-doctor mend them, and compare; again and again.

    random_damage.py ROOT PRISTINE RESCUE BUNDLE SEED ROUNDS SECONDS

ROOT is a writable copy of PRISTINE, RESCUE the kit's executable, BUNDLE that of PRISTINE. Stops after ROUNDS rounds
or SECONDS, whichever comes first. What a round leaves different from PRISTINE ends it, with the damage that did it.
"""
import hashlib
import os
import random
import shutil
import stat
import subprocess
import sys
import time

KINDS = ["delete", "empty", "cut", "junk", "flip", "chmod", "chown", "dangling", "directory", "fifo", "other", "aside"]


def held(bundle):
    tar = subprocess.run(["zstd", "-dcq", bundle], stdout=subprocess.PIPE, check=True).stdout
    names = subprocess.run(["tar", "-tf", "-"], input=tar, stdout=subprocess.PIPE, check=True).stdout.decode()
    return [n.rstrip("/") for n in names.splitlines() if not n.startswith(".rescue")]


def state(path):
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(info.st_mode):
        return ("link", os.readlink(path))
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            return ("file", stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, hashlib.sha1(file.read()).hexdigest())
    return (stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)


class Damager:
    def __init__(self, chance, root, files):
        self.chance, self.root, self.files = chance, root, files

    def hit(self, name):
        path, kind = f"{self.root}/{name}", self.chance.choice(KINDS)
        if not os.path.lexists(path) or os.path.isdir(path):
            return f"{name}: not there"
        if os.path.islink(path) and kind in ("empty", "cut", "junk", "flip", "chmod"):
            kind = "delete"
        getattr(self, kind)(path)
        return f"{name}: {kind}"

    def delete(self, path):
        os.unlink(path)

    def empty(self, path):
        os.truncate(path, 0)

    def cut(self, path):
        os.truncate(path, self.chance.randrange(os.path.getsize(path) + 1))

    def junk(self, path):
        with open(path, "r+b") as file:
            file.write(self.chance.randbytes(min(os.path.getsize(path), 5000)))

    def flip(self, path):
        size = os.path.getsize(path)
        if not size:
            return
        with open(path, "r+b") as file:
            at = self.chance.randrange(size)
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ (1 << self.chance.randrange(8))]))

    def chmod(self, path):
        os.chmod(path, self.chance.choice([0, 0o600, 0o644, 0o700, 0o755, 0o777, 0o4755]))

    def chown(self, path):
        os.chown(path, 1000, 1000, follow_symlinks=False)

    def dangling(self, path):
        os.unlink(path)
        os.symlink("nowhere", path)

    def directory(self, path):
        os.unlink(path)
        os.mkdir(path)

    def fifo(self, path):
        os.unlink(path)
        os.mkfifo(path)

    def other(self, path):
        source = f"{self.root}/{self.chance.choice(self.files)}"
        if os.path.isfile(source) and os.path.realpath(source) != os.path.realpath(path):
            content = open(source, "rb").read()
            os.unlink(path)
            with open(path, "wb") as file:
                file.write(content)

    def aside(self, path):
        os.rename(path, path + ".bak")


def main():
    root, pristine, rescue, bundle = sys.argv[1:5]
    seed, rounds, seconds = (int(word) for word in sys.argv[5:8])
    names = [n for n in held(bundle) if n.startswith(("usr/lib", "lib")) or "/bin/" in n or "/sbin/" in n]
    files = [n for n in names if not os.path.isdir(f"{pristine}/{n}") or os.path.islink(f"{pristine}/{n}")]
    files = [n for n in files if "/" in n]
    good = {n: state(f"{pristine}/{n}") for n in names}
    start, done = time.monotonic(), 0
    while done < rounds and time.monotonic() - start < seconds:
        chance = random.Random(f"{seed}.{done}")
        damager = Damager(chance, root, files)
        # What everything stands on is hit more often than its share.
        core = [n for n in files if "/libc" in n or "/ld-" in n]
        victims = {chance.choice(core if chance.random() < 0.4 else files) for _ in range(chance.randint(1, 5))}
        damage = [damager.hit(n) for n in sorted(victims)]
        run = subprocess.run([rescue, "rescue-doctor", "--root", root, "--bundle", bundle, "--fix"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        wrong = [n for n in names if state(f"{root}/{n}") != good[n]]
        extra = [n for n in sorted(victims) if os.path.lexists(f"{root}/{n}.bak")]
        for name in extra:
            # A copy that was not needed any more may stay where it was put.
            shutil.rmtree(f"{root}/{name}.bak") if os.path.isdir(f"{root}/{name}.bak") else os.unlink(f"{root}/{name}.bak")
        if run.returncode or wrong:
            print(f"seed {seed}, round {done}: status {run.returncode}; wrong: {wrong[:4]}; damage: {damage}")
            print(run.stdout.decode(errors="replace")[-3000:])
            sys.exit(1)
        shutil.rmtree(f"{root}/var/lib/rescue", ignore_errors=True)
        done += 1
    print(f"{done} rounds of random damage mended, seed {seed}")


main()
