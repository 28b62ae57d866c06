"""ffmpeg, a program of its own that a person may have: where it is, whose licence it is under, how it is called.

The core works without it. It is called for what libsndfile does not read, and for nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hay_say_lab.audio.kinds import Kind

SETTING = "HAY_SAY_FFMPEG"
SECONDS_TO_TELL = 20.0

# Decoders of sound alone: a hostile picture or subtitle finds nobody to read it.
DECODERS = (
    "aac,aac_fixed,aac_latm,ac3,ac3_fixed,alac,eac3,flac,mp1,mp1float,mp2,mp2float,mp3,mp3float,opus,libopus,vorbis,libvorbis,"
    "pcm_alaw,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,"
    "pcm_s32be,pcm_s32le,pcm_s8,pcm_u8"
)


@dataclass(frozen=True, slots=True)
class Program:
    """An ffmpeg that told its version."""

    path: Path
    version: str
    licence: str                # of this build, as an SPDX expression

    @property
    def name(self) -> str:
        """As recipes call it: another version may make other samples."""
        return f"ffmpeg {self.version}"


def find(environment: Mapping[str, str] | None = None) -> Program | None:
    """HAY_SAY_FFMPEG, else the package imageio-ffmpeg, else PATH. None where there is none, or the named one is none."""
    place = _place(os.environ if environment is None else environment)
    if place is None:
        return None
    try:
        status = place.stat()
    except OSError:
        return None
    return _asked(place, status.st_mtime_ns, status.st_size)


def looking(program: Program | Path, kind: Kind, path: Path) -> list[str]:
    """The call that reads a file's head and tells on stderr what is in it."""
    return [*_opening(program, kind, "info"), "-i", f"file:{path}"]


def decoding(program: Program | Path, kind: Kind, path: Path) -> list[str]:
    """The call that writes the first sound in a file to stdout: a Sun AU stream of float32, which tells rate and channels."""
    return [
        *_opening(program, kind, "quiet"), "-xerror", "-vn", "-sn", "-dn", "-i", f"file:{path}",
        "-map", "0:a:0", "-map_metadata", "-1", "-threads", "1", "-c:a", "pcm_f32be", "-f", "au", "pipe:1",
    ]  # fmt: skip


def _opening(program: Program | Path, kind: Kind, level: str) -> list[str]:
    """Options before the file: one reader, chosen by the file's first bytes; nothing but files is opened, and nothing
    that the file names."""
    place = program.path if isinstance(program, Program) else program
    drefs = ["-enable_drefs", "0", "-use_absolute_path", "0"] if kind.demuxer == "mov" else []
    return [
        str(place), "-nostdin", "-hide_banner", "-nostats", "-loglevel", level, "-protocol_whitelist", "file,pipe",
        "-format_whitelist", kind.format_names, "-codec_whitelist", DECODERS, "-threads", "1", "-f", kind.demuxer, *drefs,
    ]  # fmt: skip


def _place(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(SETTING)
    if named:
        return Path(named)
    spec = importlib.util.find_spec("imageio_ffmpeg")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for binary in sorted((Path(folder) / "binaries").glob("ffmpeg-*")):
            return binary
    found = shutil.which("ffmpeg", path=environment.get("PATH"))
    return Path(found) if found else None


@cache
def _asked(place: Path, _changed: int, _size: int) -> Program | None:
    """What a program says of itself; asked again when its file changes."""
    try:
        done = subprocess.run(
            [place, "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_TO_TELL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.decode(errors="replace")
    told = re.match(r"ffmpeg version (\S+)", text)
    return Program(place, told[1], _licence(text)) if told else None


def _licence(text: str) -> str:
    """By what it was configured with: ffmpeg is LGPL-2.1-or-later, and parts that a build may take in are not."""
    if "--enable-nonfree" in text:
        return "not redistributable (nonfree)"
    third = "--enable-version3" in text
    if "--enable-gpl" in text:
        return "GPL-3.0-or-later" if third else "GPL-2.0-or-later"
    return "LGPL-3.0-or-later" if third else "LGPL-2.1-or-later"
