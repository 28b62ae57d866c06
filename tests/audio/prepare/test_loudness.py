"""Loudness against the signals and numbers that the standards print, and against its definition written out."""

from __future__ import annotations

import math

import numpy
import pytest

from hay_say_lab.audio.level import hold_peaks, true_peak, true_peak_dbtp
from hay_say_lab.audio.loudness import bring_to_loudness, integrated_lufs, k_weighting
from tests.audio.prepare.speech import noise, speech

MONO = -10 * math.log10(2)          # EBU's signals are stereo; one channel of them has half the power


def sine(dbfs: float, seconds: float, sample_rate: int = 48_000, hertz: float = 1000.0) -> numpy.ndarray:
    """A sine whose peak is at `dbfs`."""
    turns = 2 * numpy.pi * hertz * numpy.arange(round(seconds * sample_rate)) / sample_rate
    return (10 ** (dbfs / 20) * numpy.sin(turns)).astype(numpy.float32)


def written_out(samples: numpy.ndarray, sample_rate: int) -> float:
    """BS.1770-4 as it stands, sample by sample and block by block (one channel)."""
    weighted = samples.astype(float)
    for b0, b1, b2, _, a1, a2 in k_weighting(sample_rate):
        x1 = x2 = y1 = y2 = 0.0
        passed = []
        for x in weighted:
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            passed.append(y)
        weighted = numpy.array(passed)
    block, hop = round(0.4 * sample_rate), round(0.1 * sample_rate)
    powers = [float((weighted[at : at + block] ** 2).mean()) for at in range(0, len(weighted) - block + 1, hop)]
    loud = [power for power in powers if power > 0 and -0.691 + 10 * math.log10(power) > -70]
    gate = -0.691 + 10 * math.log10(sum(loud) / len(loud)) - 10
    gated = [power for power in loud if -0.691 + 10 * math.log10(power) > gate]
    return -0.691 + 10 * math.log10(sum(gated) / len(gated))


def test_the_filters_are_those_that_bs_1770_prints_for_48_khz() -> None:
    shelf, cut = k_weighting(48_000)
    printed_shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    printed_cut = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    assert shelf == pytest.approx(printed_shelf, abs=1e-8)
    assert cut == pytest.approx(printed_cut, abs=1e-8)


@pytest.mark.parametrize(
    ("parts", "lufs"),
    [
        # EBU Tech 3341, tests 1 to 5: (dBFS, seconds) one after another
        ([(-23.0, 20.0)], -23.0),
        ([(-33.0, 20.0)], -33.0),
        ([(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        ([(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
        ([(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ],
)
def test_ebus_signals_have_the_loudness_that_ebu_says(parts: list[tuple[float, float]], lufs: float) -> None:
    samples = numpy.concatenate([sine(dbfs, seconds) for dbfs, seconds in parts])
    assert integrated_lufs(samples, 48_000) == pytest.approx(lufs + MONO, abs=0.1)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 44_100, 96_000, 192_000])
def test_a_sine_is_as_loud_at_every_rate(sample_rate: int) -> None:
    assert integrated_lufs(sine(-23.0, 3.0, sample_rate), sample_rate) == pytest.approx(-23.0 + MONO, abs=0.1)


def test_blocks_and_arrays_give_what_the_definition_gives() -> None:
    said = speech(2.5, sample_rate=8_000)
    assert integrated_lufs(said.samples, 8_000) == pytest.approx(written_out(said.samples, 8_000), abs=1e-6)


def test_a_clip_shorter_than_a_gating_block_has_a_loudness() -> None:
    assert integrated_lufs(sine(-20.0, 0.2), 48_000) == pytest.approx(-20.0 + MONO, abs=0.2)


def test_silence_has_none() -> None:
    assert integrated_lufs(numpy.zeros(48_000, numpy.float32), 48_000) is None
    assert true_peak_dbtp(numpy.zeros(48_000, numpy.float32), 48_000) is None
    assert integrated_lufs(sine(-90.0, 1.0), 48_000) is None


@pytest.mark.parametrize(
    ("share_of_rate", "degrees", "amplitude", "dbtp"),
    [
        # EBU Tech 3341, tests 15 to 19
        (1 / 4, 0.0, 0.5, -6.0),
        (1 / 4, 45.0, 0.5, -6.0),
        (1 / 6, 60.0, 0.5, -6.0),
        (1 / 8, 67.5, 0.5, -6.0),
        (1 / 4, 45.0, 1.41, 3.0),
    ],
)
def test_true_peaks_lie_within_ebus_tolerance(share_of_rate: float, degrees: float, amplitude: float, dbtp: float) -> None:
    count = numpy.arange(48_000)
    wave = amplitude * numpy.sin(2 * numpy.pi * share_of_rate * count + math.radians(degrees))
    wave[:4800] *= numpy.linspace(0, 1, 4800)
    wave[-4800:] *= numpy.linspace(1, 0, 4800)
    measured = true_peak_dbtp(wave.astype(numpy.float32), 48_000)
    assert measured is not None
    assert -0.4 <= measured - dbtp <= 0.2


@pytest.mark.parametrize("target_lufs", [-30.0, -23.0, -16.0])
def test_a_clip_is_brought_within_half_a_lu_of_the_target(target_lufs: float) -> None:
    said = speech(4.0, peak=0.05)
    done = bring_to_loudness(said.samples, said.sample_rate, target_lufs)
    assert integrated_lufs(done.samples, said.sample_rate) == pytest.approx(target_lufs, abs=0.5)
    assert true_peak_dbtp(done.samples, said.sample_rate) <= -1.0 + 1e-3


def test_a_gain_that_no_peak_forbids_is_nothing_but_a_gain() -> None:
    said = speech(3.0)
    done = bring_to_loudness(said.samples, said.sample_rate, -30.0)
    assert done.limited_db == 0.0
    numpy.testing.assert_allclose(done.samples, said.samples * 10 ** (done.gain_db / 20), atol=1e-7)


def test_where_peaks_are_in_the_way_the_clip_stays_quieter_and_says_so() -> None:
    clicks = numpy.zeros(44_100, numpy.float32)
    clicks[::4410] = 0.9
    done = bring_to_loudness(clicks, 44_100, -10.0)
    assert done.lufs is not None
    assert done.lufs < -12.0
    assert done.limited_db == pytest.approx(6.0, abs=0.3)
    assert done.lufs == integrated_lufs(done.samples, 44_100)


def test_silence_is_not_raised() -> None:
    quiet = numpy.zeros(8_000, numpy.float32)
    done = bring_to_loudness(quiet, 8_000, -16.0)
    assert done.lufs is None
    assert not done.samples.any()


def test_peaks_are_held_and_what_is_far_from_them_is_not_touched() -> None:
    samples = noise(48_000, 0.1)
    samples[24_000] = 1.5
    held, gain = hold_peaks(samples, 48_000, 0.9)
    assert true_peak(held, 48_000) <= 0.9 + 1e-6
    assert gain == pytest.approx(0.9 / true_peak(samples, 48_000), rel=0.01)
    away = numpy.abs(numpy.arange(48_000) - 24_000) > 0.011 * 48_000
    numpy.testing.assert_allclose(held[away], samples[away], rtol=0.01)


def test_what_stays_below_the_ceiling_is_not_changed_by_a_bit() -> None:
    samples = noise(20_000, 0.1)
    held, gain = hold_peaks(samples, 48_000, 0.9)
    assert gain == 1.0
    assert held.tobytes() == samples.tobytes()
