"""Out of silence, and back into it."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.audio.fades import fade

RATE = 1000


def test_a_fade_begins_and_ends_in_silence_and_touches_nothing_between() -> None:
    faded = fade(numpy.ones(RATE, numpy.float32), RATE, 0.1, 0.2)
    assert faded[0] == faded[-1] == 0.0
    assert faded[50] == pytest.approx(0.5)
    assert faded[-101] == pytest.approx(0.5)
    assert (numpy.diff(faded[:100]) > 0).all()
    assert (numpy.diff(faded[-200:]) < 0).all()
    assert (faded[100:-200] == 1.0).all()


def test_each_side_is_its_own() -> None:
    ones = numpy.ones(RATE, numpy.float32)
    assert (fade(ones, RATE, 0.1, 0.0)[100:] == 1.0).all()
    assert (fade(ones, RATE, 0.0, 0.1)[:-100] == 1.0).all()


def test_no_fade_gives_the_same_array() -> None:
    ones = numpy.ones(RATE, numpy.float32)
    assert fade(ones, RATE, 0.0, 0.0) is ones


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_fade_longer_than_the_clip_takes_the_whole_clip(count: int) -> None:
    ones = numpy.ones(count, numpy.float32)
    faded = fade(ones, RATE, 3.0, 3.0)
    assert len(faded) == count
    assert faded[0] == faded[-1] == 0.0
    assert (ones == 1.0).all(), "the clip itself is not written to"
