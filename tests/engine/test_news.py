"""One bell for all who wait for news, and the last progress of each job."""

from __future__ import annotations

import asyncio
import time

from hay_say_lab.engine.news import News, Tick

HALF = Tick(0, "speak", 0.5, "half")


async def test_everybody_who_waits_wakes_at_one_ring() -> None:
    news = News()
    waiting = [asyncio.create_task(news.wait(5)) for _ in range(10)]
    await asyncio.sleep(0)
    news.ring()
    assert await asyncio.gather(*waiting) == [True] * 10


async def test_who_comes_after_the_ring_waits_for_the_next_one() -> None:
    news = News()
    news.ring()
    assert not await news.wait(0.01)


async def test_progress_wakes_listeners_at_most_four_times_a_second_and_keeps_the_newest() -> None:
    news, rings, began = News(), 0, time.monotonic()

    async def listen() -> None:
        nonlocal rings
        while await news.wait(0.3):
            rings += 1

    listening = asyncio.create_task(listen())
    number = 0
    while time.monotonic() < began + 0.6:
        number += 1
        news.tick("job", Tick(0, "speak", number / 1000, ""))
        await asyncio.sleep(0.005)
    seconds = time.monotonic() - began
    await listening

    assert 1 <= rings <= 4 * seconds + 1
    assert news.ticks["job"].fraction == number / 1000


def test_a_job_that_ended_is_forgotten() -> None:
    news = News({"job": HALF, "other": HALF}, {"job": "all places are busy"})
    news.forget("job")
    news.forget("job")
    assert news.ticks == {"other": HALF}
    assert news.waiting == {}
    assert HALF.as_json() == {"stage": 0, "task": "speak", "fraction": 0.5, "message": "half"}
