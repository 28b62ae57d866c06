"""The verbs of batches."""

from __future__ import annotations

from hay_say_lab.domain.batch import BatchOrder, Tally
from hay_say_lab.domain.job import Job
from hay_say_lab.errors import ArtifactMissing
from hay_say_lab.service.batch_views import BatchesView, BatchView, RowsView, RowView
from hay_say_lab.service.handler import LARGEST_LIMIT, LabHandler
from hay_say_lab.storage.objects import ObjectStore

LONGEST_SAID = 200      # characters of a row's text; the job holds all of it


class BatchesHandler(LabHandler):
    async def post(self) -> None:
        order = self.body_of(BatchOrder)
        self.reply(_view(await self.surface.batches.submit(self.owner, order, self.traceparent)), 201)

    async def get(self) -> None:
        limit = self.whole_number("limit", 50, 1, LARGEST_LIMIT)
        found = self.surface.batches.tallies(self.owner, self.get_query_argument("cursor", None), limit + 1)
        page = [_view(tally) for tally in found[:limit]]
        self.reply(BatchesView(page, page[-1].name if len(found) > limit else None))


class BatchHandler(LabHandler):
    async def get(self, name: str) -> None:
        self.reply(_view(self.surface.batches.tally(self.owner, name)))


class RowsHandler(LabHandler):
    async def get(self, name: str) -> None:
        limit = self.whole_number("limit", 100, 1, LARGEST_LIMIT)
        batches = self.surface.batches
        batches.tally(self.owner, name)
        found = batches.rows(self.owner, name, self.get_query_argument("cursor", None), limit + 1)
        page = await self.off_loop(_rows, found[:limit], self.surface.engine.objects)
        self.reply(RowsView(page, page[-1].job if len(found) > limit else None))


class CancelHandler(LabHandler):
    async def post(self, name: str) -> None:
        self.reply(_view(await self.surface.batches.cancel(self.owner, name)))


class RetryHandler(LabHandler):
    async def post(self, name: str) -> None:
        self.reply(_view(await self.surface.batches.retry(self.owner, name)))


def _view(tally: Tally) -> BatchView:
    return BatchView(tally.name, tally.rows, dict(tally.states), tally.done)


def _rows(jobs: list[Job], objects: ObjectStore) -> list[RowView]:
    return [
        RowView(
            job=job.id,
            state=job.state,
            voices=[str(step.voice) for step in job.request.steps],
            seed=job.request.seed,
            said=job.request.text.body[:LONGEST_SAID] if job.request.text else None,
            clip=job.request.clip,
            artifact=job.artifact,
            recipe=job.recipe,
            seconds=_seconds(job.artifact, objects),
            error=dict(job.error) if job.error else None,
        )
        for job in jobs
    ]


def _seconds(artifact: str | None, objects: ObjectStore) -> float | None:
    """By the object's header; None where it is not made yet or was removed since."""
    import soundfile

    if artifact is None:
        return None
    try:
        return float(soundfile.info(objects.open_path(artifact)).duration)
    except ArtifactMissing:
        return None
