"""Voices on their way out and back: what a removal frees, the trash, and what is restored from it."""

from __future__ import annotations

from hay_say_lab.service.handler import LabHandler
from hay_say_lab.service.library_views import EmptiedView, TrashedView, TrashView, freed_view
from hay_say_lab.service.voices import voice_view


class RemovalHandler(LabHandler):
    async def get(self, voice_id: str) -> None:
        shelf = self.surface.shelf
        freed = shelf.preview(voice_id)
        jobs = shelf.jobs_of(voice_id)
        self.reply(freed_view(voice_id, freed, jobs, [], removable=not jobs))


class RestoreHandler(LabHandler):
    async def post(self, voice_id: str) -> None:
        voice = await self.surface.shelf.restore(voice_id)
        await self.tell("restore", voice_id, hash=voice.hash)
        self.reply(voice_view(voice))


class TrashHandler(LabHandler):
    async def get(self) -> None:
        shelf = self.surface.shelf
        entries = [
            TrashedView(
                entry.thing.id,
                register.singular,
                entry.thing.title,
                entry.by,
                entry.at,
                shelf.until(entry),
                sum(file.bytes for file in entry.thing.files.values()),
            )
            for register in shelf.inventory.registers
            for entry in register.trash()
        ]
        held = await self.off_loop(shelf.inventory.held)
        self.reply(TrashView(entries, held["trash"]))

    async def delete(self) -> None:
        gone = [entry.thing.id for register in self.surface.shelf.inventory.registers for entry in register.trash()]
        freed = await self.surface.shelf.empty(everything=True)
        for name in gone:
            await self.tell("remove", name, for_good=True)
        self.reply(EmptiedView(freed))
