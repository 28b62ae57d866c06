"""Bringing claimed stages to their workers, and what comes back into the store: the way of a stage from its claim to its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from hay_say_lab.domain.job import Job, State
from hay_say_lab.engine.assignment import Assignments
from hay_say_lab.engine.carried import Carried
from hay_say_lab.engine.dispatch import Dispatch
from hay_say_lab.engine.estimate import audio_seconds
from hay_say_lab.engine.ladder import judge
from hay_say_lab.engine.leftovers import Leftovers
from hay_say_lab.engine.news import News, Tick
from hay_say_lab.engine.order import Done, Failed, WorkerLost
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.rest import Pauses, Rest
from hay_say_lab.engine.stage_key import StageKeys
from hay_say_lab.errors import LabError, StorageFailed, WorkerFailed
from hay_say_lab.storage import edges
from hay_say_lab.storage.home import remove
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.store import JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")


class Carrier:
    """`way` holds the jobs that have a worker, or are about to. `cleared` is called with each job that has ended."""

    def __init__(
        self,
        *,
        store: JobStore,
        objects: ObjectStore,
        pool: WorkerPool,
        assignments: Assignments,
        keys: StageKeys,
        leftovers: Leftovers,
        news: News,
        dispatch: Dispatch,
        cleared: Callable[[Job], None],
    ) -> None:
        self._store = store
        self._objects = objects
        self._pool = pool
        self._assignments = assignments
        self._keys = keys
        self._leftovers = leftovers
        self._news = news
        self._dispatch = dispatch
        self._cleared = cleared
        self.way: dict[str, Carried] = {}
        self.rest = Rest()
        self.open = True                                # a closing host leaves the rows to the next one
        self._in_parts: set[tuple[str, int]] = set()    # (job, stage) that gave way: pieces of it are kept

    def key(self, job: Job) -> str | None:
        """Under which the result of a job's present stage is kept; None where the stage is not deterministic."""
        return self._keys.key(job, self._assignments.inputs(job), self._assignments.text(job))

    async def carry(self, carried: Carried) -> None:
        """Bring a claimed stage to its worker and what comes back into the store; then free the seat."""
        began = time.monotonic()
        try:
            await self._perform(carried, began)
        except WorkerLost as lost:
            if self.open:          # a closing host ends its workers itself; the next one takes the row over
                await self._lost(carried, lost)
        except LabError as error:
            await self._ended(carried, error)
        except Exception:
            log.exception("carrying a stage failed", extra=_named(carried))
            await self._ended(carried, WorkerFailed("The host failed while it carried the stage.", fix="See its log."))
        finally:
            try:
                job = await self._after(carried.job.id)
            finally:
                del self.way[carried.job.id]
                self._pool.release(carried.seat)
            gave_way = job.state is State.QUEUED and job.current == carried.job.current
            if gave_way:
                self._in_parts.add((job.id, job.current))
            self._dispatch.scheduler.ended(job.id, time.monotonic(), gave_way=gave_way)
            if job.ended:
                self._cleared(job)

    async def _insist(self, edge: Callable[..., T], *arguments: Any) -> T:
        """Write how a stage ended, again and again while the disk refuses: no row may say 'running' for ever."""
        pauses = Pauses()
        while True:
            try:
                return await self._store.write(edge, *arguments)
            except StorageFailed:
                if not self.open:
                    raise                       # the next host takes the row over
                log.exception("the end of a stage could not be written; it is tried again")
                await pauses.wait()

    async def _after(self, job_id: str) -> Job:
        """How a job stands behind its stage; asked again and again while the disk refuses to tell."""
        pauses = Pauses()
        while True:
            try:
                return self._store.job(job_id)
            except StorageFailed:
                if not self.open:
                    raise
                await pauses.wait()

    async def _perform(self, carried: Carried, began: float) -> None:
        job = carried.job
        attendant = await self._pool.attendant(carried.seat)
        there = time.monotonic()
        carried.attendant = attendant
        if carried.cancelled:
            await self._insist(edges.stopped, job)
            return
        if not self.open:
            await self._insist(edges.gave_way, job)
            return
        order = self._assignments.order(job)
        self._leftovers.taken(job, order.pieces)

        def progress(fraction: float, message: str) -> None:
            self._news.tick(job.id, Tick(job.current, job.stage.task, fraction, message))

        waited = (datetime.now(UTC) - datetime.fromisoformat(carried.queued_at)).total_seconds()
        try:
            outcome, outputs = await self._pool.run(attendant, order, progress)
        finally:
            remove(order.out)
        if isinstance(outcome, Done):
            made = edges.Made(
                outputs,
                attendant.code_version,
                attendant.fingerprint,
                seconds=time.monotonic() - began,
                waited_seconds=max(0.0, waited),
                audio_seconds=self._audio_seconds(job),
                key=self._key_of(job, attendant.code_version),
                device=carried.device,
                start_seconds=there - began,
                load_seconds=outcome.load_seconds,
                keep_seconds=outcome.keep_seconds,
            )
            await self._made(carried, made)
        elif isinstance(outcome, Failed):
            if outcome.fault:
                log.error("a stage failed inside: %s", outcome.error.message, extra=_named(carried))
            await self._ended(carried, outcome.error, outcome.told)
        elif not (outcome.answer != "cancel" and await self._insist(edges.gave_way, job)):
            await self._stopped(job)

    async def _lost(self, carried: Carried, lost: WorkerLost) -> None:
        """Tried again, or the end of it where memory ran out for good."""
        log.warning("a stage lost its worker: %s", lost.reason, extra=_named(carried))
        stage = carried.job.stage
        verdict = judge(lost, self._pool.place(stage.worker, carried.device), stage.ooms, carried.job.request.cpu_fallback)
        if isinstance(verdict, LabError):
            await self._ended(carried, verdict, lost.told)
        else:
            await self._insist(edges.worker_lost, carried.job, *verdict)

    async def _made(self, carried: Carried, made: edges.Made) -> None:
        """Publish what a stage made; where the job was cancelled meanwhile, it is dropped."""
        job = carried.job
        missing = self._assignments.missing(job, made)
        if missing:
            fault = WorkerFailed(f"'{job.stage.worker}' made no {' and no '.join(missing)}.", fix="Tell its author.")
            await self._ended(carried, fault)
            return
        recipe = self._assignments.recipe(job, made)
        if recipe is None:
            published = await self._insist(edges.stage_done, job, made)
        else:
            published = await self._insist(edges.finished, job, made, recipe)
        self.rest.done()
        if not published:
            await self._stopped(job)
        elif made.audio_seconds:
            self._dispatch.history.add(edges.duration_of(job, made))

    async def _ended(self, carried: Carried, error: LabError, told: str = "") -> None:
        job = carried.job
        if isinstance(error, StorageFailed):
            self.rest.refused(time.monotonic())
        if not await self._insist(edges.failed, job, {**error.as_json(), "error_id": job.id}, told):
            await self._stopped(job)

    async def _stopped(self, job: Job) -> None:
        """A stage's end was not taken: a person has stopped the job, or somebody else holds it by now."""
        if not await self._insist(edges.stopped, job):
            self._pool.noted("fenced_total", "", 1.0)

    def _audio_seconds(self, job: Job) -> float:
        """Of how much audio a stage that was just done in one go was; 0 where it was not, so that nothing is learnt."""
        parts = (job.id, job.current)
        if parts in self._in_parts or job.stage.attempts:
            self._in_parts.discard(parts)
            return 0.0
        return audio_seconds(job, self._objects, self._store.clip)

    def _key_of(self, job: Job, code_version: str) -> str | None:
        """Under which a stage's result is kept; None where the worker ran older code than lies on the disk now."""
        return self.key(job) if code_version == self._keys.version(job.stage.worker) else None


def _named(carried: Carried) -> dict[str, Any]:
    """Of which stage a line in the log tells."""
    job = carried.job
    return {
        "job": job.id,
        "stage": job.current,
        "attempt": job.stage.attempts + 1,
        "token": job.token,
        "lane": job.request.lane,
        "architecture": job.stage.worker,
        "device": carried.device,
    }
