"""May this stage start now, and where: a table of cases, and what holds in every case."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hay_say_lab.engine.admission import KEPT, Account, Admit, Amount, Ledger, Need, Refuse, Seat, Wait, admit

WARM = frozenset({"speaker:ann"})
NEED = Need("speaker", "speaker:ann", (Amount("cpu", 400),))
CARD_NEED = Need("speaker", "speaker:ann", (Amount("cuda", 400, 100, host_mb=200),))


def _seat(number: int, worker: str = "other", memory_mb: float = 300, **changes: object) -> Seat:
    values: dict[str, object] = {"device": "cpu", "used_at": float(number), **changes}
    return Seat(number, worker, memory_mb=memory_mb, **values)  # type: ignore[arg-type]


def _card(number: int, worker: str = "other", memory_mb: float = 300, **changes: object) -> Seat:
    return _seat(number, worker, memory_mb, device="cuda:0", **changes)


def _ledger(*seats: Seat, budget_mb: float = 1000, capacity_mb: float | None = None, places: int = 2) -> Ledger:
    machine = Account("cpu", "cpu", budget_mb, capacity_mb or budget_mb)
    return Ledger((machine,), places, seats)


def _with_card(*seats: Seat, budget_mb: float = 1000, exclusive: bool = False, **changes: object) -> Ledger:
    card = Account("cuda:0", "cuda", budget_mb, 1000, exclusive)
    return Ledger((card, Account("cpu", "cpu", 1000, 1000)), 4, seats, **changes)  # type: ignore[arg-type]


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
    "the one that is worth least for its memory goes, and no more than needed": (
        _ledger(_seat(2, memory_mb=300), _seat(1, memory_mb=500), _seat(3, memory_mb=100)),
        Admit(None, (1,)),
    ),
    "as many go as must": (
        _ledger(_seat(1, memory_mb=200), _seat(2, memory_mb=300), _seat(3, memory_mb=500), budget_mb=800),
        Admit(None, (3, 2)),
    ),
    "of two as large, the one that loads sooner goes": (
        _ledger(_seat(1, memory_mb=400, load_seconds=9.0), _seat(2, memory_mb=400, load_seconds=2.0)),
        Admit(None, (2,)),
    ),
    "of two that load as long, the one used less goes": (
        _ledger(_seat(1, memory_mb=400, uses_a_minute=3.0), _seat(2, memory_mb=400, uses_a_minute=0.1)),
        Admit(None, (2,)),
    ),
    "a small one that was chosen first stays, where a large one has to go anyway": (
        _ledger(_seat(1, memory_mb=100, load_seconds=0.01), _seat(2, memory_mb=800), budget_mb=1000),
        Admit(None, (2,)),
    ),
    "one that has just come goes last": (
        _ledger(_seat(1, memory_mb=400, young=True, load_seconds=0.1), _seat(2, memory_mb=400)),
        Admit(None, (2,)),
    ),
    "but it goes, where nothing else is left": (_ledger(_seat(1, memory_mb=700, young=True)), Admit(None, (1,))),
    "a pinned one never goes": (_ledger(_seat(1, memory_mb=700, pinned=True)), Wait("memory is kept by pinned workers")),
    "one that is ending holds its memory until it has ended": (
        _ledger(_seat(1, memory_mb=700, ending=True)),
        Wait("memory is taken by stages at work"),
    ),
    "one that is ending gets no stage": (_ledger(_seat(1, "speaker", memory_mb=100, ending=True)), Admit(None)),
    "what other programs use may come back: it waits": (
        _ledger(budget_mb=300, capacity_mb=1000),
        Wait("other programs use 700 MB of cpu"),
    ),
    "a second voice comes on top of what a worker holds": (
        _ledger(_seat(1, "speaker", memory_mb=700, live_mb=700)),
        Admit(None, (1,)),
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


RENDER = replace(NEED, unbroken=True)
CARD_RENDER = replace(CARD_NEED, unbroken=True)


def _cards(*seats: Seat, count: int = 2, places: int = 4) -> Ledger:
    cards = tuple(Account(f"cuda:{number}", "cuda", 1000, 1000) for number in range(count))
    return Ledger((*cards, Account("cpu", "cpu", 1000, 1000)), places, seats)


UNBROKEN_CASES: dict[str, tuple[Need, Ledger, Admit | Wait]] = {
    "the first place of two is taken": (RENDER, _ledger(), Admit(None)),
    "also where somebody who makes room is at work": (RENDER, _ledger(_seat(1, busy=True, memory_mb=10)), Admit(None)),
    "the last one is kept": (RENDER, _ledger(_seat(1, busy=True, unbroken=True, memory_mb=10)), Wait(KEPT)),
    "but not from who can stop": (NEED, _ledger(_seat(1, busy=True, unbroken=True, memory_mb=10)), Admit(None)),
    "who is idle again holds no place": (RENDER, _ledger(_seat(1, unbroken=True, memory_mb=10)), Admit(None)),
    "of one place nothing can be kept": (RENDER, _ledger(places=1), Admit(None)),
    "the last card of two is kept": (
        CARD_RENDER,
        _cards(_card(1, busy=True, unbroken=True, memory_mb=10)),
        Wait(KEPT),
    ),
    "the card where one is at work already is no place of others": (
        replace(CARD_RENDER, amounts=(replace(CARD_NEED.amounts[0], proven=True),)),
        _cards(_card(1, busy=True, unbroken=True, proven=True, memory_mb=10)),
        Admit(None, device="cuda:0"),
    ),
    "of one card nothing can be kept": (CARD_RENDER, _cards(count=1), Admit(None, device="cuda:0")),
}


@pytest.mark.parametrize(("need", "ledger", "expected"), UNBROKEN_CASES.values(), ids=UNBROKEN_CASES)
def test_who_cannot_stop_leaves_the_last_place(need: Need, ledger: Ledger, expected: Admit | Wait) -> None:
    assert admit(need, ledger) == expected


CARD_CASES: dict[str, tuple[Need, Ledger, Admit | Wait | type[Refuse]]] = {
    "a card is taken before the processor": (CARD_NEED, _with_card(), Admit(None, device="cuda:0")),
    "one stage at a time": (
        CARD_NEED,
        _with_card(_card(1, busy=True, memory_mb=100)),
        Wait("cuda:0 is at work for another stage"),
    ),
    "unless both were measured often enough": (
        Need("speaker", None, (Amount("cuda", 400, proven=True),)),
        _with_card(_card(1, busy=True, memory_mb=100, proven=True)),
        Admit(None, device="cuda:0"),
    ),
    "what is at work on the processor does not keep it": (
        CARD_NEED,
        _with_card(_seat(1, busy=True, memory_mb=100)),
        Admit(None, device="cuda:0"),
    ),
    "the idle on the card go, those on the processor stay": (
        CARD_NEED,
        _with_card(_card(1, memory_mb=700), _seat(2, memory_mb=600)),
        Admit(None, (1,), "cuda:0"),
    ),
    "the machine's own memory is held against its own budget": (
        CARD_NEED,
        _with_card(_seat(1, memory_mb=900)),
        Admit(None, (1,), "cuda:0"),
    ),
    "one that cannot be read holds one worker at a time": (
        CARD_NEED,
        _with_card(_card(1, memory_mb=1), exclusive=True),
        Admit(None, (1,), "cuda:0"),
    ),
    "and the warm one again": (
        CARD_NEED,
        _with_card(_card(1, "speaker", memory_mb=1), exclusive=True),
        Admit(1, device="cuda:0"),
    ),
    "a stage that ran out waits until it is alone": (
        Need("speaker", None, (Amount("cuda", 10),), alone=True),
        _with_card(_card(1, busy=True, memory_mb=10, proven=True)),
        Wait("it ran out of memory and is tried again alone, once nothing else is at work there"),
    ),
    "then everybody idle goes, its own worker too": (
        Need("speaker", None, (Amount("cuda", 10),), alone=True),
        _with_card(_card(1, memory_mb=10), _card(2, "speaker", memory_mb=10), _seat(3, memory_mb=10)),
        Admit(None, (1, 2), "cuda:0"),
    ),
    "and nobody comes before it": (
        CARD_NEED,
        _with_card(alone_waits=frozenset({"cuda:0"})),
        Wait("a stage that ran out of memory goes first, alone"),
    ),
    "or beside it": (
        Need("speaker", None, (Amount("cuda", 10, proven=True),)),
        _with_card(_card(1, busy=True, memory_mb=10, proven=True, alone=True)),
        Wait("a stage that ran out of memory is tried again alone"),
    ),
    "too large for the card: the processor, where that is allowed": (
        Need("speaker", None, (Amount("cuda", 2000), Amount("cpu", 500))),
        _with_card(),
        Admit(None),
    ),
    "and else it is refused": (Need("speaker", None, (Amount("cuda", 2000),)), _with_card(), Refuse),
    "no card, and no allowance": (Need("speaker", None, (Amount("cuda", 1),)), _ledger(), Refuse),
    "of two cards the one where the voice is": (
        CARD_NEED,
        Ledger(
            (Account("cuda:0", "cuda", 1000, 1000), Account("cuda:1", "cuda", 1000, 1000), Account("cpu", "cpu", 900, 900)),
            4,
            (_seat(7, "speaker", 100, device="cuda:1", voices=WARM),),
        ),
        Admit(7, device="cuda:1"),
    ),
}


@pytest.mark.parametrize(("need", "ledger", "expected"), CARD_CASES.values(), ids=CARD_CASES)
def test_the_table_of_cards(need: Need, ledger: Ledger, expected: Admit | Wait | type[Refuse]) -> None:
    verdict = admit(need, ledger)
    if isinstance(expected, type):
        assert isinstance(verdict, expected)
    else:
        assert verdict == expected


def test_what_a_card_cannot_hold_may_be_allowed_to_the_processor_by_one_click() -> None:
    verdict = admit(Need("speaker", None, (Amount("cuda", 2000),)), _with_card())
    assert isinstance(verdict, Refuse)
    assert verdict.problem.fix.patch == ({"op": "add", "path": "/cpu_fallback", "value": True},)


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
        device=st.sampled_from(["cpu", "cuda:0"]),
        memory_mb=st.floats(0, 1200),
        live_mb=st.floats(0, 300),
        host_mb=st.floats(0, 50),
        voices=st.sampled_from([frozenset(), WARM]),
        busy=st.booleans(),
        ending=st.booleans(),
        pinned=st.booleans(),
        young=st.booleans(),
        proven=st.booleans(),
        used_at=st.floats(0, 100),
        load_seconds=st.floats(0.1, 30),
        uses_a_minute=st.floats(0, 10),
    ),
    max_size=6,
)


@given(SEATS, st.floats(0, 1500), st.integers(1, 4), st.sampled_from(["cpu", "cuda"]), st.booleans())
@hypothesis_settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_is_there_an_admitted_stage_fits_and_disturbs_nobody(
    seats: list[Seat], need_mb: float, places: int, kind: str, alone: bool
) -> None:
    numbered = tuple(replace(seat, id=number) for number, seat in enumerate(seats, start=1))
    need = Need("speaker", "speaker:ann", (Amount(kind, need_mb, host_mb=20 if kind == "cuda" else 0),), alone)
    accounts = (Account("cuda:0", "cuda", 1000, 1000), Account("cpu", "cpu", 1000, 1000))

    verdict = admit(need, Ledger(accounts, places, numbered))

    busy = [seat for seat in numbered if seat.busy]
    if isinstance(verdict, Refuse):
        assert need_mb > 1000
        assert not alone
    elif isinstance(verdict, Admit):
        assert len(busy) < places, "never more at work than there are places"
        by_id = {seat.id: seat for seat in numbered}
        gone = [by_id[number] for number in verdict.evict]
        assert not [seat for seat in gone if seat.busy or seat.pinned or seat.ending], "nobody at work is sent away"
        assert verdict.seat not in verdict.evict
        chosen = by_id[verdict.seat] if verdict.seat else None
        assert chosen is None or (chosen.worker == "speaker" and chosen.idle and chosen.device == verdict.device)
        kept = [seat for seat in numbered if seat not in gone and seat is not chosen]
        taken = max(need_mb, chosen.memory_mb) if chosen else need_mb
        if alone:
            assert not [seat for seat in kept if seat.device == verdict.device and not seat.pinned]
        else:
            assert sum(seat.memory_mb for seat in kept if seat.device == verdict.device) + taken <= 1000 + 1e-6
        if kind == "cuda":
            assert not [seat for seat in busy if seat.device == "cuda:0"], "one stage at a time on a card"
    elif len(busy) < places and not any(s.busy for s in numbered if s.device == ("cpu" if kind == "cpu" else "cuda:0")):
        stay = [seat for seat in numbered if seat.busy or seat.pinned or seat.ending]
        here = "cpu" if kind == "cpu" else "cuda:0"
        on_device = sum(s.memory_mb for s in stay if s.device == here) + sum(s.host_mb for s in stay if here == "cpu")
        on_host = sum(s.memory_mb for s in stay if s.device == "cpu") + sum(s.host_mb for s in stay)
        full = any(seat.ending for seat in stay) if alone else on_device + need_mb > 1000 - 1e-6 or (kind == "cuda" and on_host + 20 > 1000 - 1e-6)
        assert full, "it waits only where it must"
