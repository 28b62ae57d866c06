"""How long stages took: a bounded sample of each kind of stage, from which the next one is estimated."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from hay_say_lab.storage.schema import durations

SLOTS = 32                      # of each kind; a new one takes the place of any, so old ones fade


@dataclass(frozen=True, slots=True)
class Duration:
    """A stage that was done: of so many seconds of audio, in so many seconds."""

    worker: str
    task: str
    device: str
    audio_seconds: float
    seconds: float


def keep_duration(connection: sa.Connection, took: Duration) -> None:
    slot = secrets.randbelow(SLOTS)
    place = (
        durations.c.worker == took.worker,
        durations.c.task == took.task,
        durations.c.device == took.device,
        durations.c.slot == slot,
    )
    measured = {"audio_seconds": took.audio_seconds, "seconds": took.seconds}
    if connection.execute(durations.update().where(*place).values(**measured)).rowcount == 0:
        connection.execute(
            durations.insert().values(worker=took.worker, task=took.task, device=took.device, slot=slot, **measured)
        )


def all_durations(connection: sa.Connection) -> list[Duration]:
    """All of them: a host reads them once, when it starts."""
    columns = (durations.c.worker, durations.c.task, durations.c.device, durations.c.audio_seconds, durations.c.seconds)
    return [Duration(*row) for row in connection.execute(sa.select(*columns))]
