#!/usr/bin/env python3
"""loader_truth: does ldd-lite find what the root's own loader finds?

    loader_truth.py paths KIT ROOT LOADER     every program and library below usr
    loader_truth.py symbols KIT ROOT LOADER   undefined symbols and unused dependencies too

Runs the loader in the root with LD_TRACE_LOADED_OBJECTS, which is what glibc's ldd does, and compares sets: of
resolved paths (links followed in the root, and as spelled), of names not found, of undefined symbols, of unused
dependencies. Prints each difference, and the count compared; ends with 1 if there is one.
"""
import json
import os
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

mode, kit, root, loader = sys.argv[1:]
symbols = mode == 'symbols'


def real(path):
    """The path without links, within the root."""
    todo, done, links = path.split('/'), [], 0
    while todo:
        name = todo.pop(0)
        if name in ('', '.'):
            continue
        if name == '..':
            done = done[:-1]
            continue
        full = f"{root}/{'/'.join(done + [name])}"
        if os.path.islink(full):
            links += 1
            if links > 40:
                return path
            target = os.readlink(full)
            todo = target.split('/') + todo
            if target.startswith('/'):
                done = []
        else:
            done.append(name)
    return '/' + '/'.join(done)


def machine_of(path):
    try:
        with open(path, 'rb') as file:
            head = file.read(20)
    except OSError:
        return None
    if len(head) < 20 or head[:4] != b'\x7fELF':
        return None
    kind, machine = struct.unpack('<HH' if head[5] == 1 else '>HH', head[16:20])
    return (head[4], machine) if kind in (2, 3) else None


def elf_files():
    wanted = machine_of(root + real(loader))
    for top, _, names in os.walk(root + '/usr'):
        for name in sorted(names):
            path = f'{top}/{name}'
            if not os.path.islink(path) and machine_of(path) == wanted:
                yield path[len(root):]


def trace(file, **environment):
    def enter():
        os.chroot(root)
        os.chdir('/')
    done = subprocess.run([loader, file], capture_output=True, preexec_fn=enter,
                          env={'LD_TRACE_LOADED_OBJECTS': '1', **environment})
    return (done.stdout + b'\n' + done.stderr).decode('utf8', 'surrogateescape').split('\n')


def theirs(file):
    found, undefined, unused = {}, set(), set()
    for line in trace(file, **({'LD_WARN': 'yes', 'LD_BIND_NOW': 'yes'} if symbols else {})):
        if match := re.match(r'\t(\S.*?) => not found$', line):
            found[match[1]] = None
        elif match := re.match(r'\t(?:\S.*? => )?(/.*) \(0x', line):
            found[match[1]] = match[1]
        elif match := re.match(r'undefined symbol: (\S+?)(?:, version (\S+))?\t\((.*)\)$', line):
            undefined.add((match[1], match[2] or '', real(match[3])))
        elif match := re.match(r'symbol (\S+), version (\S+) not defined in file \S+ with.*\t\((.*)\)$', line):
            undefined.add((match[1], match[2], real(match[3])))
    if symbols:
        listed = False
        for line in trace(file, LD_DEBUG='unused', LD_BIND_NOW='yes'):
            if line.startswith('Unused direct'):
                listed = True
            elif listed and line.startswith('\t'):
                unused.add(real(line.strip()))
    return found, undefined, unused


def ours(files):
    reports = {}
    options = ['-r', '-u'] if symbols else []
    for start in range(0, len(files), 400):
        done = subprocess.run([f'{kit}/bin/rescue', 'ldd-lite', '--root', root, '--json', *options,
                               *files[start:start + 400]], capture_output=True)
        for report in json.loads(done.stdout.decode('utf8', 'surrogateescape')):
            reports[report['file']] = report
    return reports


def spelled(path):
    return re.sub('/+', '/', path)


def compare(file, report, truth):
    found, undefined, unused = truth
    if report is None or report['static']:
        # The loader answers for static-pie programs as if it could load them; they never ask it.
        return None if report is not None or not found else 'not read'
    own = real(loader)
    mine = {spelled(o['path']) for o in report['objects'] if 'path' in o and real(o['path']) != own}
    their = {spelled(p) for p in found.values() if p is not None and real(p) != own}
    lost_mine = {o['name'] for o in report['objects'] if 'path' not in o}
    lost_their = {name for name, path in found.items() if path is None}
    if mine != their or lost_mine != lost_their:
        return f'ours {sorted(mine - their)} {sorted(lost_mine - lost_their)}, ' \
               f'theirs {sorted(their - mine)} {sorted(lost_their - lost_mine)}'
    if not symbols or lost_mine:
        return None
    mine = {(s['symbol'], s['version'], real(s['needed_by'])) for s in report['undefined']}
    if mine != undefined:
        return f'undefined: ours {sorted(mine - undefined)[:4]}, theirs {sorted(undefined - mine)[:4]}'
    mine = {real(path) for path in report['unused']}
    return None if mine == unused else f'unused: ours {sorted(mine)}, theirs {sorted(unused)}'


def main():
    files = list(elf_files())
    reports = ours(files)
    with ThreadPoolExecutor(2) as pool:
        truths = list(pool.map(theirs, files))
    differences = 0
    for file, truth in zip(files, truths):
        if why := compare(file, reports.get(file), truth):
            differences += 1
            print(f'{file}: {why}')
    print(f'{len(files)} files compared, {differences} differ')
    return 1 if differences or not files else 0


sys.exit(main())
