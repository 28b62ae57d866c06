"""Measures of clips: each is taken once by a worker, kept under the key of all that shapes it, and answered at once
ever after."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from hay_say_lab.audio.conversion import decode_settings
from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import AUDIO_WORKER
from hay_say_lab.domain.measure import MEASURES, MeasureOrder
from hay_say_lab.engine.errand import Brought, Errand, Errands
from hay_say_lab.engine.plan import UPLOAD
from hay_say_lab.engine.stage_key import StageKeys
from hay_say_lab.errors import LabError, WorkerFailed
from hay_say_lab.storage import edges
from hay_say_lab.storage.home import Home, remove
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.store import JobStore

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1                # errands that measure: the other places are for jobs
REPORT = "report"


@dataclass(frozen=True, slots=True)
class Clips:
    """The facts of the clips that an order names."""

    clip: ClipFacts
    against: ClipFacts | None = None


@dataclass(slots=True)
class Going:
    """An errand on its way, for all who wait for it."""

    keys: Mapping[str, str]         # of each measure, by its name
    fraction: float = 0.0
    task: asyncio.Task[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an order by now; `fraction` of what is still measured."""

    values: dict[str, Any] = field(default_factory=dict)
    ready: bool = True
    fraction: float = 1.0


class Measuring:
    """One per host. A measure that two ask for at once is taken once."""

    def __init__(
        self, *, home: Home, store: JobStore, objects: ObjectStore, keys: StageKeys, errands: Errands
    ) -> None:
        self._home = home
        self._store = store
        self._objects = objects
        self._keys = keys
        self._errands = errands
        self._going: dict[str, Going] = {}              # by the key of each measure in it
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    def known_report(self, sha256: str) -> dict[str, Any] | None:
        """A clip's input report, where it was made before by the code of today."""
        return self._kept(self._key(MeasureOrder(sha256), REPORT)).get(REPORT)

    async def answer(self, order: MeasureOrder, clips: Clips, seconds: float) -> Answer:
        """The values of an order, as far as they are there within `seconds`; what is left goes on meanwhile.

        Raises InvalidRequest with all problems of the order, and what the clips or the workers say against it.
        """
        order.check()
        keys = {name: self._key(order, name) for name in order.names}
        values: dict[str, Any] = {}
        for key in keys.values():
            values |= self._kept(key)
        missing = {name: key for name, key in keys.items() if name not in values}
        going = self._started(order, clips, missing)
        if going:
            await asyncio.wait([errand.task for errand in going if errand.task is not None], timeout=seconds)
        for errand in going:
            if errand.task is not None and errand.task.done():
                made = errand.task.result()
                values |= {name: made[name] for name, key in errand.keys.items() if keys.get(name) == key}
        left = [errand for errand in going if errand.task is None or not errand.task.done()]
        done = sum(errand.fraction for errand in going if errand in left) + len(going) - len(left)
        return Answer(values, not left, done / len(going) if going else 1.0)

    def _started(self, order: MeasureOrder, clips: Clips, missing: Mapping[str, str]) -> list[Going]:
        """The errands that take what is missing: those on their way, and one more for each worker that is needed."""
        going: list[Going] = []
        by_worker: dict[str, list[str]] = {}
        for name, key in missing.items():
            known = self._going.get(key)
            if known is None:
                by_worker.setdefault(order.worker_of(name), []).append(name)
            elif known not in going:
                going.append(known)
        for worker, names in by_worker.items():
            errand = Going({name: missing[name] for name in names})
            self._going |= dict.fromkeys(errand.keys.values(), errand)
            errand.task = asyncio.create_task(self._measure(worker, order, clips, errand))
            errand.task.add_done_callback(partial(self._ended, errand))
            going.append(errand)
        return going

    def _ended(self, errand: Going, task: asyncio.Task[dict[str, Any]]) -> None:
        for key in errand.keys.values():
            del self._going[key]
        if not task.cancelled() and isinstance(task.exception(), LabError):     # else asyncio tells the log
            log.info("a clip was not measured: %s", task.exception())

    async def _measure(
        self, worker: str, order: MeasureOrder, clips: Clips, going: Going
    ) -> dict[str, Any]:
        """Name -> value, taken by one worker and kept."""

        def progress(fraction: float, message: str) -> None:
            going.fraction = fraction

        keys = going.keys
        folder = self._home.scratch / f"measure-{new_id()}"
        paired = any(MEASURES[name].of == "pair" for name in keys)
        facts = [clips.clip] + ([clips.against] if paired and clips.against is not None else [])
        seconds = sum(one.seconds for one in facts)
        async with self._places:
            try:
                objects = [await self._decoded(one, folder) for one in facts]
                inputs = {role: self._objects.open_path(name) for role, name in zip(("clip", "against"), objects, strict=False)}
                settings = {"measures": list(keys), "f0_method": order.f0_method, "align": order.align}
                errand = Errand(worker, "measure", inputs, folder, "measured the clip", settings, seconds)
                brought = await self._errands.run(errand, progress)
            finally:
                remove(folder)
        for name, key in keys.items():
            if name not in brought.outputs:
                raise WorkerFailed(f"The worker took no measure '{name}'.", fix="See its log.")
            await self._keep(worker, key, {name: brought.outputs[name]}, brought)
        return {name: self._value(brought.outputs[name]) for name in keys}

    async def _decoded(self, facts: ClipFacts, folder: Path) -> str:
        """The canonical clip of an upload or an artifact, by the very stage that a job would begin with."""
        settings = decode_settings(facts)
        key = self._keys.key_of("decode", AUDIO_WORKER, {UPLOAD: facts.sha256}, settings)
        made = self._store.result(key)
        if made is not None and self._objects.holds(made.outputs["clip"]):
            return made.outputs["clip"]
        inputs = {UPLOAD: self._objects.open_path(facts.sha256)}
        errand = Errand(AUDIO_WORKER, "decode", inputs, folder, "decoded the clip", settings, facts.seconds)
        brought = await self._errands.run(errand)
        await self._keep(AUDIO_WORKER, key, brought.outputs, brought)
        return brought.outputs["clip"]

    async def _keep(self, worker: str, key: str, outputs: Mapping[str, str], brought: Brought) -> None:
        """Under its key, unless the worker ran older code than lies on the disk now."""
        if brought.code_version == self._keys.version(worker):
            made = edges.Made(dict(outputs), brought.code_version, dict(brought.fingerprint), seconds=0.0, key=key)
            await self._store.write(edges.remember, made)

    def _key(self, order: MeasureOrder, name: str) -> str:
        inputs = {"clip": order.clip}
        if MEASURES[name].of == "pair":
            inputs["against"] = str(order.against)
        return self._keys.key_of("measure", order.worker_of(name), inputs, {"measure": name, **order.shaping(name)})

    def _kept(self, key: str) -> dict[str, Any]:
        """{name: value} of a measure that was taken before."""
        made = self._store.result(key)
        if made is None or not all(self._objects.holds(sha256) for sha256 in made.outputs.values()):
            return {}
        return {name: self._value(sha256) for name, sha256 in made.outputs.items()}

    def _value(self, sha256: str) -> Any:
        return json.loads(self._objects.open_path(sha256).read_bytes())["value"]
