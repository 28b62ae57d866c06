"""Waveform, spectrogram and pitch on axes of matplotlib, for notebooks and papers; panels draw their own."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hay_say_lab.client.measures import PitchContour

LOWEST_PITCH_HZ, PITCH_OCTAVES = 50.0, 4       # the scale of a pitch that is drawn over a spectrogram
PITCH_TICKS_HZ = (50, 100, 200, 400, 800)
TICKS_HZ = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)


def draw_spectrogram(axes: Any, picture: Mapping[str, Any], title: str) -> None:
    """`picture`: the audio worker's document. Seconds to the right, the mel scale upwards, dB below the loudest."""
    import numpy

    spectrogram = picture["spectrogram"]
    shape = (spectrogram["columns"], spectrogram["bands"])
    cells = numpy.frombuffer(base64.b64decode(spectrogram["data"]), numpy.uint8).reshape(shape)
    decibels = spectrogram["floor_db"] * (1.0 - cells / 255.0)
    low, high = mel(spectrogram["low_hz"]), mel(spectrogram["high_hz"])
    axes.imshow(decibels.T, origin="lower", aspect="auto", cmap="magma", extent=(0.0, picture["seconds"], low, high))
    ticks = [hertz for hertz in TICKS_HZ if spectrogram["low_hz"] <= hertz <= spectrogram["high_hz"]]
    axes.set_yticks([mel(hertz) for hertz in ticks], [f"{hertz} Hz" for hertz in ticks])
    place = axes.get_subplotspec()
    if place is None or place.is_last_row():        # of axes above each other, the lowest names the seconds
        axes.set_xlabel("seconds")
    axes.set_title(title, loc="left")


def draw_waveform(axes: Any, picture: Mapping[str, Any], title: str) -> None:
    """From the lowest to the highest sample of each column; 1 is full scale."""
    import numpy

    low, high = (
        numpy.frombuffer(base64.b64decode(picture["peaks"][side]), numpy.int8) / 127.0 for side in ("low", "high")
    )
    moments = (numpy.arange(len(low)) + 0.5) * picture["seconds"] / max(1, len(low))
    axes.fill_between(moments, low, high, color="#1565c0", linewidth=0.4)
    axes.set_ylim(-1.0, 1.0)
    axes.set_title(title, loc="left")


def draw_pitch(axes: Any, contour: PitchContour) -> None:
    """The trusted frames of a contour over a spectrogram, on a scale of its own at the right (50 to 800 Hz, each octave
    as high as the next): bright with a dark edge, so that it stands out on every colour below it."""
    import numpy

    trusted = (contour.hz > 0) & (contour.confidence >= 0.5)
    hertz = numpy.where(trusted, contour.hz, numpy.nan)
    scale = axes.twinx()
    scale.set_yscale("log")
    scale.set_ylim(LOWEST_PITCH_HZ, LOWEST_PITCH_HZ * 2**PITCH_OCTAVES)
    scale.set_yticks(PITCH_TICKS_HZ, [f"{tick} Hz" for tick in PITCH_TICKS_HZ])
    scale.minorticks_off()
    scale.plot(contour.seconds, hertz, color="#101218", linewidth=3.5, solid_capstyle="round")
    scale.plot(contour.seconds, hertz, color="#7df9ff", linewidth=1.6, solid_capstyle="round", label=f"f0 by {contour.method}")
    scale.legend(loc="upper right", facecolor="#101218", labelcolor="white", framealpha=0.85)


def pitch_height(hertz: float) -> float:
    """How high a pitch lies on its own scale, 0..1 from 50 to 800 Hz."""
    return min(1.0, max(0.0, math.log2(hertz / LOWEST_PITCH_HZ) / PITCH_OCTAVES))


def mel(hertz: float) -> float:
    """The scale of the picture: O'Shaughnessy (1987), 2595 log10(1 + f / 700)."""
    return 2595.0 * math.log10(1.0 + hertz / 700.0)
