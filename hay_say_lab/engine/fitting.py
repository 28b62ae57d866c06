"""Making a voice from a reference recording: checked, decoded, fitted in a worker, then moved in as a whole."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from hay_say_lab.audio.conversion import decode_settings, rate_within
from hay_say_lab.audio.prepare import PREPARE_CONTROLS
from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.control import check_settings
from hay_say_lab.domain.job import AUDIO_WORKER
from hay_say_lab.domain.manifest import Manifest, VoiceLayout
from hay_say_lab.domain.voice import Provenance, Voice, VoiceFile, is_slug
from hay_say_lab.engine.clip_check import LOWEST_PEAK, clip_problems
from hay_say_lab.engine.errand import Errand, Errands
from hay_say_lab.engine.plan import UPLOAD
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.errors import Conflict, Fix, InvalidRequest, Problem, WorkerFailed
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.voices import Voices, voice_hash
from hay_say_lab.storage.home import Home, disk_refused, remove
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.rows import now


@dataclass(frozen=True, slots=True)
class VoiceOrder:
    """A voice to be made: its architecture, its name (the part behind the colon), the reference's sha256.

    `prepare` is done to the reference first, as to the clip of a request.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    architecture: str
    name: str
    reference: str
    title: str = ""
    languages: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    prepare: dict[str, str | bool | int | float | None] = field(default_factory=dict)


class Fitting:
    """Voices from recordings. A voice is there whole or not at all."""

    def __init__(
        self,
        *,
        home: Home,
        objects: ObjectStore,
        architectures: Architectures,
        voices: Voices,
        errands: Errands,
        shelf: Shelf,
    ) -> None:
        self._home = home
        self._objects = objects
        self._architectures = architectures
        self._voices = voices
        self._errands = errands
        self._shelf = shelf
        self._settling = asyncio.Lock()

    def problems(self, order: VoiceOrder, facts: ClipFacts) -> list[Problem]:
        """All that stands in the way of making this voice."""
        found: list[Problem] = []
        manifest = self._architectures.manifests.get(order.architecture)
        if manifest is None or manifest.layout is None:
            able = ", ".join(m.id for m in self._architectures.manifests.values() if m.layout) or "none"
            found.append(
                Problem(
                    "architecture",
                    f"'{order.architecture}' makes no voices from recordings.",
                    Fix(f"Those that do: {able}."),
                )
            )
        if not is_slug(order.name):
            way_out = Fix("Use 1 to 64 of a-z, 0-9, '.', '_', '+', '-'.")
            found.append(Problem("name", f"'{order.name[:80]}' cannot be a voice's name.", way_out))
        if not facts.finite:
            found.append(Problem("reference", "The recording holds samples that are not numbers (NaN).", Fix("Export it anew.")))
        elif facts.peak < LOWEST_PEAK:
            found.append(Problem("reference", "The recording is silent.", Fix("Record it again, louder.")))
        found += check_settings(PREPARE_CONTROLS, order.prepare, "prepare")
        if manifest is not None and manifest.layout is not None:
            found += clip_problems(facts, manifest.layout.reference, "reference", order.prepare)
            cannot_run = self._architectures.runtime_problem(manifest, "architecture")
            found += [cannot_run] if cannot_run else []
        return found

    async def make(self, order: VoiceOrder, facts: ClipFacts, by: str = "") -> Voice:
        """`by`: the owner who asks for it. Raises InvalidRequest, Conflict, or what the architecture says of the recording."""
        problems = self.problems(order, facts)
        if problems:
            raise InvalidRequest(problems[0].message, problems=problems)
        self._check_name(order)
        manifest = self._architectures.manifest(order.architecture)
        folder = self._home.scratch / f"fit-{new_id()}"
        try:
            upload = {UPLOAD: self._objects.open_path(facts.sha256)}
            clip = await self._stage(AUDIO_WORKER, "decode", upload, folder, decode_settings(facts))
            wished = int(order.prepare.get("resample_hz") or facts.sample_rate)
            rate = rate_within(wished, _layout(manifest).reference)
            if order.prepare or rate != facts.sample_rate:
                clip = await self._stage(AUDIO_WORKER, "prepare", clip, folder, {**order.prepare, "sample_rate": rate})
            fitted = await self._stage(manifest.id, "fit", {"clip": clip["clip"]}, folder)
            return await self._settle(order, manifest, {"reference": clip["clip"], **fitted}, folder, by)
        finally:
            remove(folder)

    async def _settle(self, order: VoiceOrder, manifest: Manifest, made: dict[str, Path], folder: Path, by: str) -> Voice:
        """One at a time: of two that were made under one name at once, the first stays. Raises Conflict, StorageFailed."""
        async with self._settling:
            self._check_name(order)
            try:
                voice, files = await asyncio.to_thread(self._laid_ready, order, manifest, made, folder, by)
            except OSError as error:
                raise disk_refused(error) from error
            return await self._shelf.settle(voice, files)

    def _check_name(self, order: VoiceOrder) -> None:
        voice_id = f"{order.architecture}:{order.name}"
        if self._voices.has(voice_id):
            raise Conflict(f"There is a voice '{voice_id}' already.", field="name", fix="Give it another name.")

    async def _stage(
        self, worker: str, task: str, inputs: dict[str, Path], folder: Path, settings: dict[str, Any] | None = None
    ) -> dict[str, Path]:
        """One task outside of any job -> the objects that it made, by role."""
        brought = await self._errands.run(Errand(worker, task, inputs, folder, "made the voice", settings or {}))
        return {role: self._objects.open_path(sha256) for role, sha256 in brought.outputs.items()}

    def _laid_ready(
        self, order: VoiceOrder, manifest: Manifest, made: dict[str, Path], folder: Path, by: str
    ) -> tuple[Voice, dict[str, Path]]:
        """The voice, and copies of its files that the shelf may take: the objects stay where they are."""
        aside = folder / "voice"
        aside.mkdir()
        files: dict[str, VoiceFile] = {}
        for role, name in _layout(manifest).files.items():
            if role not in made:
                raise WorkerFailed(f"{manifest.title} made no '{role}' of the recording.", fix="Tell its author.")
            shutil.copyfile(made[role], aside / name)
            files[role] = VoiceFile(name, made[role].name, made[role].stat().st_size)
        prepared = {"prepare": dict(order.prepare)} if order.prepare else {}
        notes = _notes(made.get("report")) | prepared
        voice = Voice(
            id=f"{order.architecture}:{order.name}",
            architecture=order.architecture,
            title=order.title or order.name,
            hash=voice_hash(order.architecture, {role: file.sha256 for role, file in files.items()}),
            builtin=False,
            languages=order.languages,
            files=files,
            provenance=order.provenance,
            created_at=now(),
            notes=notes,
            imported_by=by,
        )
        return voice, {role: aside / file.name for role, file in files.items()}


def _layout(manifest: Manifest) -> VoiceLayout:
    """`Fitting.problems` has refused a manifest without one."""
    if manifest.layout is None:
        raise WorkerFailed(f"{manifest.title} makes no voices from recordings.")
    return manifest.layout


def _notes(report: Path | None) -> dict[str, Any]:
    return json.loads(report.read_bytes()) if report is not None else {}
