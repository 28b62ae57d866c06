"""What the handlers call: the engine, the registry, uploads, exports and voices, without HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections import OrderedDict
from dataclasses import InitVar, dataclass, field, replace
from pathlib import Path

from hay_say_lab.audio import ffmpeg
from hay_say_lab.audio.export import export
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.measure import MeasureOrder
from hay_say_lab.domain.profile import Profile
from hay_say_lab.engine.approval import Approvals
from hay_say_lab.engine.batches import Batches
from hay_say_lab.engine.discovery import Discovery
from hay_say_lab.engine.engine import Engine
from hay_say_lab.engine.fitting import Fitting
from hay_say_lab.engine.imports import Imports
from hay_say_lab.engine.measuring import Clips, Measuring
from hay_say_lab.engine.preset_desk import PresetDesk
from hay_say_lab.engine.pruner import Pruner
from hay_say_lab.engine.samples import Samples
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.engine.witness import Witness
from hay_say_lab.errors import ArtifactMissing, ClipMissing, InvalidRequest, RecipeMissing, from_json
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.dictionaries import Dictionaries
from hay_say_lab.registry.voices import Voices
from hay_say_lab.service.metrics import Metrics
from hay_say_lab.service.quota import Bounds, Quota
from hay_say_lab.service.readiness import Readiness
from hay_say_lab.service.uploads import Uploads
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.partials import Partials
from hay_say_lab.storage.store import keep_clip
from hay_say_lab.worker.platform import worker_environment

SECONDS_TO_INSPECT = 150
EXPORT_CACHE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class ExportWish:
    """Which file somebody wants of an artifact: its format, bits a sample and recipe, None for the usual ones."""

    file_format: str
    bit_depth: int | None = None
    recipe: str | None = None


@dataclass(slots=True)
class Surface:
    """One per host."""

    home: Home
    engine: Engine
    architectures: Architectures
    voices: Voices
    fitting: Fitting
    shelf: Shelf
    imports: Imports
    batches: Batches
    measuring: Measuring
    pruner: Pruner
    book: BudgetBook
    metrics: Metrics
    dictionaries: Dictionaries
    witness: Witness
    approvals: Approvals
    desk: PresetDesk
    discovery: Discovery
    samples: Samples
    host_id: str
    version: str
    bounds: InitVar[Bounds]
    uploads: Uploads = field(init=False)
    readiness: Readiness = field(default_factory=Readiness)
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    _exports: OrderedDict[tuple[str, str, int | None, str], bytes] = field(default_factory=OrderedDict)
    _exporting: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self, bounds: Bounds) -> None:
        quota = Quota(self.home.root, self.engine.store.sent_bytes, bounds)
        partials = Partials(self.home.uploads)
        self.uploads = Uploads(partials, quota, self.home.scratch, self.keep, self.known)

    @property
    def profile(self) -> Profile:
        return self.engine.preflight.casting.profile

    def place(self, job: Job) -> tuple[int, float | None] | None:
        """About how many jobs of its lane start before a queued one, and in how many seconds it starts itself."""
        if job.state is not State.QUEUED:
            return None
        dispatch = self.engine.dispatch
        position = dispatch.position(job)
        return position, dispatch.starts_in_seconds(job, position, self.engine.pool.seats.places)

    async def keep(self, owner: str, file: Path, sha256: str, label: str) -> ClipFacts:
        """Inspect a file in a limited child, publish it, remember its facts. Raises InvalidRequest, TooLarge."""
        sent_bytes = file.stat().st_size
        facts = await self._inspect(file, sha256, label)
        await asyncio.to_thread(self.engine.objects.publish, file, sha256)
        await self.engine.store.write(keep_clip, owner, facts, sent_bytes)
        return facts

    async def known(self, owner: str, sha256: str, label: str) -> ClipFacts:
        """A clip that `owner` sent before, from now on under this label. Raises ClipMissing."""
        facts = self.engine.store.clip(owner, sha256)
        if not self.engine.objects.holds(sha256):
            raise ClipMissing("The clip's file is gone.", field="clip", fix="Send it again.")
        facts = replace(facts, label=label or facts.label)
        await self.engine.store.write(keep_clip, owner, facts)
        return facts

    async def clip(self, owner: str, sha256: str) -> ClipFacts:
        """Facts of a clip that `owner` sent, or of an artifact of theirs, which can be converted as it is.

        Raises ClipMissing, or InvalidRequest for an artifact that is no sound.
        """
        store = self.engine.store
        try:
            return store.clip(owner, sha256)
        except ClipMissing:
            if not (store.holds(owner, sha256) and self.engine.objects.holds(sha256)):
                raise
        facts = await self._inspect(self.engine.objects.open_path(sha256), sha256, "")
        await store.write(keep_clip, owner, facts)
        return facts

    async def clips(self, owner: str, order: MeasureOrder) -> Clips:
        """What an order measures. Raises ClipMissing, InvalidRequest as `clip` does."""
        against = await self.clip(owner, order.against) if order.against is not None else None
        return Clips(await self.clip(owner, order.clip), against)

    def artifact(self, owner: str, sha256: str) -> Path:
        """The file of an object that `owner` may read. Raises ArtifactMissing: another's is as missing as none."""
        path = self.engine.objects.open_path(sha256)
        if not self.engine.store.holds(owner, sha256):
            raise ArtifactMissing(
                f"The object {sha256[:12]}... is not in the store.", field="sha256", fix="Run its recipe again."
            )
        return path

    def export(self, owner: str, sha256: str, wish: ExportWish) -> bytes:
        """A file for people, kept in memory for the next range of it; without tags where no recipe made it (a stage on its
        way). Runs in any thread.

        Raises ArtifactMissing, RecipeMissing, InvalidRequest for what is no sound, or a format or depth that is not made.
        """
        path = self.artifact(owner, sha256)
        store = self.engine.store
        candidates = store.recipes_of(sha256, owner)
        recipe_id = wish.recipe or next(iter(candidates), None)
        if recipe_id is not None and recipe_id not in candidates:
            raise RecipeMissing("No recipe of yours made this artifact.", field="recipe", fix="Leave the recipe out.")
        key = (sha256, wish.file_format, wish.bit_depth, recipe_id or "")
        with self._exporting:
            if key in self._exports:
                self._exports.move_to_end(key)
                return self._exports[key]
        document = store.recipe(recipe_id, owner).document if recipe_id is not None else {}
        content = export(path, wish.file_format, recipe_id, document, wish.bit_depth)
        with self._exporting:
            if len(content) <= EXPORT_CACHE_BYTES:
                self._exports[key] = content
            while sum(map(len, self._exports.values())) > EXPORT_CACHE_BYTES:
                self._exports.popitem(last=False)
        return content

    async def _inspect(self, path: Path, sha256: str, label: str) -> ClipFacts:
        program = await asyncio.to_thread(ffmpeg.find)
        place = str(program.path) if program else ""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "hay_say_lab.worker.inspector", str(path), sha256, label, place,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            cwd=self.home.scratch,
            env=worker_environment({}) | {"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        try:
            output, _ = await asyncio.wait_for(child.communicate(), SECONDS_TO_INSPECT)
            answer = json.loads(output)
        except (TimeoutError, ValueError):
            if child.returncode is None:
                child.kill()
                await child.wait()
            raise InvalidRequest(
                "The file broke its decoder or took too much to decode.", field="clip", fix="Export it anew as WAV."
            ) from None
        if "error" in answer:
            raise from_json(answer["error"])
        return ClipFacts.from_json(answer["facts"])
