"""A voice made from a recording is there whole or not at all, and only once under its name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import State
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.engine.fitting import VoiceOrder
from hay_say_lab.errors import Conflict, InvalidRequest, StorageFailed, WorkerFailed
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.objects import hash_file
from tests.audio.sounds import tone
from tests.engine.laboratory import Laboratory, laboratory, say
from tests.engine.plugins import install

TAILOR = """
class Odd(Runtime):
    def fit(self, reference, context):
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            context.checkpoint(0.5)
            time.sleep(0.02)
        if len(reference.samples) < 8000:
            raise InvalidRequest("There is too little speech in it.", field="reference", fix="Record more.")
        if len(reference.samples) > 40000:
            os._exit(1)
        model = context.out / "model.bin"
        model.write_bytes(numpy.abs(reference.samples).max().tobytes())
        return Result(files={"model": model}, documents={"report": {"samples": len(reference.samples)}})
MANIFEST = manifest("tailor", (Offer(task="convert", audio=ANY),), layout=VoiceLayout(
    reference=AudioContract(lowest_rate=8000, highest_rate=16000, shortest_seconds=0.2, longest_seconds=60.0),
    files={"reference": "reference.w64", "model": "model.bin"}, good_seconds=1.0))
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", "tailor", TAILOR, monkeypatch)


@asynccontextmanager
async def _shop(tmp_path: Path, places: int = 2) -> AsyncIterator[tuple[Laboratory, ClipFacts]]:
    """A laboratory and a second of somebody's recording."""
    async with laboratory(tmp_path / "home", places=places) as lab:
        sha256 = await lab.clip(tone(1.0, sample_rate=16_000))
        yield lab, lab.store.clip("ann", sha256)


def _order(facts: ClipFacts, name: str = "ann") -> VoiceOrder:
    provenance = Provenance(source="Ann", licence="CC0-1.0", consent="given", evidence="her own", intended_use="tests")
    return VoiceOrder("tailor", name, facts.sha256, "Ann's voice", ("en",), provenance)


async def test_a_voice_holds_its_files_by_hash_its_provenance_and_what_was_found(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, facts):
        voice = await lab.fitting.make(_order(facts), facts)

        assert voice == lab.voices.get("tailor:ann")
        assert voice.provenance.evidence == "her own"
        assert voice.notes == {"samples": 16_000}
        folder = lab.home.voice_folder(voice.id)
        assert {file.name for file in voice.files.values()} == {path.name for path in folder.iterdir()}
        for file in voice.files.values():
            assert (hash_file(folder / file.name), (folder / file.name).stat().st_size) == (file.sha256, file.bytes)
        assert lab.left_over() == []


async def test_a_recording_at_another_rate_is_prepared_first(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, _):
        sha256 = await lab.clip(tone(1.0, sample_rate=44_100), 44_100)
        facts = lab.store.clip("ann", sha256)
        assert (await lab.fitting.make(_order(facts), facts)).notes == {"samples": 16_000}


async def test_one_click_mends_a_reference_that_is_too_long(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, _):
        facts = lab.store.clip("ann", await lab.clip(tone(61.0, sample_rate=8000), 8000))
        (problem,) = lab.fitting.problems(_order(facts), facts)
        assert "at most 60 s" in problem.message

        (step,) = problem.fix.patch
        assert (step["op"], step["path"]) == ("add", "/prepare")
        mended = replace(_order(facts), prepare=step["value"])
        assert lab.fitting.problems(mended, facts) == []


async def test_a_voice_is_made_of_the_part_that_was_asked_for_and_says_so(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, facts):
        order = replace(_order(facts), prepare={"start_seconds": 0.1, "end_seconds": 0.9})
        voice = await lab.fitting.make(order, facts)
        assert voice.notes == {"samples": 12_800, "prepare": order.prepare}
        refused = replace(_order(facts, "bob"), prepare={"start_seconds": -1.0, "trim": True})
        fields = [problem.field for problem in lab.fitting.problems(refused, facts)]
        assert fields == ["prepare.start_seconds", "prepare.trim"]


async def test_of_many_made_under_one_name_at_once_one_stays_whole(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, facts):
        loud = lab.store.clip("ann", await lab.clip(tone(1.0, sample_rate=16_000, peak=0.9)))

        made = await asyncio.gather(
            *(lab.fitting.make(_order(which), which) for which in (facts, loud, facts)), return_exceptions=True
        )

        (voice,) = [one for one in made if isinstance(one, Voice)]
        assert sum(isinstance(one, Conflict) for one in made) == 2
        assert lab.voices.get("tailor:ann") == voice
        folder = lab.home.voice_folder(voice.id)
        assert hash_file(folder / "model.bin") == voice.files["model"].sha256, "its files are its own"


async def test_voices_made_at_once_are_all_there_for_the_next_host(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, facts):
        await asyncio.gather(*(lab.fitting.make(_order(facts, f"voice-{number}"), facts) for number in range(4)))
    with open_documents(tmp_path / "home" / "registry" / "voices.json") as documents:
        voices = Voices(documents, Architectures())
        assert all(voices.has(f"tailor:voice-{number}") for number in range(4))


async def test_a_job_that_waited_behind_a_fitting_goes_on_when_it_is_done(tmp_path: Path) -> None:
    async with _shop(tmp_path, places=1) as (lab, facts):
        making = asyncio.create_task(lab.fitting.make(_order(facts), facts))
        await lab.until(lambda: any(worker["busy"] for worker in lab.workers("tailor")))
        job = await lab.submit(say())
        await making
        assert (await lab.ended(job, 10)).state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("seconds", "error"), [(0.3, InvalidRequest), (3.0, WorkerFailed)], ids=["too little speech", "a worker that dies"]
)
async def test_a_fitting_that_fails_leaves_nothing(seconds: float, error: type[Exception], tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, _):
        facts = lab.store.clip("ann", await lab.clip(tone(seconds, sample_rate=16_000)))
        with pytest.raises(error):
            await lab.fitting.make(_order(facts), facts)
        assert not lab.voices.has("tailor:ann")
        assert not lab.home.voice_folder("tailor:ann").exists()
        assert lab.left_over() == []


async def test_a_disk_that_refuses_leaves_no_half_a_voice(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, facts):
        (lab.home.voices / "tailor").touch()            # a file where the folder should be
        with pytest.raises(StorageFailed):
            await lab.fitting.make(_order(facts), facts)
        assert not lab.voices.has("tailor:ann")
        assert lab.left_over() == []


async def test_all_that_stands_in_the_way_is_told_at_once(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, _):
        silent = ClipFacts("0" * 64, "WAV", "PCM_16", 16_000, 1, 160, 0.0, 0.0, True)
        problems = lab.fitting.problems(VoiceOrder("tailor", "../ann", "0" * 64), silent)
        assert [problem.field for problem in problems] == ["name", "reference", "reference"]
        (problem,) = lab.fitting.problems(VoiceOrder("parrot", "ann", "0" * 64), lab.store.clip("ann", await lab.clip(tone())))
        assert "tailor" in problem.fix.label


async def test_a_removed_voice_takes_its_files_with_it_and_its_name_is_free(tmp_path: Path) -> None:
    async with _shop(tmp_path) as (lab, facts):
        await lab.fitting.make(_order(facts), facts)
        await lab.shelf.remove("tailor:ann", "ann")
        assert not lab.home.voice_folder("tailor:ann").exists()
        assert json.loads((lab.home.registry / "voices.json").read_text())["tables"]["voices"] == {}
        await lab.fitting.make(_order(facts), facts)
