"""A take's spectrogram on axes of matplotlib, for notebooks and papers; panels draw their own."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

TICKS_HZ = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)


def draw_spectrogram(axes: Any, picture: Mapping[str, Any], title: str) -> None:
    """`picture`: the audio worker's document. Seconds to the right, the mel scale upwards, dB below the loudest."""
    import numpy

    spectrogram = picture["spectrogram"]
    shape = (spectrogram["columns"], spectrogram["bands"])
    cells = numpy.frombuffer(base64.b64decode(spectrogram["data"]), numpy.uint8).reshape(shape)
    decibels = spectrogram["floor_db"] * (1.0 - cells / 255.0)
    low, high = _mel(spectrogram["low_hz"]), _mel(spectrogram["high_hz"])
    axes.imshow(decibels.T, origin="lower", aspect="auto", cmap="magma", extent=(0.0, picture["seconds"], low, high))
    ticks = [hertz for hertz in TICKS_HZ if spectrogram["low_hz"] <= hertz <= spectrogram["high_hz"]]
    axes.set_yticks([_mel(hertz) for hertz in ticks], [f"{hertz} Hz" for hertz in ticks])
    place = axes.get_subplotspec()
    if place is None or place.is_last_row():        # of axes above each other, the lowest names the seconds
        axes.set_xlabel("seconds")
    axes.set_title(title, loc="left")


def _mel(hertz: float) -> float:
    """The scale of the picture: O'Shaughnessy (1987), 2595 log10(1 + f / 700)."""
    return 2595.0 * math.log10(1.0 + hertz / 700.0)
