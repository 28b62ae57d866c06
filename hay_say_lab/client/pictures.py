"""Pictures of clips as files for scripts and papers: SVG by our own hand, PNG by matplotlib."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.client.drawing import draw_pitch, draw_spectrogram, draw_waveform
from hay_say_lab.client.svg import svg_of
from hay_say_lab.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from hay_say_lab.client.measures import PitchContour

PICTURE_ENDINGS = (".png", ".svg")
_INCHES, _DOTS_PER_INCH = (9.6, 4.6), 150


def save_picture(path: str | Path, picture: Mapping[str, Any], title: str, contour: PitchContour | None = None) -> Path:
    """Waveform and spectrogram, and a pitch over it; the name's ending chooses the format.

    Raises InvalidRequest for another ending, Unavailable for a PNG without matplotlib, OSError.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in PICTURE_ENDINGS:
        raise InvalidRequest(
            f"'{path.name}' does not end in a format that is drawn.", field="out", fix="End the name in .png or .svg."
        )
    content = svg_of(picture, title, contour).encode() if ending == ".svg" else _png_of(picture, title, contour)
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def _png_of(picture: Mapping[str, Any], title: str, contour: PitchContour | None) -> bytes:
    if importlib.util.find_spec("matplotlib") is None:
        raise Unavailable(
            "A PNG is drawn by matplotlib, which is not installed.",
            field="out",
            fix="End the name in .svg, or install it with 'pip install \"hay-say-lab[lab]\"'.",
        )
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    wave, spectrum = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2.2))
    draw_waveform(wave, picture, title)
    draw_spectrogram(spectrum, picture, "")
    if contour is not None:
        draw_pitch(spectrum, contour)
    made = io.BytesIO()
    figure.savefig(made, format="png")
    return made.getvalue()
