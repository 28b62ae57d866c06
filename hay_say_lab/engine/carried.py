"""A job on its way through a worker."""

from __future__ import annotations

from dataclasses import dataclass

from hay_say_lab.domain.job import Job
from hay_say_lab.engine.attendant import Attendant


@dataclass(slots=True)
class Carried:
    """A job with a worker: which claim, on which seat."""

    job: Job
    seat: int
    queued_at: str              # UTC, ISO 8601
    device: str
    attendant: Attendant | None = None
    cancelled: bool = False
