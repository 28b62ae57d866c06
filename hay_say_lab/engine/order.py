"""What a worker is asked to do, and what it can come to: the nouns between the engine and its workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.errors import LabError, StorageFailed
from hay_say_lab.worker.protocol import Frame

Progress = Callable[[float, str], None]

CPU = "cpu"
LossKind = Literal["start", "exited", "killed", "lease", "hung", "protocol", "memory", "closing"]
LONGEST_IN_FRAME = 50_000       # characters of a text, of at most 6 bytes each, that travel inside a frame


class WorkerLost(Exception):
    """The worker died or was killed; `reason` says how, `kind` in one of a few words. `fault`: by its own doing, not by somebody's signal.

    `out_of_memory`: the system took it for its memory; `measured_mb` is what it held then. `told`: its last words, as
    they may be shown.
    """

    def __init__(
        self,
        reason: str,
        *,
        kind: LossKind = "exited",
        fault: bool = True,
        out_of_memory: bool = False,
        measured_mb: float = 0.0,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.fault = fault
        self.out_of_memory = out_of_memory
        self.measured_mb = measured_mb
        self.told = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One stage for a worker: what to do, with which objects, where to write. `token` is the claim's.

    `threads` is chosen before the stage starts and never changes during it; `atomic_seconds` is the longest stretch of
    computing that the offer declares without a checkpoint.
    """

    stage: str
    token: int
    task: str
    out: Path
    pieces: Path
    voice: str | None = None
    voice_hash: str = ""
    voice_files: Mapping[str, Path] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    text: Mapping[str, Any] | None = None
    seed: int = 0
    limits: Mapping[str, Any] = field(default_factory=dict)     # as Offer.limits; none of the audio worker's own tasks
    inputs: Mapping[str, Path] = field(default_factory=dict)
    device: str = CPU
    threads: int = 1
    atomic_seconds: float = 0.0

    def laid_out(self) -> Order:
        """The order with a long text in a file of the out folder, because a frame is small. Raises StorageFailed."""
        if self.text is None or len(self.text["body"]) <= LONGEST_IN_FRAME:
            return self
        path = self.out / "text.json"
        try:
            path.write_bytes(canonical_json(dict(self.text)))
        except OSError as error:
            raise StorageFailed(f"The disk refused: {error.strerror}.", field="storage", fix="Free some space.") from None
        return replace(self, text={"path": str(path)})

    def frame(self) -> Frame:
        return {
            "type": "run",
            "stage": self.stage,
            "token": self.token,
            "task": self.task,
            "voice": self.voice,
            "settings": dict(self.settings),
            "text": None if self.text is None else dict(self.text),
            "seed": self.seed,
            "limits": dict(self.limits),
            "inputs": {role: str(path) for role, path in self.inputs.items()},
            "out": str(self.out),
            "pieces": str(self.pieces),
            "log": str(self.log),
            "device": self.device,
            "threads": self.threads,
        }

    @property
    def log(self) -> Path:
        """What the stage writes to its standard output and error: beside its pieces, kept as long as they are."""
        return self.pieces.parent / "log.txt"

    def load_frame(self) -> Frame:
        files = {role: str(path) for role, path in self.voice_files.items()}
        return {"type": "load", "voice": self.voice, "files": files, "device": self.device}


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory that a stage took, in MB: held between stages, at its peak, and beside the device in the machine's own.

    `live_mb` is what of `resident_mb` is in use; the rest a framework keeps for itself and uses again.
    """

    resident_mb: float
    peak_mb: float
    live_mb: float
    host_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """`load_seconds` of a voice that was new to the worker, `keep_seconds` until what it made was hashed and synced."""

    files: Mapping[str, str]
    usage: Usage | None = None
    load_seconds: float = field(default=0.0, compare=False)
    keep_seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """`out_of_memory`: the device had no more; `usage` is what the stage held then."""

    error: LabError
    fault: bool
    out_of_memory: bool = False
    usage: Usage | None = None
    told: str = ""              # its last words, as they may be shown


@dataclass(frozen=True, slots=True)
class Stopped:
    answer: str


Outcome = Done | Failed | Stopped
