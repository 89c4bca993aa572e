#!/usr/bin/env python3
"""library_zoo: trees of libraries, odd ones among them, for ldconfig.

    library_zoo.py CASE DIR          one of the cases below, put into DIR
    library_zoo.py random DIR SEED   anything, anywhere
    library_zoo.py many DIR COUNT    a large library directory
    library_zoo.py --list

Each file is written in a random order of creation where there is a seed, so that the order in which a
directory gives its names is another than that of the names.
"""
import os
import random
import sys

from tiny_elf import ET_EXEC, tiny_elf

I386 = dict(bits=32, machine=3)
X32 = dict(bits=32, machine=62)
CONF = 'etc/ld.so.conf.d'


class Tree:
    def __init__(self, top):
        self.top = top

    def path(self, name):
        path = os.path.join(self.top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def file(self, name, data=b''):
        if isinstance(data, str):
            data = data.encode()
        with open(self.path(name), 'wb') as out:
            out.write(data)

    def lib(self, name, soname=None, **how):
        self.file(name, tiny_elf(soname, **how))

    def link(self, name, target):
        if not os.path.lexists(self.path(name)):
            os.symlink(target, self.path(name))

    def dir(self, name):
        os.makedirs(os.path.join(self.top, name), exist_ok=True)

    def conf(self, name, *lines):
        self.file(f'{CONF}/{name}.conf', '\n'.join(lines) + '\n')


def kinds(tree):
    """Every kind of file, in a plain directory and in a glibc-hwcaps one."""
    def both(name, data):
        tree.file(f'opt/hw/glibc-hwcaps/foo/{name}', data)
        tree.file(f'opt/plain/{name}', data)

    for isa in (0, 1, 2, 3, 4, 5, 8, 9, 0xf, 0x10, 0x200, 0x3ff, 0x400, 0x80000000, 0xffffffff):
        both(f'libisa{isa:x}.so.1', tiny_elf(f'libisa{isa:x}.so.1', isa=isa))
    both('libi.so.1', tiny_elf('libi.so.1', **I386))
    both('libi4.so.1', tiny_elf('libi4.so.1', isa=4, **I386))
    both('libic.so.1', tiny_elf('libic.so.1', ['libz.so.1', 'libc.so.6'], **I386))
    both('libim.so.1', tiny_elf('libim.so.1', ['libm.so.6'], **I386))
    both('libi5.so.1', tiny_elf('libi5.so.1', ['libc.so.5'], **I386))
    both('libii.so.1', tiny_elf('libii.so.1', interpreter='/lib/ld-linux.so.2', **I386))
    both('libx.so.1', tiny_elf('libx.so.1', **X32))
    both('libxc.so.1', tiny_elf('libxc.so.1', ['libc.so.6'], **X32))
    both('libwide386.so.1', tiny_elf('libwide386.so.1', bits=64, machine=3))
    both('libarm64.so.1', tiny_elf('libarm64.so.1', machine=183))
    both('libarm.so.1', tiny_elf('libarm.so.1', bits=32, machine=40, flags=0x5000400))
    both('libarms.so.1', tiny_elf('libarms.so.1', bits=32, machine=40, flags=0x5000200))
    both('libarmu.so.1', tiny_elf('libarmu.so.1', bits=32, machine=40, flags=0x5000000))
    both('libarm4.so.1', tiny_elf('libarm4.so.1', bits=32, machine=40, flags=0x4000400))
    both('libia64.so.1', tiny_elf('libia64.so.1', machine=50))
    both('libbig.so.1', tiny_elf('libbig.so.1', machine=22, order='>'))
    both('libprogram.so.1', tiny_elf('libprogram.so.1', kind=ET_EXEC))
    both('libstill.so.1', tiny_elf('libstill.so.1', dynamic=False))
    both('libnameless.so.1.2', tiny_elf())
    both('libhurd.so.1', tiny_elf('libhurd.so.1', abi=(2, 6, 32), system=1))
    both('liblinux.so.1', tiny_elf('liblinux.so.1', abi=(3, 2, 0x105)))
    both('libhigh.so.1', tiny_elf('libhigh.so.1', base=0x10000000))
    whole = tiny_elf('libcut.so.1', ['libc.so.6'])
    for cut in (0, 1, 3, 4, 52, 63, 64, 65, len(whole) // 2, len(whole) - 20, len(whole) - 3):
        both(f'libcut{cut}.so.1', whole[:cut])
    both('libtext.so.1', b'hello ' * 20)
    both('libshort.so', b'he')
    both('libscript.so', b'/* GNU ld script */' + b' ' * 100)
    both('libgroup.so', b'GROUP ( libc.so.6 )' + b' ' * 100)
    both('liblate.so', b' ' * 509 + b'GROUP' + b' ' * 100)
    both('libdash.so.1.#prelink#', tiny_elf('libdash.so.1'))
    both('libdash.so.1.#prelink#.AbCdEf', tiny_elf('libdash.so.1'))
    both('libpart.so.1.2;5f3a9c01', tiny_elf('libpart.so.1'))
    both('libpart.so.1.3.dpkg-new', tiny_elf('libpart.so.1'))
    both('libpart.so.1.3.dpkg-tmp', tiny_elf('libpart.so.1'))
    both('libpart.so.1.1', tiny_elf('libpart.so.1'))
    both('plugin.so', tiny_elf('plugin.so'))
    both('ld-plugin.so.1', tiny_elf('ld-plugin.so.1'))
    tree.conf('zoo', '/opt/plain', '/opt/hw')


def hwcaps(tree):
    for name in ('x86-64-v2', 'x86-64-v3', 'odd'):
        tree.lib(f'usr/lib/x86_64-linux-gnu/glibc-hwcaps/{name}/libz.so.1.9', 'libz.so.1')
        tree.lib(f'usr/local/lib/glibc-hwcaps/{name}/libown.so.3.1', 'libown.so.3', isa=4)
    tree.link('usr/local/lib/glibc-hwcaps/odd/libown.so.3', 'libown.so.3.1')
    tree.lib('usr/local/lib/libown.so.3.0', 'libown.so.3')
    tree.dir('usr/local/lib/glibc-hwcaps/empty')
    tree.dir('usr/lib/x86_64-linux-gnu/glibc-hwcaps/unused-name')
    tree.file('usr/local/lib/glibc-hwcaps/file')
    tree.lib('usr/local/lib/glibc-hwcaps/.hidden/libhid.so.1', 'libhid.so.1')
    tree.lib('usr/local/lib/glibc-hwcaps/a:b/libcolon.so.1', 'libcolon.so.1')
    tree.link('usr/local/lib/glibc-hwcaps/alias', '/opt/alias')
    tree.lib('opt/alias/libalias.so.1.0', 'libalias.so.1')
    tree.link('usr/local/lib/glibc-hwcaps/again', 'odd')


def hwcaps_empty(tree):
    tree.dir('usr/local/lib/glibc-hwcaps/x86-64-v4')


def legacy(tree):
    names = ('tls', 'haswell', 'xeon_phi', 'x86_64', 'avx512_1', 'sse2', 'i586', 'i686', 'nosegneg',
             'fp', 'atomics', 'paca', 'v8l')
    for name in names:
        tree.lib(f'opt/old/{name}/libold.so.1.0', 'libold.so.1', abi=(3, 2, 0))
        for inner in ('haswell', 'tls', 'tls/x86_64', 'glibc-hwcaps/x86-64-v3'):
            tree.lib(f'opt/old/{name}/{inner}/libold.so.1.0', 'libold.so.1', abi=(3, len(inner), 0))
    tree.link('opt/old/libplatform.so.1', 'haswell')
    tree.lib('opt/old/libold.so.1.0', 'libold.so.1')
    tree.link('opt/link/tls', '../old/tls')
    tree.link('opt/link/haswell', '/opt/old/sse2')
    tree.conf('old', '/opt/link', '/opt/old')


def i386(tree):
    """32-bit libraries beside 64-bit ones, as a second architecture brings them."""
    names = [('libc.so.6', ['ld-linux.so.2'], '/lib/ld-linux.so.2'), ('ld-linux.so.2', [], None),
             ('libm.so.6', ['libc.so.6'], None), ('libgcc_s.so.1', ['libc.so.6'], None), ('libz.so.1', [], None)]
    for where in ('usr/lib/i386-linux-gnu', 'usr/lib32'):
        for name, needed, interpreter in names:
            tree.lib(f'{where}/{name}', name, needed=needed, interpreter=interpreter, abi=(3, 2, 0), **I386)
    tree.lib('usr/libx32/libm.so.6', 'libm.so.6', needed=['libc.so.6'], **X32)
    tree.conf('i386-linux-gnu', '/usr/local/lib/i386-linux-gnu', '/lib/i386-linux-gnu', '/usr/lib/i386-linux-gnu')
    tree.conf('zz_i386-biarch-compat', '# Legacy biarch compatibility support', '/lib32', '/usr/lib32')
    tree.conf('zz_x32-biarch-compat', '/usr/libx32', '/libx32')


def links(tree):
    tree.lib('opt/l/libone.so.1.0', 'libone.so.1')
    tree.lib('opt/l/libone.so.1.10', 'libone.so.1')
    tree.lib('opt/l/libone.so.1.9', 'libone.so.1')
    tree.link('opt/l/libone.so.1', 'libone.so.1.9')
    tree.link('opt/l/libone.so', 'libone.so.1')
    tree.lib('opt/l/libtwo.so.2.0', 'libtwo.so.2')
    tree.link('opt/l/libtwo.so.2', 'libtwo.so.1.7')
    tree.link('opt/l/libgone.so.1', 'libgone.so.1.0')
    tree.link('opt/l/libgone.so', 'libgone.so.1')
    tree.link('opt/l/libloop.so.1', 'libloop.so.1')
    tree.link('opt/l/libround.so.1', 'libround.so.2')
    tree.link('opt/l/libround.so.2', 'libround.so.1')
    tree.lib('opt/l/libfile.so.1', 'libfile.so.1')
    tree.lib('opt/l/libfile.so.1.5', 'libfile.so.1')
    tree.lib('opt/l/libhard.so.1.0', 'libhard.so.1')
    os.link(tree.path('opt/l/libhard.so.1.0'), tree.path('opt/l/libhard.so.1'))
    tree.dir('opt/l/libdir.so.1')
    tree.lib('opt/l/libdir.so.1.0', 'libdir.so.1')
    tree.link('opt/l/libtodir.so.1', 'libdir.so.1')
    tree.lib('opt/far/libfar.so.1.0', 'libfar.so.1')
    tree.link('opt/l/libfar.so.1', '/opt/far/libfar.so.1')
    tree.link('opt/l/libfar.so', '../far/libfar.so.1.0')
    tree.link('opt/l/libfar.so.7', '../../../../../opt/far/libfar.so.1.0')
    tree.link('opt/l/libaway.so.3', '/opt/far/libaway.so.3')
    tree.link('opt/l/libhost.so.1', '/usr/lib/x86_64-linux-gnu/libz.so.1')
    tree.lib('opt/l/libnosuffix', 'libnosuffix.so.1')
    tree.link('opt/l/libodd.so.1', 'libnosuffix')
    tree.lib('opt/l/libzero.so.01', 'libzero.so.1')
    tree.lib('opt/l/libzero.so.1.0', 'libzero.so.01')
    tree.lib('opt/l/liblinked.so.1.0', 'libbase.so.1')
    tree.link('opt/l/liblinked.so', 'liblinked.so.1.0')
    tree.link('opt/l/libbase.so', 'liblinked.so.1.0')
    tree.lib('opt/l/libempty.so.1.0', '')
    tree.lib('opt/l/libpath.so.1.0', 'nosuchdir/libpath.so.1')
    tree.lib('opt/l/ld-2.99.so', 'ld-linux-x86-64.so.2')
    tree.lib('opt/l/ld-2.98.so', 'ld-linux-x86-64.so.2')
    tree.link('opt/l/ld-linux-x86-64.so.2', 'ld-2.98.so')
    tree.lib('opt/m/ld-2.99.so', 'ld-linux-x86-64.so.2')
    tree.conf('l', '/opt/l', '/opt/m', '/opt/far')


def stray(tree):
    where = 'usr/lib/x86_64-linux-gnu'
    tree.lib(f'{where}/libc-9.99.so', 'libc.so.6')
    tree.lib(f'{where}/libc.so.6.bak', 'libc.so.6')
    tree.lib(f'{where}/libz.so.1.99', 'libz.so.1')
    tree.lib(f'{where}/ld-9.99.so', 'ld-linux-x86-64.so.2')
    tree.file(f'{where}/libz.so.1.100', 'not a library at all, though its name says so' * 3)


def same_soname(tree):
    """Files of one soname that tell, or do not tell, which libc they are for; the better name first, and last."""
    kinds = [dict(**I386), dict(interpreter='/lib64/ld-linux-x86-64.so.2', **I386), dict(needed=['libc.so.5'], **I386),
             dict(**X32), {}]
    for where in ('opt/s', 'usr/local/lib/glibc-hwcaps/s'):
        for i, first in enumerate(kinds):
            for j, second in enumerate(kinds):
                # Made in either order: a directory on tmpfs gives the newest name first.
                tree.lib(f'{where}/libs{i}{j}.so.1.0', f'libs{i}{j}.so.1', **first)
                tree.lib(f'{where}/libs{i}{j}.so.1.1', f'libs{i}{j}.so.1', **second)
                tree.lib(f'{where}/libs{i}{j}.so.2.1', f'libs{i}{j}.so.2', **second)
                tree.lib(f'{where}/libs{i}{j}.so.2.0', f'libs{i}{j}.so.2', **first)
    tree.conf('s', '/opt/s')


def conf(tree):
    for name in ('a', 'b', 'c', 'd', 'e e', 'f', 'g', 'h=libc6', 'h', 'i', 'r'):
        tree.lib(f'srv/{name}/libshared.so.1.0', 'libshared.so.1')
        tree.lib(f'srv/{name}/libi386.so.1', 'libi386.so.1', **I386)
    tree.link('srv/same', 'a')
    tree.file('etc/ld.so.conf', '\n'.join([
        '  /srv/a/// \t', '#/srv/none', '/srv/same', '/srv/e e # with a blank', '', '\t',
        'include ld.so.conf.d/*.conf  /etc/more/[xy]*.list\t/etc/more/none', 'include', 'includes',
        'include /etc/more/?e*', 'hwcap 1 nosegneg', 'HWCAP 0 x', 'srv/r', 'include /etc/mo*/deep/*/z.conf',
        '/srv/h=libc6', '/', '/srv/nowhere', '/srv/a/../b/.', 'include /etc/more/self', '/srv/i\r', '/srv/i']))
    tree.file('etc/ld.so.conf.d/.hidden.conf', '/srv/g\n')
    tree.file('etc/ld.so.conf.d/10.conf', '/srv/c\n/srv/b')
    tree.file('etc/ld.so.conf.d/9.conf', '/srv/d')
    tree.file('etc/ld.so.conf.d/B.conf', '/srv/b\0/srv/g\n')
    tree.link('etc/ld.so.conf.d/lost.conf', '/etc/lost')
    tree.file('etc/more/x1.list', '/srv/f\n')
    tree.file('etc/more/y.list', 'include ../more/deeper')
    tree.file('etc/more/deeper', '/srv/g')
    tree.file('etc/more/deep/1/z.conf', '/srv/h\n')
    tree.file('etc/more/deep/2/z.conf', '/srv/i\n')


def many(tree, count):
    for i in range(int(count)):
        soname = f'lib{i * 7919 % 100003}x.so.{i % 7}'
        tree.file(f'usr/lib/x86_64-linux-gnu/{soname}.{i % 5}.0',
                  tiny_elf(soname, ['libc.so.6'], abi=(3, 2, 0)) + b'\0' * (20000 + i % 9 * 7000))
        tree.link(f'usr/lib/x86_64-linux-gnu/{soname}', f'{soname}.{i % 5}.0')


def some_elf(dice, soname):
    how = dice.choice([{}, {}, {}, {}, I386, X32, dict(machine=183), dict(kind=ET_EXEC), dict(dynamic=False)])
    return tiny_elf(dice.choice([soname, soname, soname, None]),
                    dice.sample(['libc.so.6', 'libm.so.6', 'libz.so.1'], dice.randrange(3)),
                    abi=dice.choice([None, (3, 2, 0), (2, 6, 32)]), isa=dice.choice([None, None, 2, 4, 8, 6]),
                    base=dice.choice([0, 0, 0x400000]),
                    interpreter=dice.choice([None, None, '/lib/ld-linux.so.2', '/lib64/ld-linux-x86-64.so.2']),
                    cut=dice.choice([None] * 15 + [dice.randrange(1, 400)]), **how)


def chance(tree, seed):
    dice = random.Random(int(seed))
    dirs = ['usr/local/lib', 'usr/lib/x86_64-linux-gnu', 'usr/lib', 'opt/a', 'opt/b', 'opt/c/lib', 'opt/a/haswell',
            'opt/b/tls', 'opt/a/glibc-hwcaps/x86-64-v2', 'opt/b/glibc-hwcaps/x86-64-v2', 'usr/local/lib/glibc-hwcaps/z',
            'usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3']
    stems = ['liba', 'libb', 'libb1', 'libb01', 'ld-linux-x86-64', 'ld-x', 'lib', 'libA', 'lib-z', 'other', 'libc']
    names, sonames = [], []
    for stem in stems:
        for version in ('', '.0', '.1', '.01', '.1.0', '.1.2.3', '.10', '.2', '.6', '.1;a', '.1.dpkg-new', '-x'):
            names.append(f'{stem}.so{version}')
        sonames += [f'{stem}.so.1', f'{stem}.so.01', f'{stem}.so', f'{stem}.so.2', f'{stem}.so.6']
    names += ['libx-1.2.so', 'libx-1.10.so', 'tls', 'haswell', 'libq', 'ld-2.31.so', 'ld-9.so']
    made = set()
    for _ in range(dice.randrange(20, 220)):
        where = f'{dice.choice(dirs)}/{dice.choice(names)}'
        if where in made or where in dirs:
            continue
        made.add(where)
        choice = dice.randrange(20)
        if choice < 11:
            tree.file(where, some_elf(dice, dice.choice(sonames)))
        elif choice < 16:
            tree.link(where, dice.choice(names))
        elif choice < 18:
            other = f'{dice.choice(dirs)}/{dice.choice(names)}'
            tree.link(where, dice.choice(['/', '../' * where.count('/')]) + other)
        elif choice == 18:
            tree.file(where, dice.choice([b'', b'x', b'GROUP' + b' ' * 80, b'text ' * 40]))
        else:
            tree.dir(where)
    listed = dice.sample(['/opt/a', '/opt/b', '/opt/c/lib', '/opt/a/haswell', '/usr/lib', '/lib', '/opt/c/../b',
                          '/opt/a/glibc-hwcaps/x86-64-v2', '/opt/none'], dice.randrange(8))
    tree.conf(dice.choice(['0', 'zz']), *listed)


CASES = {case.__name__: case for case in (kinds, hwcaps, hwcaps_empty, legacy, i386, links, stray, same_soname, conf)}


def main():
    if sys.argv[1:] == ['--list']:
        print('\n'.join(CASES))
        return
    case, top, *more = sys.argv[1:]
    run = {'random': chance, 'many': many, **CASES}[case]
    run(Tree(top), *more)


main()
