"""What a request will take, before it is queued: seconds of computing and memory, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hay_say_lab.domain.job import AUDIO_WORKER, Stage
from hay_say_lab.engine.history import History
from hay_say_lab.registry.architectures import Architectures

AUDIO_SECONDS_PER_SECOND = 0.05     # of decode, prepare and finish, as declared for the audio worker


@dataclass(frozen=True, slots=True)
class Forecast:
    """`learnt`: every stage is of a kind that was done before; else some figures are what manifests declare."""

    seconds: float
    memory_mb: float
    learnt: bool


def forecast(
    stages: Sequence[Stage],
    audio_seconds: float,
    history: History,
    architectures: Architectures,
    memory_mb: Callable[[Stage, float], float],
) -> Forecast:
    """Stages run one behind the other: their seconds add up, of their memory the widest counts."""
    measured = [history.seconds(stage.worker, stage.task, audio_seconds) for stage in stages]
    seconds = [
        known if known is not None else _declared(stage, architectures) * audio_seconds
        for known, stage in zip(measured, stages, strict=True)
    ]
    widest = max((memory_mb(stage, audio_seconds) for stage in stages), default=0.0)
    return Forecast(round(sum(seconds), 2), round(widest, 1), all(known is not None for known in measured))


def _declared(stage: Stage, architectures: Architectures) -> float:
    """Seconds of computing a second of audio."""
    if stage.worker == AUDIO_WORKER:
        return AUDIO_SECONDS_PER_SECOND
    offer = architectures.manifest(stage.worker).offer(stage.task)
    return offer.seconds_per_second if offer is not None else AUDIO_SECONDS_PER_SECOND
