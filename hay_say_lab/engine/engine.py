"""The engine: takes requests, ticks, carries stages to workers and their results into the store.

request -> job -> lane -> admission -> worker -> artifact. Everything here runs on the host's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.admission import Admit, Refuse, Wait, admit
from hay_say_lab.engine.assignment import Assignments
from hay_say_lab.engine.carried import Carried
from hay_say_lab.engine.dispatch import Dispatch, loaded_models
from hay_say_lab.engine.estimate import audio_seconds, seconds_at_once
from hay_say_lab.engine.intake import Intake
from hay_say_lab.engine.ladder import judge
from hay_say_lab.engine.leftovers import Leftovers
from hay_say_lab.engine.needs import Measured
from hay_say_lab.engine.news import News, Tick
from hay_say_lab.engine.order import Done, Failed, WorkerLost
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.engine.scheduler import Candidate
from hay_say_lab.engine.stage_key import StageKeys
from hay_say_lab.engine.upkeep import Upkeep
from hay_say_lab.engine.vocabulary import Vocabulary
from hay_say_lab.engine.work import Work
from hay_say_lab.errors import InvalidRequest, LabError, StorageFailed, WorkerFailed
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage import edges
from hay_say_lab.storage.home import Home, remove
from hay_say_lab.storage.needs import keep_need
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.pauses import pause, resume
from hay_say_lab.storage.store import JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

SECONDS_BETWEEN_LOOKS = 1.0      # while somebody waits: turns and bounds change with time alone
SECONDS_TO_GIVE_WAY = 5.0
SECONDS_TO_WRITE_AGAIN = 1.0


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
        self._assignments = Assignments(home, objects, voices, preflight.casting.architectures)
        self.news = news
        self._keys = keys
        self._leftovers = Leftovers(home, self._key)
        self.vocabulary = vocabulary
        self.dispatch = Dispatch(store)
        self.intake = Intake(store, preflight, pool, vocabulary, self.dispatch.history_now)
        self._carried: dict[str, Carried] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        pool.freed = self._wake.set             # also by whoever uses a worker outside of any job
        pool.learned = lambda row: self._aside(self.store.write(keep_need, row.as_row()))
        self.upkeep = Upkeep(pool)
        self._open = True
        self._in_parts: set[tuple[str, int]] = set()    # (job, stage) that gave way: pieces of it are kept

    # What people ask for.

    async def submit(self, owner: str, request: Request, key: str | None = None) -> tuple[Job, bool]:
        """As `Intake.submit`."""
        taken = await self.intake.submit(owner, request, key)
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
        carried = self._carried.get(job_id)
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
        carried = self._carried.get(job_id)
        return carried.job.owner if carried else None

    # The host's own life.

    async def recover(self) -> None:
        """After a start: what an earlier host left running waits again; what nobody can go on with is swept."""
        count = await self.store.write(edges.host_changed)
        self.pool.needs.load(map(Measured.from_row, self.store.measured_needs()))
        self.dispatch.recover()
        if count:
            log.info("took over %d jobs of an earlier host", count)
        self._home.sweep_scratch(self.store.unfinished_ids())
        self._leftovers.swept()
        self._wake.set()

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        self._aside(self.upkeep.tend(lambda: self.idle))
        while self._open:
            with contextlib.suppress(TimeoutError):
                pause_seconds = SECONDS_BETWEEN_LOOKS if self.dispatch.anybody_waits else None
                await asyncio.wait_for(self._wake.wait(), pause_seconds)
            self._wake.clear()
            try:
                while self._open and await self._tick():
                    pass
            except LabError:
                log.exception("a tick failed; it is tried again")
                await asyncio.sleep(1.0)
                self._wake.set()

    @property
    def idle(self) -> bool:
        """Nothing queued, running or cancelling."""
        return not self._carried and self.store.count(State.QUEUED, State.RUNNING, State.CANCELLING) == 0

    async def close(self) -> None:
        """Stop ticking; running stages give way, so their rows wait for the next host; workers end."""
        self._open = False
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
        order = self.dispatch.order(self._carried, loaded_models(seats), now)
        for candidate in order:
            job = self.store.job(candidate.job)
            if job.state is State.QUEUED and await self._try(job, candidate):
                return True
        for leaving in self.dispatch.scheduler.giving_way(order, now):
            self._let_go(leaving)
        return False

    def _let_go(self, job_id: str) -> None:
        """Somebody else is to have the place of a running stage: it stops at the end of the piece in work."""
        carried = self._carried.get(job_id)
        if carried is not None and carried.attendant is not None:
            carried.attendant.make_room()

    async def _try(self, job: Job, candidate: Candidate) -> bool:
        """Ask admission for a job's stage; start it where it may. True where the rows changed."""
        try:
            self._assignments.check_voice(job.stage)
            if await self._reuse(job):
                return True
            stage = job.stage
            at_once = seconds_at_once(audio_seconds(job, self.objects, self.store.clip), self._assignments.offer(stage))
            work = Work(stage.worker, stage.voice_hash, at_once, stage.ooms, job.request.cpu_fallback)
            self.pool.circuits.check((work.worker, work.voice), time.monotonic())
            need = self.pool.need(work)
        except StorageFailed:
            raise                               # the disk's fault, not the job's: the tick is tried again
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

    async def _start(self, job: Job, candidate: Candidate, verdict: Admit, seat: int) -> bool:
        worker = f"{job.stage.worker}#{seat}"
        carried = Carried(job, seat, job.updated_at, verdict.device)
        self._carried[job.id] = carried
        claimed = None
        try:
            claimed = await self.store.write(edges.started, job.id, job.token, worker)
        finally:
            if claimed is None:                 # cancelled between the look and the claim, or the disk refused
                del self._carried[job.id]
                self.pool.release(seat)
        if claimed is None:
            return True
        carried.job = claimed
        self.dispatch.scheduler.started(candidate, time.monotonic())
        self.news.waiting.pop(job.id, None)
        self._aside(self._carry(carried))
        return True

    def _audio_seconds(self, job: Job) -> float:
        """Of how much audio a stage that was just done in one go was; 0 where it was not, so that nothing is learnt."""
        parts = (job.id, job.current)
        if parts in self._in_parts or job.stage.attempts:
            self._in_parts.discard(parts)
            return 0.0
        return audio_seconds(job, self.objects, self.store.clip)

    def _key_of(self, job: Job, code_version: str) -> str | None:
        """Under which a stage's result is kept; None where the worker ran older code than lies on the disk now."""
        return self._key(job) if code_version == self._keys.version(job.stage.worker) else None

    def _key(self, job: Job) -> str | None:
        return self._keys.key(job, self._assignments.inputs(job), self._assignments.text(job))

    async def _reuse(self, job: Job) -> bool:
        """Where an earlier job made this very stage and its objects are all there, it needs no worker."""
        if job.request.fresh:
            return False
        key = self._key(job)
        made = self.store.result(key) if key is not None else None
        if made is None or not all(self.objects.holds(name) for name in made.outputs.values()):
            return False
        reused = await self.store.write(edges.reused, job, made, self._assignments.recipe(job, made))
        if reused:
            for name in made.outputs.values():
                self.objects.touch(name)
            self._cleared(self.store.job(job.id))
        return reused

    # A stage on its way.

    async def _carry(self, carried: Carried) -> None:
        """Bring a claimed stage to its worker and what comes back into the store; then free the seat."""
        began = time.monotonic()
        try:
            await self._perform(carried, began)
        except WorkerLost as lost:
            if self._open:          # a closing host ends its workers itself; the next one takes the row over
                await self._lost(carried, lost)
        except LabError as error:
            await self._ended(carried, error)
        except Exception:
            log.exception("carrying stage %d of job %s failed", carried.job.current, carried.job.id)
            await self._ended(carried, WorkerFailed("The host failed while it carried the stage.", fix="See its log."))
        finally:
            del self._carried[carried.job.id]
            self.pool.release(carried.seat)
            job = self.store.job(carried.job.id)
            gave_way = job.state is State.QUEUED and job.current == carried.job.current
            if gave_way:
                self._in_parts.add((job.id, job.current))
            self.dispatch.scheduler.ended(job.id, time.monotonic(), gave_way=gave_way)
            if job.ended:
                self._cleared(job)
            self._wake.set()

    async def _insist(self, edge: Callable[..., T], *arguments: Any) -> T:
        """Write how a stage ended, again and again while the disk refuses: no row may say 'running' for ever."""
        while True:
            try:
                return await self.store.write(edge, *arguments)
            except StorageFailed:
                if not self._open:
                    raise                       # the next host takes the row over
                log.exception("the end of a stage could not be written; it is tried again")
                await asyncio.sleep(SECONDS_TO_WRITE_AGAIN)

    async def _perform(self, carried: Carried, began: float) -> None:
        job = carried.job
        attendant = await self.pool.attendant(carried.seat)
        carried.attendant = attendant
        if carried.cancelled:
            await self._insist(edges.stopped, job)
            return
        if not self._open:
            await self._insist(edges.gave_way, job)
            return
        order = self._assignments.order(job)
        self._leftovers.taken(job, order.pieces)

        def progress(fraction: float, message: str) -> None:
            self.news.tick(job.id, Tick(job.current, job.stage.task, fraction, message))

        waited = (datetime.now(UTC) - datetime.fromisoformat(carried.queued_at)).total_seconds()
        try:
            outcome, outputs = await self.pool.run(attendant, order, progress)
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
            )
            await self._made(carried, made)
        elif isinstance(outcome, Failed):
            if outcome.fault:
                log.error("stage %s of job %s failed inside: %s", job.stage.task, job.id, outcome.error.message)
            await self._ended(carried, outcome.error, outcome.told)
        elif not (outcome.answer != "cancel" and await self._insist(edges.gave_way, job)):
            await self._insist(edges.stopped, job)

    async def _lost(self, carried: Carried, lost: WorkerLost) -> None:
        """Tried again, or the end of it where memory ran out for good."""
        stage = carried.job.stage
        verdict = judge(lost, self.pool.place(stage.worker, carried.device), stage.ooms, carried.job.request.cpu_fallback)
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
        if not published:
            await self._insist(edges.stopped, job)
        elif made.audio_seconds:
            self.dispatch.history.add(edges.duration_of(job, made))

    async def _ended(self, carried: Carried, error: LabError, told: str = "") -> None:
        job = carried.job
        if not await self._insist(edges.failed, job, {**error.as_json(), "error_id": job.id}, told):
            await self._insist(edges.stopped, job)

    def _cleared(self, job: Job) -> None:
        self.news.forget(job.id)
        self._leftovers.cleared(job)
        if job.ended:
            self.intake.pressure.left(job.owner, time.monotonic())
        self.news.ring()
