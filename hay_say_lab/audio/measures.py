"""The measures of one clip, by their names in `domain/measure.py`; those of two clips are in `pairs.py`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.distance import estimated_snr_db
from hay_say_lab.audio.f0 import Contour, f0_contour
from hay_say_lab.audio.level import true_peak_dbtp
from hay_say_lab.audio.loudness import integrated_lufs, loudest_lufs
from hay_say_lab.audio.objects import finite
from hay_say_lab.audio.picture import picture_of
from hay_say_lab.audio.progress import Checkpoint, part
from hay_say_lab.audio.report import noise_floor_db, report_on, speech_share
from hay_say_lab.audio.silence import Activity, activity_of
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest, TooLarge

if TYPE_CHECKING:
    import numpy

LONGEST_F0_SECONDS = 3600.0

# (clip, checkpoint) -> its pitch contour.
Track = Callable[[Clip, Checkpoint], Contour]


def tracker(method: str) -> Track:
    """The pitch trackers that need no network: harvest, dio, pyin."""
    return lambda clip, checkpoint: f0_contour(clip.samples, clip.sample_rate, method, checkpoint=checkpoint)  # type: ignore[arg-type]


def measures_of(clip: Clip, names: Iterable[str], track: Track, checkpoint: Checkpoint) -> dict[str, Any]:
    """Name -> value: a number, None where there is nothing of the kind, or a document.

    Raises InvalidRequest for a clip without samples or with one that is no number, TooLarge for f0 of hours.
    """
    if not len(clip.samples) or not finite(clip.samples):
        raise InvalidRequest(
            "The clip is empty or holds samples that are not numbers.", field="clip", fix="Export the recording again."
        )
    wanted = list(names)
    values = {}
    for number, name in enumerate(wanted):
        subject = _Subject(clip, track, part(checkpoint, number / len(wanted), (number + 1) / len(wanted)))
        values[name] = _TAKERS[name](subject)
    return values


class _Subject:
    """A clip while one measure is taken of it."""

    def __init__(self, clip: Clip, track: Track, checkpoint: Checkpoint) -> None:
        self.clip = clip
        self.track = track
        self.checkpoint = checkpoint

    @cached_property
    def activity(self) -> Activity:
        return activity_of(self.clip.samples, self.clip.sample_rate, self.checkpoint)

    def heard(self, how: Callable[..., float | None], *more: float) -> float | None:
        """A function of samples and their rate."""
        return how(self.clip.samples, self.clip.sample_rate, *more, checkpoint=self.checkpoint)


def _f0(subject: _Subject) -> dict[str, Any]:
    if subject.clip.seconds > LONGEST_F0_SECONDS:
        raise TooLarge(
            f"Pitch is traced through clips of at most {LONGEST_F0_SECONDS:g} s.",
            field="measures",
            fix="Measure a part of it, or take the f0 range of the input report.",
        )
    return contour_document(subject.track(subject.clip, subject.checkpoint))


_TAKERS: Mapping[str, Callable[[_Subject], Any]] = {
    "lufs": lambda subject: subject.heard(integrated_lufs),
    "momentary_max_lufs": lambda subject: subject.heard(loudest_lufs, 0.4),
    "short_term_max_lufs": lambda subject: subject.heard(loudest_lufs, 3.0),
    "true_peak_dbtp": lambda subject: subject.heard(true_peak_dbtp),
    "noise_floor_db": lambda subject: noise_floor_db(subject.activity),
    "snr_db": lambda subject: estimated_snr_db(subject.activity),
    "speech_share": lambda subject: speech_share(subject.activity),
    "f0": _f0,
    "report": lambda subject: report_on(subject.clip, subject.checkpoint).as_json(),
    "picture": lambda subject: picture_of(subject.clip),
}


def contour_document(contour: Contour) -> dict[str, Any]:
    """A contour that travels: base64 of little-endian float32 `hz` (0: unvoiced) and `confidence` (0..1), and the
    range of the frames whose confidence is at least 0.5."""
    import numpy

    trusted = contour.confident_hz()
    voiced = trusted[trusted > 0]
    low, median, high = (float(numpy.percentile(voiced, p)) if len(voiced) else None for p in (5.0, 50.0, 95.0))
    return {
        "method": contour.method,
        "frames_per_second": contour.frames_per_second,
        "frames": len(contour.f0_hz),
        "hz": _packed(contour.f0_hz),
        "confidence": _packed(contour.confidence),
        "voiced_share": float((trusted > 0).mean()),
        "median_hz": median,
        "p5_hz": low,
        "p95_hz": high,
    }


def _packed(values: numpy.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")
