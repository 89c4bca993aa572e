"""tiny_elf: the smallest ELF file in which ldconfig finds what it looks for.

    tiny_elf(soname='libx.so.1', needed=['libc.so.6'], bits=32, machine=3, ...)

There is no code in it: it is never run.
"""
import struct

ET_EXEC, ET_DYN = 2, 3
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_GNU_PROPERTY = 1, 2, 3, 4, 0x6474e553
DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_SONAME = 1, 5, 10, 14


def note(kind, body, align=4):
    data = struct.pack('<III', 4, len(body), kind) + b'GNU\0' + body
    return data + b'\0' * (-len(data) % align)


def abi_note(kernel, system=0):
    return note(1, struct.pack('<4I', system, *kernel))


def isa_note(needed, bits=64):
    align = bits // 8
    value = struct.pack('<III', 0xc0008002, 4, needed)
    return note(5, value + b'\0' * (-len(value) % align), align)


def tiny_elf(soname=None, needed=(), bits=64, machine=62, kind=ET_DYN, interpreter=None, abi=None, system=0,
             isa=None, flags=0, order='<', dynamic=True, base=0, cut=None):
    wide = bits == 64
    strings, tags = b'\0', []
    for tag, name in [(DT_NEEDED, n) for n in needed] + ([(DT_SONAME, soname)] if soname is not None else []):
        tags.append((tag, len(strings)))
        strings += name.encode() + b'\0'
    parts = []  # (type, bytes, alignment)
    if interpreter:
        parts.append((PT_INTERP, interpreter.encode() + b'\0', 1))
    if abi:
        parts.append((PT_NOTE, abi_note(abi, system), 4))
    if isa is not None:
        parts.append((PT_NOTE, isa_note(isa, bits), bits // 8))
        parts.append((PT_GNU_PROPERTY, isa_note(isa, bits), bits // 8))
    header_size, entry_size = (64, 56) if wide else (52, 32)
    count = 1 + len(parts) + (1 if dynamic else 0)
    offset = header_size + count * entry_size
    placed = []
    for kind_of_part, data, align in parts:
        offset += -offset % max(align, 8)
        placed.append((kind_of_part, offset, data, align))
        offset += len(data)
    strings_at = offset
    offset += len(strings)
    if dynamic:
        offset += -offset % 8
        word = order + ('QQ' if wide else 'II')
        entries = [(DT_STRTAB, base + strings_at), (DT_STRSZ, len(strings)), *tags, (0, 0)]
        data = b''.join(struct.pack(word, *entry) for entry in entries)
        placed.append((PT_DYNAMIC, offset, data, 8))
        offset += len(data)
    size = offset
    segment = order + ('IIQQQQQQ' if wide else 'IIIIIIII')

    def program_header(kind_of_part, at, length, align):
        if wide:
            return struct.pack(segment, kind_of_part, 5, at, base + at, base + at, length, length, align)
        return struct.pack(segment, kind_of_part, at, base + at, base + at, length, length, 5, align)

    ident = b'\x7fELF' + bytes([2 if wide else 1, 1 if order == '<' else 2, 1]) + b'\0' * 9
    head = struct.pack(order + ('HHIQQQIHHHHHH' if wide else 'HHIIIIIHHHHHH'), kind, machine, 1, 0, header_size, 0,
                       flags, header_size, entry_size, count, 0, 0, 0)
    file = bytearray(size)
    table = program_header(PT_LOAD, 0, size, 4096)
    for kind_of_part, at, data, align in placed:
        table += program_header(kind_of_part, at, len(data), align)
        file[at:at + len(data)] = data
    file[strings_at:strings_at + len(strings)] = strings
    file[0:header_size + len(table)] = ident + head + table
    return bytes(file[:cut])
