"""What is known of every frame lies in files, and an hour's statistics are those of ten minutes' frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from hay_say_lab.audio.inspection import LONGEST_UPLOAD_SECONDS
from hay_say_world.classes import classify, presence, voiced_share
from hay_say_world.frames import MOST_COUNTED_FRAMES, thinned
from hay_say_world.journal import Journal
from hay_say_world.manifest import MANIFEST


def test_whatever_may_be_sent_is_taken() -> None:
    (offer,) = MANIFEST.offers
    assert offer.audio is not None
    assert offer.audio.longest_seconds >= LONGEST_UPLOAD_SECONDS


def contours(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Loudness and f0 (T,) of somebody who speaks and pauses."""
    seconds_in = np.arange(frames) / 200
    loudness = (30.0 * np.sin(2.0 * seconds_in) + 5.0 * np.sin(37.0 * seconds_in)).astype(np.float32)
    f0 = np.where(np.sin(5.0 * seconds_in) > 0, 120.0, 0.0).astype(np.float32)
    return loudness, f0


@pytest.mark.parametrize(("shape", "dtype"), [(7, np.float64), ((5, 3), np.float32), (5, np.bool_), ((0, 4), np.float32)])
def test_a_room_is_writable_zeros_of_any_kind(shape: Any, dtype: Any, stage: Callable[..., Any]) -> None:
    room = Journal(stage(), 1.0).room(shape, dtype)
    assert room.dtype == dtype
    assert room.shape == (shape if isinstance(shape, tuple) else (shape,))
    assert not room.any()
    room[...] = 1
    assert room.all()


def test_shares_by_blocks_are_those_of_the_whole() -> None:
    loudness, f0 = contours(23_456)
    whole = np.clip(gaussian_filter1d((f0 > 0).astype(np.float64), 2.0, mode="nearest"), 0.0, 1.0)
    np.testing.assert_allclose(voiced_share(f0), whole, atol=1e-6)
    levels = loudness.astype(np.float64)
    low, high = np.percentile(levels, [5, 95])
    rising = np.clip(((levels - low) / (high - low) - 0.12) / 0.15, 0.0, 1.0)
    np.testing.assert_allclose(presence(loudness), gaussian_filter1d(rising, 2.0, mode="nearest"), atol=1e-6)


def test_ten_minutes_are_counted_whole_and_an_hour_by_every_sixth_frame() -> None:
    short, long = np.zeros(MOST_COUNTED_FRAMES), np.arange(6 * MOST_COUNTED_FRAMES)
    assert len(thinned(short)) == len(short)
    assert np.array_equal(thinned(long), long[::6])
    assert len(thinned(np.zeros(0))) == 0


def test_the_classes_of_an_hour_are_those_that_all_of_its_frames_would_give() -> None:
    loudness, f0 = contours(3 * MOST_COUNTED_FRAMES)
    low, high = np.percentile(loudness.astype(np.float64), [3, 95])
    active = loudness > low + 0.15 * (high - low)
    classes = classify(loudness, f0)
    assert (classes.voiced != (active & (f0 > 0))).mean() < 1e-3
    assert (classes.unvoiced != (active & (f0 <= 0))).mean() < 1e-3
