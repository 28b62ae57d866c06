"""What the handlers call: the engine, the registry, uploads, exports and voices, without HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from hay_say_lab.audio import ffmpeg
from hay_say_lab.audio.export import export
from hay_say_lab.audio.inspection import label_of
from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.measure import MeasureOrder
from hay_say_lab.engine.batches import Batches
from hay_say_lab.engine.engine import Engine
from hay_say_lab.engine.fitting import Fitting
from hay_say_lab.engine.measuring import Clips, Measuring
from hay_say_lab.engine.pruner import Pruner
from hay_say_lab.errors import ArtifactMissing, ClipMissing, InvalidRequest, RecipeMissing, TooLarge, from_json
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.home import Home, disk_refused
from hay_say_lab.storage.objects import hash_file
from hay_say_lab.storage.store import keep_clip
from hay_say_lab.worker.platform import worker_environment

LARGEST_UPLOAD_BYTES = 1 << 30
SECONDS_TO_INSPECT = 150
EXPORT_CACHE_BYTES = 64 << 20


@dataclass(slots=True)
class Upload:
    """A file on its way in: streamed aside, capped while it grows."""

    path: Path
    received: int = 0

    def take(self, chunk: bytes) -> None:
        """Raises TooLarge, StorageFailed; nothing is left behind then."""
        self.received += len(chunk)
        if self.received > LARGEST_UPLOAD_BYTES:
            self.drop()
            raise too_large()
        try:
            with self.path.open("ab") as file:
                file.write(chunk)
        except OSError as error:
            self.drop()
            raise disk_refused(error) from error

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


def too_large() -> TooLarge:
    return TooLarge(
        f"The file is larger than {LARGEST_UPLOAD_BYTES >> 20} MB.", field="clip", fix="Send a shorter part."
    )


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
    batches: Batches
    measuring: Measuring
    pruner: Pruner
    book: BudgetBook
    host_id: str
    version: str
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    _exports: OrderedDict[tuple[str, str, int | None, str], bytes] = field(default_factory=OrderedDict)
    _exporting: threading.Lock = field(default_factory=threading.Lock)

    def position(self, job: Job) -> int | None:
        """How many jobs of its lane wait in front of a queued one."""
        if job.state is not State.QUEUED:
            return None
        return self.engine.store.count(State.QUEUED, lane=job.request.lane, before=job.id)

    def upload(self) -> Upload:
        return Upload(self.home.scratch / f"upload-{new_id()}")

    async def take_clip(self, owner: str, upload: Upload, name: str) -> ClipFacts:
        """Inspect an upload in a limited child, publish it, remember its facts. Raises InvalidRequest, TooLarge."""
        try:
            upload.path.touch()
            sha256 = await asyncio.to_thread(hash_file, upload.path)
            facts = await self._inspect(upload.path, sha256, label_of(name))
            await asyncio.to_thread(self.engine.objects.publish, upload.path, sha256)
        finally:
            upload.drop()
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
        """A file for people, kept in memory for the next range of it. Runs in any thread.

        Raises ArtifactMissing, RecipeMissing, InvalidRequest for a format or depth that is not made.
        """
        path = self.artifact(owner, sha256)
        store = self.engine.store
        candidates = store.recipes_of(sha256, owner)
        recipe_id = wish.recipe or next(iter(candidates), None)
        if recipe_id is None or recipe_id not in candidates:
            raise RecipeMissing("No recipe of yours made this artifact.", field="recipe", fix="Leave the recipe out.")
        key = (sha256, wish.file_format, wish.bit_depth, recipe_id)
        with self._exporting:
            if key in self._exports:
                self._exports.move_to_end(key)
                return self._exports[key]
        document = store.recipe(recipe_id, owner).document
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
