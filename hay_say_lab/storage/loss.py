"""How a stage lost its worker, beside the reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Loss:
    """More of how a stage lost its worker. `out_of_memory`: it was ended for that, which is no death of its own."""

    out_of_memory: bool = False
    device: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)


NOTHING_MORE = Loss()
