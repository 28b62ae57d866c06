"""The canonical file of a clip: W64, float32, mono, no tags (other containers change from write to write)."""

from __future__ import annotations

from pathlib import Path

from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest


def write_clip(path: Path, clip: Clip) -> None:
    """Write samples (N,) float32 at `clip.sample_rate`. Raises InvalidRequest where there is none, or one is not finite."""
    import numpy
    import soundfile

    samples = numpy.ascontiguousarray(clip.samples, dtype=numpy.float32)
    if samples.ndim != 1:
        raise InvalidRequest(f"A clip is mono, its samples have the shape {samples.shape}.", field="clip")
    if len(samples) == 0:
        raise InvalidRequest("There is no sound in it: it has no samples.", field="clip", fix="Use a longer clip or text.")
    if not numpy.isfinite(samples).all():
        raise InvalidRequest(
            "The sound holds samples that are not numbers.", field="clip", fix="Use milder settings or another clip."
        )
    with soundfile.SoundFile(
        path, "w", samplerate=clip.sample_rate, channels=1, format="W64", subtype="FLOAT"
    ) as file:
        file.write(samples)


def read_clip(path: Path) -> Clip:
    """Read what `write_clip` wrote: samples (N,) float32."""
    import soundfile

    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=False)
    return Clip(samples, sample_rate)
