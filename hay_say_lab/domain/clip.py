"""Samples with a sample rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Mono float32 samples (N,), nominally -1..1, at `sample_rate` per second.

    The samples may be a read-only view of a file: long clips are worked on piece by piece, never changed in place.
    """

    samples: numpy.ndarray
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What is known of an uploaded recording without listening to it; found by a child process that decodes it whole."""

    sha256: str
    container: str          # as libsndfile names it: WAV, FLAC, OGG, ...
    encoding: str           # PCM_16, FLOAT, VORBIS, ...
    sample_rate: int        # per second
    channels: int
    frames: int             # samples per channel
    peak: float             # largest magnitude, all channels
    rms: float              # of the mono mix
    finite: bool            # False where a sample is NaN or infinite
    label: str = ""         # the file's name as people gave it; never a path, never trusted
    dc_offset: float = 0.0          # mean of the mono mix
    clipped_share: float = 0.0      # of all samples: at full scale, and equal to the one before
    voiced: bool | None = None      # whether anything repeats itself like a voice; None where nobody looked

    @property
    def seconds(self) -> float:
        return self.frames / self.sample_rate

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ClipFacts.__slots__}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> ClipFacts:
        return cls(**document)
