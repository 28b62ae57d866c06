"""A machine with places and a clock of its own: the scheduler's decisions, hours of them, in a moment."""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hay_say_lab.engine.admission import KEPT, Account, Amount, Ledger, Need, Seat, Wait, admit
from hay_say_lab.engine.scheduler import Candidate, Limits, Scheduler

PIECE_SECONDS = 5.0             # the longest stretch of computing between two pieces
LOOK_AHEAD = 16                 # of each owner's jobs in a lane


@dataclass
class Work:
    """One stage and its story. `every`: ends of pieces lie so far apart; a stage can be stopped only there. `unbroken`: its
    offer declares that it computes for long without a stop."""

    candidate: Candidate
    arrives: float
    left: float                 # seconds of computing
    every: float = PIECE_SECONDS
    again: bool = False         # whoever sent it sends the next one as soon as it is done
    unbroken: bool = False
    waits: list[float] = field(default_factory=list)
    queued_at: float = 0.0
    done_at: float | None = None


@dataclass
class _Place:
    loaded: str = ""
    work: Work | None = None
    began: float = 0.0
    version: int = 0            # of what is planned for it: an older plan is void


class Machine:
    """Runs works on `places`; a place holds one model, and `load_seconds` are lost where another one is asked for."""

    def __init__(self, places: int = 1, load_seconds: float = 0.0, limits: Limits | None = None) -> None:
        self.scheduler = Scheduler(limits)
        self.now = 0.0
        self.loads: list[str] = []
        self.served: dict[str, float] = {}              # owner -> seconds
        self.by_lane: dict[str, float] = {}
        self.works: list[Work] = []
        self._load_seconds = load_seconds
        self._places = [_Place() for _ in range(places)]
        self._waiting: dict[tuple[str, str], list[Work]] = {}
        self._agenda: list[tuple[float, int, Work | None, int, int]] = []
        self._unbroken: set[str] = set()
        self._counter = itertools.count()

    def send(self, works: Iterable[Work]) -> None:
        for work in works:
            self._plan(work.arrives, work, -1, 0)

    def run(self, until: float = float("inf")) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, work, place, version = heapq.heappop(self._agenda)
            if work is not None:
                self.works.append(work)
                self._queue(work)
            elif self._places[place].version == version:
                self._let_go(self._places[place])
            if not self._agenda or self._agenda[0][0] > self.now:
                self._tick()

    def waits(self, lane: str) -> list[float]:
        return sorted(wait for work in self.works if work.candidate.lane == lane for wait in work.waits)

    def _plan(self, at: float, work: Work | None, place: int, version: int) -> None:
        heapq.heappush(self._agenda, (at, next(self._counter), work, place, version))

    def _queue(self, work: Work) -> None:
        work.queued_at = self.now
        if work.unbroken:
            self._unbroken.add(work.candidate.job)
        queue = self._waiting.setdefault((work.candidate.lane, work.candidate.owner), [])
        bisect.insort(queue, work, key=lambda other: other.candidate.job)

    def _candidates(self) -> list[Candidate]:
        return [work.candidate for queue in self._waiting.values() for work in queue[:LOOK_AHEAD]]

    def _tick(self) -> None:
        """What the engine does: start who is next while there is a place, then ask somebody to make room."""
        while True:
            loaded = {place.loaded for place in self._places if place.work is None}
            order = self.scheduler.order(self._candidates(), loaded, self.now)
            free = [place for place in self._places if place.work is None]
            chosen = next((candidate for candidate in order if not self._is_kept_from(candidate)), None) if free else None
            if chosen is None:
                break
            self._start(chosen, min(free, key=lambda place: place.loaded != chosen.model))
        order = [candidate for candidate in order if not self._is_kept_from(candidate)]
        unbroken = {place.work.candidate.job for place in self._places if place.work and place.work.unbroken}
        for job in self.scheduler.giving_way(order, self.now, unbroken):
            place = next(place for place in self._places if place.work and place.work.candidate.job == job)
            assert place.work is not None
            spent = self.now - place.began
            pieces = max(1.0, -(-spent // place.work.every))        # a stage never lets go with nothing done
            self._end_at(place, min(place.began + pieces * place.work.every, place.began + place.work.left))

    def _is_kept_from(self, candidate: Candidate) -> bool:
        """Whether the real rule keeps the last place from it."""
        if candidate.job not in self._unbroken:
            return False
        return admit(Need("worker", None, (Amount("cpu", 1.0),), unbroken=True), self._ledger()) == Wait(KEPT)

    def _ledger(self) -> Ledger:
        seats = tuple(
            Seat(number, "worker", "cpu", 1.0, busy=True, unbroken=place.work.unbroken)
            for number, place in enumerate(self._places)
            if place.work is not None
        )
        return Ledger((Account("cpu", "cpu", 1e6, 1e6),), len(self._places), seats)

    def _start(self, candidate: Candidate, place: _Place) -> None:
        queue = self._waiting[candidate.lane, candidate.owner]
        work = next(work for work in queue if work.candidate is candidate)
        queue.remove(work)
        if not queue:
            del self._waiting[candidate.lane, candidate.owner]
        work.waits.append(self.now - work.queued_at)
        self.scheduler.started(candidate, self.now)
        place.work, place.began = work, self.now
        if place.loaded != candidate.model:
            place.loaded = candidate.model
            self.loads.append(candidate.model)
            place.began += self._load_seconds
        self._end_at(place, place.began + work.left)

    def _end_at(self, place: _Place, at: float) -> None:
        place.version += 1
        self._plan(max(at, self.now), None, self._places.index(place), place.version)

    def _let_go(self, place: _Place) -> None:
        work, place.work = place.work, None
        assert work is not None
        spent = self.now - place.began
        work.left -= spent
        owner, lane = work.candidate.owner, work.candidate.lane
        self.served[owner] = self.served.get(owner, 0.0) + spent
        self.by_lane[lane] = self.by_lane.get(lane, 0.0) + spent
        self.scheduler.ended(work.candidate.job, self.now, gave_way=work.left > 1e-9)
        if work.left > 1e-9:
            self._queue(work)
            return
        work.done_at = self.now
        if work.again:
            name = f"{work.candidate.job}+"
            following = replace(work.candidate, job=name)
            self._plan(self.now, Work(following, self.now, following.seconds, work.every, True), -1, 0)
