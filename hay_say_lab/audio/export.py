"""A file for people, made from an artifact: byte-identical for one recipe, whenever and wherever it is made."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.conversion import resample
from hay_say_lab.audio.objects import read_clip
from hay_say_lab.audio.scratch import blocks
from hay_say_lab.audio.tags import tag_flac, tag_mp3, tag_ogg, tag_wav, without_peak_chunk
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest

if TYPE_CHECKING:
    import numpy

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
# Bits per sample that each format offers, its usual first; 32 is floating point. Lossy formats have none.
BIT_DEPTHS: dict[str, tuple[int, ...]] = {"wav": (16, 24, 32), "flac": (16, 24), "ogg": (), "mp3": ()}
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_BLOCK_SAMPLES = 1 << 16            # libsndfile's Vorbis encoder overflows its stack when given hours at once
_COMPRESSION = 0.1                  # of 0 (best)..1, for lossy formats: at 44.1 kHz 120 kbit/s MP3, 220 of Vorbis at most


def export(
    artifact: Path, file_format: str, recipe_id: str | None, recipe: dict[str, Any], bit_depth: int | None = None
) -> bytes:
    """WAV, FLAC, OGG (Vorbis) or MP3 of a canonical clip, with the recipe inside; without one (of a stage on its way) bare.

    Whole-number samples (16 bits where nothing is said) are rounded to the nearest step without dither, and clipped to
    full scale, so that the same artifact gives the same bytes; WAV of 32 bits holds the clip's own samples. An MP3 of a
    rate that MP3 does not know is made at the nearest higher one, at most 48 kHz. Raises InvalidRequest.
    """
    depth = _checked(file_format, bit_depth)
    clip = _read(artifact)
    if recipe_id is None:
        shape = clip if file_format != "mp3" else _at_mp3_rate(clip)
        bare = _encoded(shape, file_format.upper(), depth)
        return without_peak_chunk(bare) if file_format == "wav" and depth == 32 else bare
    document, fields = {"id": recipe_id, "recipe": recipe}, _fields(recipe_id, recipe)
    match file_format:
        case "wav":
            plain = _encoded(clip, "WAV", depth)
            return tag_wav(without_peak_chunk(plain) if depth == 32 else plain, document)
        case "flac":
            return tag_flac(_encoded(clip, "FLAC", depth), document, fields)
        case "ogg":
            return tag_ogg(_encoded(clip, "OGG", None), document, fields)
    return tag_mp3(_encoded(_at_mp3_rate(clip), "MP3", None), document, fields)


def _read(artifact: Path) -> Clip:
    """Raises InvalidRequest for an object that is no sound."""
    import soundfile

    try:
        return read_clip(artifact)
    except soundfile.SoundFileError:
        raise InvalidRequest("That object is no sound.", field="sha256", fix="Export a clip.") from None


def _checked(file_format: str, bit_depth: int | None) -> int | None:
    """The bit depth that is meant, None for lossy formats. Raises InvalidRequest for what is not made."""
    if file_format not in MEDIA_TYPES:
        *others, last = MEDIA_TYPES
        raise InvalidRequest(
            f"There is no export format '{file_format}'.",
            field="format",
            fix=f"Use {', '.join(others)} or {last}.",
        )
    offered = BIT_DEPTHS[file_format]
    if bit_depth is None:
        return offered[0] if offered else None
    if bit_depth not in offered:
        raise InvalidRequest(
            f"There is no {file_format} of {bit_depth} bits.",
            field="bit_depth",
            fix=f"Use {' or '.join(map(str, offered))}." if offered else f"Leave it out: {file_format} has no bit depth.",
        )
    return bit_depth


def _encoded(clip: Clip, container: str, depth: int | None) -> bytes:
    """The bare file, as libsndfile writes it. Beside it no more than a block of the clip lies in memory."""
    import soundfile

    subtype = {None: "", 16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}[depth]
    quality = {"compression_level": _COMPRESSION} if depth is None else {}
    buffer = io.BytesIO()
    encoding = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}.get(container, subtype)
    with soundfile.SoundFile(
        buffer, "w", samplerate=clip.sample_rate, channels=1, format=container, subtype=encoding, **quality
    ) as file:
        for start, end in blocks(len(clip.samples), _BLOCK_SAMPLES):
            file.write(_steps(clip.samples[start:end], depth))
    return buffer.getvalue()


def _steps(samples: numpy.ndarray, depth: int | None) -> numpy.ndarray:
    """Samples (n,) as libsndfile takes them for this depth."""
    import numpy

    if depth is None:
        return numpy.clip(samples, -1.0, 1.0)
    if depth == 32:
        return samples
    full = 1 << (depth - 1)
    steps = numpy.clip(numpy.round(samples.astype(numpy.float64) * full), -full, full - 1)
    if depth == 16:
        return steps.astype(numpy.int16)
    return steps.astype(numpy.int32) << 8           # libsndfile takes the upper three of four bytes


def _at_mp3_rate(clip: Clip) -> Clip:
    """The clip at a rate that MP3 knows; one sample at least, as it cannot hold none."""
    rate = next((rate for rate in _MP3_RATES if rate >= clip.sample_rate), _MP3_RATES[-1])
    converted = resample(clip, rate)
    return converted if len(converted.samples) else Clip(clip.samples[:1], rate)


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
