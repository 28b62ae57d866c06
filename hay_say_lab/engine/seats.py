"""Who sits where: the books of all workers, which admission reads as a ledger. Time comes in as an argument."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from hay_say_lab.engine.admission import Account, Admit, Amount, Ledger, Need, Seat, taken_mb
from hay_say_lab.engine.devices import Reading
from hay_say_lab.engine.order import Usage
from hay_say_lab.engine.wear import LOOKED_AT

YOUNG_SECONDS = 30.0            # a worker this new is evicted last
HALF_LIFE_SECONDS = 300.0       # of what is remembered of a worker's uses
SECONDS_FOR_ALONE = 5.0         # a stage that must be alone keeps its claim for so long after it last asked


@dataclass(slots=True)
class Chair:
    """One worker's page in the books."""

    number: int
    worker: str
    device: str
    came_at: float
    used_at: float
    pid: int | None = None
    voices: dict[str, float] = field(default_factory=dict)      # key of a loaded voice -> seconds that loading took
    start_seconds: float = 0.0
    memory_mb: float = 0.0      # held, as last told or seen
    live_mb: float = 0.0
    host_mb: float = 0.0
    promised_mb: float | None = None        # of the stage at work; None: idle
    promised_host_mb: float = 0.0
    alone: bool = False
    unbroken: bool = False
    proven: bool = False
    pinned: bool = False
    ending: bool = False
    warming: bool = False       # it loads a voice that nobody asked for: it takes memory, but no place
    uses: float = 0.0           # decayed count, as of `used_at`
    stages: int = 0
    after_stages_mb: list[float] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        return self.promised_mb is not None

    def seat(self, now: float) -> Seat:
        """A worker at work counts with what it was promised, or with what it has if that is more."""
        return Seat(
            id=self.number,
            worker=self.worker,
            device=self.device,
            memory_mb=max(self.memory_mb, self.promised_mb or 0.0),
            live_mb=self.live_mb,
            host_mb=max(self.host_mb, self.promised_host_mb),
            voices=frozenset(self.voices),
            busy=self.busy and not self.warming,
            ending=self.ending or self.warming,
            alone=self.alone and self.busy,
            unbroken=self.unbroken and self.busy,
            proven=self.proven,
            pinned=self.pinned,
            young=now - self.came_at < YOUNG_SECONDS,
            used_at=self.used_at,
            load_seconds=self.start_seconds + sum(self.voices.values()),
            uses_a_minute=self.uses_a_minute(now),
        )

    def uses_a_minute(self, now: float) -> float:
        """Uses lately: an average over about as long as the half-life."""
        decayed = self.uses * math.exp2(-(now - self.used_at) / HALF_LIFE_SECONDS)
        return decayed * 60.0 * math.log(2) / HALF_LIFE_SECONDS


class Seats:
    """Reserve what admission gave, release it with what was seen; nobody here starts or ends a process."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.chairs: dict[int, Chair] = {}
        self._numbers = itertools.count(1)
        self._alone_asked: dict[str, float] = {}        # device -> when a stage that must be alone last waited for it

    def ledger(self, readings: Mapping[str, tuple[str, Reading]], now: float) -> Ledger:
        """`readings` by device: its kind and the last look at it."""
        accounts = tuple(
            Account(device, kind, reading.budget_mb, reading.capacity_mb, exclusive=not reading.readable)
            for device, (kind, reading) in readings.items()
        )
        alone = frozenset(d for d, asked in self._alone_asked.items() if now - asked < SECONDS_FOR_ALONE)
        return Ledger(accounts, self.places, tuple(chair.seat(now) for chair in self.chairs.values()), alone)

    def waits(self, need: Need, ledger: Ledger, now: float) -> None:
        """A need was told to wait: one that must be alone keeps others from starting before it."""
        if need.alone:
            kinds = {need.amounts[0].kind}
            self._alone_asked |= {account.device: now for account in ledger.accounts if account.kind in kinds}

    def reserve(self, need: Need, admit: Admit, ledger: Ledger, now: float) -> int:
        """Take the seat that admission gave. Returns its number; those in `admit.evict` are marked as ending."""
        kind = next(account.kind for account in ledger.accounts if account.device == admit.device)
        amount = next(amount for amount in need.amounts if amount.kind == kind)
        given = next((seat for seat in ledger.seats if seat.id == admit.seat), None)
        if given is None:
            number = next(self._numbers)
            self.chairs[number] = Chair(number, need.worker, admit.device, came_at=now, used_at=now)
        else:
            number = given.id
        chair = self.chairs[number]
        chair.promised_mb = taken_mb(need, amount, given)
        if need.alone:
            account = next(account for account in ledger.accounts if account.device == admit.device)
            leaving = sum(seat.memory_mb for seat in ledger.seats if seat.id in admit.evict)
            left_mb = account.budget_mb - (ledger.held_mb(admit.device) - leaving)
            chair.promised_mb = max(0.0, min(chair.promised_mb, left_mb))
        chair.promised_host_mb = amount.host_mb
        chair.alone, chair.unbroken, chair.proven = need.alone, need.unbroken, amount.proven
        if need.alone:
            self._alone_asked.pop(admit.device, None)
        for number_gone in admit.evict:
            self.chairs[number_gone].ending = True
        return number

    def used(self, number: int, usage: Usage | None, now: float) -> None:
        """A stage has ended on it: what it holds, and that it is of use."""
        chair = self.chairs[number]
        if usage is not None:
            chair.memory_mb, chair.live_mb, chair.host_mb = usage.resident_mb, usage.live_mb, usage.host_mb
            chair.after_stages_mb = [*chair.after_stages_mb, usage.live_mb + usage.host_mb][-LOOKED_AT:]
        chair.uses = 1.0 + chair.uses * math.exp2(-(now - chair.used_at) / HALF_LIFE_SECONDS)
        chair.used_at = now
        chair.stages += 1

    def release(self, number: int) -> None:
        """Nobody is at work there any more."""
        chair = self.chairs.get(number)
        if chair is not None:
            chair.promised_mb, chair.promised_host_mb = None, 0.0
            chair.alone = chair.unbroken = chair.warming = False

    def leave(self, number: int) -> None:
        """Its process is gone."""
        self.chairs.pop(number, None)

    def idle(self) -> list[Chair]:
        """Longest unused first; none that is pinned."""
        free = [c for c in self.chairs.values() if not (c.busy or c.ending or c.pinned)]
        return sorted(free, key=lambda chair: chair.used_at)

    def is_unbroken(self, number: int) -> bool:
        """Whether a stage is at work there that lets go late."""
        chair = self.chairs.get(number)
        return chair is not None and chair.busy and chair.unbroken

    def promised_mb(self, number: int) -> float:
        return self.chairs[number].promised_mb or 0.0


def amount_of(need: Need, kind: str) -> Amount:
    """What a need asks of this kind of device."""
    return next(amount for amount in need.amounts if amount.kind == kind)
