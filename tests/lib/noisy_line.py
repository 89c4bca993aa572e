#!/usr/bin/env python3
"""Connect two programs by a line that damages what the first one sends: noisy_line.py BYTES SEED COMMAND COMMAND

About one byte in BYTES is changed; 0 for none. The status is that of the second program; the first must end too.
"""
import os
import random
import socket
import subprocess
import sys
import threading


def carry(source, target, every, chance):
    while True:
        try:
            data = bytearray(source.recv(4096))
        except OSError:
            break
        if not data:
            break
        for i in range(len(data)):
            # CAN in a row ends everything, as it should: no test of damage.
            if every and chance.randrange(every) == 0 and data[i] != 0x18:
                data[i] ^= 1 << chance.randrange(3)
        try:
            target.sendall(data)
        except OSError:
            break
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def start(command):
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(["bash", "-c", command], stdin=theirs, stdout=theirs)
    theirs.close()
    return ours, process


def main():
    every, seed = int(sys.argv[1]), int(sys.argv[2])
    print(f"one byte in {every} is damaged, seed {seed}", flush=True)
    sender, first = start(sys.argv[3])
    receiver, second = start(sys.argv[4])
    chance = random.Random(seed)
    threading.Thread(target=carry, args=(receiver, sender, 0, None), daemon=True).start()
    threading.Thread(target=carry, args=(sender, receiver, every, chance), daemon=True).start()
    status = second.wait(300)
    try:
        first.wait(60)
    except subprocess.TimeoutExpired:
        first.kill()
    os._exit(status)


if __name__ == "__main__":
    main()
