"""Under which name a stage's result is kept: everything that shapes it, and nothing else."""

from __future__ import annotations

import time
from typing import Any

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.code import ROOT
from hay_say_lab.domain.job import BUILT_IN_WORKERS, Job, Stage
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.worker.code_version import code_version, package_places

SECONDS_BETWEEN_LOOKS = 1.0                  # at the files of a plugin
SEEDED = frozenset({"step", "finish"})      # kinds of stages that may draw at random


class StageKeys:
    """Keys of stages. The code's digest is taken anew whenever a file of it has changed."""

    def __init__(self, architectures: Architectures) -> None:
        self._architectures = architectures
        self._versions: dict[str, tuple[Any, str]] = {}
        self._looked_at: dict[str, float] = {}

    def key(self, job: Job, inputs: dict[str, str], text: dict[str, Any] | None) -> str | None:
        """The key of a job's present stage, whose inputs are these objects. None: it is not deterministic.

        `text` as the worker gets it: as typed, since timings lead back there, with all that shapes what is sent.
        """
        stage = job.stage
        if not self.deterministic(stage):
            return None
        seed = job.request.seed if stage.kind in SEEDED else None
        return self.key_of(
            stage.task, stage.worker, inputs, stage.settings, voice_hash=stage.voice_hash, text=text, seed=seed
        )

    def key_of(
        self, task: str, worker: str, inputs: dict[str, str], settings: dict[str, Any], **more: Any
    ) -> str:
        """The key of any task, in a job or outside of one; `more`: voice_hash, text, seed, where it has them."""
        shaping = {"voice_hash": None, "text": None, "seed": None, **more}
        return content_id(
            {
                "task": task,
                "worker": worker,
                "settings": settings,
                "inputs": inputs,
                "code_version": self.version(worker),
                **shaping,
            }
        )

    def deterministic(self, stage: Stage) -> bool:
        if stage.worker in BUILT_IN_WORKERS:
            return True
        offer = self._architectures.manifest(stage.worker).offer(stage.task)
        return offer is not None and offer.deterministic

    def version(self, worker: str) -> str:
        """The code version that a worker started now would tell."""
        if time.monotonic() - self._looked_at.get(worker, -SECONDS_BETWEEN_LOOKS) < SECONDS_BETWEEN_LOOKS:
            return self._versions[worker][1]
        self._looked_at[worker] = time.monotonic()
        package = None
        places = [ROOT]
        runtime = None if worker in BUILT_IN_WORKERS else self._architectures.manifest(worker).runtime
        if runtime is not None:
            package = runtime.partition(".")[0].partition(":")[0]
            places += package_places(package)
        stamp = tuple(
            (str(file), status.st_mtime_ns, status.st_size)
            for place in places
            for file in sorted(place.rglob("*.py"))
            for status in [file.stat()]
        )
        known = self._versions.get(worker)
        if known is None or known[0] != stamp:
            known = self._versions[worker] = (stamp, code_version(package))
        return known[1]
