"""Cutting and joining long recordings: nothing is lost, nothing is added, and the cuts lie where it is quiet."""

from __future__ import annotations

import itertools

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.audio.splitting import Joiner, Piece, energy_of, pieces

RATE = 8000


def cut(samples: numpy.ndarray, longest_seconds: float, overlap_seconds: float = 0.1) -> list[Piece]:
    return pieces(energy_of(iter([samples]), RATE), len(samples), RATE, longest_seconds, overlap_seconds)


def joined(samples: numpy.ndarray, found: list[Piece], rate_out: int = RATE) -> numpy.ndarray:
    parts: list[numpy.ndarray] = []
    joiner = Joiner(RATE, rate_out, lambda block: parts.append(block.copy()))
    for piece, following in zip(found, [*found[1:], None], strict=True):
        samples_of = samples[piece.first : piece.past]
        length = round(len(samples_of) * rate_out / RATE)
        converted = numpy.interp(numpy.arange(length) * RATE / rate_out, numpy.arange(len(samples_of)), samples_of)
        joiner.add(piece, converted.astype(numpy.float32), last=following is None)
        if following is not None:
            joiner.keep(following)
    return numpy.concatenate(parts)


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 120_000),
    longest=st.floats(0.5, 6.0),
    overlap=st.floats(0.0, 0.12),
    seed=st.integers(0, 99),
)
def test_split_and_join_give_back_every_sample(frames: int, longest: float, overlap: float, seed: int) -> None:
    samples = numpy.random.default_rng(seed).standard_normal(frames).astype(numpy.float32)

    found = cut(samples, longest, overlap)

    assert found[0].first == 0
    assert found[-1].past == frames
    assert all(0 < piece.past - piece.first <= longest * RATE for piece in found)
    assert all(a.first < b.first and b.first + b.lead == a.past <= b.past for a, b in itertools.pairwise(found))
    back = joined(samples, found)
    assert len(back) == frames
    assert numpy.abs(back - samples).max() <= 1e-6


@pytest.mark.parametrize("rate_out", [16000, 22050, 44100, 4000])
@pytest.mark.parametrize("frames", [40_001, 79_999])
def test_a_step_that_changes_the_rate_keeps_the_length_to_the_sample(rate_out: int, frames: int) -> None:
    samples = numpy.sin(numpy.arange(frames) * 0.05).astype(numpy.float32)
    back = joined(samples, cut(samples, 2.0), rate_out)
    assert len(back) == round(frames * rate_out / RATE)


def test_cuts_lie_in_the_pauses() -> None:
    """Given a tone of 1.7 s with pauses of 0.3 s, when it is cut to 3 s, then every join is inside a pause."""
    seconds = numpy.arange(20 * RATE) / RATE
    sounding = (seconds % 2.0) < 1.7
    samples = (numpy.sin(seconds * 1400) * sounding).astype(numpy.float32)

    found = cut(samples, 3.0)

    assert len(found) > 5
    for piece in found[1:]:
        assert not sounding[piece.first : piece.first + piece.lead].any()


def test_without_any_pause_it_is_cut_all_the_same() -> None:
    assert len(cut(numpy.ones(10 * RATE, numpy.float32), 2.0)) >= 5


def test_energy_is_the_same_however_the_blocks_fall() -> None:
    samples = numpy.random.default_rng(0).standard_normal(10_007).astype(numpy.float32)
    whole = energy_of(iter([samples]), RATE)
    for width in (1, 79, 80, 4096):
        blocks = (samples[at : at + width] for at in range(0, len(samples), width))
        assert numpy.allclose(energy_of(blocks, RATE), whole)


def test_pieces_that_cannot_hold_their_overlaps_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        cut(numpy.zeros(RATE, numpy.float32), 0.2, 0.1)
