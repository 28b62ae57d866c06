"""What a take leaves in a notebook that no kernel and no script will open again: static HTML."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hay_say_lab.widgets.card import recipe_card
from hay_say_lab.widgets.drawing import WIDTH, picture_png
from hay_say_lab.widgets.source import Source

PREVIEW_SECONDS = 10.0
PREVIEW_RATES = (16000, 22050, 24000)           # per second; 64 kbit/s suits speech at these rates
_COMPRESSION = 0.72                             # of libsndfile's scale: 64 kbit/s at PREVIEW_RATES, so 80 kB at most

_DOT = " \u00b7 "


@dataclass(frozen=True, slots=True)
class Look:
    """What of a take can be shown without sound; read once."""

    title: str
    picture: Mapping[str, Any]
    card: Mapping[str, Any]

    @classmethod
    def at(cls, source: Source) -> Look:
        """Raises LabError where the take's documents cannot be read."""
        return cls(source.title, source.picture(), recipe_card(source.recipe()))

    @property
    def facts(self) -> list[str]:
        """Voices in order, seed, duration."""
        voices = " \u2192 ".join(step["voice"] for step in self.card["steps"])
        return [voices, f"seed {self.card['seed']}", f"{self.picture['seconds']:.2f} s"]

    def as_text(self) -> str:
        """The take as one line."""
        return _DOT.join([self.title, *self.facts, f"recipe {self.card['id'][:12]}"])

    def as_html(self, sound: str = "<div>Run the cell to listen.</div>") -> str:
        """Picture and facts, and `sound`: markup of ours. Without sound it stands in for a live player."""
        return (
            f'<figure style="margin:8px 0;max-width:{WIDTH}px;font:13px/1.5 system-ui,sans-serif">'
            f'<figcaption style="margin-bottom:6px"><b>{html.escape(self.title)}</b><br>'
            f"{html.escape(_DOT.join(self.facts))}</figcaption>"
            f'<img style="display:block;width:100%;height:auto;border-radius:6px" '
            f'alt="Waveform and spectrogram, {self.picture["seconds"]:.1f} seconds" '
            f'src="{_data("image/png", picture_png(self.picture))}">'
            f"{sound}"
            f"<div>Recipe <code>{html.escape(self.card['id'])}</code></div>"
            "</figure>"
        )


def preview_html(source: Source) -> str:
    """Picture, voices, seed, recipe id, and the first PREVIEW_SECONDS as MP3; at most about 200 kB.

    Raises LabError where the take cannot be read.
    """
    look = Look.at(source)
    short = look.picture["seconds"] <= PREVIEW_SECONDS
    extent = "" if short else f" of the first {PREVIEW_SECONDS:.0f} seconds"
    return look.as_html(
        f'<audio controls preload="metadata" style="width:100%;margin-top:6px" '
        f'src="{_data("audio/mpeg", preview_mp3(source.export("wav")))}"></audio>'
        f"<div>A compressed preview{extent}; the recipe makes the take itself again.</div>"
    )


def preview_mp3(wav: bytes) -> bytes:
    """The first PREVIEW_SECONDS of a WAV file as mono MP3 at 64 kbit/s; the same bytes for the same file."""
    import soundfile
    import soxr

    with soundfile.SoundFile(io.BytesIO(wav)) as file:
        rate = file.samplerate
        samples = file.read(round(PREVIEW_SECONDS * rate), dtype="float32", always_2d=True).mean(axis=1)
    if rate not in PREVIEW_RATES:
        samples, rate = soxr.resample(samples, rate, PREVIEW_RATES[-1]), PREVIEW_RATES[-1]
    made = io.BytesIO()
    soundfile.write(
        made, samples, rate, format="MP3", subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT", compression_level=_COMPRESSION,
    )  # fmt: skip
    return made.getvalue()


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
