"""The process that forks: `python -m hay_say_espeak_ng.nurse FD LIBRARY DATA_PARENT`, started by `nursery.Nursery`.

The library keeps state between calls, and what it says depends on what it said before. So every piece is spoken by
a fresh child, forked after the library is initialised; the child speaks once and is gone, and A, B, A is bit for
bit A, B, A. It also means that a text which makes the C code write past its buffers ends a child and not the worker.

Why the worker does not fork itself: it has threads (heartbeat, frames) and numpy's. A fork copies only the calling
thread but every lock, held or not, so that a child may hang before its first line. This process has one thread and
imports neither numpy nor anything else that starts some; it is small, so that a fork takes about a millisecond; and
what it inherits is one socket, so that no child holds the worker's protocol open.

Nothing outlives the worker: the nurse leaves when the socket ends, which the kernel sees to however the worker
died, and kills its child first; a child dies with the nurse (PR_SET_PDEATHSIG). The nurse does not ask for a death
signal of its own, because that would follow the thread which started it and not the worker.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

from hay_say_espeak_ng.frames import HELLO, Hangup, packed, receive, send, unpacked
from hay_say_espeak_ng.library import Library, LibraryRefused, Order

PR_SET_PDEATHSIG = 1            # <linux/prctl.h>
LARGEST_CHILD_BYTES = 1 << 30   # address space; a piece takes a few MB
OVERTIME = 1 << 16              # in place of an exit status: the child was stopped at its limit
CHUNK_BYTES = 1 << 16

_LIBC = ctypes.CDLL(None)


def main(descriptor: int, library: Path, data_parent: Path) -> int:
    """Serve until the worker hangs up. Returns the exit status: 0, or 3 where the library does not start."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)        # Ctrl-C in a terminal is the worker's to handle
    channel = socket.socket(fileno=descriptor)
    try:
        espeak = Library(library, data_parent)
    except (LibraryRefused, OSError) as error:
        send(channel, HELLO, packed({"problem": str(error)}))
        return 3
    send(channel, HELLO, packed({"version": espeak.version}))
    while True:
        try:
            _, content = receive(channel)
            send(channel, *_spoken_by_a_child(espeak, channel, content))
        except Hangup:
            return 0


def _spoken_by_a_child(espeak: Library, channel: socket.socket, content: bytes) -> tuple[int, bytes]:
    """(exit status, what the child wrote) of one order. Raises Hangup where the worker is gone meanwhile."""
    document, _ = unpacked(content)
    order, limit_seconds = Order(**document["order"]), float(document["limit_seconds"])
    read_end, write_end = os.pipe()
    nurse = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        channel.close()
        _be_a_child(espeak, order, nurse, write_end)
    os.close(write_end)
    try:
        return _tend(child, read_end, channel, limit_seconds)
    finally:
        os.close(read_end)


def _tend(child: int, read_end: int, channel: socket.socket, limit_seconds: float) -> tuple[int, bytes]:
    """Read until the child is done, the limit is reached or the worker is gone; leave no child behind."""
    ending = time.monotonic() + limit_seconds
    written = bytearray()
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    poll.register(channel, select.POLLIN)       # the worker sends one order at a time: anything now is its end
    while True:
        ready = {which for which, _ in poll.poll(max(0.0, ending - time.monotonic()) * 1000)}
        if channel.fileno() in ready:
            _reap(child, kill=True)
            raise Hangup
        if not ready:
            _reap(child, kill=True)
            return OVERTIME, b""
        chunk = os.read(read_end, CHUNK_BYTES)
        if not chunk:
            status = _reap(child)
            return status, bytes(written) if status == 0 else b""
        written += chunk


def _reap(child: int, kill: bool = False) -> int:
    if kill:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return status


def _be_a_child(espeak: Library, order: Order, nurse: int, write_end: int) -> None:
    """Speak one order, write it to the pipe and end. Never returns."""
    log = os.fdopen(os.dup(2), "w")
    status = 1
    try:
        _confine(nurse)
        utterance = espeak.speak(order)
        _write_all(write_end, packed(utterance.events, utterance.samples))
        status = 0
    except LibraryRefused as error:
        _write_all(write_end, packed({"refused": str(error)}))
        status = 0
    finally:
        if status:
            traceback.print_exc(file=log)
            log.flush()
        os._exit(status)        # no clean-up: all we hold are copies of the nurse's things


def _confine(nurse: int) -> None:
    """Die with the nurse, write no file, dump no core, keep quiet (the library prints)."""
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != nurse:       # it died before we asked
            os._exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_CHILD_BYTES, LARGEST_CHILD_BYTES))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
