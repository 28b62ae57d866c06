"""The audio worker: decode, prepare and finish, without torch. It speaks the same protocol as an architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hay_say_lab.domain.clip import Clip
from hay_say_lab.plugin import Context, Result, Runtime


class AudioRuntime(Runtime):
    """Stages between an upload and an architecture, and between an architecture and a person."""

    def decode(self, voice: str, clip: None, settings: Mapping[str, Any], context: Context) -> Result:
        """The uploaded file -> a mono clip at its own rate."""
        from hay_say_lab.audio.conversion import decode

        return Result(clip=decode(context.inputs["upload"]))

    def prepare(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """A clip -> the rate that the next step's contract takes."""
        from hay_say_lab.audio.conversion import resample

        return Result(clip=resample(clip, settings["sample_rate"]))

    def finish(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """A clip -> the same clip, and its picture for the panels."""
        from hay_say_lab.audio.picture import picture_of

        return Result(clip=clip, documents={"picture": picture_of(clip)})

    def fingerprint(self) -> dict[str, str]:
        import numpy
        import soundfile
        import soxr

        return {
            "numpy": numpy.__version__,
            "soundfile": soundfile.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
            "soxr": soxr.__version__,
        }
