"""High-pass: rumble, hum and DC out, without moving anything in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.level import as_float32
from hay_say_lab.audio.progress import Checkpoint, unwatched
from hay_say_lab.audio.scratch import zeros

if TYPE_CHECKING:
    import numpy

ORDER = 2                           # applied forwards and backwards: 24 dB per octave, -6 dB at the cutoff
_BLOCK_SECONDS = 5.0
_MARGIN_PERIODS = 6.0               # of the cutoff: what lies farther away weighs less than 1e-11
_HIGHEST_SHARE = 0.45               # of the sample rate


def high_pass(
    samples: numpy.ndarray, sample_rate: int, cutoff_hz: float, checkpoint: Checkpoint = unwatched
) -> numpy.ndarray:
    """Samples (N,) through a zero-phase Butterworth high-pass: (N,) float32.

    `cutoff_hz` > 0; above 0.45 of the sample rate it counts as that.
    """
    from scipy.signal import butter, sosfiltfilt

    sections = butter(ORDER, min(cutoff_hz / sample_rate, _HIGHEST_SHARE), "highpass", fs=1.0, output="sos")
    block, margin = round(_BLOCK_SECONDS * sample_rate), round(_MARGIN_PERIODS * sample_rate / cutoff_hz)
    passed = zeros(len(samples))
    for start in range(0, len(samples), block):
        checkpoint(start / len(samples), "high-pass")
        end = min(start + block, len(samples))
        first, last = max(start - margin, 0), min(end + margin, len(samples))
        stretch = samples[first:last].astype("float64")
        filtered = sosfiltfilt(sections, stretch, padlen=min(margin, len(stretch) - 1))
        passed[start:end] = as_float32(filtered[start - first : end - first])
    return passed
