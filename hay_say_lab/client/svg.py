"""A clip's picture as an SVG of our own: waveform, spectrogram, pitch over it; the same bytes for the same picture."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hay_say_lab.client.drawing import PITCH_TICKS_HZ, TICKS_HZ, mel, pitch_height
from hay_say_lab.client.png import indexed_png, ramp

if TYPE_CHECKING:
    from hay_say_lab.client.measures import PitchContour

WIDTH, LEFT, RIGHT = 960, 64, 64            # pixels, as all that follows
TITLE, WAVE, GAP, SPECTRUM, FOOT = 30, 110, 10, 240, 40
_INK, _SOFT, _WAVE_COLOUR = "#16181d", "#5a6068", "#1565c0"
# Over every colour of the ramp one of the two stands out by at least 3 : 1 (WCAG 2.2, 1.4.11).
_PITCH, _PITCH_EDGE = "#7df9ff", "#101218"
_LEAST_CONFIDENCE = 0.5
_MOST_TICKS = 12
_LEAST_APART = 15                           # lines of text


def svg_of(picture: Mapping[str, Any], title: str, contour: PitchContour | None = None) -> str:
    """`picture`: the audio worker's document; of a contour the frames that are trusted."""
    top, bottom = TITLE + WAVE + GAP, TITLE + WAVE + GAP + SPECTRUM
    spoken = f"Waveform and spectrogram, {picture['seconds']:.2f} seconds"
    cells = base64.b64encode(_spectrogram(picture["spectrogram"])).decode("ascii")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + FOOT}" role="img"',
        f' aria-label="{spoken}" font-family="system-ui, sans-serif" font-size="12" fill="{_INK}">',
        f'<rect width="{WIDTH}" height="{bottom + FOOT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="600">{html.escape(title)}</text>',
        f'<path d="{_outline(picture["peaks"])}" fill="{_WAVE_COLOUR}"/>',
        f'<image x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="{SPECTRUM}" preserveAspectRatio="none"',
        f' href="data:image/png;base64,{cells}"/>',
        *_frequencies(picture["spectrogram"], top),
        *_moments(picture["seconds"], bottom),
    ]
    if contour is not None:
        line = _pitch_path(contour, picture["seconds"], top)
        for colour, width in ((_PITCH_EDGE, 4.5), (_PITCH, 2)):
            parts.append(
                f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round" '
                f'stroke-linejoin="round"/>'
            )
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="20" text-anchor="end" fill="{_SOFT}">f0 by {html.escape(contour.method)}</text>'
        )
        parts += _pitches(top)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _outline(peaks: Mapping[str, Any]) -> str:
    """The waveform as one closed path: the highest samples from left to right, the lowest ones back."""
    low, high = (memoryview(base64.b64decode(peaks[side])).cast("b").tolist() for side in ("low", "high"))
    middle, reach = TITLE + WAVE / 2, (WAVE / 2 - 2) / 127
    step = (WIDTH - LEFT - RIGHT) / max(1, len(low))
    above = [f"{LEFT + (i + 0.5) * step:.1f},{middle - value * reach - 0.4:.1f}" for i, value in enumerate(high)]
    below = [f"{LEFT + (i + 0.5) * step:.1f},{middle - value * reach + 0.4:.1f}" for i, value in enumerate(low)]
    return "M" + "L".join([*above, *reversed(below)]) + "Z"


def _spectrogram(spectrogram: Mapping[str, Any]) -> bytes:
    """A pixel for each cell, the highest band first."""
    cells, bands = base64.b64decode(spectrogram["data"]), spectrogram["bands"]
    return indexed_png([cells[band::bands] for band in reversed(range(bands))], ramp(256))


def _frequencies(spectrogram: Mapping[str, Any], top: float) -> Iterator[str]:
    """Ticks on the left, none so near another that its text would suffer."""
    above = -math.inf
    for hertz in reversed(TICKS_HZ):
        if spectrogram["low_hz"] <= hertz <= spectrogram["high_hz"]:
            y = top + SPECTRUM * (1 - _height(hertz, spectrogram))
            if y - above < _LEAST_APART:
                continue
            above = y
            name = f"{hertz / 1000:g} kHz" if hertz >= 1000 else f"{hertz} Hz"
            yield f'<path d="M{LEFT - 5},{y:.1f}h5" stroke="{_SOFT}"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{_SOFT}">{name}</text>'


def _pitches(top: float) -> Iterator[str]:
    """Ticks on the right, for the pitch alone."""
    for hertz in PITCH_TICKS_HZ:
        y = top + SPECTRUM * (1 - pitch_height(hertz))
        yield f'<path d="M{WIDTH - RIGHT},{y:.1f}h5" stroke="{_SOFT}"/>'
        yield f'<text x="{WIDTH - RIGHT + 8}" y="{y + 4:.1f}" fill="{_SOFT}">{hertz} Hz</text>'


def _moments(seconds: float, bottom: float) -> Iterator[str]:
    """Ticks at round seconds."""
    step = _round_step(seconds / _MOST_TICKS)
    count = math.floor(seconds / step + 1e-9) if step else 0
    for number in range(count + 1):
        x = LEFT + (WIDTH - LEFT - RIGHT) * (number * step / seconds if seconds else 0.0)
        yield f'<path d="M{x:.1f},{bottom}v5" stroke="{_SOFT}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="{_SOFT}">{number * step:g}</text>'
    yield f'<text x="{WIDTH - RIGHT}" y="{bottom + 34}" text-anchor="end" fill="{_SOFT}">seconds</text>'


def _round_step(least: float) -> float:
    """The next of 1, 2, 5 times a power of ten; 0 for no duration."""
    if least <= 0.0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def _pitch_path(contour: PitchContour, seconds: float, top: float) -> str:
    """A line for each stretch of trusted frames; a single one is a dot."""
    parts, drawing = [], False
    for moment, hertz, sure in zip(contour.seconds, contour.hz, contour.confidence, strict=True):
        if hertz <= 0 or sure < _LEAST_CONFIDENCE:
            drawing = False
            continue
        x = LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, float(moment) / seconds)
        y = top + SPECTRUM * (1 - pitch_height(float(hertz)))
        parts.append(f"{'L' if drawing else 'M'}{x:.1f},{y:.1f}" + ("" if drawing else "h0"))
        drawing = True
    return "".join(parts)


def _height(hertz: float, spectrogram: Mapping[str, Any]) -> float:
    """How high a frequency lies, 0..1."""
    low, high = mel(spectrogram["low_hz"]), mel(spectrogram["high_hz"])
    return (mel(hertz) - low) / (high - low)
