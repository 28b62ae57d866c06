"""What comes in: requests are judged, forecast and queued, and refused where the queue is full."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.deed import Deed
from hay_say_lab.domain.job import AUDIO_WORKER, Job, Stage, State
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.chains import after_problems
from hay_say_lab.engine.estimate import CHARACTERS_PER_SECOND, seconds_at_once
from hay_say_lab.engine.forecast import Forecast, forecast
from hay_say_lab.engine.history import History
from hay_say_lab.engine.lanes import WEIGHTS
from hay_say_lab.engine.plan import plan
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.engine.pressure import Depth, Pressure
from hay_say_lab.engine.vocabulary import Vocabulary
from hay_say_lab.engine.work import Work
from hay_say_lab.errors import InvalidRequest, JobMissing, Problem, QuotaFull, headline
from hay_say_lab.storage import edges
from hay_say_lab.storage.audit import record
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.store import JobStore

MOST_TOLD = 20                  # voices of one order whose refusal is written down


class Intake:
    """The engine's door: what does not pass it never becomes a job."""

    def __init__(
        self,
        store: JobStore,
        preflight: Preflight,
        pool: WorkerPool,
        vocabulary: Vocabulary,
        history: Callable[[], History],
    ) -> None:
        self.pressure = Pressure()
        self._store = store
        self._preflight = preflight
        self._pool = pool
        self._vocabulary = vocabulary
        self._history = history
        self.quota: Callable[[str], Awaitable[None]] = _anybody     # whoever keeps quotas sets this
        self._submitting: list[str] = []        # owners of jobs that are being written
        self._queued = Depth(lambda: store.count(State.QUEUED))

    def problems(self, owner: str, request: Request) -> list[Problem]:
        """All that preflight finds, for this owner."""
        request, unspelled = self._vocabulary.spelled(owner, request)
        found = self._preflight.problems(request, lambda sha256: self._store.clip(owner, sha256))
        return [*unspelled, *found, *after_problems(request, lambda job_id: self._job_of(owner, job_id))]

    async def quota_problems(self, owner: str) -> list[Problem]:
        """What stands in the way of any job of this owner."""
        try:
            await self.quota(owner)
        except QuotaFull as full:
            return list(full.problems)
        return []

    def _job_of(self, owner: str, job_id: str) -> Job:
        """Raises JobMissing: another's is as missing as none."""
        job = self._store.job(job_id)
        if job.owner != owner:
            raise JobMissing("There is no such job.", field="job", fix="List yours with 'hay-say jobs'.")
        return job

    def forecast(self, owner: str, request: Request) -> Forecast:
        """What a request that preflight found nothing against will take."""
        casting = self._preflight.casting
        resolved = casting.resolve(self._vocabulary.spelled(owner, request)[0])
        facts = self._store.clip(owner, resolved.clip) if resolved.clip else None
        text = len(resolved.text.body) / CHARACTERS_PER_SECOND if resolved.text else 0.0
        stages = plan(resolved, casting, facts)
        return forecast(
            stages,
            facts.seconds if facts else text,
            self._history(),
            casting.architectures,
            lambda stage, seconds: self._memory_mb(resolved, stage, seconds),
        )

    def _memory_mb(self, request: Request, stage: Stage, seconds: float) -> float:
        offer = None
        if stage.worker != AUDIO_WORKER:
            offer = self._preflight.casting.architectures.manifest(stage.worker).offer(stage.task)
        at_once = seconds_at_once(seconds, offer)
        need = self._pool.need(Work(stage.worker, stage.voice_hash, at_once, 0, request.cpu_fallback))
        return max(amount.memory_mb for amount in need.amounts)

    def warnings(self, owner: str, request: Request) -> list[Problem]:
        """What preflight warns of, for this owner; it stops nothing."""
        spelled, _ = self._vocabulary.spelled(owner, request)
        return self._preflight.warnings(spelled, lambda sha256: self._store.clip(owner, sha256))

    async def submit(
        self, owner: str, request: Request, key: str | None = None, traceparent: str = "", *, house: bool = False
    ) -> tuple[Job, bool]:
        """Queue a request; True where it is new, False where `key` made it before. Raises InvalidRequest, Full, QuotaFull.

        `house`: the host's own request, which may use the host's own lanes.
        """
        known = self._store.job_of_key(owner, key) if key is not None else None
        if known is not None and known[1] == request.body_hash:
            return known[0], False          # asked before and taken: nothing that has changed since counts
        await self._vocabulary.considered(owner, request)
        problems = [found for found in self.problems(owner, request) if not (house and found.field == "lane")]
        await self.tell_refused(owner, [request] if problems else [])
        if problems:                # NaN is one: only behind this has a request a canonical form
            raise InvalidRequest(headline(problems), problems=problems)
        body_hash = request.body_hash
        await self.quota(owner)
        self._check_pressure(owner)
        seed = request.seed if request.seed is not None else secrets.randbelow(2**32)
        resolved = self._preflight.casting.resolve(self._vocabulary.spelled(owner, request)[0]).evolve(seed=seed)
        facts = self._store.clip(owner, resolved.clip) if resolved.clip else None
        stages = plan(resolved, self._preflight.casting, facts)
        at = now()
        warnings = tuple(warning.without_patch() for warning in self.warnings(owner, request))
        job = Job(new_id(), owner, State.QUEUED, resolved, at, at, stages=stages, warnings=warnings)
        self._submitting.append(owner)
        try:
            job, created = await self._store.write(edges.submit, job, key, body_hash, traceparent)
        finally:
            self._submitting.remove(owner)
        return job, created

    async def tell_refused(self, owner: str, requests: Sequence[Request]) -> None:
        """Into the audit log: the voices that were asked for and may not serve here."""
        casting = self._preflight.casting
        refused = dict.fromkeys(name for request in requests for name in casting.not_served(request))
        for voice in list(refused)[:MOST_TOLD]:
            await self._store.write(record, Deed("deny", voice, owner, detail={"profile": casting.profile.name}))

    def _check_pressure(self, owner: str) -> None:
        """Raises Full. What is on its way into the store counts too, so that many at once do not get past a bound."""
        of_one = self._store.queued_of(owner, tuple(WEIGHTS), self.pressure.most_of_one)
        present = time.monotonic()
        self.pressure.check(owner, of_one + self._submitting.count(owner), self._queued.at(present), present)
        self._queued.one_more()


async def _anybody(owner: str) -> None:
    """No quota."""
