#!/usr/bin/env python3
"""Answer what a system test asks again and again: to start an interpreter takes ten times as long as what is asked.

    answers.py ASK ANSWER

Both are FIFOs. Whoever asks writes a line into ASK: a file for what is printed, and the request, with tabs between the
words. When it is done, its status is written into ANSWER. Ends with the process that started it. Requests:

    take ..., diff ...   as snapshot.py does
    findings FILE        what the JSON of rescue-doctor in FILE names: "SEVERITY ID" for each finding, and "found ID"
                         for those that a repair says it found first
"""
import contextlib
import json
import os
import select
import sys
import traceback

import snapshot


def findings(name):
    with open(name, encoding="utf-8") as file:
        said = json.load(file)
    for identity in said.get("found", []):
        print("found", identity)
    for finding in said["findings"]:
        print(finding["severity"], finding["id"])
    return 0


def answer(shelf, words, to):
    with open(to, "w", encoding="utf-8") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            return findings(*words[1:]) if words[0] == "findings" else snapshot.obey(shelf, words)
        except Exception:  # whatever it is, who asks must hear of it
            traceback.print_exc()
            return 3


def main(ask, answers):
    parent, shelf = os.getppid(), snapshot.Shelf()
    # Open for writing too: there is no end of file between two that ask.
    with open(os.open(ask, os.O_RDWR), encoding="utf-8") as requests, open(os.open(answers, os.O_RDWR), "w") as done:
        while os.getppid() == parent:
            if select.select([requests], [], [], 5)[0]:
                to, *words = requests.readline().removesuffix("\n").split("\t")
                print(answer(shelf, words, to), file=done, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
