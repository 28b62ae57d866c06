"""The life of a worker: say hello, load voices, run stages one after the other, leave when the host is gone."""

from __future__ import annotations

import importlib
import json
import logging
import os
import platform as system
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from hay_say_lab.audio.objects import read_clip, write_clip
from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.domain.job import BUILT_IN_WORKERS
from hay_say_lab.domain.manifest import TextContract
from hay_say_lab.domain.request import READS_TEXT, RequestText
from hay_say_lab.errors import LabError, WorkerFailed
from hay_say_lab.plugin import Result, Runtime, VoiceFiles
from hay_say_lab.storage.home import OF_THE_DISK, disk_refused
from hay_say_lab.text.given import Given, given
from hay_say_lab.worker import long_clip
from hay_say_lab.worker.code_version import code_version
from hay_say_lab.worker.context import HostGone, StageContext, Stopped
from hay_say_lab.worker.joined_documents import document_file
from hay_say_lab.worker.long_text import Reading
from hay_say_lab.worker.meter import Meter, device_title, ran_out, use_threads, wanted_mb
from hay_say_lab.worker.platform import die_with_parent, leave_when_closed, processor, writing_into
from hay_say_lab.worker.protocol import HEARTBEAT_SECONDS, Frame, Line

log = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """`python -m hay_say_lab.worker FD PARENT NAME`: serve the socket that the host passed as FD. NAME is for `ps`."""
    fd, parent = int(arguments[0]), int(arguments[1])
    die_with_parent(parent)
    os.set_inheritable(fd, False)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    line = Line(socket.socket(fileno=fd))
    leave_when_closed(line.fileno())
    try:
        return Worker(line).serve()
    except HostGone:
        return 0


class Worker:
    """One runtime, the voices it has loaded, and the stage in work."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._runtime: Runtime = Runtime()
        self._code_version = ""
        self._loaded: set[str] = set()
        self._device = "cpu"
        self._heartbeat_seconds = HEARTBEAT_SECONDS

    def serve(self) -> int:
        start = self._line.receive()
        if start is None:
            return 0
        self._start(start)
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        while (frame := self._line.receive()) is not None:
            match frame["type"]:
                case "load":
                    self._load(frame)
                case "unload":
                    self._runtime.unload(frame["voice"])
                    self._loaded.discard(frame["voice"])
                case "run":
                    self._answer(frame, self._run(frame))
                case "answer":
                    pass                                    # it came too late: its stage has ended
                case unknown:
                    raise WorkerFailed(f"The host sent '{unknown}', which is not a frame of the protocol.")
        return 0

    def _start(self, start: Frame) -> None:
        self._device = start.get("device", "cpu")
        self._heartbeat_seconds = float(start.get("heartbeat_seconds", HEARTBEAT_SECONDS))
        module_name, _, class_name = start["runtime"].partition(":")
        self._runtime = getattr(importlib.import_module(module_name), class_name)()
        package = None if start["architecture"] in BUILT_IN_WORKERS else module_name.partition(".")[0]
        self._code_version = code_version(package)
        self._line.send(
            {
                "type": "hello",
                "nonce": start["nonce"],
                "pid": os.getpid(),
                "code_version": self._code_version,
                "fingerprint": {
                    "device": device_title(self._device) or processor(),
                    "machine": system.machine(),
                    "threads": start.get("threads", int(os.environ.get("OMP_NUM_THREADS", "1"))),
                    "precision": "float32",
                    "python": system.python_version(),
                    "libraries": self._runtime.fingerprint(),
                },
            }
        )

    def _load(self, frame: Frame) -> None:
        files = {role: Path(path) for role, path in frame["files"].items()}
        voice = VoiceFiles(frame["voice"], files, frame.get("device", self._device))
        meter = Meter(self._device)
        try:
            self._runtime.load(voice)
        except Exception as error:  # noqa: BLE001 - a runtime may raise anything: the host gets it as a value
            self._answer({"stage": "", "token": 0}, {"type": "failed", "stage": "", "token": 0, **_told(error, meter)})
        else:
            self._loaded.add(voice.id)
            self._line.send({"type": "ready", "voice": voice.id, "usage": meter.usage()})

    def _run(self, run: Frame) -> Frame:
        name = {"stage": run["stage"], "token": run["token"]}
        context = StageContext(self._line, run, self._code_version)
        use_threads(run.get("threads", 1))
        meter = Meter(self._device)
        with writing_into(run.get("log")):
            try:
                result = self._perform(run, context)
                files = _written(result, context.out)
            except Stopped as stop:
                return {"type": "stopped", **name, "answer": stop.answer}
            except Exception as error:  # noqa: BLE001 - a runtime may raise anything: the host gets it as a value
                return {"type": "failed", **name, **_told(error, meter)}
        return {"type": "done", **name, "files": files, "usage": meter.usage()}

    def _answer(self, asked: Frame, answer: Frame) -> None:
        """Send what a stage came to; where no frame can hold it, say so instead of dying with it."""
        try:
            self._line.send(answer)
        except WorkerFailed:
            fault = WorkerFailed("The architecture told more than an answer can hold.", fix="Tell its author.")
            name = {"stage": asked["stage"], "token": asked["token"]}
            self._line.send({"type": "failed", **name, "error": fault.as_json(), "fault": True})

    def _perform(self, run: Frame, context: StageContext) -> Result:
        name, voice, settings = run["task"], run["voice"] or "", run["settings"]
        if name in READS_TEXT:
            told = _given(_text_of(run))
            reading = Reading(self._runtime, name, voice, settings, context, told.documents_back)
            return reading.of(told.text, run["limits"])
        if name == "convert":
            return long_clip.convert(self._runtime, voice, settings, context, run["limits"])
        task = getattr(self._runtime, name)
        clip = read_clip(context.inputs["clip"]) if "clip" in run["inputs"] else None
        return task(clip, context) if name == "fit" else task(voice, clip, settings, context)

    def _beat(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(self._heartbeat_seconds)
            try:
                self._line.send({"type": "heartbeat"})
            except OSError:
                return


def _text_of(run: Frame) -> dict[str, Any]:
    """The text of a stage, which lies in a file where it is too long for a frame."""
    text: dict[str, Any] = run["text"]
    return json.loads(Path(text["path"]).read_bytes()) if "path" in text else text


def _given(text: dict[str, Any]) -> Given:
    return given(RequestText.from_json(text), TextContract.from_json(text["contract"]), text["spoken_language"])


def _written(result: Result, out: Path) -> dict[str, str]:
    """Write a result into the out folder; role -> file name. The host hashes, syncs and publishes."""
    files: dict[str, str] = {}
    if result.clip is not None:
        write_clip(out / "clip.w64", result.clip)
        files["clip"] = "clip.w64"
    for role, clip in result.clips.items():
        if not role.isidentifier() or role in files:
            raise WorkerFailed(f"The architecture named a clip '{role}'.", fix="Tell its author.")
        write_clip(out / f"{role}.w64", clip)
        files[role] = f"{role}.w64"
    for role, document in result.documents.items():
        path = document_file(out, role)
        path.write_bytes(canonical_json(document))
        files[role] = path.name
    for role, path in result.files.items():
        if path.resolve().parent != out.resolve():
            raise WorkerFailed(f"The architecture wrote '{role}' outside of its folder.", fix="Tell its author.")
        files[role] = path.name
    return files


def _told(error: Exception, meter: Meter) -> dict[str, Any]:
    """An error as a value. Only LabError speaks to people; anything else is a fault, its traceback goes to stderr."""
    if ran_out(error):
        log.error("%s at\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        known: LabError = WorkerFailed("The architecture ran out of memory.", fix="Use a shorter clip or text.")
        return {"error": known.as_json(), "fault": True, "out_of_memory": True, "usage": meter.usage(wanted_mb(error))}
    if isinstance(error, OSError) and error.errno in OF_THE_DISK:
        error = disk_refused(error)
    if isinstance(error, LabError):
        return {"error": error.as_json(), "fault": False}
    # Frames without the message: an error's message may hold what a person typed.
    log.error("%s at\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    fault = WorkerFailed(f"The architecture failed inside ({type(error).__name__}).", fix="See the worker's log.")
    return {"error": fault.as_json(), "fault": True}
