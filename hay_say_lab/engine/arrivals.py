"""What an import brought: findings become voices and assets with their provenance, and are put on the shelf."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from hay_say_lab.domain.asset import Asset
from hay_say_lab.domain.finding import Finding, Findings
from hay_say_lab.domain.imports import Import, shown
from hay_say_lab.domain.profile import Level
from hay_say_lab.domain.voice import Provenance, Voice, VoiceFile, is_slug
from hay_say_lab.engine.librarian import Converted
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.errors import ArchitectureMissing, Conflict, Fix, InvalidRequest, Problem, WrongContent, headline
from hay_say_lab.library import data_home, local, passport
from hay_say_lab.library.fetch import Fetched
from hay_say_lab.library.names import slug_of
from hay_say_lab.library.plan import Plan
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.assets import asset_hash
from hay_say_lab.registry.voices import voice_hash
from hay_say_lab.storage.objects import hash_file
from hay_say_lab.storage.rows import now

MOST_AT_ONCE = 50               # voices of one source
LETTERS_OF_HASH = 6             # behind a name that another voice has already


@dataclass(frozen=True, slots=True)
class Arrival:
    """A voice or an asset that is ready to be put on the shelf. `named`: its name was asked for, so it gets no other."""

    thing: Voice | Asset
    files: Mapping[str, Path]
    level: Level | Literal["not_needed"]
    named: bool

    @property
    def is_voice(self) -> bool:
        return isinstance(self.thing, Voice)

    async def settle(self, shelf: Shelf) -> tuple[Voice | Asset, bool]:
        """What lies on the shelf then, and whether it is new there. Raises Conflict, TooLarge, StorageFailed."""
        there = None if self.named else self._there(shelf)
        if there is not None:
            return there, False
        try:
            return await self._settled(shelf, self.thing)
        except Conflict:
            if self.named:
                raise
            return await self._settled(shelf, replace(self.thing, id=f"{self.thing.id}-{self.thing.hash[:LETTERS_OF_HASH]}"))

    def _there(self, shelf: Shelf) -> Voice | Asset | None:
        """The same content under whatever name."""
        if isinstance(self.thing, Voice):
            leaving = shelf.voices.leaving()
            return next((one for one in shelf.voices.all() if one.hash == self.thing.hash and one.id not in leaving), None)
        return next((one for one in shelf.assets.all() if one.hash == self.thing.hash), None)

    async def _settled(self, shelf: Shelf, thing: Voice | Asset) -> tuple[Voice | Asset, bool]:
        settled = await (shelf.settle(thing, self.files) if isinstance(thing, Voice) else shelf.settle_asset(thing, self.files))
        return settled, settled is thing


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Of one import."""

    found: Import
    plan: Plan
    provenance: Provenance
    fetched: Sequence[Fetched]

    def chosen(self, findings: Findings, warnings: list[Problem]) -> list[Finding]:
        """The whole sets that were asked for; what else was found is warned of. Raises InvalidRequest where there is none."""
        order = self.found.order
        fitting = [one for one in findings.sets if not order.architecture or one.architecture == order.architecture]
        whole = [one for one in fitting if not one.missing]
        missing = [problem for one in fitting for problem in one.missing]
        if not whole:
            problems = [*missing, *findings.problems] or [self._nothing(findings)]
            raise InvalidRequest(headline(problems), problems=problems)
        warnings += [*missing, *findings.problems, *(warning for one in whole for warning in one.warnings)]
        warnings += [Problem("source", f"'{one.name}' was left out: {one.why}", Fix("")) for one in findings.ignored[:MOST_AT_ONCE]]
        if len(whole) > MOST_AT_ONCE or (order.name and len(whole) > 1):
            names = ", ".join(one.title for one in whole[:10])
            raise InvalidRequest(
                f"The source holds {len(whole)} voices: {names}.", field="source", fix="Name the file or folder of one of them."
            )
        return whole

    def _nothing(self, findings: Findings) -> Problem:
        seen = "; ".join(f"{one.name}: {one.why}" for one in findings.ignored[:5])
        return Problem(
            "source", "Nothing in it is a voice that is known here." + (f" {seen}" if seen else ""),
            Fix("Install the architecture that it is for, or name the file that holds the voice."),
        )  # fmt: skip

    def converted(self, finding: Finding, made: Converted) -> Arrival:
        """In a thread: the files are hashed."""
        files = {role: VoiceFile(path.name, hash_file(path), path.stat().st_size) for role, path in made.files.items()}
        origin = self._origin() | {"confinement": made.level}
        if finding.what == "asset":
            return self._asset(finding, files, made, origin)
        slug = self.found.order.name or finding.slug or slug_of(self.plan.title)
        content = voice_hash(finding.architecture, {role: file.sha256 for role, file in files.items()})
        voice = Voice(
            id=f"{finding.architecture}:{slug if is_slug(slug) else f'voice-{content[:LETTERS_OF_HASH]}'}",
            architecture=finding.architecture,
            title=self.found.order.title or finding.title or self.plan.title,
            hash=content,
            builtin=False,
            languages=self.found.order.languages,
            files=files,
            provenance=self.provenance,
            created_at=now(),
            notes=dict(finding.facts),
            imported_by=self.found.owner,
            origin=origin,
        )
        return Arrival(voice, made.files, made.level, bool(self.found.order.name))

    def _asset(self, finding: Finding, files: dict[str, VoiceFile], made: Converted, origin: dict[str, Any]) -> Arrival:
        content = asset_hash(finding.kind, {role: file.sha256 for role, file in files.items()})
        slug = self.found.order.name or finding.slug or slug_of(self.plan.title)
        asset = Asset(
            id=slug if is_slug(slug) else f"asset-{content[:LETTERS_OF_HASH]}",
            kind=finding.kind,
            title=self.found.order.title or finding.title or self.plan.title,
            hash=content,
            files=files,
            provenance=self.provenance,
            created_at=now(),
            imported_by=self.found.owner,
            origin=origin,
        )
        return Arrival(asset, made.files, made.level, bool(self.found.order.name))

    def _origin(self) -> dict[str, Any]:
        """What is known of how it came: the source, its version, each file with its hash."""
        return {
            "source": shown(self.plan.source),
            "kind": self.plan.kind,
            "pinned": dict(self.plan.pinned),
            "files": [{"name": one.path.name, "sha256": one.sha256, "bytes": one.bytes} for one in self.fetched],
        }

    # Another data home: its files are data already.

    @staticmethod
    def copy_home(plan: Plan, folder: Path, stop: threading.Event) -> list[Fetched]:
        """Its files, each held against its document. Raises WrongContent, InvalidRequest."""
        found: list[Fetched] = []
        for voice in _kept(plan):
            for file in voice.files.values():
                into = _place(folder, voice, file.name)
                _check_plain(file.name, voice.id)
                local.link_or_copy(local.place_of(str(file.path)), into, stop)
                if (into.stat().st_size, hash_file(into)) != (file.bytes, file.sha256):
                    into.unlink()
                    raise WrongContent(
                        f"'{file.name}' of '{voice.id}' is not what its data home says.", field="source",
                        fix="Look at that data home with 'hay-say storage fsck'.",
                    )  # fmt: skip
                found.append(Fetched(into, file.sha256, file.bytes))
        return found

    def of_home(self, folder: Path, architectures: Architectures) -> list[Arrival]:
        """Raises ArchitectureMissing, InvalidRequest."""
        kept = _kept(self.plan)
        order = self.found.order
        if order.name and len(kept) > 1:
            raise InvalidRequest("That data home holds several voices.", field="name", fix="Name one: FOLDER#VOICE.")
        arrivals = []
        for voice in kept:
            _check_architecture(voice.id, voice.architecture, architectures)
            arrivals.append(self._of_home(voice, folder))
        return arrivals

    def _of_home(self, kept: data_home.KeptVoice, folder: Path) -> Arrival:
        files = {role: VoiceFile(file.name, file.sha256, file.bytes) for role, file in kept.files.items()}
        voice = Voice(
            kept.id, kept.architecture, kept.title, "", False, kept.languages, files, kept.provenance, notes=dict(kept.notes)
        )
        paths = {role: _place(folder, kept, file.name) for role, file in files.items()}
        return self._as_it_was(voice, paths, {"source": shown(self.plan.source), "kind": "home", "there": dict(kept.origin)})

    # A voice pack: its passport says what it is, and every file is held against it.

    def of_pack(self, pack: Path, folder: Path, architectures: Architectures) -> list[Arrival]:
        """Raises WrongContent, InvalidRequest, ArchitectureMissing, StorageFailed."""
        verdict = passport.check(pack)
        if verdict.voice is None or not verdict.sound:
            raise WrongContent(headline(verdict.problems), problems=verdict.problems)
        voice = verdict.voice
        _check_architecture(voice.id, voice.architecture, architectures)
        for file in voice.files.values():
            _check_plain(file.name, voice.id)
        signed = {"signed_by": verdict.key, "exported_at": verdict.exported_at, "there": dict(voice.origin)}
        return [self._as_it_was(voice, passport.unpack(pack, folder), self._origin() | signed)]

    def _as_it_was(self, voice: Voice, paths: Mapping[str, Path], origin: dict[str, Any]) -> Arrival:
        """A voice that another lab kept: its provenance, and over it what whoever imports says."""
        order = self.found.order
        said = {name: text for name, text in order.provenance.as_json().items() if text}
        thing = Voice(
            id=f"{voice.architecture}:{order.name or voice.id.partition(':')[2]}",
            architecture=voice.architecture,
            title=order.title or voice.title,
            hash=voice_hash(voice.architecture, {role: file.sha256 for role, file in voice.files.items()}),
            builtin=False,
            languages=order.languages or voice.languages,
            files=voice.files,
            provenance=Provenance(**{**voice.provenance.as_json(), **said}),  # type: ignore[arg-type]
            created_at=now(),
            notes=dict(voice.notes),
            imported_by=self.found.owner,
            origin=origin,
        )
        return Arrival(thing, paths, "not_needed", bool(order.name))


def _check_plain(name: str, voice: str) -> None:
    if not name.lower().endswith(data_home.DATA_ENDINGS):
        raise InvalidRequest(f"'{name}' of '{voice}' is no plain data.", field="source", fix="Import its files from their folder.")


def _check_architecture(voice: str, architecture: str, architectures: Architectures) -> None:
    if architecture not in architectures.manifests:
        raise ArchitectureMissing(
            f"'{voice}' needs the architecture '{architecture}', which is not installed.",
            field="source", fix="Install it, or import another voice.",
        )  # fmt: skip


def _place(folder: Path, voice: data_home.KeptVoice, name: str) -> Path:
    """A place of its own for each file: voices that share a content are put on the shelf one after the other."""
    return folder / voice.id.replace(":", "/") / name


def _kept(plan: Plan) -> list[data_home.KeptVoice]:
    return [voice for voice in data_home.voices(Path(plan.place)) if voice.id in plan.voices]
