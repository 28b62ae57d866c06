"""The two normal draws of a conversion, by seed and place: the same frames get the same noise, however a clip is cut."""

from __future__ import annotations

import hashlib
from typing import Literal

import torch
from torch import Tensor

SPAN = 500          # frames that one generator draws

Kind = Literal["latent", "source"]


def noise(seed: int, kind: Kind, first: int, last: int, width: int) -> Tensor:
    """(last - first, width) float32 of variance 1 for the frames [first, last), on the processor."""
    parts = []
    for span in range(first // SPAN, -(-last // SPAN)):
        generator = torch.Generator().manual_seed(_seed_of(seed, kind, span))
        drawn = torch.randn((SPAN, width), generator=generator)
        begin = span * SPAN
        parts.append(drawn[max(first - begin, 0) : min(last - begin, SPAN)])
    return torch.cat(parts)


def _seed_of(seed: int, kind: Kind, span: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{kind}/{span}".encode()).digest()[:8], "little") >> 1
