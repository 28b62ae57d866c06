"""What happens to workers beside their stages, and no event tells, is told to whoever measures the host."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.storage import edges
from tests.engine.laboratory import Laboratory, laboratory, say
from tests.engine.plugins import install

HUNGRY = """
class Odd(Runtime):
    def load(self, voice):
        if voice.id.endswith("two"):
            raise MemoryError
    def speak(self, voice, text, settings, context):
        if text.body == "too much":
            raise MemoryError
        return Result(BEEP)
MANIFEST = manifest("hungry", (Offer(task="speak", text=PLAIN),),
    voices=(BuiltinVoice(slug="one", title="One"), BuiltinVoice(slug="two", title="Two")))
"""


def _listen(lab: Laboratory) -> Counter[tuple[str, str]]:
    heard: Counter[tuple[str, str]] = Counter()
    lab.pool.noted = lambda name, label, amount: heard.update([(name, label)])
    return heard


def _ask(voice: str, body: str) -> Request:
    return Request((Step("speak", f"hungry:{voice}"),), text=RequestText(body), fresh=True)


async def test_memory_that_ran_out_while_a_voice_was_loaded_and_while_a_stage_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "hungry", HUNGRY, monkeypatch)
    async with laboratory(tmp_path / "home") as lab:
        heard = _listen(lab)
        await lab.made(say())
        assert (await lab.made(_ask("one", "too much"))).state is State.FAILED
        assert (await lab.made(_ask("two", "hello"))).state is State.FAILED

        assert heard["oom_total", "run"] == heard["oom_total", "load"] == 2, "once, and once more alone"
        assert heard["workers_lost_total", "memory"] == 4
        assert heard["evictions_total", "alone"] >= 1, "the parrot had to go"
        assert heard["worker_start_seconds", "hungry"] == 4
        assert heard["model_load_seconds", "parrot"] == 1


async def test_the_ways_in_which_workers_are_lost(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = _listen(lab)
        await lab.made(say(crash="exit_once"))
        await lab.until(lambda: bool(lab.workers()))
        lab.engine.upkeep.eject(int(lab.workers()[0]["id"]))
        assert heard["workers_lost_total", "exited"] == 1
        assert heard["evictions_total", "ejected"] == 1


async def test_an_end_that_comes_too_late_is_fenced_and_counted(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = _listen(lab)
        job = await lab.submit(say(seconds_of_work=0.5))
        await lab.at_work(job)
        await lab.store.write(edges.host_changed)           # as if another host had taken the row over

        ended = await lab.ended(job)

        assert ended.state is State.SUCCEEDED
        assert heard["fenced_total", ""] == 1
        assert lab.story(job).count("finished") == 1
