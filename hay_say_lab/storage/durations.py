"""How long stages took: a bounded sample of each kind of stage, from which the next one is estimated."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from hay_say_lab.storage.schema import durations
from hay_say_lab.storage.statements import insert, update

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
    place = {"worker": took.worker, "task": took.task, "device": took.device, "slot": secrets.randbelow(SLOTS)}
    measured = {"audio_seconds": took.audio_seconds, "seconds": took.seconds}
    there = {f"if_{name}": value for name, value in place.items()}
    if update(durations, tuple(place), tuple(measured)).run(connection, {**measured, **there}).rowcount == 0:
        insert(durations, (*place, *measured)).run(connection, {**place, **measured})


def all_durations(connection: sa.Connection) -> list[Duration]:
    """All of them: a host reads them once, when it starts."""
    columns = (durations.c.worker, durations.c.task, durations.c.device, durations.c.audio_seconds, durations.c.seconds)
    return [Duration(*row) for row in connection.execute(sa.select(*columns))]
