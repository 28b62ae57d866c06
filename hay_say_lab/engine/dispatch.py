"""The scheduler with its eyes: what waits in the store, what is loaded, which lanes are paused, how long stages take."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hay_say_lab.domain.job import Job
from hay_say_lab.engine.history import History
from hay_say_lab.engine.lanes import WEIGHTS
from hay_say_lab.engine.scheduler import Candidate, Scheduler
from hay_say_lab.storage.pauses import Pause
from hay_say_lab.storage.store import JobStore
from hay_say_lab.storage.waiting import Waiting

LOOK_AHEAD = 12                 # jobs of each owner in a lane that one look takes in
MOST_COUNTED = 1000             # of one's own jobs in front of a job


class Dispatch:
    """Time is an argument, as everywhere around the scheduler."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self.scheduler = Scheduler()
        self.history = History()
        self.pauses: dict[str, Pause] = {}
        self.anybody_waits = False

    def recover(self) -> None:
        """What an earlier host has left in the rows."""
        self.history = History(self._store.durations())
        self.pauses = {found.lane: found for found in self._store.paused()}

    def history_now(self) -> History:
        return self.history

    def order(self, at_work: Collection[str], loaded: Collection[str], now: float) -> list[Candidate]:
        """Who may start, in the order in which to try; `at_work` are jobs that have a worker, or are about to."""
        waiting = [
            _candidate(lane, found, self.history)
            for lane in WEIGHTS
            if lane not in self.pauses
            for found in self._store.waiting(lane, LOOK_AHEAD)
            if found.job not in at_work
        ]
        self.anybody_waits = bool(waiting)
        return self.scheduler.order(waiting, loaded, now)

    def position(self, job: Job) -> int:
        """About how many jobs of its lane start before a queued one: its owner's, and as many of each other owner's."""
        lane = job.request.lane
        own = self._store.queued_of(job.owner, (lane,), MOST_COUNTED, before=job.id)
        others = [owner for owner in self._store.owners_waiting(lane) if owner != job.owner] if own < MOST_COUNTED else []
        return own + sum(self._store.queued_of(owner, (lane,), own + 1) for owner in others[:MOST_COUNTED])

    def starts_in_seconds(self, job: Job, position: int, places: int) -> float | None:
        """About when a queued job starts, from how long stages like its own took; None where it is held or paused."""
        if job.held or job.request.lane in self.pauses:
            return None
        usual = self.history.usual_seconds(job.stage.worker, job.stage.task)
        return round(position * usual / places, 1)


def model_of(worker: str, voice_hash: str | None) -> str:
    """The name of what must be loaded for a stage; '' where nothing must."""
    return f"{worker}/{voice_hash}" if voice_hash is not None else ""


def loaded_models(seats: Iterable[tuple[str, Collection[str]]]) -> set[str]:
    """The models of idle workers: (worker, hashes of its voices) of each."""
    return {"", *(model_of(worker, voice) for worker, voices in seats for voice in voices)}


def _candidate(lane: str, found: Waiting, history: History) -> Candidate:
    seconds = history.usual_seconds(found.worker, found.task)
    return Candidate(found.job, lane, found.owner, model_of(found.worker, found.voice_hash), seconds)
