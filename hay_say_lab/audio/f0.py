"""Pitch contours: f0 by three trackers, each with its voicing and a confidence.

M. Morise: Harvest (Interspeech 2017); M. Morise, H. Kawahara, H. Katayose: DIO (AES 35th Conference, 2009);
M. Mauch, S. Dixon: pYIN (ICASSP 2014).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hay_say_lab.audio.level import level_exponent, scaled
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.resampling import resampled
from hay_say_lab.audio.voicing import VOICED_FROM, periodicity_at
from hay_say_lab.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    import numpy

Method = Literal["harvest", "dio", "pyin"]

FRAMES_PER_SECOND = 200
LOW_HZ, HIGH_HZ = 60.0, 800.0
_ANALYSIS_RATE = 16_000             # the trackers look below 8 kHz only; one rate gives every clip the same answer
_SAMPLES_PER_FRAME = _ANALYSIS_RATE // FRAMES_PER_SECOND
_FRAME_PERIOD_MS = 1000.0 / FRAMES_PER_SECOND
_BLOCK_FRAMES = 3 * FRAMES_PER_SECOND       # less than a second of Harvest's computing
_MARGIN_FRAMES = FRAMES_PER_SECOND // 2     # Harvest's decisions reach this far


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """f0 of a clip, frame i centred on i / frames_per_second seconds."""

    method: str
    f0_hz: numpy.ndarray            # (T,) float64, 0 where unvoiced
    confidence: numpy.ndarray       # (T,) float32, 0..1: how well the sound repeats itself at this f0
    frames_per_second: int = FRAMES_PER_SECOND

    def confident_hz(self, least_confidence: float = VOICED_FROM) -> numpy.ndarray:
        """f0 (T,) with 0 also where the tracker is not to be trusted: in noise it may hear a voice."""
        import numpy

        return numpy.where(self.confidence >= least_confidence, self.f0_hz, 0.0)

    @property
    def voiced_share(self) -> float:
        """Share of all frames that are voiced."""
        return float((self.f0_hz > 0).mean())

    def percentile_hz(self, percent: float) -> float | None:
        """A percentile of the voiced frames' f0; None where no frame is voiced."""
        import numpy

        voiced = self.f0_hz[self.f0_hz > 0]
        return float(numpy.percentile(voiced, percent)) if len(voiced) else None


def frame_count(sample_count: int, sample_rate: int) -> int:
    """Frames of a clip; the last one lies at or before its end."""
    return sample_count * FRAMES_PER_SECOND // sample_rate + 1


def f0_contour(
    samples: numpy.ndarray,
    sample_rate: int,
    method: Method = "harvest",
    low_hz: float = LOW_HZ,
    high_hz: float = HIGH_HZ,
    checkpoint: Checkpoint = unwatched,
) -> Contour:
    """f0 of samples (N,), searched between `low_hz` and `high_hz`, in blocks that know their surroundings.

    The contour is all that is held of a whole clip: 9 MB an hour.

    harvest is exact and slow, dio fast and deaf to a third of the voiced frames, pyin is off by up to 15 cents
    and needs librosa: without it Unavailable is raised. Raises InvalidRequest for bounds that are none.
    """
    import numpy

    if not 20.0 <= low_hz < high_hz <= 4000.0:
        raise InvalidRequest(
            f"Pitch cannot be searched between {low_hz:g} and {high_hz:g} Hz.",
            field="low_hz",
            fix="Take bounds within 20 and 4000 Hz, the lower one first.",
        )
    track = _tracker(method)
    frames = frame_count(len(samples), sample_rate)
    level = scaled(samples, 2.0 ** level_exponent(samples), part(checkpoint, 0.0, 0.005))
    sound = resampled(level, sample_rate, _ANALYSIS_RATE, checkpoint=part(checkpoint, 0.005, 0.02))
    f0_hz, searching = numpy.zeros(frames), part(checkpoint, 0.02, 0.95)
    for first in range(0, frames, _BLOCK_FRAMES):
        searching(first / frames, "finding the pitch")
        last = min(first + _BLOCK_FRAMES, frames)
        stretch = _stretch(sound, first - _MARGIN_FRAMES, last + _MARGIN_FRAMES)
        if numpy.any(stretch):
            f0_hz[first:last] = track(stretch, low_hz, high_hz)[_MARGIN_FRAMES : _MARGIN_FRAMES + last - first]
    judging = part(checkpoint, 0.95, 1.0)
    confidence = periodicity_at(sound, _ANALYSIS_RATE, FRAMES_PER_SECOND, f0_hz, judging)
    return Contour(method, f0_hz, confidence)


def _stretch(sound: numpy.ndarray, first: int, last: int) -> numpy.ndarray:
    """Frames first..last (included) as float64, silence outside of the clip.

    The number of samples is odd and the start even, as in the whole clip: Harvest keeps every second sample.
    """
    import numpy

    start, end = first * _SAMPLES_PER_FRAME, last * _SAMPLES_PER_FRAME + 1
    stretch = numpy.zeros(end - start)
    inside, outside = max(start, 0), min(end, len(sound))
    if outside > inside:
        stretch[inside - start : outside - start] = sound[inside:outside]
    return stretch


def _tracker(method: Method) -> Callable[[numpy.ndarray, float, float], numpy.ndarray]:
    """A function (sound at 16 kHz, low_hz, high_hz) -> f0 (T,) in Hz, 0 where unvoiced."""
    trackers = {"harvest": _harvest, "dio": _dio, "pyin": _pyin}
    if method not in trackers:
        raise InvalidRequest(
            f"There is no pitch tracker '{method}'.", field="method", fix=f"Use {', '.join(trackers)}."
        )
    if method == "pyin" and importlib.util.find_spec("librosa") is None:
        raise Unavailable(
            "The pitch tracker 'pyin' needs librosa, which is not installed.",
            field="method",
            fix="Install it with 'pip install librosa', or use harvest.",
        )
    return trackers[method]


def _harvest(sound: numpy.ndarray, low_hz: float, high_hz: float) -> numpy.ndarray:
    import pyworld

    f0_hz, _ = pyworld.harvest(
        sound, _ANALYSIS_RATE, f0_floor=low_hz, f0_ceil=high_hz, frame_period=_FRAME_PERIOD_MS
    )
    return f0_hz


def _dio(sound: numpy.ndarray, low_hz: float, high_hz: float) -> numpy.ndarray:
    import pyworld

    rough, times = pyworld.dio(sound, _ANALYSIS_RATE, f0_floor=low_hz, f0_ceil=high_hz, frame_period=_FRAME_PERIOD_MS)
    return pyworld.stonemask(sound, rough, times, _ANALYSIS_RATE)


def _pyin(sound: numpy.ndarray, low_hz: float, high_hz: float) -> numpy.ndarray:
    import numpy

    librosa = importlib.import_module("librosa")
    f0_hz, _, _ = librosa.pyin(
        sound, fmin=low_hz, fmax=high_hz, sr=_ANALYSIS_RATE, frame_length=1024, hop_length=_SAMPLES_PER_FRAME
    )
    return numpy.nan_to_num(f0_hz, nan=0.0)
