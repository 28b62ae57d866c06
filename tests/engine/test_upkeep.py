"""Between stages: the unused end, the worn are replaced, the likely are warm before anybody asks; pins and ejections."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.engine.assignment import Assignments
from hay_say_lab.engine.devices import Machine
from hay_say_lab.engine.upkeep import Rules
from hay_say_lab.engine.wear import LOOKED_AT, MOST_STAGES, slope, worn
from hay_say_lab.errors import Conflict, NotFound
from tests.engine.laboratory import Laboratory, laboratory, say

NEVER = Rules(idle_seconds=1000.0, quiet_seconds=1000.0, between_looks=0.05)
SOON = Rules(idle_seconds=0.2, quiet_seconds=1000.0, between_looks=0.05)
EAGER = Rules(idle_seconds=1000.0, quiet_seconds=0.1, between_looks=0.05)


def _number(lab: Laboratory) -> int:
    return int(lab.workers()[0]["id"])


async def test_a_worker_that_nobody_uses_ends_and_a_pinned_one_stays(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = NEVER
        await lab.made(say())
        lab.engine.upkeep.pin(_number(lab), True)

        lab.engine.upkeep.rules = SOON
        await lab.until(lambda: not lab.workers("audio"))
        assert lab.workers()[0]["pinned"]

        lab.engine.upkeep.pin(_number(lab), False)
        await lab.until(lambda: not lab.workers())
        assert (await lab.made(say())).state is State.SUCCEEDED


async def test_an_ejected_worker_ends_at_once_but_not_one_at_work(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = NEVER
        job = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(job)
        with pytest.raises(Conflict):
            lab.engine.upkeep.eject(_number(lab))
        await lab.engine.cancel(job.id)
        await lab.ended(job)

        lab.engine.upkeep.pin(_number(lab), True)
        number = _number(lab)
        lab.engine.upkeep.eject(number)

        await lab.until(lambda: not lab.workers())
        with pytest.raises(NotFound):
            lab.engine.upkeep.eject(number)


async def test_the_likeliest_worker_is_warm_again_before_anybody_asks(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = NEVER
        await lab.made(say())
        old = lab.workers()[0]["pid"]
        os.kill(old, signal.SIGTERM)

        lab.engine.upkeep.rules = EAGER
        await lab.until(lambda: [w["pid"] for w in lab.workers() if w["voices"] == ["parrot:polly"]] not in ([], [old]))
        warm = lab.workers()[0]["pid"]
        job = await lab.made(say())

        assert job.state is State.SUCCEEDED
        assert [worker["pid"] for worker in lab.workers()] == [warm], "it had what was asked for"


async def test_nothing_is_warmed_that_nobody_used(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = EAGER
        for _ in range(4):
            await lab.news.wait(0.1)
        assert lab.pool.described() == []


async def test_a_new_host_warms_whom_the_one_before_it_had_most_at_work(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = NEVER
        for _ in range(3):
            await lab.made(say())
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = EAGER
        await lab.until(lambda: [worker["voices"] for worker in lab.workers()] == [["parrot:polly"]])
        warm = lab.workers()[0]["pid"]
        await lab.until(lambda: bool(lab.workers("audio")))

        await lab.made(say())
        assert [worker["pid"] for worker in lab.workers()] == [warm]


async def test_a_new_host_warms_nobody_for_whom_memory_is_not_free(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = NEVER
        await lab.made(say())
    async with laboratory(tmp_path, devices=[Machine(most_mb=20)]) as lab:
        lab.engine.upkeep.rules = EAGER
        for _ in range(4):
            await lab.news.wait(0.1)
        assert lab.pool.described() == []


async def test_a_voice_that_is_gone_or_another_one_by_now_is_not_loaded(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        polly = lab.voices.get("parrot:polly")
        order = Assignments(lab.home, lab.objects, lab.voices, lab.engine.preflight.casting).order_to_load
        assert order("parrot:polly", "0" * 64) is None
        assert order("parrot:gone", polly.hash) is None
        assert getattr(order("parrot:polly", polly.hash), "voice", None) == "parrot:polly"


async def test_who_ended_for_being_unused_is_not_warmed_again_for_what_was_before_this_host(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = NEVER
        await lab.made(say())
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = Rules(idle_seconds=0.3, quiet_seconds=0.1, between_looks=0.05)
        lab.pool.habits.forget("parrot:polly")
        seen: set[object] = set()
        gone_at: list[float] = []

        def looked() -> bool:
            seen.update(worker["pid"] for worker in lab.workers())
            if seen and not lab.workers():
                gone_at.append(time.monotonic())
            return bool(gone_at) and time.monotonic() > gone_at[0] + 1.0

        await lab.until(looked)
        assert len(seen) == 1


async def test_a_worn_worker_is_replaced_between_two_stages_and_keeps_its_pin(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.engine.upkeep.rules = NEVER
        await lab.made(say())
        old = lab.workers()[0]["pid"]
        chair = lab.pool.seats.chairs[_number(lab)]
        chair.stages, chair.pinned = MOST_STAGES, True

        lab.engine.upkeep.rules = EAGER
        await lab.until(lambda: lab.workers() != [] and lab.workers()[0]["pid"] != old and bool(lab.workers()[0]["pinned"]))

        assert (await lab.made(say())).stages[0].attempts == 0


RISING = [500.0 + 20 * step for step in range(LOOKED_AT)]


@pytest.mark.parametrize(
    ("stages", "memory_mb", "is_worn"),
    [
        (10, RISING, True),
        (10, RISING[:-1], False),                                       # too few to say
        (10, [500.0] * LOOKED_AT, False),
        (10, [500.0 + 2 * step for step in range(LOOKED_AT)], False),   # 30 MB
        (10, [100.0] * (LOOKED_AT - 4) + [900.0] * 3 + [100.0], False),     # it was large and is small again
        (MOST_STAGES, [], True),
    ],
)
def test_when_a_worker_is_worn(stages: int, memory_mb: list[float], is_worn: bool) -> None:
    assert (worn(stages, memory_mb) is not None) == is_worn


def test_a_slope_is_that_of_a_line() -> None:
    assert slope([1.0, 3.0, 5.0, 7.0]) == pytest.approx(2.0)
    assert slope([]) == slope([5.0]) == 0.0
