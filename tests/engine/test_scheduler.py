"""Who runs next, on a clock of our own: hours of load, each a promise of the scheduler."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from hay_say_lab.engine.scheduler import Candidate, Limits, Scheduler
from tests.engine.virtual_clock import PIECE_SECONDS, Machine, Work

HOUR = 3600.0


def candidate(job: str, lane: str = "interactive", owner: str = "ann", model: str = "m", seconds: float = 1.0) -> Candidate:
    return Candidate(job, lane, owner, model, seconds)


def works(
    count: int, lane: str = "batch", owner: str = "ann", model: str = "m", seconds: float = 20.0, arrives: float = 0.0
) -> list[Work]:
    return [
        Work(candidate(f"{owner}-{lane}-{number:06d}", lane, owner, model, seconds), arrives, seconds)
        for number in range(count)
    ]


def previews(seed: int, a_minute: float = 5.0, mean_seconds: float = 2.3, until: float = HOUR) -> Iterator[Work]:
    """People who try things: arrivals at random, short stages."""
    draw = random.Random(seed)
    at, number = draw.expovariate(a_minute / 60), 0
    while at < until:
        seconds = draw.expovariate(1 / mean_seconds)
        yield Work(candidate(f"p{number:06d}", "interactive", "ann", "m", seconds), at, seconds)
        at += draw.expovariate(a_minute / 60)
        number += 1


def percentile(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


# Lanes.


@pytest.mark.parametrize("places", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_a_preview_waits_for_the_end_of_a_piece_and_not_of_a_render(seed: int, places: int) -> None:
    machine = Machine(places, load_seconds=0.2)
    machine.send(works(500, "batch", "bob"))
    machine.send(previews(seed))

    machine.run(until=HOUR)

    waits = machine.waits("interactive")
    assert len(waits) > 200
    assert percentile(waits, 0.95) <= 2 * PIECE_SECONDS
    rest = places * HOUR - machine.by_lane["interactive"]
    assert machine.by_lane["batch"] >= 0.85 * rest


def test_without_giving_way_previews_would_wait_longer_than_that() -> None:
    """The promise above can fail: where a render is one piece, it does."""
    machine = Machine()
    renders = works(500, "batch", "bob")
    for render in renders:
        render.every = render.left
    machine.send(renders)
    machine.send(previews(0))
    machine.run(until=HOUR)
    assert percentile(machine.waits("interactive"), 0.95) > 2 * PIECE_SECONDS


def _unbroken(count: int, owner: str = "bob", seconds: float = 60.0) -> list[Work]:
    """Renders that compute for a minute without a stop, as their offer declares."""
    renders = works(count, "batch", owner, seconds=seconds)
    for render in renders:
        render.every, render.unbroken = seconds, True
    return renders


def test_renders_that_cannot_stop_leave_previews_a_place() -> None:
    machine = Machine(2, load_seconds=0.2)
    machine.send(_unbroken(500))
    machine.send(works(500, "batch", "cat"))
    machine.send(previews(0))

    machine.run(until=HOUR)

    assert percentile(machine.waits("interactive"), 0.95) <= 2 * PIECE_SECONDS
    assert machine.by_lane["batch"] >= 0.85 * (2 * HOUR - machine.by_lane["interactive"]), "others fill the place that is kept"
    assert jain([machine.served["bob"], machine.served["cat"]]) >= 0.95


def test_where_their_offer_hid_it_previews_wait_for_their_end() -> None:
    """The promise above can fail: where nothing is declared, it does."""
    machine = Machine(2, load_seconds=0.2)
    renders = _unbroken(500)
    for render in renders:
        render.unbroken = False
    machine.send(renders)
    machine.send(previews(0))
    machine.run(until=HOUR)
    assert percentile(machine.waits("interactive"), 0.95) > 2 * PIECE_SECONDS


def test_where_there_is_one_place_it_can_be_kept_for_nobody() -> None:
    machine = Machine(1)
    machine.send(_unbroken(3))
    machine.run()
    assert [work.done_at for work in machine.works] == [60.0, 120.0, 180.0]


def test_nobody_makes_room_for_a_render_that_must_wait_anyway() -> None:
    """Overdue or not: the place that is kept is not for it."""
    machine = Machine(2)
    (patient,) = works(1, "batch", "cat", seconds=3000.0)
    machine.send([*_unbroken(60), patient, *_unbroken(60, "dan")])
    machine.run(until=3100.0)
    assert patient.done_at == pytest.approx(3000.0), "it was never stopped"


def test_a_flood_of_previews_leaves_renders_their_share() -> None:
    machine = Machine()
    machine.send(works(5000, "interactive", "ann", seconds=2.0))
    machine.send(works(500, "batch", "bob"))
    machine.run(until=HOUR)
    assert machine.by_lane["batch"] / HOUR == pytest.approx(0.2, abs=0.05)


def test_a_render_that_gave_way_goes_on_where_it_stopped() -> None:
    machine = Machine()
    (render,) = works(1, "batch", "bob", seconds=60.0)
    machine.send([render])
    machine.send(Work(candidate(f"p{number}", seconds=1.0), 7.0 + 10 * number, 1.0) for number in range(5))
    machine.run()
    assert render.done_at == pytest.approx(65.0)
    assert machine.waits("interactive")[-1] <= PIECE_SECONDS


def test_a_lane_that_had_its_share_makes_nobody_give_way() -> None:
    scheduler = Scheduler()
    render, preview = candidate("render", "batch", "bob"), candidate("preview")
    for now in range(0, 100, 10):
        stage = candidate(f"i{now:03d}", seconds=10.0)
        scheduler.order([stage, render], set(), float(now))
        scheduler.started(stage, float(now))
        scheduler.ended(stage.job, now + 10.0)
    scheduler.order([render, preview], set(), 100.0)
    scheduler.started(render, 100.0)

    def asked(now: float) -> list[str]:
        return scheduler.giving_way(scheduler.order([preview], set(), now), now)

    assert asked(101.0) == [], "a hundred seconds of the one lane are worth twenty-five of the other"
    assert asked(120.0) == []
    assert asked(140.0) == ["render"]


def test_no_more_stages_give_way_than_there_are_who_wait() -> None:
    scheduler = Scheduler()
    renders = [candidate(f"r{number}", "batch", "bob", seconds=20.0) for number in range(3)]
    for render in renders:
        scheduler.order([render], set(), 0.0)
        scheduler.started(render, 0.0)
    one, two = candidate("one"), candidate("two", owner="cat")

    assert scheduler.giving_way(scheduler.order([one], set(), 1.0), 1.0) == ["r0"]
    assert scheduler.giving_way(scheduler.order([one], set(), 2.0), 2.0) == [], "a place is on its way"
    assert len(scheduler.giving_way(scheduler.order([one, two], set(), 3.0), 3.0)) == 1


# Users.


def jain(shares: list[float]) -> float:
    """1: all have the same; 1/n: one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


@pytest.mark.parametrize("lane", ["interactive", "batch"])
@pytest.mark.parametrize("places", [1, 2])
def test_one_who_floods_gets_no_more_than_the_others(places: int, lane: str) -> None:
    machine = Machine(places)
    machine.send(works(1000, lane, "flood", seconds=7.0))
    for owner, seconds in (("ann", 7.0), ("bob", 5.0), ("cat", 12.0)):
        few = works(places, lane, owner, seconds=seconds)
        for work in few:
            work.again = True
        machine.send(few)

    machine.run(until=600.0)

    assert jain(list(machine.served.values())) >= 0.95, machine.served
    assert len(machine.served) == 4


def test_what_counts_is_what_a_stage_took_and_not_what_was_estimated() -> None:
    machine = Machine()
    honest = works(1000, owner="ann", seconds=5.0)
    liars = works(1000, owner="bob", seconds=5.0)
    for work in liars:
        work.candidate = candidate(work.candidate.job, "batch", "bob", seconds=0.5)
    machine.send([*honest, *liars])
    machine.run(until=HOUR)
    assert jain(list(machine.served.values())) >= 0.99


def test_a_user_who_comes_back_is_neither_paid_nor_punished_for_the_time_away() -> None:
    machine = Machine()
    machine.send(works(2000, owner="ann", seconds=4.0))
    machine.send(works(200, owner="bob", seconds=4.0, arrives=2000.0))
    machine.run(until=2400.0)
    assert machine.served["bob"] == pytest.approx(200.0, abs=12.0)


def test_one_persons_jobs_keep_their_order() -> None:
    machine = Machine()
    mine = works(20, owner="ann", seconds=2.0)
    machine.send([*reversed(mine), *works(20, owner="bob", seconds=3.0)])
    machine.run()
    ends = [work.done_at for work in mine]
    assert ends == sorted(ends, key=lambda end: end or 0.0)


# Bounds.


BOUNDS = {"interactive": 120.0, "batch": 1000.0, "download": 1000.0, "maintenance": 9999.0}


def crowded(limits: Limits) -> Machine:
    """Three lanes that want more than there is, one of them of many people; a switch of models costs a second."""
    machine = Machine(1, load_seconds=1.0, limits=limits)
    machine.send(works(3000, "interactive", "ann", "a", 2.0))
    machine.send(works(500, "batch", "bob", "b", 20.0))
    for number in range(20):
        machine.send(works(20, "download", f"user{number}", "c", 15.0))
    machine.run(until=2 * HOUR)
    return machine


def longest_at_head(machine: Machine, lane: str) -> float:
    """The longest that the oldest job of an owner waited, from the end of the one before it."""
    by_owner: dict[str, list[Work]] = {}
    for work in machine.works:
        if work.candidate.lane == lane:
            by_owner.setdefault(work.candidate.owner, []).append(work)
    longest = 0.0
    for queue in by_owner.values():
        before = 0.0
        for work in sorted(queue, key=lambda work: work.candidate.job):
            if not work.waits:
                longest = max(longest, machine.now - before)
                break
            start = work.queued_at + work.waits[-1]
            longest = max(longest, start - before)
            before = start
    return longest


def test_no_job_waits_at_the_head_longer_than_its_bound() -> None:
    machine = crowded(Limits(longest_wait=BOUNDS))
    for lane in ("interactive", "batch", "download"):
        assert longest_at_head(machine, lane) <= BOUNDS[lane], lane


def test_without_bounds_the_lane_of_little_weight_would_wait_longer() -> None:
    never = Limits(longest_wait=dict.fromkeys(BOUNDS, 1e9))
    assert longest_at_head(crowded(never), "download") > BOUNDS["download"]


def test_who_was_promoted_does_not_give_way_itself() -> None:
    scheduler = Scheduler()
    render, preview = candidate("render", "batch", "bob"), candidate("preview")
    scheduler.order([render], set(), 0.0)
    late = scheduler.limits.promoted_after("batch")
    scheduler.order([render, preview], set(), late)
    scheduler.started(render, late)
    assert scheduler.giving_way(scheduler.order([preview], set(), late + 9), late + 9) == []


def test_a_stage_that_took_no_time_still_costs_its_turn() -> None:
    scheduler, served = Scheduler(), []
    for number in range(100):
        waiting = [candidate(f"p{number:03d}"), candidate(f"r{number:03d}", "batch", "bob")]
        first = scheduler.order(waiting, set(), 0.0)[0]
        scheduler.started(first, 0.0)
        scheduler.ended(first.job, 0.0)
        served.append(first.lane)
    assert served.count("batch") == 20


# Models.

TRACE = "ABAACABC" * 100


def fewest_switches(trace: str, most_before: int) -> int:
    """The fewest loads of any order in which whose turn it is lets at most `most_before` others of its time go first.

    Exact, by trying all of them: a state is how many of each model are done, which one is loaded, and how many passed.
    """
    models = sorted(set(trace))
    places = {model: [index for index, other in enumerate(trace) if other == model] for model in models}
    states: dict[tuple[tuple[int, ...], str, int], int] = {((0,) * len(models), "", 0): 0}
    for _ in trace:
        following: dict[tuple[tuple[int, ...], str, int], int] = {}
        for (done, loaded, passed), loads in states.items():
            heads = {m: places[m][done[i]] for i, m in enumerate(models) if done[i] < len(places[m])}
            turn = min(heads, key=lambda model: heads[model])
            for index, model in enumerate(models):
                if model not in heads or (model != turn and passed >= most_before):
                    continue
                if heads[model] - heads[turn] >= 16:
                    continue            # further than the scheduler looks
                after = tuple(count + (index == other) for other, count in enumerate(done))
                state = after, model, 0 if model == turn else passed + 1
                following[state] = min(following.get(state, 1 << 30), loads + (model != loaded))
        states = following
    return min(states.values())


def switches(machine: Machine, trace: str, pause: float) -> int:
    machine.send(
        Work(candidate(f"j{number:06d}", "batch", "ann", model, 1.0), number * pause, 1.0)
        for number, model in enumerate(trace)
    )
    machine.run()
    assert all(work.done_at is not None for work in machine.works)
    return len(machine.loads)


def test_models_are_switched_hardly_more_often_than_who_knew_the_future_would() -> None:
    fewest = fewest_switches(TRACE, Limits().most_before)
    in_order = 1 + sum(a != b for a, b in itertools.pairwise(TRACE))
    assert fewest < in_order / 3

    assert switches(Machine(), TRACE, pause=0.0) <= 1.2 * fewest


def test_where_jobs_come_one_by_one_no_model_is_switched_in_vain() -> None:
    """Nothing can be put together then: as often as the trace itself switches, and no more."""
    in_order = 1 + sum(a != b for a, b in itertools.pairwise(TRACE))
    assert switches(Machine(), TRACE, pause=2.0) == in_order


def test_a_loaded_model_goes_first_for_so_many_jobs_and_so_many_seconds() -> None:
    other = candidate("a", model="other")
    for seconds, expected in ((1.0, 4), (10.0, 3), (31.0, 0)):
        scheduler = Scheduler()
        loaded = [candidate(f"b{number}", model="loaded", seconds=seconds) for number in range(9)]
        passed = 0
        while (first := scheduler.order([other, *loaded], {"loaded"}, 0.0)[0]) is not other:
            scheduler.started(first, 0.0)
            loaded.remove(first)
            passed += 1
        assert passed == expected, seconds


def test_a_loaded_model_brings_nobody_into_another_lane() -> None:
    preview, render = candidate("p", model="new"), candidate("r", "batch", model="loaded")
    assert Scheduler().order([preview, render], {"loaded"}, 0.0)[0] is preview


def test_a_model_passes_nobody_who_waited_for_long() -> None:
    scheduler = Scheduler()
    waiting = [candidate("a", model="new"), candidate("b", model="loaded")]
    assert scheduler.order(waiting, {"loaded"}, 0.0)[0].job == "b"
    assert scheduler.order(waiting, {"loaded"}, 60.0)[0].job == "a"
