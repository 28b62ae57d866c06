"""A runtime that hangs while its heart beats is ended, told by what it wrote; time that did not pass for it does not count."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.engine.patience import Patience
from hay_say_lab.engine.redaction import redact
from hay_say_lab.engine.watch import Watch
from hay_say_lab.storage.rows import now
from tests.engine.laboratory import Laboratory, laboratory, say
from tests.engine.plugins import install

IMPATIENT = Patience(lease=2.0, start=30.0, stop=0.3, terminate=0.3, computing=1.0, still=1.5)

ODD = """
class Odd(Runtime):
    def load(self, voice): pass
    def speak(self, voice, text, settings, context):
        context.checkpoint(0.1)
        if text.body == "slow but honest":
            end = time.process_time() + 3.0
            while time.process_time() < end: pass
            return Result(BEEP)
        if text.body == "spin":
            while True: pass
        if text.body == "sleep":
            while True: time.sleep(1)
        print("I was told:", text.body, flush=True)
        print("HF_TOKEN=hf_abcdefghijklmnop in", context.out, file=sys.stderr)
        if text.body == "a secret wish, and then it dies":
            os._exit(3)
        raise RuntimeError(text.body)
MANIFEST = manifest("{name}", (Offer(task="speak", text=PLAIN, atomic_seconds={atomic}),))
"""


def _install(tmp_path: Path, name: str, atomic: float, monkeypatch: pytest.MonkeyPatch) -> None:
    code = ODD.replace("{name}", name).replace("{atomic}", str(atomic))
    install(tmp_path / "site", name, code, monkeypatch)


def _ask(name: str, body: str) -> Request:
    return Request((Step("speak", f"{name}:one"),), text=RequestText(body), fresh=True)


def _bodies(lab: Laboratory, job_id: str, *kinds: str) -> list[dict[str, object]]:
    return [event.body for event in lab.store.events_after("ann", 0, job=job_id) if event.kind in kinds]


@pytest.mark.parametrize(("body", "reason"), [("spin", "it computed"), ("sleep", "it did nothing")])
async def test_a_runtime_that_hangs_is_ended_twice_and_its_job_is_set_aside(
    body: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "stuck", 0.0, monkeypatch)
    async with laboratory(tmp_path / "home", patience=IMPATIENT) as lab:
        job = await lab.made(_ask("stuck", body))
        assert job.state is State.QUARANTINED
        losses = _bodies(lab, job.id, "worker_lost", "poisoned")
        assert [str(loss["reason"]).startswith(reason) for loss in losses] == [True, True], losses


async def test_who_declares_to_compute_for_so_long_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path, "honest", 2.0, monkeypatch)
    async with laboratory(tmp_path / "home", patience=IMPATIENT) as lab:
        assert (await lab.made(_ask("honest", "slow but honest"))).state is State.SUCCEEDED


def test_time_that_did_not_pass_for_the_worker_does_not_count() -> None:
    """A machine that stood still for an hour: one heartbeat later that hour is no fault of anybody's."""
    watch = Watch(2**22 + 1, Patience(lease=4.0, still=12.0))      # heartbeats each second, of a pid that is none
    watch.work(0.0, now=0.0)
    assert watch.beat(1.0) is None
    assert watch.beat(3600.0) is None
    assert [watch.beat(3600.0 + second) for second in range(1, 7)] == [None] * 6
    assert watch.beat(3607.5) is None
    assert watch.beat(3609.5) is not None
    watch.checkpoint(3610.0)
    assert watch.beat(3611.0) is None
    watch.rest()
    assert watch.beat(9999.0) is None


@pytest.mark.parametrize("body", ["a secret wish, and then it dies", "a secret wish, and then it raises"])
async def test_the_last_words_of_a_stage_stay_with_its_job_and_say_nothing_that_is_secret(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "chatty", 0.0, monkeypatch)
    async with laboratory(tmp_path / "home") as lab:
        job = await lab.made(_ask("chatty", body))
        for told in _bodies(lab, job.id, "worker_lost", "poisoned", "failed"):
            words = str(told["stderr"])
            assert "I was told: [text]" in words
            assert "[data home]" in words
            assert "secret wish" not in words
            assert "hf_" not in words
            assert str(tmp_path / "home") not in words
        log = (lab.home.logs / "chatty.log").read_text()
        assert "I was told: [text]" in log
        assert "secret wish" not in log


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def", "[secret]"),
        ("api_key = 'sk-123'", "[secret]"),
        ("MY_PASSWORD=hunter2 next", "[secret] next"),
        ("get https://me:pass@host/x", "get https://[secret]@host/x"),
        ("hf_aBcDeFgHiJkLmNoP", "[secret]"),
        ("File '/data/lab/scratch/1/out'", "File '[data home]/scratch/1/out'"),
        ("said Hello there. twice", "said [text] twice"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_what_is_taken_out_of_last_words(text: str, shown: str) -> None:
    assert redact(text, Path("/data/lab"), ["Hello there.\nabc"]) == shown


async def test_a_voice_that_is_removed_while_its_job_runs_takes_the_job_not_down(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.voices.add(Voice("parrot:mine", "parrot", "Mine", "a" * 64, builtin=False, provenance=Provenance(source="Ann")))
        asked = say(seconds_of_work=1.0)
        job = await lab.submit(asked.evolve(steps=(Step("speak", "parrot:mine", asked.steps[0].settings),)))
        await lab.at_work(job)

        lab.voices.to_trash("parrot:mine", "ann", now())
        ended = await lab.ended(job)

        assert ended.state is State.SUCCEEDED
        recipe = lab.store.recipe(str(ended.recipe), "ann")
        assert recipe.document["voices"]["parrot:mine"]["source"] == "Ann"
