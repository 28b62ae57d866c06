"""What a stage is about, as far as memory goes, and the workers that come with the core."""

from __future__ import annotations

from dataclasses import dataclass

from hay_say_lab.domain.job import AUDIO_WORKER, MEASURING_WORKER
from hay_say_lab.domain.manifest import Offer

LONGEST_BREATH_SECONDS = 30.0   # of computing without a stop, after which a stage may not have the last place


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A kind of worker that comes with the core."""

    runtime: str
    resident_mb: float              # measured, with the blocks that are in work
    mb_a_second: float = 0.03       # contours; the sound itself lies in files


BUILT_IN = {
    AUDIO_WORKER: BuiltIn("hay_say_lab.worker.audio:AudioRuntime", 200.0),      # 182 reducing noise, 138 breath, 107 a report
    MEASURING_WORKER: BuiltIn("hay_say_lab.worker.measuring:MeasuringRuntime", 900.0, 1.0),     # and torch
}


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage is about, as far as its memory goes. `ooms`: how often it ran out so far; `cpu_fallback`: a person
    allowed the processor where a card is too small; `unbroken`: as in `Need`."""

    worker: str
    voice: str | None = None        # its hash
    seconds: float = 0.0
    ooms: int = 0
    cpu_fallback: bool = False
    unbroken: bool = False


def cannot_stop(lane: str, offer: Offer | None) -> bool:
    """Whether a stage of a lane keeps interactive ones waiting for longer than a piece: its offer declares it so."""
    return lane != "interactive" and offer is not None and offer.atomic_seconds > LONGEST_BREATH_SECONDS
