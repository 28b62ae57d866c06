"""What voices share: it is asked for where it is missing, handed to workers, and names its results."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.domain.voice import Voice
from hay_say_lab.errors import Conflict, InvalidRequest
from tests.engine.laboratory import Laboratory, laboratory
from tests.engine.plugins import install
from tests.engine.shelves import brought, brought_asset

HUMMER = """
class Odd(Runtime):
    def load(self, voice):
        self.level = len(voice.files["encoder"].read_bytes()) / 1000
        self.extra = voice.files["encoder/config"].read_bytes() if "encoder/config" in voice.files else b""
    def speak(self, voice, text, settings, context):
        clip = Clip(numpy.full(1600, self.level, numpy.float32), 16000)
        return Result(clip, {"report": {"extra": self.extra.decode()}})
ENCODER = AssetNeed(role="encoder", kind="content_encoder", title="Content encoder", how_to_add="Import encoder.pt.")
MANIFEST = manifest("hummer", (Offer(task="speak", text=PLAIN, default_voice="one"),), assets=(ENCODER,), resident_mb=1)
"""
HUM = "hummer:hum"


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", "hummer", HUMMER, monkeypatch)


def _say(voice: str | None = HUM) -> Request:
    return Request((Step("speak", voice),), text=RequestText("one"), seed=7)


async def _level(lab: Laboratory, request: Request) -> float:
    job = await lab.made(request)
    assert job.state is State.SUCCEEDED, job.error
    return float(read_clip(lab.objects.open_path(str(job.artifact))).samples[0])


async def _with_voice(lab: Laboratory) -> Voice:
    voice, files = brought(lab.home.root, HUM, {"model": b"hum"})
    return await lab.shelf.settle(voice, files)


async def test_a_request_for_a_voice_whose_asset_is_missing_says_which_and_how_to_add_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        await _with_voice(lab)
        (problem,) = lab.engine.intake.problems("ann", _say())
        assert (problem.field, problem.fix.label) == ("steps.0.voice", "Import encoder.pt.")
        assert problem.message == "Hummer needs an asset that is not installed: Content encoder."
        with pytest.raises(InvalidRequest):
            await lab.submit(_say())
        assert lab.engine.preflight.casting.serving(_say(None)) != ["hummer:one"], "nobody's default who cannot run"

        await lab.shelf.settle_asset(*brought_asset(lab.home.root))
        assert lab.engine.intake.problems("ann", _say()) == []
        assert lab.engine.preflight.casting.serving(_say(None)) == ["hummer:one"], "the smallest that can"


async def test_a_worker_gets_the_asset_and_recipe_and_key_name_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        voice = await _with_voice(lab)
        asset = await lab.shelf.settle_asset(*brought_asset(lab.home.root, config=b"{}"))
        assert await _level(lab, _say()) == pytest.approx(0.5)

        (job,) = lab.store.jobs("ann")
        (step, *_) = lab.store.recipe(str(job.recipe), "ann").document["stages"]
        assert step["assets"] == {"encoder": asset.hash}
        assert step["voice_hash"] == job.stages[0].voice_hash != voice.hash
        report = lab.objects.open_path(job.stages[0].outputs["report"]).read_text()
        assert "{}" in report, "its other files come along"

        other = await lab.shelf.settle_asset(*brought_asset(lab.home.root, "a-better-one", weights=b"x" * 250))
        assert await _level(lab, _say()) == pytest.approx(0.25), "made anew, by the one that serves now"
        (newest, _) = lab.store.jobs("ann")
        assert lab.store.recipe(str(newest.recipe), "ann").document["stages"][0]["assets"] == {"encoder": other.hash}


async def test_an_asset_that_voices_need_is_not_removed_by_accident(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        await lab.shelf.settle_asset(*brought_asset(lab.home.root))
        await lab.shelf.settle_asset(*brought_asset(lab.home.root, "rmvpe", "f0_network", weights=b"f0"))
        await _with_voice(lab)
        with pytest.raises(Conflict, match="hummer:hum, hummer:one cannot be used without 'hubert-base'") as refused:
            await lab.shelf.remove_asset("hubert-base", "olga")
        assert "--force" in refused.value.problems[0].fix.label
        await lab.shelf.remove_asset("rmvpe", "olga")           # nobody needs that

        await lab.shelf.settle_asset(*brought_asset(lab.home.root, "another", weights=b"x" * 250))
        await lab.shelf.remove_asset("another", "olga")         # one of its kind is left
        await lab.shelf.remove_asset("hubert-base", "olga", force=True)
        assert [problem.field for problem in lab.engine.intake.problems("ann", _say())] == ["steps.0.voice"]
        await lab.shelf.restore_asset("hubert-base")
        assert lab.engine.intake.problems("ann", _say()) == []


async def test_an_asset_that_a_job_works_with_stays_until_it_has_ended(tmp_path: Path) -> None:
    async with laboratory(tmp_path / "home") as lab:
        await _with_voice(lab)
        for name in ("hubert-base", "second"):
            await lab.shelf.settle_asset(*brought_asset(lab.home.root, name, weights=name.encode()))
        await lab.engine.pause_lane("interactive", "olga")
        job = await lab.submit(_say())
        with pytest.raises(Conflict, match=job.id):
            await lab.shelf.remove_asset("hubert-base", "olga", force=True)
        await lab.shelf.remove_asset("second", "olga")          # it works with the other
        await lab.engine.resume_lane("interactive")
        assert (await lab.ended(job)).state is State.SUCCEEDED
        await lab.shelf.remove_asset("hubert-base", "olga", force=True)
