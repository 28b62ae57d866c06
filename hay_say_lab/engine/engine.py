"""The engine: takes requests, ticks, carries stages to workers and their results into the store.

request -> job -> lane -> admission -> worker -> artifact. Everything here runs on the host's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from typing import Any

from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.admission import KEPT, Admit, Refuse, Wait, admit
from hay_say_lab.engine.assignment import Assignments
from hay_say_lab.engine.carried import Carried
from hay_say_lab.engine.carrier import Carrier
from hay_say_lab.engine.dispatch import Dispatch, loaded_models
from hay_say_lab.engine.estimate import audio_seconds, seconds_at_once
from hay_say_lab.engine.intake import Intake
from hay_say_lab.engine.leftovers import Leftovers
from hay_say_lab.engine.needs import Measured
from hay_say_lab.engine.news import News
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.engine.rest import RESTING, Pauses
from hay_say_lab.engine.scheduler import Candidate
from hay_say_lab.engine.stage_key import StageKeys
from hay_say_lab.engine.upkeep import Upkeep
from hay_say_lab.engine.vocabulary import Vocabulary
from hay_say_lab.engine.work import Work, cannot_stop
from hay_say_lab.errors import InvalidRequest, LabError, StorageFailed, VoiceNotServed, WorkerFailed
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage import edges
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.needs import keep_need
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.pauses import pause, resume
from hay_say_lab.storage.recent import worked_lately
from hay_say_lab.storage.store import JobStore

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 1.0      # while somebody waits: turns and bounds change with time alone
SECONDS_TO_GIVE_WAY = 5.0


class Engine:
    """One per host. `run` ticks until `close`."""

    def __init__(
        self,
        *,
        home: Home,
        store: JobStore,
        objects: ObjectStore,
        pool: WorkerPool,
        preflight: Preflight,
        voices: Voices,
        keys: StageKeys,
        news: News,
        vocabulary: Vocabulary,
    ) -> None:
        self._home = home
        self.store = store
        self.objects = objects
        self.pool = pool
        self.preflight = preflight
        self._voices = voices
        self._assignments = Assignments(home, objects, voices, preflight.casting)
        self.news = news
        self._leftovers = Leftovers(home, lambda job: self.carrier.key(job))
        self.vocabulary = vocabulary
        self.dispatch = Dispatch(store)
        self.intake = Intake(store, preflight, pool, vocabulary, self.dispatch.history_now)
        self.carrier = Carrier(
            store=store,
            objects=objects,
            pool=pool,
            assignments=self._assignments,
            keys=keys,
            leftovers=self._leftovers,
            news=news,
            dispatch=self.dispatch,
            cleared=self._cleared,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        pool.freed = self._wake.set             # also by whoever uses a worker outside of any job
        pool.learned = lambda row: self._aside(self.store.write(keep_need, row.as_row()))
        self.upkeep = Upkeep(pool)
        self._open = True

    # What people ask for.

    async def submit(
        self, owner: str, request: Request, key: str | None = None, traceparent: str = "", *, house: bool = False
    ) -> tuple[Job, bool]:
        """As `Intake.submit`."""
        taken = await self.intake.submit(owner, request, key, traceparent, house=house)
        self._wake.set()
        return taken

    async def pause_lane(self, lane: str, by: str) -> None:
        """Nothing of the lane starts from now on; what runs goes on. It lasts, whoever hosts."""
        self.dispatch.pauses[lane] = await self.store.write(pause, lane, by)

    async def resume_lane(self, lane: str) -> None:
        await self.store.write(resume, lane)
        self.dispatch.pauses.pop(lane, None)
        self._wake.set()

    async def cancel(self, job_id: str) -> Job:
        """Raises JobMissing, or IllegalTransition where the job has ended otherwise."""
        job = await self.store.write(edges.cancel, job_id)
        carried = self.carrier.way.get(job_id)
        if carried is not None and job.state is State.CANCELLING:
            carried.cancelled = True
            if carried.attendant is not None:
                carried.attendant.stop_stage("cancel")
        if job.ended:
            self._cleared(job)
        return job

    async def again(self, job_id: str, *, release: bool) -> Job:
        """Retry a failed job, or release a quarantined one, which closes its circuits. Raises JobMissing, IllegalTransition."""
        job = await self.store.write(edges.released if release else edges.retry, job_id)
        for stage in job.stages if release else ():
            self.pool.circuits.close((stage.worker, stage.voice_hash))
        self._wake.set()
        return job

    def owner_of(self, job_id: str) -> str | None:
        """Whose running job this is; None where it does not run."""
        carried = self.carrier.way.get(job_id)
        return carried.job.owner if carried else None

    # The host's own life.

    async def recover(self) -> None:
        """After a start: what an earlier host left running waits again; what nobody can go on with is swept."""
        count = await self.store.write(edges.host_changed)
        self.pool.needs.load(map(Measured.from_row, self.store.measured_needs()))
        self.dispatch.recover()
        self._recall()
        if count:
            log.info("took over %d jobs of an earlier host", count)
        self._home.sweep_scratch(self.store.unfinished_ids())
        self._leftovers.swept()
        self._wake.set()

    def _recall(self) -> None:
        """Whom an earlier host had at work is likely to be asked for again."""
        present, now = time.time(), time.monotonic()
        for worked in self.store.read(worked_lately):
            order = self._assignments.order_to_load(worked.voice, worked.voice_hash)
            if order is not None:
                self.pool.habits.used((worked.worker, worked.voice_hash), order, now - max(0.0, present - worked.at))
        self.upkeep.recall(now)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        self._aside(self.upkeep.tend(lambda: self.idle))
        pauses = Pauses()
        while self._open:
            with contextlib.suppress(TimeoutError):
                pause_seconds = SECONDS_BETWEEN_LOOKS if self.dispatch.anybody_waits else None
                await asyncio.wait_for(self._wake.wait(), pause_seconds)
            self._wake.clear()
            try:
                while self._open and await self._tick():
                    pass
                pauses = Pauses()
            except LabError:
                log.exception("a tick failed; it is tried again")
                await pauses.wait()
                self._wake.set()

    @property
    def idle(self) -> bool:
        """Nothing queued, running or cancelling."""
        return not self.carrier.way and self.store.count(State.QUEUED, State.RUNNING, State.CANCELLING) == 0

    async def close(self) -> None:
        """Stop ticking; running stages give way, so their rows wait for the next host; workers end."""
        self._open = self.carrier.open = False
        self._wake.set()
        await self.upkeep.close()
        self.pool.stop_stages("give_way")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=SECONDS_TO_GIVE_WAY)
        await self.pool.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=SECONDS_TO_GIVE_WAY)

    # The tick.

    async def _tick(self) -> bool:
        """Start at most one stage. True where one was started, so that another look is worth it."""
        now = time.monotonic()
        seats = [(seat.worker, seat.voices) for seat in self.pool.ledger().seats if not seat.busy]
        order = self.dispatch.order(self.carrier.way, loaded_models(seats), now)
        if self.carrier.rest.lasts(now):
            self.news.waiting.update(dict.fromkeys((candidate.job for candidate in order), RESTING))
            return False
        for candidate in order:
            job = self.store.job(candidate.job)
            if job.state is State.QUEUED and await self._try(job, candidate):
                return True
        order = [candidate for candidate in order if self.news.waiting.get(candidate.job) != KEPT]  # no place helps them
        unbroken = {job for job, carried in self.carrier.way.items() if self.pool.seats.is_unbroken(carried.seat)}
        for leaving in self.dispatch.scheduler.giving_way(order, now, unbroken):
            self._let_go(leaving)
        return False

    def _let_go(self, job_id: str) -> None:
        """Somebody else is to have the place of a running stage: it stops at the end of the piece in work."""
        carried = self.carrier.way.get(job_id)
        if carried is not None and carried.attendant is not None:
            carried.attendant.make_room()

    async def _try(self, job: Job, candidate: Candidate) -> bool:
        """Ask admission for a job's stage; start it where it may. True where the rows changed."""
        try:
            self._assignments.check_voice(job.stage)
            self._check_served(job)
            if await self._reuse(job):
                return True
            stage = job.stage
            offer, request = self._assignments.offer(stage), job.request
            at_once = seconds_at_once(audio_seconds(job, self.objects, self.store.clip), offer)
            work = Work(
                stage.worker, stage.voice_hash, at_once, stage.ooms, request.cpu_fallback, cannot_stop(request.lane, offer)
            )
            self.pool.circuits.check((work.worker, work.voice), time.monotonic())
            need = self.pool.need(work)
        except StorageFailed:
            raise                               # the disk's fault, not the job's: the tick is tried again
        except VoiceNotServed as denied:
            return await self.store.write(edges.denied, job, denied.as_json())
        except LabError as gone:
            return await self.store.write(edges.refused, job, gone.as_json())
        except Exception:
            log.exception("stage %d of job %s cannot be looked at", job.current, job.id)
            fault = WorkerFailed("The host failed while it looked at the stage.", fix="See its log.")
            return await self.store.write(edges.refused, job, fault.as_json())
        verdict = admit(need, self.pool.ledger())
        if isinstance(verdict, Wait):
            self.pool.waits(need)
            if self.news.waiting.get(job.id) != verdict.reason:
                self.news.waiting[job.id] = verdict.reason
                self.news.ring()
            return False
        if isinstance(verdict, Refuse):
            error = InvalidRequest(verdict.problem.message, problems=[verdict.problem])
            return await self.store.write(edges.refused, job, error.as_json())
        return await self._start(job, candidate, verdict, self.pool.reserve(work, need, verdict))

    def _check_served(self, job: Job) -> None:
        """Raises VoiceNotServed where a stage's voice may not serve any more: preflight looked when it was queued."""
        voice = job.stage.voice
        if voice is not None:
            self.preflight.casting.check_served(self._voices.get(voice), "steps")

    async def _start(self, job: Job, candidate: Candidate, verdict: Admit, seat: int) -> bool:
        worker = f"{job.stage.worker}#{seat}"
        carried = Carried(job, seat, job.updated_at, verdict.device)
        self.carrier.way[job.id] = carried
        claimed = None
        try:
            claimed = await self.store.write(edges.started, job.id, job.token, worker)
        finally:
            if claimed is None:                 # cancelled between the look and the claim, or the disk refused
                del self.carrier.way[job.id]
                self.pool.release(seat)
        if claimed is None:
            return True
        carried.job = claimed
        self.dispatch.scheduler.started(candidate, time.monotonic())
        self.news.waiting.pop(job.id, None)
        self._aside(self.carrier.carry(carried))
        return True

    async def _reuse(self, job: Job) -> bool:
        """Where an earlier job made this very stage and its objects are all there, it needs no worker."""
        if job.request.fresh:
            return False
        key = self.carrier.key(job)
        made = self.store.result(key) if key is not None else None
        if made is None or not all(self.objects.holds(name) for name in made.outputs.values()):
            return False
        reused = await self.store.write(edges.reused, job, made, self._assignments.recipe(job, made))
        if reused:
            for name in made.outputs.values():
                self.objects.touch(name)
            self._cleared(self.store.job(job.id))
        return reused

    def _cleared(self, job: Job) -> None:
        self.news.forget(job.id)
        self._leftovers.cleared(job)
        if job.ended:
            self.intake.pressure.left(job.owner, time.monotonic())
        self.news.ring()
