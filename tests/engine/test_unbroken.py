"""Stages of a batch that cannot stop for long leave the last place to those who are waited for: real workers, simulated cards."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.manifest import Offer
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.admission import KEPT
from hay_say_lab.engine.devices import Machine, Simulated
from hay_say_lab.engine.work import LONGEST_BREATH_SECONDS, cannot_stop
from tests.engine.laboratory import laboratory
from tests.engine.plugins import install

LONG_WINDED = """
import dataclasses
class Odd(Runtime):
    def load(self, voice): pass
    def speak(self, voice, text, settings, context):
        end = time.monotonic() + (60.0 if text.body == "long" else 0.0)
        while time.monotonic() < end:
            context.checkpoint(0.1)
            time.sleep(0.02)
        return Result(BEEP)
MANIFEST = manifest("whale", (Offer(task="speak", text=PLAIN, atomic_seconds=ATOMIC),))
MANIFEST = dataclasses.replace(MANIFEST, compatibility=dataclasses.replace(MANIFEST.compatibility, devices=("cuda",)))
"""


def _ask(body: str, **changes: object) -> Request:
    return dataclasses.replace(Request((Step("speak", "whale:one"),), text=RequestText(body), fresh=True), **changes)


async def test_the_last_card_is_kept_and_the_job_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", "whale", LONG_WINDED.replace("ATOMIC", "45"), monkeypatch)
    cards = [Simulated("cuda:0", "cuda", 10_000.0), Simulated("cuda:1", "cuda", 10_000.0), Machine()]
    async with laboratory(tmp_path / "home", places=4, devices=cards) as lab:
        first = await lab.submit(_ask("long", lane="batch"))
        await lab.at_work(first)
        second = await lab.submit(_ask("long", lane="batch"))
        await lab.until(lambda: lab.news.waiting.get(second.id) == KEPT)

        preview = await lab.made(_ask("short"))

        assert preview.state is State.SUCCEEDED
        assert lab.store.job(first.id).state is State.RUNNING, "nobody had to make room for it"
        assert lab.store.job(second.id).state is State.QUEUED
        for job in (second, first):
            await lab.engine.cancel(job.id)
            await lab.ended(job)


@pytest.mark.parametrize(
    ("lane", "atomic_seconds", "expected"),
    [
        ("batch", LONGEST_BREATH_SECONDS + 0.1, True),
        ("batch", LONGEST_BREATH_SECONDS, False),           # it may be waited for
        ("maintenance", 60.0, True),
        ("interactive", 60.0, False),                       # somebody waits for it
    ],
)
def test_what_counts_is_what_an_offer_declares(lane: str, atomic_seconds: float, expected: bool) -> None:
    assert cannot_stop(lane, Offer(task="speak", atomic_seconds=atomic_seconds)) is expected


def test_the_workers_of_the_core_take_the_last_place() -> None:
    assert not cannot_stop("batch", None)
