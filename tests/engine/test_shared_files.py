"""Files that all voices of an architecture share: named before a job is queued where they are missing, handed to the
worker by their roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.errors import InvalidRequest
from tests.engine.laboratory import laboratory
from tests.engine.plugins import install
from tests.engine.shelves import brought_asset

BORROWER = """
class Odd(Runtime):
    def load(self, voice):
        self.files = {role: path.read_text()[:10] for role, path in voice.files.items()}

    def speak(self, voice, text, settings, context):
        loud = 0.2 if self.files == {"ear": "an encoder"} else 0.0
        return Result(clip=Clip(numpy.full(1600, loud, numpy.float32), 16000), documents={"report": self.files})

MANIFEST = manifest("borrower", (Offer(task="speak", text=PLAIN),),
    assets=(AssetNeed(role="ear", kind="content_encoder", title="An ear", how_to_add="Bring ear.pt."),))
"""
ASKED = Request((Step("speak", "borrower:one"),), text=RequestText("one"), seed=1)


async def test_what_is_missing_is_named_with_the_way_to_add_it_and_what_is_there_reaches_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "borrower", BORROWER, monkeypatch)
    async with laboratory(tmp_path / "home") as lab:
        with pytest.raises(InvalidRequest) as refused:
            await lab.engine.submit("ann", ASKED)
        (problem,) = refused.value.problems
        assert (problem.field, problem.fix.label) == ("steps.0.voice", "Bring ear.pt.")
        assert "An ear" in problem.message

        await lab.shelf.settle_asset(*brought_asset(lab.home.root))
        job = await lab.made(ASKED)

        assert job.state == "succeeded"
        assert lab.objects.path(job.stages[0].outputs["report"]).read_text() == '{"ear":"an encoder"}'
