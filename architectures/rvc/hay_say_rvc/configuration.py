"""A checkpoint's `config` list as the sizes of the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hay_say_rvc.synthesizer import Sizes
from hay_say_shared.hifigan import Shape

# Positions in the list; those that are not here matter to training alone.
_LATENT, _HIDDEN, _INNER, _HEADS, _LAYERS, _KERNEL = 2, 3, 4, 5, 6, 7
_BLOCK_KERNELS, _BLOCK_DILATIONS, _RATES, _FIRST, _KERNELS, _SPEAKERS, _CONDITION, _SAMPLE_RATE = range(10, 18)


def sizes_of(
    config: Sequence[Any], *, version: str, has_pitch: bool, speakers: int | None = None, features: int | None = None
) -> Sizes:
    """config: 18 entries, or 17 without the rate. What the weights themselves tell is right where the list is not:
    speakers, the rows of their table; features, the width that they take (else that of the version)."""
    rates = tuple(int(rate) for rate in config[_RATES])
    shape = Shape(
        latent=int(config[_LATENT]),
        condition=int(config[_CONDITION]),
        first_channels=int(config[_FIRST]),
        rates=rates,
        kernels=tuple(int(kernel) for kernel in config[_KERNELS]),
        block_kernels=tuple(int(kernel) for kernel in config[_BLOCK_KERNELS]),
        block_dilations=tuple(tuple(int(step) for step in steps) for steps in config[_BLOCK_DILATIONS]),
        has_source=has_pitch,
    )
    return Sizes(
        features=features or (256 if version == "v1" else 768),
        sample_rate=_rate(config[_SAMPLE_RATE]) if len(config) > _SAMPLE_RATE else 100 * shape.samples_per_frame,
        shape=shape,
        speakers=speakers or int(config[_SPEAKERS]),
        channels=int(config[_HIDDEN]),
        inner=int(config[_INNER]),
        heads=int(config[_HEADS]),
        layers=int(config[_LAYERS]),
        kernel=int(config[_KERNEL]),
    )


def _rate(entry: Any) -> int:
    """'40k' and 40000 are the same."""
    return int(entry[:-1]) * 1000 if isinstance(entry, str) and entry.endswith("k") else int(entry)
