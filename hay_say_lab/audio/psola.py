"""A new melody for the same voice: formants and speed stay.

TD-PSOLA: E. Moulines and F. Charpentier, Pitch-synchronous waveform processing techniques for text-to-speech synthesis
using diphones, Speech Communication 9 (1990).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hay_say_lab.audio.f0 import FRAMES_PER_SECOND
from hay_say_lab.audio.level import Doubles, as_float32, level_exponent
from hay_say_lab.audio.progress import Checkpoint, unwatched
from hay_say_lab.audio.scratch import copied

if TYPE_CHECKING:
    import numpy

_FEWEST_FRAMES = 4                  # a shorter voiced stretch (20 ms) has no melody
_MOST_FRAMES = 30 * FRAMES_PER_SECOND       # nobody sings longer without a breath; a drone is sung in parts
_SLACK = 0.15                       # the next period is looked for within this of 1 / f0
_TAPS = 16                          # of the interpolation between samples
_JOIN_SECONDS = 0.005
_SMALLEST_ENERGY = 1e-12
_MARKS_PER_CHECKPOINT = 512


def sing(
    samples: numpy.ndarray,
    sample_rate: int,
    f0_hz: numpy.ndarray,
    wanted_hz: numpy.ndarray,
    checkpoint: Checkpoint = unwatched,
) -> numpy.ndarray:
    """Samples (N,), their f0 (T,) and the wanted one (T,), both at FRAMES_PER_SECOND and 0 where unvoiced -> (N,).

    Unvoiced sound, and voiced stretches whose f0 is not to change, stay as they are.
    """
    import numpy

    exponent = level_exponent(samples)
    sound = Doubles(samples, exponent)
    sung: numpy.ndarray | None = None
    for first, last in _voiced_stretches(f0_hz):
        checkpoint(first / len(f0_hz), "singing in tune")
        if numpy.allclose(f0_hz[first:last], wanted_hz[first:last], rtol=1e-6):
            continue
        marks = _pitch_marks(sound, sample_rate, f0_hz, first, last, checkpoint)
        if len(marks) < 3:
            continue
        start, stretch = _laid_anew(sound, sample_rate, marks, wanted_hz, checkpoint)
        joined = _joined(sound[start : start + len(stretch)], stretch, round(_JOIN_SECONDS * sample_rate))
        sung = copied(samples) if sung is None else sung
        sung[start : start + len(joined)] = as_float32(numpy.ldexp(joined, -exponent))
    return samples if sung is None else sung


def _voiced_stretches(f0_hz: numpy.ndarray) -> Iterator[tuple[int, int]]:
    """(first frame, frame after the last) of each voiced stretch that is long enough."""
    import numpy

    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], (f0_hz > 0).astype(int), [0]])))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for start in range(first, last, _MOST_FRAMES):
            if min(last - start, _MOST_FRAMES) >= _FEWEST_FRAMES:
                yield start, min(start + _MOST_FRAMES, last)


def _at(contour: numpy.ndarray, place: float, sample_rate: int) -> float:
    """The contour's value at a sample, from its nearest voiced frame: straight between two voiced ones."""
    frame = min(max(place * FRAMES_PER_SECOND / sample_rate, 0.0), len(contour) - 1.0)
    left = int(frame)
    right = min(left + 1, len(contour) - 1)
    here, there = float(contour[left]), float(contour[right])
    if here <= 0 or there <= 0:
        return max(here, there)
    return here + (there - here) * (frame - left)


def _pitch_marks(
    sound: Doubles, sample_rate: int, f0_hz: numpy.ndarray, first: int, last: int, checkpoint: Checkpoint
) -> list[float]:
    """Places (samples, with fractions) one period apart, each at the same point of its period.

    From the loudest point of the stretch to both sides: the next mark is where the sound repeats itself best.
    """
    import numpy

    start, stop = (frame * sample_rate // FRAMES_PER_SECOND for frame in (first, last - 1))
    stop = min(stop, len(sound) - 1)
    if stop <= start:
        return []
    loudest = float(start + numpy.abs(sound[start : stop + 1]).argmax())
    marks = [loudest]
    for direction in (-1, 1):
        side: list[float] = []
        place = loudest
        while (f0 := _at(f0_hz, place, sample_rate)) > 0:
            place = _next_mark(sound, place, direction, sample_rate / f0)
            if not start <= place <= stop:
                break
            side.append(place)
            if len(side) % _MARKS_PER_CHECKPOINT == 0:
                checkpoint(first / len(f0_hz), "singing in tune")
        marks = [*reversed(side), *marks] if direction < 0 else [*marks, *side]
    return marks


def _next_mark(sound: Doubles, place: float, direction: int, period: float) -> float:
    """One period further: by the best correlation of two periods around, to a fraction of a sample."""
    import numpy

    half = round(period)
    here = round(place)
    shortest, longest = int(period * (1 - _SLACK)), int(period * (1 + _SLACK)) + 1
    nearest, farthest = (here + direction * lag for lag in (shortest, longest))
    low, high = min(nearest, farthest), max(nearest, farthest)
    if here - half < 0 or here + half > len(sound) or low - half < 0 or high + half > len(sound):
        return place + direction * period
    model = sound[here - half : here + half]
    stretch = sound[low - half : high + half]
    energy = numpy.cumsum(numpy.concatenate([[0.0], stretch * stretch]))
    energy = energy[len(model) :] - energy[: -len(model)]
    alike = numpy.correlate(stretch, model, "valid") / numpy.sqrt(energy + _SMALLEST_ENERGY)
    best = int(alike.argmax())
    if not 0 < best < len(alike) - 1:
        return place + direction * period
    left, peak, right = (float(value) for value in alike[best - 1 : best + 2])
    bend = left - 2.0 * peak + right
    shift = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
    return low + best + shift + (place - here)


def _laid_anew(
    sound: Doubles, sample_rate: int, marks: list[float], wanted_hz: numpy.ndarray, checkpoint: Checkpoint
) -> tuple[int, numpy.ndarray]:
    """(start, samples from the first mark to the last): two periods around each mark, laid at the wanted distances."""
    import numpy

    places = numpy.array(marks)
    periods = numpy.diff(places)
    periods = numpy.concatenate([periods, periods[-1:]])
    longest = int(periods.max()) + _TAPS
    start = int(places[0]) - longest
    length = int(places[-1]) + longest + 1 - start
    laid, weight = numpy.zeros(length), numpy.zeros(length)
    padded = numpy.pad(sound[max(start - longest, 0) : start + length + longest], 2 * longest)
    origin = max(start - longest, 0) - 2 * longest
    place, count = float(places[0]), 0
    while place <= places[-1]:
        nearest = int(numpy.abs(places - place).argmin()) if len(places) < 64 else _nearest(places, place)
        _lay(laid, weight, padded, places[nearest] - origin, place - start, float(periods[nearest]))
        wanted = _at(wanted_hz, place, sample_rate)
        place += sample_rate / wanted if wanted > 0 else float(periods[nearest])
        count += 1
        if count % _MARKS_PER_CHECKPOINT == 0:
            checkpoint(min(1.0, place / len(sound)), "singing in tune")
    laid /= numpy.maximum(weight, 1.0)      # closer periods overlap more: they must not grow louder
    inner = slice(int(places[0]) - start, int(places[-1]) - start + 1)
    return int(places[0]), laid[inner]


def _nearest(places: numpy.ndarray, place: float) -> int:
    import numpy

    right = min(int(numpy.searchsorted(places, place)), len(places) - 1)
    left = max(right - 1, 0)
    return left if place - places[left] < places[right] - place else right


def _lay(
    laid: numpy.ndarray, weight: numpy.ndarray, sound: numpy.ndarray, source: float, target: float, period: float
) -> None:
    """Add two periods of `sound` around `source` to `laid` around `target`, both between samples, under a Hann window."""
    import numpy

    reach = int(period)
    centre = int(target)
    first, last = max(centre - reach, 0), min(centre + reach + 1, len(laid))
    offsets = numpy.arange(first, last) - target
    window = numpy.where(numpy.abs(offsets) < period, 0.5 + 0.5 * numpy.cos(numpy.pi * offsets / period), 0.0)
    begin = first + source - target                     # where the first sample lies in `sound`
    whole = int(numpy.floor(begin))
    left = whole - _TAPS // 2 + 1
    taken = sound[max(left, 0) : left + len(offsets) + _TAPS - 1]
    if left < 0 or len(taken) < len(offsets) + _TAPS - 1:
        return
    taps = numpy.arange(_TAPS) - (_TAPS // 2 - 1) - (begin - whole)
    kernel = numpy.sinc(taps) * (0.5 + 0.5 * numpy.cos(numpy.pi * taps / (_TAPS // 2 + 1)))
    kernel /= kernel.sum()
    laid[first:last] += window * numpy.correlate(taken, kernel, "valid")
    weight[first:last] += window


def _joined(sound: numpy.ndarray, stretch: numpy.ndarray, ramp: int) -> numpy.ndarray:
    """The stretch (n,) in the place of a sound (n,), with a short cross-fade at either end."""
    import numpy

    count = len(stretch)
    ramp = max(1, min(ramp, count // 2))
    share = numpy.ones(count)
    share[:ramp] = numpy.arange(ramp) / ramp
    share[-ramp:] = numpy.minimum(share[-ramp:], numpy.arange(ramp)[::-1] / ramp)
    return sound + share * (stretch - sound)
