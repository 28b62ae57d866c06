"""Work outside of any job: wait for a seat, run one task on a worker, give the objects that it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hay_say_lab.engine.admission import Admit, Refuse, admit
from hay_say_lab.engine.news import News
from hay_say_lab.engine.order import Done, Failed, Order, Progress, WorkerLost
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.work import Work
from hay_say_lab.errors import InvalidRequest, WorkerFailed

SECONDS_TO_ASK_AGAIN = 0.5


def untold(fraction: float, message: str) -> None:
    """The progress of an errand that nobody follows."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One task for a worker of a kind. `what`: the errand in words, such as 'made the voice'."""

    worker: str
    task: str
    inputs: Mapping[str, Path]
    folder: Path                    # in the scratch folder; the caller removes it
    what: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0            # of audio


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of an errand: objects by role, and who made them."""

    outputs: Mapping[str, str]
    code_version: str
    fingerprint: Mapping[str, Any]


class Errands:
    """Runs errands on the workers that jobs use, too."""

    def __init__(self, pool: WorkerPool, news: News) -> None:
        self._pool = pool
        self._news = news

    async def run(self, errand: Errand, progress: Progress = untold) -> Brought:
        """Raises InvalidRequest where admission refuses, WorkerFailed, or what the task itself says."""
        out, pieces = errand.folder / errand.task, errand.folder / f"{errand.task}-pieces"
        name = f"{errand.folder.name}/{errand.task}"
        order = Order(name, 0, errand.task, out, pieces, inputs=errand.inputs, settings=errand.settings)
        work = Work(errand.worker, seconds=errand.seconds)
        need = self._pool.need(work)
        while not isinstance(verdict := admit(need, self._pool.ledger()), Admit):
            if isinstance(verdict, Refuse):
                raise InvalidRequest(verdict.problem.message, problems=[verdict.problem])
            await self._news.wait(SECONDS_TO_ASK_AGAIN)
        seat = self._pool.reserve(work, need, verdict)
        try:
            attendant = await self._pool.attendant(seat)
            outcome, outputs = await self._pool.run(attendant, order, progress)
        except WorkerLost as lost:
            raise WorkerFailed(f"The worker was lost while it {errand.what}: {lost.reason}.", fix="Try again.") from None
        finally:
            self._pool.release(seat)
            self._news.ring()
        if isinstance(outcome, Failed):
            raise outcome.error
        if not isinstance(outcome, Done):
            raise WorkerFailed(f"The worker was stopped while it {errand.what}.", fix="Try again.")
        return Brought(outputs, attendant.code_version, attendant.fingerprint)
