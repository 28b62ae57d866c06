"""The verbs of storage: what is held, what would go, pins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hay_say_lab.domain.retention import Budgets, Plan
from hay_say_lab.domain.voice import is_slug
from hay_say_lab.errors import Conflict, InvalidRequest
from hay_say_lab.service.handler import LabHandler
from hay_say_lab.service.identity import Role
from hay_say_lab.service.storage_views import BackupView, FsckView, LibraryView, PruneView, RemovalView, StorageView
from hay_say_lab.storage import uses
from hay_say_lab.storage.backup import LEFT_OUT
from hay_say_lab.storage.rows import now


@dataclass(frozen=True, slots=True)
class FsckOrder:
    """`deep` reads the content of every object; `mend` removes what nobody names, and says of what is missing that it is."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    deep: bool = False
    mend: bool = False


class StorageHandler(LabHandler):
    async def get(self) -> None:
        use = await self.surface.pruner.use()
        owners = use.owners if self.caller.role >= Role.OPERATOR else {}
        yours = use.owners.get(self.owner, 0)
        self.reply(StorageView(use.classes, yours, owners, use.free_bytes, use.budgets.as_json()))


class PlanHandler(LabHandler):
    async def post(self) -> None:
        self.reply(_view(await self.surface.pruner.plan(self.body_of(Budgets) if self.request.body else None)))


class PruneHandler(LabHandler):
    async def post(self) -> None:
        self.reply(_view(await self.surface.pruner.prune(self.body_of(Budgets) if self.request.body else None)))


class BudgetsHandler(LabHandler):
    async def put(self) -> None:
        self.surface.book.set(self.body_of(Budgets))
        self.reply(self.surface.book.budgets.as_json())


class FsckHandler(LabHandler):
    async def post(self) -> None:
        order = self.body_of(FsckOrder) if self.request.body else FsckOrder()
        found = await self.surface.pruner.fsck(mend=order.mend, deep=order.deep)
        library = await self.surface.shelf.examine(mend=order.mend, deep=order.deep)
        view = LibraryView(
            library.contents, *(list(value) for name, value in library.as_json().items() if name != "contents")
        )
        sound = found.sound and library.sound
        objects = (list(found.orphans), list(found.missing), list(found.damaged), list(found.broken))
        self.reply(FsckView(sound, found.objects, *objects, view))


@dataclass(frozen=True, slots=True)
class BackupOrder:
    """`name` of the folder; empty: the time (UTC)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    name: str = ""


class BackupHandler(LabHandler):
    async def post(self) -> None:
        name = self.body_of(BackupOrder).name or now().replace(":", "-")
        if not is_slug(name.lower()):
            way_out = "Use 1 to 64 of a-z, 0-9, '.', '_', '+', '-'."
            raise InvalidRequest("That cannot be a backup's name.", field="name", fix=way_out)
        folder = await self.surface.pruner.back_up(name)
        files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
        self.reply(BackupView(folder.name, files, list(LEFT_OUT)), 201)


class PinHandler(LabHandler):
    async def post(self, job_id: str) -> None:
        job = self.job(job_id)
        await self.surface.engine.store.write(uses.pin, job.id)
        self.reply(self.view(self.job(job_id)))


class UnpinHandler(LabHandler):
    async def post(self, job_id: str) -> None:
        job = self.job(job_id)
        await self.surface.engine.store.write(uses.unpin, job.id)
        self.reply(self.view(self.job(job_id)))


class ResultHandler(LabHandler):
    """The result of a job, which a person may let go; its recipe stays, and makes it again."""

    async def delete(self, job_id: str) -> None:
        job = self.job(job_id)
        if not job.ended:
            raise Conflict("The job has not ended.", field="job", fix="Cancel it first.")
        if job.pinned_at is not None:
            raise Conflict("The result is pinned.", field="job", fix="Unpin it first.")
        await self.surface.pruner.remove_result(job.id)
        self.reply(self.view(self.job(job_id)))


def _view(plan: Plan) -> PruneView:
    removals = [RemovalView(**removal.as_json()) for removal in plan.removals]
    return PruneView(removals, plan.frees_bytes, list(plan.over))
