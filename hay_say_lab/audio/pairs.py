"""The measures of a clip against a reference, by their names in `domain/measure.py`: laid upon each other in time
first (`alignment.py`), or frame by frame from the start to the end of the shorter one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.alignment import warping_path
from hay_say_lab.audio.distance import (
    GROSS_RATIO,
    HOP_SECONDS,
    LONGEST_ALIGNED_SECONDS,
    at_one_rate,
    cepstral_distance_db,
    heard_frames,
    mel_cepstra,
    nothing_heard,
    power_spectrogram,
    spectral_distance_db,
)
from hay_say_lab.audio.f0 import Contour
from hay_say_lab.audio.loudness import integrated_lufs
from hay_say_lab.audio.measures import Track
from hay_say_lab.audio.progress import Checkpoint, part
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import Fix, InvalidRequest, Problem, TooLarge

if TYPE_CHECKING:
    import numpy

LONGEST_COMPARED_SECONDS = 600.0


def measures_between(
    clip: Clip, reference: Clip, names: Iterable[str], track: Track, align: bool, checkpoint: Checkpoint
) -> dict[str, Any]:
    """Name -> value of `clip` against `reference`. Raises TooLarge, and InvalidRequest where a clip cannot be compared."""
    _check(clip, reference, align)
    pair = _Pair(clip, reference, track, align)
    wanted = list(names)
    values = {}
    for number, name in enumerate(wanted):
        values[name] = _TAKERS[name](pair, part(checkpoint, number / len(wanted), (number + 1) / len(wanted)))
    return values


def _check(clip: Clip, reference: Clip, align: bool) -> None:
    import numpy

    for field, one in (("clip", clip), ("against", reference)):
        if not len(one.samples) or not numpy.isfinite(one.samples).all():
            sentence = "The clip is empty or holds samples that are not numbers."
            raise InvalidRequest(sentence, field=field, fix="Export the recording again.")
    seconds = max(clip.seconds, reference.seconds)
    if seconds > LONGEST_COMPARED_SECONDS:
        raise TooLarge(
            f"Clips of more than {LONGEST_COMPARED_SECONDS:g} s are not compared.", field="clip", fix="Compare parts of them."
        )
    if align and seconds > LONGEST_ALIGNED_SECONDS:
        sentence = f"Clips of more than {LONGEST_ALIGNED_SECONDS:g} s are not aligned."
        as_they_lie = Fix("Compare them as they lie.", ({"op": "add", "path": "/align", "value": False},))
        raise TooLarge(sentence, problems=[Problem("align", sentence, as_they_lie)])


class _Pair:
    """Two clips at one rate; what several measures need is made once. Frames lie 10 ms apart."""

    def __init__(self, clip: Clip, reference: Clip, track: Track, align: bool) -> None:
        self.whole = clip, reference
        self.reference, self.clip = at_one_rate(reference, clip)
        self.track = track
        self.align = align

    @cached_property
    def power(self) -> tuple[numpy.ndarray, numpy.ndarray]:
        """(S, F) of the reference, (T, F) of the clip."""
        return power_spectrogram(self.reference), power_spectrogram(self.clip)

    @cached_property
    def cepstra(self) -> tuple[numpy.ndarray, numpy.ndarray]:
        first, second = self.power
        return mel_cepstra(first, self.reference.sample_rate), mel_cepstra(second, self.reference.sample_rate)

    @cached_property
    def path(self) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Frames (P,) of the reference, and those of the clip that belong to them."""
        import numpy

        if self.align:
            return warping_path(*self.cepstra)
        frames = numpy.arange(min(map(len, self.power)))
        return frames, frames

    def counted(self) -> tuple[numpy.ndarray, numpy.ndarray]:
        """The path where the reference is heard. Raises InvalidRequest where it never is."""
        rows, columns = self.path
        heard = heard_frames(self.power[0])[rows]
        if not heard.any():
            raise nothing_heard("against")
        return rows[heard], columns[heard]


def _mel_cepstral_distance_db(pair: _Pair, checkpoint: Checkpoint) -> float:
    rows, columns = pair.counted()
    own, others = pair.cepstra
    return cepstral_distance_db(own[rows], others[columns])


def _spectral_difference_db(pair: _Pair, checkpoint: Checkpoint) -> float:
    rows, columns = pair.counted()
    own, others = pair.power
    return spectral_distance_db(own[rows], others[columns], float(own.max()))


def _f0_error(pair: _Pair, checkpoint: Checkpoint) -> dict[str, Any]:
    """Of the clip's pitch, in cents; voicing errors are frames that only one of the two has voiced."""
    import numpy

    clip, reference = pair.whole
    theirs = pair.track(reference, part(checkpoint, 0.0, 0.4))
    ours = pair.track(clip, part(checkpoint, 0.4, 0.8))
    rows, columns = pair.path
    wanted, found = _at(theirs, rows), _at(ours, columns)
    both = (wanted > 0) & (found > 0)
    report: dict[str, Any] = {
        "method": ours.method,
        "frames": len(both),
        "voiced_frames": int(both.sum()),
        "voicing_error_share": float(((wanted > 0) != (found > 0)).mean()),
        "rms_cents": None,
        "median_cents": None,
        "median_absolute_cents": None,
        "gross_share": None,
    }
    if both.any():
        ratio = found[both] / wanted[both]
        cents = 1200.0 * numpy.log2(ratio)
        report["rms_cents"] = float(math.sqrt(numpy.square(cents).mean()))
        report["median_cents"] = float(numpy.median(cents))
        report["median_absolute_cents"] = float(numpy.median(numpy.abs(cents)))
        report["gross_share"] = float((numpy.abs(ratio - 1.0) > GROSS_RATIO).mean())
    return report


def _at(contour: Contour, frames: numpy.ndarray) -> numpy.ndarray:
    """Trusted f0 (P,) at frames 10 ms apart."""
    import numpy

    places = numpy.rint(frames * HOP_SECONDS * contour.frames_per_second).astype(int)
    return contour.confident_hz()[places.clip(0, len(contour.f0_hz) - 1)]


def _level_difference_lu(pair: _Pair, checkpoint: Checkpoint) -> float | None:
    """None where one of the two is silent."""
    clip, reference = (integrated_lufs(one.samples, one.sample_rate) for one in pair.whole)
    return clip - reference if clip is not None and reference is not None else None


_TAKERS: Mapping[str, Callable[[_Pair, Checkpoint], Any]] = {
    "mel_cepstral_distance_db": _mel_cepstral_distance_db,
    "spectral_difference_db": _spectral_difference_db,
    "f0_error": _f0_error,
    "level_difference_lu": _level_difference_lu,
}
