"""Silence: which parts of a clip are only its noise floor, and the clip without them.

Sound counts as active by its energy above the noise floor or, where it is weaker, by its voicing. Wherever the two
leave a doubt it stays: cropping must never take a voiced frame.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hay_say_lab.audio.level import SMALLEST_POWER
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.scratch import zeros
from hay_say_lab.audio.voicing import VOICED_FROM, periodicity

if TYPE_CHECKING:
    import numpy

FRAMES_PER_SECOND = 100
PAD_SECONDS = 0.15                  # kept around what is heard: breath, the tail of a consonant, a little room
FADE_SECONDS = 0.01
SHORTEST_PAUSE_SECONDS = 0.1        # no pause is cropped to less
_LOW_CUT_HZ = 60.0                  # DC, rumble and hum are no activity
_HIGHEST_SHARE = 0.4                # of the sample rate
_BLOCK_SECONDS = 5
_FLOOR_FRAMES = 6                   # the floor is heard in the quietest 60 ms, bar two in a hundred
_FLOOR_PERCENT = 2.0
_ACTIVE_DB = 6.0                    # above the floor
_VOICED_DB = 1.5                    # above the floor, with the repetition of a voice
_NEVER_BELOW_DB = -60.0             # relative to the loudest 60 ms: that far down nothing is heard
_ALWAYS_ABOVE_DB = -10.0            # relative to the loudest 60 ms: without pauses there is no floor to be found
_SILENT_DB = -90.0                  # relative to full scale: a clip that is never louder holds nothing


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Frame i covers i..i + 1 hundredths of a second."""

    active: numpy.ndarray           # (T,) bool
    voiced: numpy.ndarray           # (T,) bool: active and periodic
    level_db: numpy.ndarray         # (T,) mean square in dB re full scale, without what lies below 60 Hz
    floor_db: float                 # of the noise; -300 for digital silence

    @property
    def active_share(self) -> float:
        return float(self.active.mean()) if len(self.active) else 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """Samples start (included) to end (excluded) of a clip."""

    start: int
    end: int


def activity_of(samples: numpy.ndarray, sample_rate: int, checkpoint: Checkpoint = unwatched) -> Activity:
    """Where samples (N,) hold more than their noise floor."""
    import numpy
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    powers = _frame_powers(samples, sample_rate, part(checkpoint, 0.0, 0.3))
    if not len(powers):
        return Activity(numpy.zeros(0, bool), numpy.zeros(0, bool), numpy.zeros(0), -300.0)
    smooth = _decibels(uniform_filter1d(powers, _FLOOR_FRAMES, mode="nearest"))
    floor_db, loudest_db = float(numpy.percentile(smooth, _FLOOR_PERCENT)), float(smooth.max())
    level_db = _decibels(powers)
    top_db = loudest_db + _ALWAYS_ABOVE_DB
    least_db = max(loudest_db + _NEVER_BELOW_DB, _SILENT_DB)
    listening = part(checkpoint, 0.3, 1.0)
    repeats = periodicity(samples, sample_rate, FRAMES_PER_SECOND, len(powers), listening) >= VOICED_FROM
    weak = repeats & (smooth > max(min(floor_db + _VOICED_DB, top_db), least_db))
    active = (level_db > max(min(floor_db + _ACTIVE_DB, top_db), least_db)) | weak
    # A frame's neighbours belong to it: a voice sets in and dies away within a frame's window.
    active = maximum_filter1d(active, 3, mode="nearest")
    return Activity(active, active & repeats, level_db, floor_db)


def spans_heard(
    activity: Activity,
    sample_count: int,
    sample_rate: int,
    *,
    ends: bool,
    longest_pause_seconds: float | None,
    pad_seconds: float = PAD_SECONDS,
) -> tuple[Span, ...]:
    """What stays of a clip, in order.

    ends: crop what lies more than `pad_seconds` before the first and after the last active frame.
    longest_pause_seconds: of a longer pause between active frames, half of that stays on each side; at least 0.1 s.
    A clip without an active frame stays whole.
    """
    import numpy

    frames = numpy.flatnonzero(activity.active)
    if not len(frames):
        return (Span(0, sample_count),)

    def at(frame: int) -> int:
        return min(round(frame * sample_rate / FRAMES_PER_SECOND), sample_count)

    pad = round(pad_seconds * sample_rate)
    start = max(at(int(frames[0])) - pad, 0) if ends else 0
    end = min(at(int(frames[-1]) + 1) + pad, sample_count) if ends else sample_count
    if longest_pause_seconds is None:
        return (Span(start, end),)
    longest = round(max(longest_pause_seconds, SHORTEST_PAUSE_SECONDS) * sample_rate)
    spans: list[Span] = []
    for before in numpy.flatnonzero(numpy.diff(frames) > 1):
        pause = Span(at(int(frames[before]) + 1), at(int(frames[before + 1])))
        if pause.end - pause.start > longest:
            spans.append(Span(start, pause.start + longest // 2))
            start = pause.end - (longest - longest // 2)
    return (*spans, Span(start, end))


def keep(samples: numpy.ndarray, sample_rate: int, spans: Sequence[Span]) -> numpy.ndarray:
    """The spans one after another: exactly the sum of their lengths.

    Cut ends fade within 10 ms; where two spans meet, the sound around the cut goes over from one into the other
    within 10 ms, out of what lies in the pause beyond the cut.
    """
    import numpy

    kept = zeros(sum(span.end - span.start for span in spans))
    position = 0
    for span in spans:
        kept[position : position + span.end - span.start] = samples[span.start : span.end]
        position += span.end - span.start
    fade = round(FADE_SECONDS * sample_rate)
    position = 0
    for left, right in itertools.pairwise(spans):
        position += left.end - left.start
        reach = min(fade // 2, (right.start - left.end) // 2, position, len(kept) - position)
        falling = numpy.cos(0.5 * numpy.pi * (numpy.arange(2 * reach) + 0.5) / max(2 * reach, 1)).astype(numpy.float32)
        first = samples[left.end - reach : left.end + reach]
        second = samples[right.start - reach : right.start + reach]
        kept[position - reach : position + reach] = first * falling + second * falling[::-1]
    rising = ((numpy.arange(fade) + 0.5) / max(fade, 1)).astype(numpy.float32)
    if spans[0].start > 0:
        kept[:fade] *= rising[: len(kept)]
    if spans[-1].end < len(samples):
        kept[max(len(kept) - fade, 0) :] *= rising[::-1][-min(fade, len(kept)) :] if fade else 1.0
    return kept


def _frame_powers(samples: numpy.ndarray, sample_rate: int, checkpoint: Checkpoint) -> numpy.ndarray:
    """Mean squares (T,) above 60 Hz of the frames (the last one may be shorter)."""
    import numpy
    from scipy.signal import butter, sosfilt, sosfilt_zi

    cut = min(_LOW_CUT_HZ / sample_rate, _HIGHEST_SHARE)
    sections = butter(2, cut, "highpass", fs=1.0, output="sos")
    state = sosfilt_zi(sections) * float(samples[0] if len(samples) else 0.0)
    frames = -(-len(samples) * FRAMES_PER_SECOND // sample_rate)
    edges = numpy.minimum(numpy.rint(numpy.arange(frames + 1) * sample_rate / FRAMES_PER_SECOND), len(samples))
    edges = edges.astype(numpy.int64)
    powers = numpy.zeros(frames)
    for first in range(0, frames, _BLOCK_SECONDS * FRAMES_PER_SECOND):
        checkpoint(first / frames, "measuring the noise floor")
        last = min(first + _BLOCK_SECONDS * FRAMES_PER_SECOND, frames)
        start, end = int(edges[first]), int(edges[last])
        block = samples[start:end].astype(numpy.float64)
        passed, state = sosfilt(sections, block, zi=state)
        total = numpy.concatenate([[0.0], numpy.cumsum(passed * passed)])
        inside = edges[first : last + 1] - start
        powers[first:last] = numpy.diff(total[inside]) / numpy.maximum(numpy.diff(inside), 1)
    return powers.clip(0.0)


def _decibels(powers: numpy.ndarray) -> numpy.ndarray:
    import numpy

    return 10.0 * numpy.log10(numpy.maximum(powers, SMALLEST_POWER))
