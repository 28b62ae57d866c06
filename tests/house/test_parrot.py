"""The tests' own architecture keeps the contract of hay_say_lab/plugin.py; engine tests rest on what is shown here."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import pytest

from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import Clip, InvalidRequest, RequestText
from hay_say_parrot.manifest import MANIFEST, SAMPLE_RATE
from hay_say_parrot.runtime import Parrot
from tests.house.source import REPOSITORY, core

VOICE = "parrot:polly"


@dataclass
class Recorded:
    """A context in memory: what was kept, and when each checkpoint came."""

    seed: int = 7
    out: Path = Path()
    inputs: Mapping[str, Path] = field(default_factory=dict)
    pieces: dict[int, dict[str, numpy.ndarray]] = field(default_factory=dict)
    checkpoints: list[float] = field(default_factory=list)

    def samples(self, count: int) -> numpy.ndarray:
        return numpy.zeros(count, dtype=numpy.float32)

    def checkpoint(self, fraction: float, message: str = "") -> None:
        self.checkpoints.append(time.process_time())

    def kept(self, piece: int) -> dict[str, numpy.ndarray] | None:
        return self.pieces.get(piece)

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        self.pieces[piece] = dict(arrays)


def _settings(task: str, **given: Any) -> dict[str, Any]:
    offer = MANIFEST.offer(task)
    assert offer is not None
    return with_defaults(offer.controls, given)


def _speak(context: Recorded, body: str = "Polly wants a cracker", **given: Any) -> numpy.ndarray:
    clip = Parrot().speak(VOICE, RequestText(body), _settings("speak", **given), context).clip
    assert clip is not None
    assert clip.sample_rate == SAMPLE_RATE
    return clip.samples


def test_one_seed_gives_one_sound() -> None:
    assert numpy.array_equal(_speak(Recorded(seed=1)), _speak(Recorded(seed=1)))
    assert not numpy.array_equal(_speak(Recorded(seed=1)), _speak(Recorded(seed=2)))


def test_every_word_is_beeped_as_often_as_asked_and_timed() -> None:
    result = Parrot().speak(VOICE, RequestText("one two"), _settings("speak", beeps=3), Recorded())
    assert result.clip is not None
    assert result.clip.seconds == pytest.approx(2 * 3 * 0.1)
    words = result.documents["timings"]["words"]
    assert [(word["text"], word["first"]) for word in words] == [("one", 0), ("two", 4)]
    assert words[0]["end"] == words[1]["start"]
    assert words[1]["end"] == len(result.clip.samples)


def test_a_retry_goes_on_behind_the_kept_pieces() -> None:
    first = Recorded()
    samples = _speak(first)
    retried = Recorded(pieces={0: first.pieces[0], 1: first.pieces[1]})
    assert numpy.array_equal(_speak(retried), samples)
    assert len(retried.checkpoints) == len(first.checkpoints) - 2


def test_converting_with_defaults_gives_the_very_samples_back() -> None:
    clip = Clip(numpy.linspace(-1, 1, 1001, dtype=numpy.float32), 44100)
    same = Parrot().convert(VOICE, clip, _settings("convert"), Recorded()).clip
    backwards = Parrot().convert(VOICE, clip, _settings("convert", reverse=True, gain_db=-20), Recorded()).clip
    assert same is not None
    assert backwards is not None
    assert numpy.array_equal(same.samples, clip.samples)
    assert same.samples.dtype == numpy.float32
    assert numpy.allclose(backwards.samples, clip.samples[::-1] * 0.1)


def test_work_takes_its_time_and_can_be_stopped_within_a_second() -> None:
    context = Recorded()
    start = time.monotonic()
    _speak(context, "one", seconds_of_work=0.5)
    assert time.monotonic() - start >= 0.5
    assert max(numpy.diff(context.checkpoints)) < 1


def test_a_tune_of_wrong_notes_is_a_problem_a_person_can_mend() -> None:
    with pytest.raises(InvalidRequest) as caught:
        _speak(Recorded(), tune="xyz")
    assert caught.value.problems[0].field == "tune"


def test_it_raises_where_it_is_told_to() -> None:
    with pytest.raises(RuntimeError):
        _speak(Recorded(), crash="raise")


def test_it_ends_its_process_once_or_always() -> None:
    code = (
        "from tests.house.test_parrot import Recorded, _speak\n"
        "pieces = {9999: {}} if %r == 'again' else {}\n"
        "_speak(Recorded(pieces=pieces), crash=%r)\n"
    )
    ends = {}
    for attempt, crash in (("first", "exit"), ("again", "exit"), ("first", "exit_once"), ("again", "exit_once")):
        child = subprocess.run([sys.executable, "-c", code % (attempt, crash)], cwd=REPOSITORY, check=False)
        ends[attempt, crash] = child.returncode
    assert ends == {
        ("first", "exit"): 3, ("again", "exit"): 3, ("first", "exit_once"): 3, ("again", "exit_once"): 0
    }  # fmt: skip


def test_the_core_was_not_touched_for_it() -> None:
    assert not [module.place for module in core() if "parrot" in module.text.lower()]
