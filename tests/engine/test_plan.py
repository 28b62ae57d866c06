"""A request as stages: what is done, by whom, reading what."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import Stage
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.casting import Casting
from hay_say_lab.engine.plan import plan
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.voices import Voices
from tests.engine.plugins import install

READER = """
MANIFEST = manifest("reader", (
    Offer(task="speak", text=PLAIN, needs=("phonemes",), gives_rate=16000),
    Offer(task="convert", audio=ANY, needs=("phonemes",)),
))
"""
PHONES = """
MANIFEST = manifest("phones", (Offer(task="phonemes", text=PLAIN, default_voice="one"),), resident_mb=1)
"""
NARROW = """
MANIFEST = manifest("narrow", (
    Offer(task="convert", gives_rate=24000, audio=AudioContract(
        lowest_rate=16000, highest_rate=32000, shortest_seconds=0.0, longest_seconds=60.0)),
))
"""
SPEAK = Step("speak", "parrot:polly", {"beeps": 2})
CONVERT = Step("convert", "parrot:polly")
TEXT = RequestText("Hello there.")


@pytest.fixture
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Voices:
    for name, code in (("reader", READER), ("phones", PHONES), ("narrow", NARROW)):
        install(tmp_path / "site", name, code, monkeypatch)
    architectures = Architectures()
    assert {"reader", "phones", "narrow"} <= set(architectures.manifests), architectures.broken
    return Voices(open_documents(tmp_path / "voices.json"), architectures)


@pytest.fixture
def casting(voices: Voices) -> Casting:
    return Casting(Architectures(), voices)


def _facts(sample_rate: int) -> ClipFacts:
    return ClipFacts("c" * 64, "WAV", "PCM_16", sample_rate, 2, 44_100, 0.5, 0.1, True)


def _told(stages: tuple[Stage, ...]) -> list[tuple[str, str, dict[str, str]]]:
    """Each stage as (task, worker, inputs), once the numbers were found in order."""
    assert [stage.index for stage in stages] == list(range(len(stages)))
    return [(stage.task, stage.worker, dict(stage.inputs)) for stage in stages]


def test_a_text_is_spoken_and_finished(casting: Casting) -> None:
    stages = plan(Request((SPEAK,), text=TEXT), casting, None)
    assert _told(stages) == [("speak", "parrot", {}), ("finish", "audio", {"clip": "0.clip"})]


def test_a_chain_hands_each_clip_to_the_next_step(casting: Casting) -> None:
    stages = plan(Request((SPEAK, CONVERT, CONVERT), text=TEXT), casting, None)
    assert _told(stages) == [
        ("speak", "parrot", {}),
        ("convert", "parrot", {"clip": "0.clip"}),
        ("convert", "parrot", {"clip": "1.clip"}),
        ("finish", "audio", {"clip": "2.clip"}),
    ]


def test_an_upload_is_decoded_first(casting: Casting) -> None:
    stages = plan(Request((CONVERT,), clip="c" * 64), casting, _facts(44_100))
    assert _told(stages) == [
        ("decode", "audio", {"upload": "upload"}),
        ("convert", "parrot", {"clip": "0.clip"}),
        ("finish", "audio", {"clip": "1.clip"}),
    ]


@pytest.mark.parametrize(("rate", "prepared"), [(4000, 8000), (8000, None), (192_000, None), (384_000, 192_000)])
def test_a_clip_is_prepared_only_where_its_rate_does_not_fit(
    rate: int, prepared: int | None, casting: Casting
) -> None:
    stages = plan(Request((CONVERT,), clip="c" * 64), casting, _facts(rate))

    assert [stage.settings for stage in stages if stage.task == "prepare"] == (
        [{"sample_rate": prepared}] if prepared else []
    )
    step = next(stage for stage in stages if stage.task == "convert")
    assert step.inputs == {"clip": "1.clip" if prepared else "0.clip"}


def test_the_rate_that_a_step_gives_is_the_one_that_the_next_is_fitted_to(casting: Casting) -> None:
    narrow = Step("convert", "narrow:one")
    stages = plan(Request((narrow, narrow), clip="c" * 64), casting, _facts(44_100))
    assert [(stage.task, stage.settings.get("sample_rate")) for stage in stages] == [
        ("decode", 44_100), ("prepare", 32_000), ("convert", None), ("convert", None), ("finish", None),
    ]  # fmt: skip


def test_what_a_step_needs_is_made_before_it_by_whoever_does_that_by_default(casting: Casting) -> None:
    reader = Step("speak", "reader:one")

    stages = plan(Request((reader, Step("convert", "reader:one")), text=TEXT), casting, None)

    first = stages[0]
    assert first.task == "phonemes"
    assert first.voice == "phones:one"
    assert first.voice_hash
    assert _told(stages)[1:] == [
        ("speak", "reader", {"phonemes": "0.phonemes"}),
        ("convert", "reader", {"clip": "1.clip", "phonemes": "0.phonemes"}),        # made once, read twice
        ("finish", "audio", {"clip": "2.clip"}),
    ]


def test_a_step_carries_its_voice_the_voices_hash_and_complete_settings(
    casting: Casting, voices: Voices
) -> None:
    step = plan(Request((SPEAK,), text=TEXT), casting, None)[0]
    assert step.voice == "parrot:polly"
    assert step.voice_hash == voices.get("parrot:polly").hash
    assert step.settings == {"beeps": 2, "tune": "ceg", "seconds_of_work": 0.0, "crash": "no"}
