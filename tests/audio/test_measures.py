"""Measures against known signals: each has the value that its definition gives."""

from __future__ import annotations

import base64
import math

import numpy
import pytest

from hay_say_lab.audio.f0 import Contour
from hay_say_lab.audio.measures import contour_document, measures_of, tracker
from hay_say_lab.audio.pairs import measures_between
from hay_say_lab.audio.progress import unwatched
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.measure import MEASURES
from hay_say_lab.errors import InvalidRequest, TooLarge
from tests.audio.prepare.speech import SAMPLE_RATE, speech

HARVEST = tracker("harvest")


def sine(seconds: float, peak: float = 1.0, hertz: float = 1000.0, sample_rate: int = 48_000) -> Clip:
    moments = numpy.arange(round(seconds * sample_rate)) / sample_rate
    return Clip((peak * numpy.sin(2 * numpy.pi * hertz * moments)).astype(numpy.float32), sample_rate)


def joined(*clips: Clip) -> Clip:
    return Clip(numpy.concatenate([clip.samples for clip in clips]), clips[0].sample_rate)


def taken(clip: Clip, *names: str) -> dict[str, float]:
    return measures_of(clip, names, HARVEST, unwatched)


def between(clip: Clip, reference: Clip, *names: str, align: bool = False) -> dict[str, object]:
    return measures_between(clip, reference, names, HARVEST, align, unwatched)


def test_every_measure_of_the_table_can_be_taken() -> None:
    said = Clip(speech(3.5, 120.0).samples, SAMPLE_RATE)
    alone = [measure.name for measure in MEASURES.values() if measure.of == "clip"]
    paired = [measure.name for measure in MEASURES.values() if measure.of == "pair"]
    for name, value in {**taken(said, *alone), **between(said, said, *paired)}.items():
        assert isinstance(value, dict if MEASURES[name].gives == "document" else float), name


def test_a_tone_at_full_scale_is_as_loud_in_every_window_as_the_standard_says() -> None:
    """A mono sine of 1 kHz at 0 dBFS has -3.01 LUFS (BS.1770-4)."""
    values = taken(sine(4.0), "lufs", "momentary_max_lufs", "short_term_max_lufs")
    assert values == pytest.approx(dict.fromkeys(values, -3.01), abs=0.02)


def test_a_loud_moment_moves_the_windows_that_hold_it_by_its_share() -> None:
    """0.4 s at -20 dBFS among -40 dBFS: all of a momentary window; 0.4 of the 3 s of a short-term one."""
    quiet, loud = sine(5.0, 0.01), sine(0.4, 0.1)
    values = taken(joined(quiet, loud, quiet), "momentary_max_lufs", "short_term_max_lufs")
    assert values["momentary_max_lufs"] == pytest.approx(-23.01, abs=0.05)
    share = 0.4 / 3.0 * 1e-2 + 2.6 / 3.0 * 1e-4
    assert values["short_term_max_lufs"] == pytest.approx(10 * math.log10(share) - 3.01, abs=0.05)


def test_a_clip_shorter_than_a_window_has_no_loudest_window() -> None:
    assert taken(sine(2.9), "short_term_max_lufs") == {"short_term_max_lufs": None}
    assert taken(sine(0.3), "momentary_max_lufs") == {"momentary_max_lufs": None}


def test_silence_has_none_of_it() -> None:
    silent = Clip(numpy.zeros(5 * 8000, numpy.float32), 8000)
    values = taken(silent, "lufs", "momentary_max_lufs", "short_term_max_lufs", "true_peak_dbtp", "snr_db")
    assert set(values.values()) == {None}


def test_a_contour_travels_whole_and_its_range_is_of_trusted_frames() -> None:
    hz = numpy.array([0.0, 100.0, 200.0, 400.0])
    document = contour_document(Contour("harvest", hz, numpy.array([0.0, 0.9, 0.8, 0.2], numpy.float32)))
    assert numpy.frombuffer(base64.b64decode(document["hz"]), "<f4").tolist() == hz.tolist()
    assert document["frames"] == 4
    assert document["median_hz"] == 150.0
    assert document["voiced_share"] == 0.5


@pytest.mark.parametrize("align", [False, True], ids=["as they lie", "aligned"])
def test_a_clip_against_itself_differs_in_nothing(align: bool) -> None:
    said = Clip(speech(2.0, 120.0).samples, SAMPLE_RATE)
    values = between(said, said, *(name for name, measure in MEASURES.items() if measure.of == "pair"), align=align)
    error = values.pop("f0_error")
    assert set(values.values()) == {0.0}
    assert error["rms_cents"] == error["voicing_error_share"] == error["gross_share"] == 0.0  # type: ignore[index]


def test_a_voice_a_semitone_higher_is_off_by_a_hundred_cents() -> None:
    low, high = (Clip(speech(2.0, hertz).samples, SAMPLE_RATE) for hertz in (120.0, 120.0 * 2 ** (1 / 12)))
    error = between(high, low, "f0_error")["f0_error"]
    assert error["median_cents"] == pytest.approx(100.0, abs=3.0)  # type: ignore[index]
    assert error["rms_cents"] >= abs(error["median_cents"]) - 3.0  # type: ignore[index]


def test_a_pause_in_front_is_forgiven_where_the_two_are_aligned() -> None:
    said = speech(2.0, 120.0).samples
    late = Clip(numpy.concatenate([numpy.zeros(round(0.3 * SAMPLE_RATE), numpy.float32), said]), SAMPLE_RATE)
    names = ("mel_cepstral_distance_db", "spectral_difference_db")
    apart = between(late, Clip(said, SAMPLE_RATE), *names)
    aligned = between(late, Clip(said, SAMPLE_RATE), *names, align=True)
    for name in names:
        assert aligned[name] < 0.3 * apart[name], name  # type: ignore[operator]


def test_half_the_amplitude_is_six_loudness_units_less() -> None:
    difference = between(sine(2.0, 0.5), sine(2.0, 1.0), "level_difference_lu")["level_difference_lu"]
    assert difference == pytest.approx(-20 * math.log10(2), abs=0.01)


def test_a_level_against_silence_is_no_number_and_a_timbre_against_it_is_refused() -> None:
    silent = Clip(numpy.zeros(96_000, numpy.float32), 48_000)
    assert between(sine(2.0), silent, "level_difference_lu") == {"level_difference_lu": None}
    with pytest.raises(InvalidRequest) as refused:
        between(sine(2.0), silent, "mel_cepstral_distance_db")
    assert refused.value.problems[0].field == "against"


@pytest.mark.parametrize("sample", [math.nan, math.inf])
def test_samples_that_are_no_numbers_are_refused(sample: float) -> None:
    broken = Clip(numpy.full(8000, sample, numpy.float32), 8000)
    with pytest.raises(InvalidRequest):
        taken(broken, "lufs")
    with pytest.raises(InvalidRequest) as refused:
        between(sine(1.0), broken, "level_difference_lu")
    assert refused.value.problems[0].field == "against"


def test_what_would_take_too_much_is_refused_with_the_way_out() -> None:
    hours = Clip(numpy.broadcast_to(numpy.float32(0.1), (3601 * 100,)), 100)
    with pytest.raises(TooLarge):
        taken(hours, "f0")
    minutes = Clip(numpy.full(61 * 1000, 0.1, numpy.float32), 1000)
    with pytest.raises(TooLarge) as refused:
        between(minutes, minutes, "level_difference_lu", align=True)
    assert refused.value.problems[0].fix.patch
