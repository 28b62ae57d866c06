"""Ten thousand steps on a simulated card, in virtual time: what is admitted fits, always, and a liar runs out once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from hay_say_lab.engine.admission import Admit, Need, Wait, admit
from hay_say_lab.engine.devices import Simulated
from hay_say_lab.engine.ladder import Place, Rung, next_rung
from hay_say_lab.engine.needs import Needs, Subject
from hay_say_lab.engine.order import Usage
from hay_say_lab.engine.seats import Seats

CARD_MB = 10_000.0
FOREIGN_MB = 500.0
CONTEXT_MB = 300.0              # that every process on the card holds
LAG_SECONDS = 0.4               # until the memory of an ended process is seen to be free


@dataclass(frozen=True)
class Model:
    """What a manifest says, and what it really takes: `truth` times as much."""

    name: str
    resident_mb: float
    transient_mb: float         # for a second of audio
    truth: float = 1.0

    def usage(self, seconds: float) -> Usage:
        resident = self.truth * self.resident_mb
        peak = resident + self.truth * self.transient_mb * seconds
        return Usage(resident, peak, resident)


@dataclass(eq=False)
class Stage:
    model: Model
    seconds: float
    ooms: int = 0


@dataclass
class Card:
    """A card with the real books, the real rule and the real ladder; processes are numbers."""

    models: list[Model]
    needs: Needs = field(default_factory=Needs)
    now: float = 0.0
    ooms: list[str] = field(default_factory=list)
    finished: int = 0
    evicted: int = 0

    def __post_init__(self) -> None:
        self.device = Simulated("cuda:0", "cuda", CARD_MB, lag_seconds=LAG_SECONDS, clock=lambda: self.now)
        self.device.foreign_mb = FOREIGN_MB
        self.seats = Seats(places=3)
        self.running: dict[int, tuple[Stage, float]] = {}       # seat -> (stage, when it ends)
        self.ending: dict[int, float] = {}                      # seat -> when its memory is seen to be free
        self.waiting: list[Stage] = []

    def ledger(self):
        pids = [*self.seats.chairs, *self.ending]
        reading = self.device.read(pids)
        return self.seats.ledger({"cuda:0": ("cuda", reading)}, self.now)

    def need(self, stage: Stage) -> Need:
        subject = Subject.of(stage.model.name, "cuda", stage.seconds)
        amount = self.needs.amount(subject, stage.model.resident_mb, stage.model.transient_mb * stage.seconds)
        return Need(stage.model.name, stage.model.name, (amount,), alone=stage.ooms == 1 or self.needs.suspect(subject))

    def try_start(self, stage: Stage) -> bool:
        """As the engine: ask, reserve, wait for the evicted, start. False where it waits."""
        need, ledger = self.need(stage), self.ledger()
        verdict = admit(need, ledger)
        if isinstance(verdict, Wait):
            self.seats.waits(need, ledger, self.now)
            return False
        assert isinstance(verdict, Admit), f"{stage} is refused: {verdict}"
        seat = self.seats.reserve(need, verdict, ledger, self.now)
        for number in verdict.evict:
            self.end(number)
        self.check()
        self.now = max([self.now, *self.ending.values()])       # nobody starts before the memory is back
        self.advance()
        self.running[seat] = (stage, self.now + stage.seconds)
        usage = stage.model.usage(stage.seconds)
        if not self.device.take(seat, usage.peak_mb):
            self.ran_out(seat, stage, usage.peak_mb)
        return True

    def ran_out(self, seat: int, stage: Stage, held_mb: float) -> None:
        self.ooms.append(stage.model.name)
        self.needs.record(
            Subject.of(stage.model.name, "cuda", stage.seconds), "code", Usage(held_mb, held_mb, held_mb), ran_out=True
        )
        del self.running[seat]
        self.seats.release(seat)
        self.end(seat)
        stage.ooms += 1
        assert next_rung(stage.ooms, Place("cuda:0", "cuda", ("cuda",)), cpu_fallback=False) is Rung.ALONE, f"{stage} failed"
        self.waiting.insert(0, stage)

    def finish(self, seat: int) -> None:
        stage, _ = self.running.pop(seat)
        usage = stage.model.usage(stage.seconds)
        assert self.device.take(seat, usage.resident_mb)
        self.seats.used(seat, usage, self.now)
        self.seats.chairs[seat].voices = {stage.model.name: 3.0}
        self.needs.record(Subject.of(stage.model.name, "cuda", stage.seconds), "code", usage)
        self.seats.release(seat)
        self.finished += 1

    def end(self, number: int) -> None:
        """Its process ends at once; the card shows it a while later, and until then it stays in the books."""
        self.seats.chairs[number].ending = True
        self.device.leave(number)
        self.ending[number] = self.now + LAG_SECONDS
        self.evicted += 1

    def advance(self) -> None:
        for number in [number for number, freed in self.ending.items() if freed <= self.now]:
            del self.ending[number]
            self.seats.leave(number)
        for seat in [seat for seat, (_, end) in self.running.items() if end <= self.now]:
            self.finish(seat)

    def check(self) -> None:
        """What is promised and what is held, beside what is just leaving, is never more than the budget."""
        reading = self.device.read([*self.seats.chairs])
        budget_mb = CARD_MB - 0.1 * CARD_MB - FOREIGN_MB
        assert reading.budget_mb <= budget_mb
        books = sum(seat.memory_mb for seat in self.ledger().seats if not seat.ending)
        assert books <= budget_mb + 1e-6, f"{books:.0f} MB promised at {self.now:.1f} s"


def _steps(card: Card, count: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.random()
        if kind < 0.5 and len(card.waiting) < 6:
            card.waiting.append(Stage(chance.choice(card.models), chance.choice((0.5, 1.5, 3.0, 6.0, 12.0))))
        if kind < 0.95:
            card.now += chance.expovariate(1.0)
            card.advance()
        else:
            idle = card.seats.idle()
            if idle:
                card.end(chance.choice(idle).number)        # as its idle timer, or a person
        for stage in card.waiting[:3]:
            place = card.waiting.index(stage)
            del card.waiting[place]
            if not card.try_start(stage):
                card.waiting.insert(place, stage)
        card.check()


TRUTHFUL = [
    Model("small", 400, 20), Model("middle", 1500, 60), Model("large", 4000, 150), Model("huge", 6000, 60),
    Model("thrifty", 3000, 100, truth=0.5), Model("long", 800, 300),
]  # fmt: skip


def test_ten_thousand_steps_never_take_more_than_the_budget() -> None:
    card = Card(TRUTHFUL)
    _steps(card, 10_000, seed=1)
    assert card.ooms == []
    assert card.finished > 1500, "and much was done"
    assert card.evicted > 500


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_lies_by_two_runs_out_at_most_once(seed: int) -> None:
    """The card is filled by a truthful one, so that what the liar takes beyond its promise is not there."""
    liar = Model("liar", 2200, 0, truth=2.0)
    card = Card([*TRUTHFUL, liar])
    assert card.try_start(Stage(TRUTHFUL[3], 3.0))
    card.now += 4.0
    card.advance()

    assert card.try_start(Stage(liar, 3.0))
    _steps(card, 1_000, seed)

    assert card.ooms == ["liar"], "its need is known from then on"
    assert card.finished > 150
