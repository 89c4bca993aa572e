#!/usr/bin/env python3
"""Find types of one name in one namespace that two files define.

    type_names.py FILE...

Each file compiles by itself, and the linker takes the functions of the one for
those of the other: a program that crashes, and no compiler tells. A type in an
unnamed namespace is its file's own.
"""
import collections
import re
import sys

OPENS = re.compile(r"^(?:inline )?namespace(?: ([\w:]+))? \{(?:\s*namespace \{)?")
CLOSES = re.compile(r"^(\}+)\s*// namespace")
DEFINES = re.compile(r"^(?:struct|class) (?:\[\[\w+\]\] )?(\w+)(?: final)?(?: :[^{;]*)? \{")


def types_of(path):
    spaces = []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        if found := OPENS.match(line):
            spaces.append(found[1] or "")
            if line.count("namespace {") > (found[1] is None):
                spaces.append("")
        elif found := CLOSES.match(line):
            del spaces[-len(found[1]):]
        elif (found := DEFINES.match(line)) and "" not in spaces:
            yield "::".join([*spaces, found[1]]), number


def main():
    places = collections.defaultdict(list)
    for path in sys.argv[1:]:
        for name, number in types_of(path):
            places[name].append((path, number))
    status = 0
    for name, found in sorted(places.items()):
        if len({path for path, _ in found}) < 2:
            continue
        status = 1
        for path, number in found:
            others = ", ".join(other for other, _ in found if other != path)
            print(f"{path}:{number}:1: error: {name} is defined in {others} as well")
    sys.exit(status)


main()
