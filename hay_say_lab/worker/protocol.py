"""Frames between host and worker: a 4-byte big-endian length, then UTF-8 JSON, at most 1 MiB. Nothing is unpickled.

Host -> worker
    start   {nonce, architecture, runtime, device, threads, heartbeat_seconds}      runtime 'module:Class'
    load    {voice, files: {role: path}, device}
    run     {stage, token, task, voice, settings, text, seed, limits, inputs: {role: path}, out, pieces, device, threads,
             log}       log: where standard output and error go meanwhile
            text as RequestText.as_json, with its contract (TextContract.as_json) and spoken_language
            limits as Offer.limits: what is longer is done in pieces; a long text is {path}, a file of JSON
    answer  {stage, token, answer: continue | yield | give_way | cancel}
            yield: let go once the piece in work is kept, or go on to the end where there are no pieces
    unload  {voice}
Worker -> host
    hello      {nonce, pid, code_version, fingerprint}
    ready      {voice, usage}
    heartbeat  {}
    checkpoint {stage, token, fraction, message}        waits for the answer
    done       {stage, token, files: {role: name}, usage}       names of files in `out`
    failed     {stage, token, error, fault, out_of_memory, usage}   error as LabError.as_json; fault: the architecture's
    stopped    {stage, token, answer}                   after yield, give_way or cancel
usage: {resident_mb, peak_mb, live_mb, host_mb}, as worker/meter.py measures them
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from typing import Any

from hay_say_lab.errors import WorkerFailed

LARGEST_FRAME = 1 << 20
HEARTBEAT_SECONDS = 5.0
_HEAD = struct.Struct(">I")

Frame = dict[str, Any]


def pack(frame: Frame) -> bytes:
    """Raises WorkerFailed where the frame is larger than the protocol allows, or holds what no JSON can say."""
    try:
        body = json.dumps(frame, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError) as error:
        raise WorkerFailed(f"A frame cannot be written as JSON: {type(error).__name__}.") from None
    if len(body) > LARGEST_FRAME:
        raise WorkerFailed(f"A frame of {len(body)} bytes is larger than {LARGEST_FRAME}.")
    return _HEAD.pack(len(body)) + body


def frame_length(head: bytes) -> int:
    """The length that a head announces. Raises WorkerFailed where it is not allowed."""
    length = int(_HEAD.unpack(head)[0])
    if not 0 < length <= LARGEST_FRAME:
        raise WorkerFailed(f"A frame announces {length} bytes; 1 to {LARGEST_FRAME} are allowed.")
    return length


def unpack(body: bytes) -> Frame:
    """Raises WorkerFailed where the body is not a JSON object with a type."""
    try:
        frame = json.loads(body, parse_constant=_no_number)
        if b"\\u" in body:
            json.dumps(frame, ensure_ascii=False).encode()      # an escape may smuggle in half of a letter
    except (ValueError, RecursionError) as error:
        raise WorkerFailed(f"A frame is not JSON: {type(error).__name__}.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise WorkerFailed("A frame is not an object with a type.")
    return frame


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


HEAD_BYTES = _HEAD.size


class Line:
    """The worker's end of the socket pair: one reader (the main thread), any writer."""

    def __init__(self, line: socket.socket) -> None:
        self._socket = line
        self._sending = threading.Lock()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, frame: Frame) -> None:
        with self._sending:
            self._socket.sendall(pack(frame))

    def receive(self) -> Frame | None:
        """The next frame, or None where the host is gone."""
        head = self._exactly(HEAD_BYTES)
        body = head and self._exactly(frame_length(head))
        return unpack(body) if body else None

    def _exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            try:
                part = self._socket.recv(count - len(received))
            except ConnectionError:
                return b""
            if not part:
                return b""
            received += part
        return received
