"""Pitch trackers without networks: a gliding voice is followed, silence and noise are not."""

from __future__ import annotations

from types import ModuleType

import numpy
import pytest

from hay_say_shared import autocorrelation, harvest

RATE = 16_000
TRACKERS = pytest.mark.parametrize("tracker", [autocorrelation, harvest], ids=["autocorrelation", "harvest"])


def gliding(seconds: float, centre_hz: float) -> tuple[numpy.ndarray, numpy.ndarray]:
    """A voice that glides over an octave: samples, and f0 every 10 ms."""
    moments = numpy.arange(round(seconds * RATE)) / RATE
    f0_hz = centre_hz * 2.0 ** (0.5 * numpy.sin(2 * numpy.pi * moments))
    phase = 2 * numpy.pi * numpy.cumsum(f0_hz) / RATE
    voice = 0.2 * sum(numpy.sin(harmonic * phase) / harmonic for harmonic in range(1, 8))
    return numpy.asarray(voice, dtype=numpy.float32), f0_hz[::160]


@TRACKERS
@pytest.mark.parametrize("centre_hz", [80.0, 220.0, 600.0])
def test_a_gliding_voice_is_followed_to_a_few_cents(tracker: ModuleType, centre_hz: float) -> None:
    sound, wanted = gliding(1.2, centre_hz)
    f0_hz = tracker.pitch(sound)
    assert len(f0_hz) == len(sound) // 160 + 1
    inside = slice(5, len(wanted) - 5)
    assert (f0_hz[inside] > 0).mean() > 0.97
    heard = f0_hz[inside] > 0
    cents = numpy.abs(1200 * numpy.log2(f0_hz[inside][heard] / wanted[inside][heard]))
    assert numpy.median(cents) < 3
    assert numpy.quantile(cents, 0.95) < 40


@TRACKERS
def test_silence_has_no_pitch(tracker: ModuleType) -> None:
    assert not tracker.pitch(numpy.zeros(4000, numpy.float32)).any()


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 1000])
def test_a_sound_shorter_than_a_window_has_its_frames_all_the_same(samples: int) -> None:
    sound = numpy.full(samples, 0.1, numpy.float32)
    assert len(autocorrelation.pitch(sound)) == samples // 160 + 1


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, _ = gliding(0.8, 220.0)
    whole = autocorrelation.pitch(sound)
    monkeypatch.setattr(autocorrelation, "_BLOCK", 7)
    numpy.testing.assert_allclose(autocorrelation.pitch(sound), whole, rtol=1e-9)


@TRACKERS
def test_whoever_waits_is_told_and_may_stop_it(tracker: ModuleType) -> None:
    class Enough(Exception):
        pass

    def stop(share: float) -> None:
        assert 0 < share <= 1
        raise Enough

    with pytest.raises(Enough):
        tracker.pitch(gliding(0.5, 200.0)[0], tell=stop)
