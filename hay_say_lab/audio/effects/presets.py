"""Effect chains by what they sound like. Data alone: what a preset says may be changed by hand afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """A chain as `apply_chain` takes it, with a name people know it by."""

    name: str
    sounds_like: str
    chain: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "sounds_like": self.sounds_like, "chain": [dict(link) for link in self.chain]}


def _link(effect: str, mix: float | None = None, **settings: Any) -> dict[str, Any]:
    return {"effect": effect, "settings": settings} | ({} if mix is None else {"mix": mix})


_ALL = (
    Preset(
        "telephone",
        "A voice on an old telephone.",
        (
            _link("high_pass", cutoff_hz=300.0, slope_db="24"),
            _link("low_pass", cutoff_hz=3400.0, slope_db="48"),
            _link("compressor", threshold_db=-24.0, ratio=4.0, makeup_db=4.0),
        ),
    ),
    Preset(
        "radio",
        "An announcer on the radio: close, even, clear.",
        (
            _link("high_pass", cutoff_hz=90.0),
            _link("eq", low_db=2.0, low_hz=180.0, peak_db=3.5, peak_hz=3200.0, peak_q=0.8),
            _link("compressor", threshold_db=-26.0, ratio=4.0, attack_ms=3.0, release_ms=120.0, makeup_db=6.0),
            _link("de_esser"),
        ),
    ),
    Preset(
        "megaphone",
        "Shouted through a megaphone in a yard.",
        (
            _link("high_pass", cutoff_hz=500.0, slope_db="24"),
            _link("low_pass", cutoff_hz=4500.0, slope_db="24"),
            _link("eq", peak_db=9.0, peak_hz=1600.0, peak_q=1.5),
            _link("compressor", threshold_db=-34.0, ratio=12.0, attack_ms=1.0, release_ms=40.0, makeup_db=6.0),
            _link("delay", 0.12, time_seconds=0.09, feedback=0.2, damping_hz=2500.0),
        ),
    ),
    Preset(
        "whisper_room",
        "A small room full of curtains.",
        (_link("reverb", 0.2, decay_seconds=0.25, size=0.35, damping_hz=3500.0, predelay_ms=2.0),),
    ),
    Preset(
        "hall",
        "On the stage of a concert hall.",
        (
            _link("reverb", 0.3, decay_seconds=2.2, size=1.4, damping_hz=5500.0, predelay_ms=25.0),
            _link("eq", low_db=-1.5, low_hz=200.0),
        ),
    ),
    Preset(
        "cathedral",
        "Far away in a stone church.",
        (_link("reverb", 0.5, decay_seconds=6.0, size=2.0, damping_hz=4000.0, predelay_ms=60.0),),
    ),
    Preset(
        "valley",
        "Called across a valley, and answered.",
        (
            _link("delay", 0.35, time_seconds=0.45, feedback=0.5, damping_hz=3000.0),
            _link("reverb", 0.15, decay_seconds=1.5, size=2.0, predelay_ms=40.0),
        ),
    ),
    Preset(
        "crowd",
        "Several of the same voice speaking together.",
        (
            _link("chorus", 0.6, rate_hz=0.6, depth_ms=6.0, voices=5),
            _link("reverb", 0.12, decay_seconds=0.6, size=0.7),
        ),
    ),
    Preset(
        "next_room",
        "Heard through the wall.",
        (
            _link("low_pass", cutoff_hz=700.0, slope_db="24"),
            _link("reverb", 0.3, decay_seconds=0.6, size=0.6, damping_hz=1500.0),
            _link("gain", gain_db=-4.0),
        ),
    ),
    Preset(
        "studio",
        "Recorded well: no rumble, gentle s, even.",
        (
            _link("high_pass", cutoff_hz=70.0),
            _link("de_esser", threshold_db=-10.0, reduction_db=6.0),
            _link("compressor", threshold_db=-22.0, ratio=2.5, attack_ms=8.0, makeup_db=3.0),
            _link("eq", high_db=1.5, high_hz=9000.0),
        ),
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
