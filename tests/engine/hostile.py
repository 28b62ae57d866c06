"""Programs in a worker's place: an executable that speaks the real socket and does whatever a test tells it to."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

PROGRAM = '''#!{python}
import json, os, signal, socket, struct, subprocess, sys, time

line = socket.socket(fileno=int(sys.argv[4]))       # PROGRAM -P -m hay_say_lab.worker FD PARENT WORKER

def exactly(count):
    received = b""
    while len(received) < count:
        part = line.recv(count - len(received))
        if not part:
            os._exit(0)
        received += part
    return received

def read():
    return json.loads(exactly(struct.unpack(">I", exactly(4))[0]))

def raw(body):
    line.sendall(struct.pack(">I", len(body)) + body)

def send(**frame):
    raw(json.dumps(frame).encode())

def hello():
    send(type="hello", nonce=start["nonce"], pid=os.getpid(), code_version="c" * 64, fingerprint={{}})

def usage(memory_mb=10):
    return {{"resident_mb": memory_mb, "peak_mb": memory_mb, "live_mb": memory_mb, "host_mb": 0}}

def ready():
    frame = read()
    send(type="ready", voice=frame["voice"], usage=usage())
    return frame

def order():
    """Greet, load, and give the run frame."""
    hello()
    ready()
    return read()

def done(run, files, **changes):
    send(**({{"type": "done", "stage": run["stage"], "token": run["token"], "files": files, "usage": usage()}} | changes))

def made(run, name="clip.w64", content=b"sound"):
    with open(os.path.join(run["out"], name), "wb") as file:
        file.write(content)
    return {{"clip": name}}

def checkpoint(run, **changes):
    send(**({{"type": "checkpoint", "stage": run["stage"], "token": run["token"], "fraction": 0.5, "message": ""}} | changes))
    return read()

start = read()
{code}
while True:
    read()
'''


def program(folder: Path, code: str) -> str:
    """An interpreter for `Attendant.start` that is none: its path."""
    path = folder / "hostile"
    path.write_text(PROGRAM.format(python=sys.executable, code=textwrap.dedent(code)))
    path.chmod(0o700)
    return str(path)
