"""May this stage start now, and where: a table of cases, and what holds in every case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hay_say_lab.engine.admission import Admit, Ledger, Need, Refuse, Seat, Wait, admit

NEED = Need("speaker", "speaker:ann", 400)


def _seat(number: int, worker: str = "other", memory_mb: float = 300, **changes: object) -> Seat:
    values: dict[str, object] = {"voices": frozenset(), "busy": False, "used_at": float(number), **changes}
    return Seat(number, worker, memory_mb, **values)  # type: ignore[arg-type]


def _ledger(*seats: Seat, budget_mb: float = 1000, places: int = 2) -> Ledger:
    return Ledger(budget_mb, places, seats)


WARM = frozenset({"speaker:ann"})

CASES: dict[str, tuple[Ledger, Admit | Wait | type[Refuse]]] = {
    "an empty machine starts a new worker": (_ledger(), Admit(None)),
    "exactly enough memory is enough": (_ledger(budget_mb=400), Admit(None)),
    "more than the machine has is refused for good": (_ledger(budget_mb=399), Refuse),
    "a warm worker is taken": (_ledger(_seat(1, "speaker")), Admit(1)),
    "another architecture's worker is not": (_ledger(_seat(1)), Admit(None)),
    "one that has the voice comes before one used later": (
        _ledger(_seat(1, "speaker", voices=WARM), _seat(2, "speaker")),
        Admit(1),
    ),
    "of two with the voice the one used last is taken": (
        _ledger(_seat(1, "speaker", voices=WARM), _seat(2, "speaker", voices=WARM)),
        Admit(2),
    ),
    "a busy worker is not taken, a second one starts": (_ledger(_seat(1, "speaker", busy=True, voices=WARM)), Admit(None)),
    "all places busy: it waits": (
        _ledger(_seat(1, busy=True, memory_mb=10), _seat(2, busy=True, memory_mb=10)),
        Wait("all 2 places are busy"),
    ),
    "idle workers take no place": (_ledger(_seat(1), _seat(2, busy=True)), Admit(None)),
    "an idle worker goes where memory is short": (_ledger(_seat(1, memory_mb=700)), Admit(None, (1,))),
    "the one unused for longest goes, and no more than needed": (
        _ledger(_seat(2, memory_mb=300), _seat(1, memory_mb=500), _seat(3, memory_mb=100)),
        Admit(None, (1,)),
    ),
    "as many go as must": (
        _ledger(_seat(1, memory_mb=200), _seat(2, memory_mb=300), _seat(3, memory_mb=500)),
        Admit(None, (1, 2)),
    ),
    "a warm worker is taken and others go for it": (
        _ledger(_seat(1, memory_mb=700), _seat(2, "speaker", memory_mb=200)),
        Admit(2, (1,)),
    ),
    "memory of a stage at work is not taken from it": (
        _ledger(_seat(1, busy=True, memory_mb=700)),
        Wait("memory is taken by stages at work"),
    ),
    "and nobody is sent away in vain": (
        _ledger(_seat(1, busy=True, memory_mb=700), _seat(2, memory_mb=200)),
        Wait("memory is taken by stages at work"),
    ),
    "a warm worker that has grown counts with what it has": (
        _ledger(_seat(1, "speaker", memory_mb=800), _seat(2, memory_mb=300)),
        Admit(1, (2,)),
    ),
    "one that has grown beyond the machine makes room for a new one": (
        _ledger(_seat(1, "speaker", memory_mb=1100)),
        Admit(None, (1,)),
    ),
}


@pytest.mark.parametrize(("ledger", "expected"), CASES.values(), ids=CASES)
def test_the_table(ledger: Ledger, expected: Admit | Wait | type[Refuse]) -> None:
    verdict = admit(NEED, ledger)
    if isinstance(expected, type):
        assert isinstance(verdict, expected)
    else:
        assert verdict == expected


def test_a_refusal_says_what_is_needed_and_what_there_is() -> None:
    verdict = admit(NEED, _ledger(budget_mb=100))
    assert isinstance(verdict, Refuse)
    assert "400 MB" in verdict.problem.message
    assert "100 MB" in verdict.problem.message
    assert verdict.problem.fix.label


SEATS = st.lists(
    st.builds(
        Seat,
        id=st.just(0),
        worker=st.sampled_from(["speaker", "other"]),
        memory_mb=st.floats(0, 1200),
        voices=st.sampled_from([frozenset(), WARM]),
        busy=st.booleans(),
        used_at=st.floats(0, 100),
    ),
    max_size=6,
)


@given(SEATS, st.floats(0, 1500), st.integers(1, 4))
@hypothesis_settings(max_examples=500, deadline=None, derandomize=True)
def test_whatever_is_there_an_admitted_stage_fits_and_disturbs_nobody(seats: list[Seat], need_mb: float, places: int) -> None:
    numbered = tuple(
        Seat(number, s.worker, s.memory_mb, s.voices, s.busy, s.used_at) for number, s in enumerate(seats, start=1)
    )
    need = Need("speaker", "speaker:ann", need_mb)

    verdict = admit(need, Ledger(1000, places, numbered))

    busy = [seat for seat in numbered if seat.busy]
    if isinstance(verdict, Refuse):
        assert need_mb > 1000
    elif isinstance(verdict, Admit):
        assert len(busy) < places, "never more at work than there are places"
        by_id = {seat.id: seat for seat in numbered}
        assert not [number for number in verdict.evict if by_id[number].busy], "nobody at work is sent away"
        assert verdict.seat not in verdict.evict
        chosen = by_id[verdict.seat] if verdict.seat else None
        assert chosen is None or (chosen.worker == "speaker" and not chosen.busy)
        kept = [seat for seat in numbered if seat.id not in verdict.evict and seat is not chosen]
        taken = max(need_mb, chosen.memory_mb) if chosen else need_mb
        assert sum(seat.memory_mb for seat in kept) + taken <= 1000 + 1e-6, "never more than the budget"
    else:
        full = sum(seat.memory_mb for seat in busy) + need_mb > 1000 - 1e-6
        assert len(busy) >= places or full, "it waits only where it must"
