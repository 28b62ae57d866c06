"""The picture of a clip, held against the slowest way to draw it."""

from __future__ import annotations

import base64
import itertools
import json
import math
from typing import Any

import numpy
import pytest

from hay_say_lab.audio.picture import BANDS, LOW_HZ, PEAK_COLUMNS, SPECTROGRAM_COLUMNS, hz_to_mel, mel_to_hz, picture_of
from hay_say_lab.domain.clip import Clip
from tests.audio.sounds import tone


def _unpacked(text: str, kind: str) -> numpy.ndarray:
    return numpy.frombuffer(base64.b64decode(text), kind)


def _cells(picture: dict[str, Any]) -> numpy.ndarray:
    """(columns, bands) of 0..255."""
    spectrogram = picture["spectrogram"]
    return _unpacked(spectrogram["data"], "u1").reshape(spectrogram["columns"], spectrogram["bands"])


def _slow_peaks(samples: numpy.ndarray) -> tuple[list[int], list[int]]:
    columns = min(PEAK_COLUMNS, len(samples))
    edges = [int(column * (len(samples) / columns)) for column in range(columns)] + [len(samples)]
    low, high = [], []
    for first, past in itertools.pairwise(edges):
        scaled = [min(1.0, max(-1.0, float(sample))) * 127 for sample in samples[first:past]]
        low.append(math.floor(min(scaled)))
        high.append(math.ceil(max(scaled)))
    return low, high


def _slow_cells(samples: numpy.ndarray, sample_rate: int) -> numpy.ndarray:
    """The definition, cell by cell: a windowed DFT by its sum, triangles on the mel scale, decibels below the loudest."""
    width = 2 ** max(6, round(math.log2(0.032 * sample_rate)))
    columns = min(SPECTROGRAM_COLUMNS, max(1, len(samples) // (width // 4)))
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * n / (width - 1)) for n in range(width)]
    turns = numpy.exp(-2j * numpy.pi * numpy.outer(numpy.arange(width // 2 + 1), numpy.arange(width)) / width)
    mel = [2595 * math.log10(1 + hz / 700) for hz in (LOW_HZ, sample_rate / 2)]
    edges = [700 * (10 ** ((mel[0] + (mel[1] - mel[0]) * n / (BANDS + 1)) / 2595) - 1) for n in range(BANDS + 2)]
    hertz = [bin_ * sample_rate / width for bin_ in range(width // 2 + 1)]
    power = numpy.zeros((columns, BANDS))
    for column in range(columns):
        centre = int(column * (len(samples) / columns))
        window = [
            hann[n] * (float(samples[at]) if 0 <= (at := centre - width // 2 + n) < len(samples) else 0.0)
            for n in range(width)
        ]
        spectrum = numpy.abs(turns @ numpy.array(window)) ** 2
        for band in range(BANDS):
            low, top, high = edges[band : band + 3]
            weights = [max(0.0, min((f - low) / (top - low), (high - f) / (high - top))) for f in hertz]
            if sum(weights) <= 0:
                weights[min(range(len(hertz)), key=lambda b: abs(hertz[b] - top))] = 1.0
            power[column, band] = sum(w * p for w, p in zip(weights, spectrum, strict=True)) / sum(weights)
    decibels = 10 * numpy.log10(power + 1e-12)
    return numpy.round((1 + numpy.clip(decibels - decibels.max(), -80, 0) / 80) * 255)


@pytest.mark.parametrize("count", [1, 2, 5, 1199, 1200, 1201, 5003, 44_100])
def test_the_peaks_are_those_found_one_sample_at_a_time(count: int) -> None:
    samples = numpy.random.default_rng(count).uniform(-1.2, 1.2, count).astype(numpy.float32)

    peaks = picture_of(Clip(samples, 44_100))["peaks"]

    low, high = _slow_peaks(samples)
    assert peaks["columns"] == len(low)
    assert _unpacked(peaks["low"], "i1").tolist() == low
    assert _unpacked(peaks["high"], "i1").tolist() == high


@pytest.mark.parametrize(("count", "sample_rate"), [(300, 8000), (2001, 8000), (6000, 16_000), (1500, 44_100)])
def test_the_spectrogram_is_the_one_computed_cell_by_cell(count: int, sample_rate: int) -> None:
    rng = numpy.random.default_rng(count)
    sweep = numpy.sin(numpy.cumsum(numpy.linspace(0.01, 1.5, count))) * numpy.linspace(0.1, 1, count)
    samples = (sweep + 0.01 * rng.standard_normal(count)).astype(numpy.float32)

    cells = _cells(picture_of(Clip(samples, sample_rate)))

    slow = _slow_cells(samples, sample_rate)
    assert cells.shape == slow.shape
    assert numpy.abs(cells - slow).max() <= 1


@pytest.mark.parametrize("hertz", [200.0, 440.0, 1000.0, 3000.0, 7000.0])
def test_a_tone_is_brightest_at_its_own_height(hertz: float) -> None:
    clip = Clip(numpy.sin(2 * numpy.pi * hertz * numpy.arange(22_050) / 22_050).astype(numpy.float32), 22_050)

    brightest = _cells(picture_of(clip)).sum(axis=0).argmax()

    centres = mel_to_hz(numpy.linspace(hz_to_mel(LOW_HZ), hz_to_mel(11_025), BANDS + 2))[1:-1]
    assert abs(int(numpy.abs(centres - hertz).argmin()) - int(brightest)) <= 1


def test_a_picture_says_what_it_is_of() -> None:
    picture = picture_of(Clip(tone(2.0), 44_100))

    assert (picture["frames"], picture["sample_rate"], picture["seconds"]) == (88_200, 44_100, 2.0)
    assert picture["peak"] == pytest.approx(float(numpy.abs(tone(2.0)).max()))
    assert picture["spectrogram"]["low_hz"] < picture["spectrogram"]["high_hz"] == 22_050
    assert json.loads(json.dumps(picture, allow_nan=False)) == picture


def test_silence_is_dark() -> None:
    assert not _cells(picture_of(Clip(numpy.zeros(44_100, numpy.float32), 44_100))).any()


@pytest.mark.parametrize("count", [1, 2, 64, 511])
def test_the_shortest_sounds_have_a_picture_too(count: int) -> None:
    picture = picture_of(Clip(numpy.full(count, 0.25, numpy.float32), 44_100))
    assert picture["spectrogram"]["columns"] == len(_cells(picture)) == 1
    assert picture["peaks"]["columns"] == count if count < PEAK_COLUMNS else PEAK_COLUMNS


def test_an_hour_has_a_picture_of_the_same_size_as_a_minute() -> None:
    minute = picture_of(Clip(numpy.zeros(60 * 8000, numpy.float32), 8000))
    hour = picture_of(Clip(numpy.zeros(3600 * 8000, numpy.float32), 8000))
    assert len(json.dumps(hour)) <= len(json.dumps(minute)) + 8
    assert len(json.dumps(hour)) < 100_000
