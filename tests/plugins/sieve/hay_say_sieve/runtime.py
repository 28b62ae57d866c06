"""A band of the spectrum, what is around it, and a sway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from hay_say_lab.plugin import Clip, Context, Result, Runtime
from hay_say_sieve.manifest import HIGHEST_HZ, LOWEST_HZ


class Sieve(Runtime):
    """Needs no files, so `load` and `unload` have nothing to do."""

    def separate(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """The band of a voice, without any delay; the background is what is left, so that both make the whole."""
        context.checkpoint(0.0, "sifting")
        spectrum = numpy.fft.rfft(clip.samples)
        hertz = numpy.fft.rfftfreq(len(clip.samples), 1.0 / clip.sample_rate)
        spectrum[(hertz < LOWEST_HZ) | (hertz > HIGHEST_HZ)] = 0.0
        vocals = numpy.fft.irfft(spectrum, len(clip.samples)).astype(numpy.float32)
        context.checkpoint(0.9, "sifting")
        background = Clip(clip.samples - vocals, clip.sample_rate)
        return Result(clip=Clip(vocals, clip.sample_rate), clips={"background": background})

    def effect(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """The clip, swaying; with an echo it lasts longer by its distance."""
        context.checkpoint(0.0, "swaying")
        seconds = numpy.arange(len(clip.samples)) / clip.sample_rate
        down = 0.5 - 0.5 * numpy.cos(2.0 * numpy.pi * settings["rate_hz"] * seconds)
        swaying = clip.samples * (1.0 - settings["depth"] * down)
        distance = round(settings["echo_seconds"] * clip.sample_rate)
        wet = context.samples(len(swaying) + distance)
        wet[: len(swaying)] = swaying
        if distance:
            wet[distance:] += numpy.float32(0.5) * swaying.astype(numpy.float32)
        return Result(clip=Clip(wet, clip.sample_rate))

    def fingerprint(self) -> dict[str, str]:
        return {"numpy": numpy.__version__}
