"""Who runs next, and who gives way: a pure core. Time is an argument; it knows no clock, no store and no worker.

Lanes by weight, users inside a lane by the seconds they used, a user's jobs in their order. A few stages of a model
that is loaded may go before one that is not. Who has waited at the head of their jobs for too long goes first of all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from hay_say_lab.engine.lanes import WEIGHTS, Lanes
from hay_say_lab.engine.turns import Turns

LEAST_SECONDS = 0.001           # what a turn costs, however little its stage took


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stage that waits. `model` names its worker and voice; '' where it needs none."""

    job: str
    lane: str
    owner: str
    model: str
    seconds: float              # of a device, as estimated


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the order may bend, in jobs and seconds."""

    most_before: int = 4                # stages of loaded models that may pass the one whose turn it is
    most_seconds_before: float = 30.0   # and for how long
    longest_wait: dict[str, float] = field(      # at the head of an owner's jobs of a lane
        default_factory=lambda: {"interactive": 120.0, "batch": 1800.0, "download": 1800.0, "maintenance": 14400.0}
    )

    def promoted_after(self, lane: str) -> float:
        """Half of the bound is left to serve all who were promoted at the same time."""
        return self.longest_wait[lane] / 2


@dataclass(slots=True)
class _Running:
    candidate: Candidate
    since: float                # when it became the head of its owner's jobs
    began: float
    yielding: bool = False

    @property
    def waited(self) -> float:
        return self.began - self.since


class Scheduler:
    """`order` says who is next, `started` and `ended` tell it what happened, `giving_way` names who must let go."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._lanes = Lanes()
        self._turns = {lane: Turns() for lane in WEIGHTS}
        self._since: dict[str, float] = {}              # job -> when it became the head of its owner's jobs
        self._passed: dict[str, tuple[int, float]] = {} # job -> how many, for how many seconds, went before it
        self._turn: dict[str, str] = {}                 # lane -> the job whose turn it was at the last look
        self._running: dict[str, _Running] = {}
        self._charged_until = 0.0

    def order(self, waiting: Sequence[Candidate], loaded: Collection[str], now: float) -> list[Candidate]:
        """All who wait, in the order in which they should be tried. `waiting`: each owner's in the order of their jobs."""
        self._charge_until(now)
        by_owner: dict[tuple[str, str], list[Candidate]] = {}
        for candidate in waiting:
            by_owner.setdefault((candidate.lane, candidate.owner), []).append(candidate)
        self._note_heads([queue[0] for queue in by_owner.values()], waiting, now)
        fair = [
            candidate
            for lane in self._lanes.order({lane for lane, _ in by_owner}, self._at_work())
            for owner in self._turns[lane].order([owner for of, owner in by_owner if of == lane])
            for candidate in by_owner[lane, owner]
        ]
        self._turn = {candidate.lane: candidate.job for candidate in reversed(fair)}
        overdue = [candidate for candidate in fair if self._overdue(candidate, now)]
        if overdue:
            overdue.sort(key=lambda late: self._since[late.job] + self.limits.longest_wait[late.lane])
            return overdue + [candidate for candidate in fair if candidate not in overdue]
        ahead = self._loaded_first(fair, loaded)
        return fair if ahead is None else [ahead, *(candidate for candidate in fair if candidate is not ahead)]

    def started(self, candidate: Candidate, now: float) -> None:
        """The stage has a worker. Where it was not its turn, it passed the one whose turn it was."""
        self._charge_until(now)
        self._passed.pop(candidate.job, None)
        self._running[candidate.job] = _Running(candidate, self._since.pop(candidate.job, now), now)
        self._lanes.charge(candidate.lane, LEAST_SECONDS)
        self._turns[candidate.lane].charge(candidate.owner, candidate.seconds)
        turn = self._turn.get(candidate.lane, candidate.job)
        if turn != candidate.job:
            count, seconds = self._passed.get(turn, (0, 0.0))
            self._passed[turn] = count + 1, seconds + candidate.seconds

    def ended(self, job: str, now: float, *, gave_way: bool = False) -> None:
        """The stage let its worker go; who gave way has waited since it was first at the head."""
        self._charge_until(now)
        running = self._running.pop(job, None)
        if running is None:
            return
        candidate = running.candidate
        self._turns[candidate.lane].charge(candidate.owner, now - running.began - candidate.seconds)
        if gave_way:
            self._since[job] = running.since

    def giving_way(self, waiting: Sequence[Candidate], now: float, unbroken: Collection[str] = ()) -> list[str]:
        """Jobs at work that must let go at their next piece, for those who wait (in `order`) and found no place.

        A lane of more weight has its way while it is owed the turn; who is overdue has it against everybody. Those at work
        who are `unbroken` let go late: they are asked where nobody else can be, and nobody counts on them.
        """
        self._charge_until(now)
        asked = sum(running.yielding for job, running in self._running.items() if job not in unbroken)
        leaving: list[str] = []
        for candidate in waiting:
            overdue = self._overdue(candidate, now)
            victim = self._victim(candidate, overdue, unbroken)
            if victim is None:
                continue
            if asked:
                asked -= 1              # a place is on its way already
                continue
            self._running[victim].yielding = True
            leaving.append(victim)
        return leaving

    def running(self, job: str) -> Candidate | None:
        found = self._running.get(job)
        return found.candidate if found else None

    def waited(self, job: str, now: float) -> float:
        """Seconds since the job became the head of its owner's jobs; 0 where it is not."""
        return now - self._since.get(job, now)

    def _note_heads(self, heads: list[Candidate], waiting: Sequence[Candidate], now: float) -> None:
        for head in heads:
            self._since.setdefault(head.job, now)
        present = {candidate.job for candidate in waiting}
        for gone in self._since.keys() - present:
            del self._since[gone]
        for gone in self._passed.keys() - present:
            del self._passed[gone]

    def _overdue(self, candidate: Candidate, now: float) -> bool:
        return self.waited(candidate.job, now) >= self.limits.promoted_after(candidate.lane)

    def _loaded_first(self, fair: list[Candidate], loaded: Collection[str]) -> Candidate | None:
        """A stage of a loaded model that may pass the one whose turn it is; None where the turn stands."""
        if not fair or fair[0].model in loaded:
            return None
        first = fair[0]
        count, seconds = self._passed.get(first.job, (0, 0.0))
        if count >= self.limits.most_before:
            return None
        left = self.limits.most_seconds_before - seconds
        return next(
            (
                other
                for other in fair
                if other.lane == first.lane and other.model and other.model in loaded and other.seconds <= left
            ),
            None,
        )

    def _victim(self, candidate: Candidate, overdue: bool, unbroken: Collection[str]) -> str | None:
        """Who at work would let this one go first, the one that has had the most; None where nobody must."""
        found = [
            (job in unbroken, running.began, job)
            for job, running in self._running.items()
            if not running.yielding and self._yields(running, candidate, overdue)
        ]
        return min(found)[2] if found else None

    def _yields(self, running: _Running, candidate: Candidate, overdue: bool) -> bool:
        lane = running.candidate.lane
        if running.waited >= self.limits.promoted_after(lane):
            return False                    # it waited for long enough to get here
        heavier = WEIGHTS[candidate.lane] > WEIGHTS[lane]
        return overdue or (heavier and self._lanes.owed(candidate.lane) <= self._lanes.owed(lane))

    def _at_work(self) -> set[str]:
        return {running.candidate.lane for running in self._running.values()}

    def _charge_until(self, now: float) -> None:
        """Lanes pay for their stages as they run: what a stage will take is not known, what it took so far is."""
        for running in self._running.values():
            seconds = max(0.0, now - max(self._charged_until, running.began))
            self._lanes.charge(running.candidate.lane, seconds, running.waited)
        self._charged_until = max(self._charged_until, now)
