"""A file for people, made from an artifact: byte-identical for one recipe, whenever and wherever it is made."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.audio.tags import tag_flac, tag_wav
from hay_say_lab.errors import InvalidRequest

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac"}


def export(artifact: Path, file_format: str, recipe_id: str, recipe: dict[str, Any]) -> bytes:
    """PCM16 WAV or FLAC of a canonical clip, with the recipe inside. Samples beyond full scale are clipped to it.

    Rounding is to the nearest step without dither, so that the same artifact gives the same bytes.
    """
    import numpy
    import soundfile

    if file_format not in MEDIA_TYPES:
        raise InvalidRequest(
            f"There is no export format '{file_format}'.", field="format", fix=f"Use {' or '.join(MEDIA_TYPES)}."
        )
    clip = read_clip(artifact)
    steps = numpy.clip(numpy.round(clip.samples.astype(numpy.float64) * 32768.0), -32768, 32767).astype(numpy.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, steps, clip.sample_rate, format=file_format.upper(), subtype="PCM_16")
    document = {"id": recipe_id, "recipe": recipe}
    if file_format == "wav":
        return tag_wav(buffer.getvalue(), document)
    return tag_flac(buffer.getvalue(), document, _fields(recipe_id, recipe))


def _fields(recipe_id: str, recipe: dict[str, Any]) -> dict[str, str]:
    """What other programs show of the file: who spoke, under which licence, by which recipe."""
    voices = recipe["voices"]
    licences = sorted({entry["licence"] for entry in voices.values() if entry.get("licence")})
    return {
        "ARTIST": ", ".join(sorted(voices)),
        "LICENSE": "; ".join(licences) or "unknown",
        "ENCODED-BY": "Hay Say Lab",
        "HAY_SAY_RECIPE_ID": recipe_id,
    }
