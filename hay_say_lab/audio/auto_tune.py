"""Singing in tune: the melody moved to the notes of a key, or to another performance's melody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.f0 import f0_contour
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.psola import sing

if TYPE_CHECKING:
    import numpy

KEYS = ("c", "c_sharp", "d", "d_sharp", "e", "f", "f_sharp", "g", "g_sharp", "a", "a_sharp", "b")
SCALES: dict[str, tuple[int, ...]] = {          # semitones above the key's first note
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "blues": (0, 3, 5, 6, 7, 10),
    "chromatic": tuple(range(12)),
}
CONCERT_A_HZ, _CONCERT_A = 440.0, 69.0          # MIDI number of A above middle C
_SEMITONES = 12
_MELODY_FRAMES = 21                 # 105 ms: vibrato and jitter choose no note
_HOLD_SEMITONES = 0.4               # a note is held until another one is clearly nearer
_LARGEST_RATIO = 4.0                # two octaves to either side


def tune_to_key(
    samples: numpy.ndarray,
    sample_rate: int,
    key: str,
    scale: str,
    strength: float,
    checkpoint: Checkpoint = unwatched,
) -> numpy.ndarray:
    """Samples (N,) -> (N,) with each voiced frame drawn to the nearest note of the key by `strength` 0..1 (equal
    temperament, A = 440 Hz). Strength 0, or nothing voiced, gives the same array back."""
    import numpy

    if strength == 0.0:
        return samples
    f0_hz = f0_contour(samples, sample_rate, checkpoint=part(checkpoint, 0.0, 0.8)).f0_hz
    voiced = f0_hz > 0
    if not numpy.any(voiced):
        return samples
    notes = notes_of(f0_hz, key, scale, part(checkpoint, 0.8, 0.82))
    wanted = numpy.zeros(len(f0_hz))
    wanted[voiced] = f0_hz[voiced] * (notes[voiced] / f0_hz[voiced]) ** strength
    return sing(samples, sample_rate, f0_hz, wanted, part(checkpoint, 0.82, 1.0))


def tune_to_contour(
    samples: numpy.ndarray,
    sample_rate: int,
    source_f0_hz: numpy.ndarray,
    strength: float,
    checkpoint: Checkpoint = unwatched,
) -> numpy.ndarray:
    """Samples (N,) -> (N,) with the melody of `source_f0_hz` (T',), drawn by `strength` 0..1.

    The contour (0 where unvoiced) is spread over the clip's length and moved by whole octaves next to the clip's own
    median, so that another voice keeps its register. Where either is unvoiced the clip stays as it is.
    """
    import numpy

    if strength == 0.0 or not numpy.any(source_f0_hz > 0):
        return samples
    f0_hz = f0_contour(samples, sample_rate, checkpoint=part(checkpoint, 0.0, 0.8)).f0_hz
    if not numpy.any(f0_hz > 0):
        return samples
    places = numpy.linspace(0, len(source_f0_hz) - 1, len(f0_hz)) if len(f0_hz) > 1 else numpy.zeros(1)
    source = source_f0_hz[numpy.rint(places).astype(int)]
    both = (source > 0) & (f0_hz > 0)
    if not numpy.any(both):
        return samples
    octaves = numpy.rint(numpy.median(numpy.log2(f0_hz[both])) - numpy.median(numpy.log2(source[both])))
    ratio = numpy.ones(len(f0_hz))
    ratio[both] = (source[both] * 2.0**octaves / f0_hz[both]) ** strength
    ratio = numpy.clip(ratio, 1.0 / _LARGEST_RATIO, _LARGEST_RATIO)
    return sing(samples, sample_rate, f0_hz, f0_hz * ratio, part(checkpoint, 0.8, 1.0))


def notes_of(f0_hz: numpy.ndarray, key: str, scale: str, checkpoint: Checkpoint = unwatched) -> numpy.ndarray:
    """(T,) the note in Hz that each voiced frame belongs to, 0 where unvoiced."""
    import numpy
    from scipy.ndimage import median_filter

    voiced = numpy.flatnonzero(f0_hz > 0)
    notes = numpy.zeros(len(f0_hz))
    if not len(voiced):
        return notes
    steps = numpy.array([step + KEYS.index(key) for step in SCALES[scale]])
    allowed = numpy.sort((steps[None, :] % _SEMITONES + _SEMITONES * numpy.arange(0, 11)[:, None]).ravel())
    for stretch in numpy.split(voiced, numpy.flatnonzero(numpy.diff(voiced) > 1) + 1):
        checkpoint(float(stretch[0]) / len(f0_hz), "finding the notes")
        pitch = _CONCERT_A + _SEMITONES * numpy.log2(f0_hz[stretch] / CONCERT_A_HZ)
        melody = median_filter(pitch, min(_MELODY_FRAMES, len(pitch) | 1), mode="nearest")
        held = _held_notes(melody, allowed)
        notes[stretch] = CONCERT_A_HZ * 2.0 ** ((held - _CONCERT_A) / _SEMITONES)
    return notes


def _held_notes(melody: numpy.ndarray, allowed: numpy.ndarray) -> numpy.ndarray:
    """MIDI numbers (T,) -> the allowed note of each, changed only where the next is nearer by _HOLD_SEMITONES."""
    import numpy

    held = numpy.empty(len(melody))
    note = float(allowed[numpy.abs(allowed - melody[0]).argmin()])
    for index, pitch in enumerate(melody.tolist()):
        nearest = float(allowed[numpy.abs(allowed - pitch).argmin()])
        if abs(pitch - note) > abs(pitch - nearest) + _HOLD_SEMITONES:
            note = nearest
        held[index] = note
    return held
