"""Real workers that touch much memory under a small budget, watched from outside by their proportional share."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.devices import Machine
from tests.engine.laboratory import Laboratory, laboratory
from tests.engine.plugins import install

BUDGET_MB = 1060.0
DECLARED_MB = 460.0             # the most that a stage touches, and Python with numpy
LEAST_MB, MOST_MB = 50, 400
KINDS = ("oak", "elm", "ash")

BULKY = """
class Odd(Runtime):
    def load(self, voice): self.kept = numpy.ones(20 << 17)
    def speak(self, voice, text, settings, context):
        held = numpy.ones(int(text.body) << 17)
        end = time.monotonic() + 0.15
        while time.monotonic() < end:
            context.checkpoint(0.5)
            time.sleep(0.02)
        return Result(BEEP)
MANIFEST = manifest("{name}", (Offer(task="speak", text=PLAIN),), resident_mb={declared})
"""


@dataclass(slots=True)
class Watched:
    """The most that all workers held together, in MB, how often somebody looked, and what became of the jobs."""

    most_mb: float = 0.0
    looks: int = 0
    succeeded: int = 0
    ran_out: int = 0
    evicted: int = 0


async def watched(root: Path, steps: int, seed: int) -> Watched:
    """Run so many stages of 50 to 400 MB, of three architectures, two at a time, under a budget for two and little more."""
    chance, seen = random.Random(seed), Watched()
    with pytest.MonkeyPatch.context() as monkeypatch:
        sites = [root / name for name in KINDS]
        for site, name in zip(sites, KINDS, strict=True):
            install(site, name, BULKY.replace("{name}", name).replace("{declared}", str(DECLARED_MB)), monkeypatch)
        monkeypatch.setenv("PYTHONPATH", ":".join(map(str, sites)))
        async with laboratory(root / "home", devices=[Machine(most_mb=BUDGET_MB)]) as lab:
            looking = asyncio.create_task(_look(lab, seen))
            jobs = [await lab.submit(_ask(chance)) for _ in range(steps)]
            ended = [await lab.ended(job, 60.0 + 2.0 * steps) for job in jobs]
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            seen.succeeded = sum(job.state is State.SUCCEEDED for job in ended)
            seen.ran_out = sum(stage.ooms for job in ended for stage in job.stages)
            seen.evicted = max(chair.number for chair in lab.pool.seats.chairs.values()) - len(lab.pool.seats.chairs)
    return seen


def _ask(chance: random.Random) -> Request:
    text = RequestText(str(chance.randint(LEAST_MB, MOST_MB)))
    return Request((Step("speak", f"{chance.choice(KINDS)}:one"),), text=text, fresh=True)


async def _look(lab: Laboratory, seen: Watched) -> None:
    while True:
        pids = [attendant.pid for attendant in lab.pool.attendants.values()]
        seen.most_mb = max(seen.most_mb, await asyncio.to_thread(_held_mb, pids))
        seen.looks += 1
        await asyncio.sleep(0.03)


def _held_mb(pids: list[int]) -> float:
    held = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            held += psutil.Process(pid).memory_full_info().pss / (1 << 20)
    return held
