"""What a player tells of a take when its browser asks: measured facts and its pitch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
import pytest

from hay_say_lab.client.measures import PitchContour
from hay_say_lab.errors import Unavailable
from hay_say_lab.widgets.facts import MOST_POINTS, pitch_of
from tests.widgets.sample_take import SampleTake
from tests.widgets.test_player import HeardPlayer

TAKE = SampleTake("Hello there.")


@dataclass(frozen=True)
class MuteTake(SampleTake):
    """Nobody can measure it."""

    def report(self) -> dict[str, Any]:
        raise Unavailable("It cannot be measured now.", fix="Try again.")


def contour(frames: int) -> PitchContour:
    hz = numpy.full(frames, 200.0, numpy.float32)
    confidence = numpy.ones(frames, numpy.float32)
    confidence[0] = 0.4
    return PitchContour("dio", numpy.arange(frames) / 200.0, hz, confidence, 1.0, 200.0, 200.0, 200.0)


def test_the_reports_come_under_the_questions_own_id() -> None:
    player = HeardPlayer(TAKE)
    player.hear({"kind": "reports", "id": 7})
    answer, buffers = player.answer()
    assert (answer["kind"], answer["id"], buffers) == ("reports", 7, [])
    assert answer["document"] == {"take": TAKE.report(), "source": None}


def test_the_pitch_is_small_however_long_the_take_is() -> None:
    @dataclass(frozen=True)
    class Long(SampleTake):
        def f0(self) -> PitchContour:
            return contour(200 * 3600)

    document = pitch_of(Long("Long."))
    assert len(document["hz"]) <= MOST_POINTS
    assert len(document["hz"]) / document["points_per_second"] == pytest.approx(3600, rel=0.01)


def test_what_is_not_trusted_is_not_drawn() -> None:
    @dataclass(frozen=True)
    class Short(SampleTake):
        def f0(self) -> PitchContour:
            return contour(3)

    assert pitch_of(Short("Short."))["hz"] == [0.0, 200.0, 200.0]


def test_what_cannot_be_measured_says_why_and_the_sound_goes_on() -> None:
    player = HeardPlayer(MuteTake("Hush."))
    player.hear({"kind": "reports", "id": 1})
    answer, _ = player.answer()
    assert answer == {"kind": "error", "id": 1, "message": "It cannot be measured now.", "fix": "Try again."}
    player.hear({"kind": "chunk", "id": 2, "format": "wav", "from": 0})
    assert player.answer()[0]["kind"] == "chunk"


@pytest.mark.parametrize("message", [{"kind": "pitch"}, {"kind": "pitch", "id": True}, {"kind": "reports", "id": "7"}])
def test_a_question_without_a_number_is_refused(message: dict[str, Any]) -> None:
    player = HeardPlayer(TAKE)
    player.hear(message)
    assert player.answer()[0]["kind"] == "error"
