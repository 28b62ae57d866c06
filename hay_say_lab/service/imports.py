"""The verbs of imports."""

from __future__ import annotations

from hay_say_lab.domain.imports import Import, ImportOrder
from hay_say_lab.service.handler import LARGEST_LIMIT, LabHandler
from hay_say_lab.service.import_views import ImportsView, ImportView, import_view, plan_view
from hay_say_lab.storage.imports import listed


class ImportsHandler(LabHandler):
    async def post(self) -> None:
        order = self.body_of(ImportOrder)
        made = await self.surface.imports.submit(self.owner, self.caller.role.name.lower(), order)
        self.reply(_view(self, made), 201)

    async def get(self) -> None:
        limit = self.whole_number("limit", 50, 1, LARGEST_LIMIT)
        before = self.get_query_argument("cursor", None)
        found = self.surface.engine.store.read(lambda connection: listed(connection, before=before, limit=limit + 1))
        page = [_view(self, one) for one in found[:limit]]
        self.reply(ImportsView(page, page[-1].id if len(found) > limit else None))


class PlanHandler(LabHandler):
    async def post(self) -> None:
        self.reply(plan_view(await self.surface.imports.plan(self.owner, self.body_of(ImportOrder))))


class ImportHandler(LabHandler):
    async def get(self, name: str) -> None:
        self.reply(_view(self, self.surface.imports.get(name)))


class CancelHandler(LabHandler):
    async def post(self, name: str) -> None:
        self.reply(_view(self, await self.surface.imports.cancel(name)))


class RetryHandler(LabHandler):
    async def post(self, name: str) -> None:
        self.reply(_view(self, await self.surface.imports.retry(name)))


def _view(handler: LabHandler, found: Import) -> ImportView:
    return import_view(found, handler.surface.imports.progress(found.id))
