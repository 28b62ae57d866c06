"""The engine: takes requests, ticks, carries stages to workers and their results into the store.

request -> job -> lane -> admission -> worker -> artifact. Everything here runs on the host's event loop.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.admission import Admit, Refuse, Wait, admit
from hay_say_lab.engine.assignment import Assignments
from hay_say_lab.engine.carried import Carried
from hay_say_lab.engine.estimate import audio_seconds, seconds_at_once
from hay_say_lab.engine.ladder import judge
from hay_say_lab.engine.lanes import WEIGHTS, Lanes
from hay_say_lab.engine.leftovers import Leftovers
from hay_say_lab.engine.needs import Measured
from hay_say_lab.engine.news import News, Tick
from hay_say_lab.engine.order import Done, Failed, WorkerLost
from hay_say_lab.engine.plan import plan
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.engine.stage_key import StageKeys
from hay_say_lab.engine.upkeep import Upkeep
from hay_say_lab.engine.vocabulary import Vocabulary
from hay_say_lab.engine.work import Work
from hay_say_lab.errors import Full, InvalidRequest, LabError, Problem, StorageFailed, WorkerFailed, headline
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage import edges
from hay_say_lab.storage.home import Home, remove
from hay_say_lab.storage.needs import keep_need
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.store import JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_AHEAD = 16                 # jobs of a lane that one tick looks at
MOST_QUEUED = 10_000            # of one owner; more get 429
SECONDS_PER_QUEUED = 1.0        # Retry-After of a full queue
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
        self._lanes = Lanes()
        self._carried: dict[str, Carried] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        pool.freed = self._wake.set             # also by whoever uses a worker outside of any job
        pool.learned = lambda row: self._aside(self.store.write(keep_need, row.as_row()))
        self.upkeep = Upkeep(pool)
        self._open = True

    # What people ask for.

    def problems(self, owner: str, request: Request) -> list[Problem]:
        """All that preflight finds, for this owner."""
        request, unspelled = self.vocabulary.spelled(owner, request)
        return [*unspelled, *self.preflight.problems(request, lambda sha256: self.store.clip(owner, sha256))]

    def warnings(self, owner: str, request: Request) -> list[Problem]:
        """What preflight warns of, for this owner; it stops nothing."""
        spelled, _ = self.vocabulary.spelled(owner, request)
        return self.preflight.warnings(spelled, lambda sha256: self.store.clip(owner, sha256))

    async def submit(self, owner: str, request: Request, key: str | None = None) -> tuple[Job, bool]:
        """Queue a request; True where it is new, False where `key` made it before. Raises InvalidRequest, Full."""
        known = self.store.job_of_key(owner, key) if key is not None else None
        if known is not None and known[1] == request.body_hash:
            return known[0], False          # asked before and taken: nothing that has changed since counts
        await self.vocabulary.considered(owner, request)
        problems = self.problems(owner, request)
        if problems:                # NaN is one: only behind this has a request a canonical form
            raise InvalidRequest(headline(problems), problems=problems)
        body_hash = request.body_hash
        if self.store.count(State.QUEUED, owner=owner) >= MOST_QUEUED:
            raise Full(
                f"You have {MOST_QUEUED} jobs waiting already.",
                field="lane",
                fix="Wait for some to finish, or cancel them.",
                retry_after_seconds=SECONDS_PER_QUEUED,
            )
        seed = request.seed if request.seed is not None else secrets.randbelow(2**32)
        resolved = self.preflight.casting.resolve(self.vocabulary.spelled(owner, request)[0]).evolve(seed=seed)
        facts = self.store.clip(owner, resolved.clip) if resolved.clip else None
        stages = plan(resolved, self.preflight.casting, facts)
        at = now()
        warnings = tuple(warning.without_patch() for warning in self.warnings(owner, request))
        job = Job(new_id(), owner, State.QUEUED, resolved, at, at, stages=stages, warnings=warnings)
        job, created = await self.store.write(edges.submit, job, key, body_hash)
        self._wake.set()
        return job, created

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
        """Retry a failed job, or release a quarantined one. Raises JobMissing, IllegalTransition."""
        job = await self.store.write(edges.released if release else edges.retry, job_id)
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
            await self._wake.wait()
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
        heads = {lane: self.store.queued(lane, LOOK_AHEAD) for lane in WEIGHTS}
        waiting = {lane for lane, found in heads.items() if any(job.id not in self._carried for job in found)}
        for lane in self._lanes.order(waiting):
            for job in heads[lane]:
                if job.id in self._carried:
                    continue
                if await self._try(job):
                    return True
        return False

    async def _try(self, job: Job) -> bool:
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
        return await self._start(job, verdict, self.pool.reserve(work, need, verdict))

    async def _start(self, job: Job, verdict: Admit, seat: int) -> bool:
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
        self.news.waiting.pop(job.id, None)
        self._aside(self._carry(carried))
        return True

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
            self._lanes.charge(carried.job.request.lane, time.monotonic() - began)
            del self._carried[carried.job.id]
            self.pool.release(carried.seat)
            job = self.store.job(carried.job.id)
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
                key=self._key_of(job, attendant.code_version),
                device=carried.device,
            )
            await self._made(carried, made)
        elif isinstance(outcome, Failed):
            if outcome.fault:
                log.error("stage %s of job %s failed inside: %s", job.stage.task, job.id, outcome.error.message)
            await self._ended(carried, outcome.error, outcome.told)
        elif not (outcome.answer == "give_way" and await self._insist(edges.gave_way, job)):
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

    async def _ended(self, carried: Carried, error: LabError, told: str = "") -> None:
        job = carried.job
        if not await self._insist(edges.failed, job, {**error.as_json(), "error_id": job.id}, told):
            await self._insist(edges.stopped, job)

    def _cleared(self, job: Job) -> None:
        self.news.forget(job.id)
        self._leftovers.cleared(job)
        self.news.ring()
