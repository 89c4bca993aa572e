#!/usr/bin/env python3
"""Boot a virtual machine and talk to it over its serial line, as an operator would.

    vm.py --image DISK [--kernel FILE] [--initrd FILE] [--append WORDS] [--resume FILE] --log FILE STEP...

Without a kernel the disk's own boot loader starts. With --resume the machine goes on where `save` stopped it: it must be
given the same words, and disks as they were then.

Steps, done in order; each is NAME:ARGUMENT:
    expect:REGEX     wait until this is printed, after what the last expect matched
    never:REGEX      from here on, fail when this is printed
    send:TEXT        type TEXT and Enter
    type:TEXT        type TEXT alone; \\xNN stands for a byte
    pipe:COMMAND     run COMMAND with the serial line as its input and output, until it ends; its status must be 0
    save:FILE        stop the machine, keep its memory in FILE, and end it
    kill:SECONDS     pull the plug after that time (0.5 is a fine number)
    gone:            wait until the machine has switched itself off, or restarted: it is not allowed to restart
    quit:            end it

The console is kept in the log. Status 0 if every step was done, 1 if not: the last line of the log says why.
"""
import argparse
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

# Generous: a machine with two processors may be busy with other things. Only what hangs is waited for this long.
LIMIT = float(os.environ.get("RESCUE_VM_SECONDS", "600"))


class Failure(Exception):
    pass


class Machine:
    def __init__(self, options):
        self.folder = tempfile.TemporaryDirectory(prefix="rescue-vm-")
        self.log = open(options.log, "ab", buffering=0)
        self.text = ""      # what was printed and not yet matched
        self.begun = b""    # a control sequence of which the rest has not come yet
        self.never = []
        path = os.path.join(self.folder.name, "serial")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        kind = ["-M", "virt", "-cpu", "cortex-a57"] if options.machine == "aarch64" else []
        # One processor: with two, the kernel's patching of its own code now and then meets the emulator half-way, and it
        # panics for an int3 of its own.
        control = os.path.join(self.folder.name, "control")
        command = [f"qemu-system-{options.machine}", *kind, "-accel", options.accel, "-m", "512", "-smp", "1",
                   "-nodefaults", "-display", "none", "-no-reboot", "-net", "none",
                   "-chardev", f"socket,id=line,path={path}", "-serial", "chardev:line",
                   "-qmp", f"unix:{control},server=on,wait=off"]
        if options.kernel:
            command += ["-kernel", options.kernel, "-append", options.append]
        if options.initrd:
            command += ["-initrd", options.initrd]
        if options.resume:
            command += ["-incoming", f"exec:cat {shlex.quote(options.resume)}"]
        for image in options.image:
            command += ["-drive", f"file={image},if=virtio,format=raw,cache=unsafe"]
        self.write_log(f"--- {' '.join(map(shlex.quote, command))}\n")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        listener.settimeout(LIMIT)
        self.line, _ = listener.accept()
        listener.close()
        self.control = None
        self.control_path = control
        if options.resume:
            self.wait_for("query-status", "paused")  # as it was when it was saved
            self.ask("cont")

    def open_control(self):
        while True:
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(LIMIT)
            try:
                line.connect(self.control_path)
                return line
            except OSError:  # just started: it is not there yet
                line.close()
                if self.process.poll() is not None:
                    raise Failure("the machine ended") from None
                time.sleep(0.02)

    def ask(self, command, **arguments):
        """QEMU itself, by its machine protocol: what it returns to a command."""
        if self.control is None:
            self.control = self.open_control().makefile("rw", encoding="utf-8")
            self.ask("qmp_capabilities")
        print(json.dumps({"execute": command, "arguments": arguments}), file=self.control, flush=True)
        for answer in map(json.loads, self.control):
            if "error" in answer:
                raise Failure(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise Failure(f"the machine ended at {command}")

    def wait_for(self, query, status):
        end = time.monotonic() + LIMIT
        while (now := self.ask(query).get("status")) != status:
            if now == "failed" or time.monotonic() > end:
                raise Failure(f"{query}: {now}, not {status}")
            time.sleep(0.02)

    def save(self, file):
        self.ask("stop")
        self.ask("migrate", uri=f"exec:cat >{shlex.quote(file)}")
        self.wait_for("query-migrate", "completed")
        self.ask("quit")
        self.process.wait(timeout=60)

    def write_log(self, text):
        self.log.write(text.encode())

    def receive(self, seconds):
        """What comes within that time; False when the machine is gone."""
        ready, _, _ = select.select([self.line], [], [], seconds)
        if not ready:
            return True
        try:
            data = self.line.recv(65536)
        except ConnectionError:
            data = b""
        self.log.write(data)
        whole = self.begun + data
        self.begun = re.search(rb"(\x1b(\[[0-9;?]*)?)?$", whole)[0]
        whole = whole[:len(whole) - len(self.begun)]
        # Colours and cursor movements are not what is looked for.
        self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", whole.decode(errors="replace"))
        for pattern in self.never:
            if found := re.search(pattern, self.text):
                raise Failure(f"printed {found[0]!r}")
        return bool(data)

    def expect(self, pattern):
        end = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > end:
                raise Failure(f"{pattern!r} did not come within {LIMIT:.0f} seconds")
            if not self.receive(1):
                raise Failure(f"the machine ended before {pattern!r}")
        self.text = self.text[found.end():]

    def send(self, text):
        self.line.sendall(re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text.encode()))

    def pipe(self, command):
        """The program reads and writes the line itself; what it reads is not in the log."""
        done = subprocess.run(["bash", "-c", command], stdin=self.line, stdout=self.line, stderr=self.log,
                              timeout=LIMIT, check=False)
        if done.returncode != 0:
            raise Failure(f"{command}: status {done.returncode}")

    def kill(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.receive(min(left, 0.2)):
            pass
        self.process.kill()
        self.process.wait()

    def gone(self):
        end = time.monotonic() + LIMIT
        while self.receive(1):
            if time.monotonic() > end:
                raise Failure("the machine goes on running")
        self.process.wait(timeout=60)

    def step(self, step):
        name, _, argument = step.partition(":")
        if name == "expect":
            self.expect(argument)
        elif name == "never":
            self.never.append(argument)
        elif name == "send":
            self.send(argument + "\r")
        elif name == "type":
            self.send(argument)
        elif name == "pipe":
            self.pipe(argument)
        elif name == "save":
            self.save(argument)
        elif name == "kill":
            self.kill(float(argument))
        elif name == "gone":
            self.gone()
        elif name == "quit":
            self.kill(0)
        else:
            raise Failure(f"unknown step {step!r}")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.line.close()
        self.folder.cleanup()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", action="append", default=[])
    parser.add_argument("--kernel")
    parser.add_argument("--initrd")
    parser.add_argument("--append", default="")
    parser.add_argument("--resume")
    parser.add_argument("--accel", default=os.environ.get("RESCUE_ACCEL", "tcg,thread=multi"))
    parser.add_argument("--machine", choices=["x86_64", "aarch64"], default="x86_64")
    parser.add_argument("--log", required=True)
    parser.add_argument("steps", nargs="*")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # by way of `finally`, which ends the machine
    start = time.monotonic()
    machine = Machine(options)
    step = "start"
    try:
        for step in options.steps:
            machine.step(step)
            print(f"{time.monotonic() - start:7.1f} s  {step}", flush=True)
    except Failure as failure:
        machine.write_log(f"\n--- {step}: {failure}\n")
        print(f"{step}: {failure}", flush=True)
        return 1
    finally:
        machine.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
