"""Voices over HTTP: what is installed, where it is from, who may use it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hay_say_lab.audio.export import MEDIA_TYPES
from hay_say_lab.domain.canonical import new_id, sha256_hex
from hay_say_lab.domain.licence import ANSWERS, commercial_use
from hay_say_lab.domain.serving import provenance_state
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.engine.approval import ApprovalOrder
from hay_say_lab.engine.discovery import Wish
from hay_say_lab.engine.fitting import VoiceOrder
from hay_say_lab.engine.samples import OWNER
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library.passport import SUFFIX, Signer, write_pack
from hay_say_lab.registry.marks import Mark
from hay_say_lab.service.handler import LabHandler
from hay_say_lab.service.library_views import removed_view
from hay_say_lab.service.surface import ExportWish
from hay_say_lab.service.views import VoicesView
from hay_say_lab.storage.home import remove
from hay_say_lab.storage.objects import hash_file
from hay_say_lab.storage.rows import now

SECONDS_TO_SAMPLE = 20.0        # what takes longer is asked for again


def voice_view(voice: Voice) -> dict[str, Any]:
    """The voice's document with what follows from it: whether it may serve where provenance is needed, and may be sold."""
    return voice.as_json() | {
        "provenance_state": provenance_state(voice),
        "commercial_use": commercial_use(voice.provenance.licence),
    }


class VoicesHandler(LabHandler):
    async def get(self) -> None:
        sold, favourite = self.get_query_argument("commercial_use", ""), self.get_query_argument("favourite", "")
        if sold and sold not in ANSWERS:
            raise InvalidRequest("'commercial_use' is yes, no or unknown.", field="commercial_use", fix="Use yes.")
        if favourite not in ("", "true", "false"):
            raise InvalidRequest("'favourite' is true or false.", field="favourite", fix="Use true.")
        words, task, language, tag = (self.get_query_argument(name, "")[:200] for name in ("q", "task", "language", "tag"))
        wish = Wish(words, task, language, tag, favourite == "true" if favourite else None, sold)
        found = self.surface.discovery.find(self.owner, wish)
        marks = self.surface.discovery.marks
        self.reply(VoicesView([voice_view(voice) | marks.get(self.owner, voice.id).as_json() for voice in found]))

    async def post(self) -> None:
        order = self.body_of(VoiceOrder)
        facts = self.surface.engine.store.clip(self.owner, order.reference)
        voice = await self.surface.fitting.make(order, facts, self.owner)
        await self.tell("add", voice.id, hash=voice.hash, reference=facts.sha256)
        self.reply(voice_view(voice), 201)


class VoiceHandler(LabHandler):
    async def get(self, voice_id: str) -> None:
        self.reply(voice_view(self.surface.voices.get(voice_id)))

    async def delete(self, voice_id: str) -> None:
        wait = self.flag("after_jobs")
        digest = self.surface.voices.get(voice_id).hash
        removed = await self.surface.shelf.remove(voice_id, self.owner, after_jobs=wait)
        await self.tell("remove", voice_id, hash=digest, waits_for=list(removed.waits_for), until=removed.until)
        self.reply(removed_view(voice_id, removed, []))


class PackHandler(LabHandler):
    """A voice as one file, with its passport. Made anew for each call; the same on the same day."""

    async def get(self, voice_id: str) -> None:
        voice = self.surface.voices.get(voice_id)
        folder = self.surface.home.scratch / f"pack-{new_id()}"
        with left_empty(folder):
            pack = await self.off_loop(self._written, voice, folder)
            sha256 = await self.off_loop(hash_file, pack)
            await self.tell("export", voice.id, hash=voice.hash, pack=sha256)
            name = f"{voice.id.replace(':', '-')}{SUFFIX}"
            await self.send_file(pack, "application/zip", sha256, name, lasting=False)

    def _written(self, voice: Voice, folder: Path) -> Path:
        home = self.surface.home
        files = {role: home.voice_folder(voice.id) / file.name for role, file in voice.files.items()}
        write_pack(voice, files, Signer.of(home.lab_key), now()[:10], folder / "pack")
        return folder / "pack"


@contextlib.contextmanager
def left_empty(folder: Path) -> Iterator[None]:
    """A folder that is gone behind the block, however that ended."""
    folder.mkdir(mode=0o700)
    try:
        yield
    finally:
        remove(folder)


class MarkHandler(LabHandler):
    """What a caller notes of a voice: theirs alone."""

    async def put(self, voice_id: str) -> None:
        voice = self.surface.voices.get(voice_id)
        mark = self.surface.discovery.marks.put(self.owner, voice.id, self.body_of(Mark))
        self.reply(voice_view(voice) | mark.as_json())


class SampleHandler(LabHandler):
    """A sentence in a voice: the library's own, for everybody."""

    async def get(self, voice_id: str) -> None:
        sha256 = await self.surface.samples.soon(voice_id, SECONDS_TO_SAMPLE)
        content = await self.off_loop(self.surface.export, OWNER, sha256, ExportWish("flac"))
        self.send_bytes(content, MEDIA_TYPES["flac"], sha256_hex(content), f"sample-{sha256[:12]}.flac", lasting=False)


class ProvenanceHandler(LabHandler):
    async def put(self, voice_id: str) -> None:
        provenance = self.body_of(Provenance)
        self.reply(voice_view(await self.surface.approvals.set_provenance(voice_id, provenance, self.owner, self.role)))


class ApproveHandler(LabHandler):
    async def post(self, voice_id: str) -> None:
        order = self.body_of(ApprovalOrder)
        self.reply(voice_view(await self.surface.approvals.approve(voice_id, order, self.owner, self.role)))


class WithdrawHandler(LabHandler):
    async def post(self, voice_id: str) -> None:
        self.reply(voice_view(await self.surface.approvals.withdraw(voice_id, self.owner, self.role)))
