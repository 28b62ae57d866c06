"""Voices over HTTP: what is installed, where it is from, who may use it."""

from __future__ import annotations

from typing import Any

from hay_say_lab.domain.licence import ANSWERS, commercial_use
from hay_say_lab.domain.serving import provenance_state
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.engine.approval import ApprovalOrder
from hay_say_lab.engine.fitting import VoiceOrder
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.service.handler import LabHandler
from hay_say_lab.service.views import VoicesView


def voice_view(voice: Voice) -> dict[str, Any]:
    """The voice's document with what follows from it: whether it may serve where provenance is needed, and may be sold."""
    return voice.as_json() | {
        "provenance_state": provenance_state(voice),
        "commercial_use": commercial_use(voice.provenance.licence),
    }


class VoicesHandler(LabHandler):
    async def get(self) -> None:
        wanted = self.get_query_argument("commercial_use", "")
        if wanted and wanted not in ANSWERS:
            raise InvalidRequest("'commercial_use' is yes, no or unknown.", field="commercial_use", fix="Use yes.")
        views = [voice_view(voice) for voice in self.surface.voices.all()]
        self.reply(VoicesView([view for view in views if wanted in ("", view["commercial_use"])]))

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
        voice = await self.off_loop(self.surface.fitting.remove, voice_id)
        await self.tell("remove", voice.id, hash=voice.hash)
        self.reply(voice.as_json())


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
