"""Looking after workers between stages: ending the unused, replacing the worn, warming the likely; pins and ejections."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from hay_say_lab.domain.voice import Voice
from hay_say_lab.engine.admission import Admit, admit
from hay_say_lab.engine.habits import Habit
from hay_say_lab.engine.order import Failed, WorkerLost
from hay_say_lab.engine.pool import MOST_IDLE, WorkerPool
from hay_say_lab.engine.seats import Chair
from hay_say_lab.engine.wear import worn
from hay_say_lab.engine.work import Work
from hay_say_lab.errors import Conflict, LabError, NotFound

log = logging.getLogger(__name__)

RECALLED_SECONDS = 7 * 86_400.0     # how long ago an earlier host's work counts
MOST_RECALLED = 3                   # workers that a new host warms for it: who speaks, who converts, who does the sound


@dataclass(frozen=True, slots=True)
class Rules:
    """After how many seconds unused a worker ends; how long nothing must wait or run before the next likely one is warmed."""

    idle_seconds: float = 300.0
    quiet_seconds: float = 2.0
    between_looks: float = 1.0

    @classmethod
    def from_environment(cls) -> Rules:
        """HAY_SAY_WORKER_IDLE_SECONDS; the rest as it is."""
        words = os.environ.get("HAY_SAY_WORKER_IDLE_SECONDS", "").strip()
        return cls(idle_seconds=float(words)) if words else cls()


class Upkeep:
    """`look` again and again, with the time; `quiet`: nothing waits and nothing runs."""

    def __init__(self, pool: WorkerPool, rules: Rules | None = None) -> None:
        self._pool = pool
        self.rules = rules or Rules.from_environment()
        self._closed = False
        self._quiet_since: float | None = None
        self._warming: asyncio.Task[None] | None = None
        self._successors: list[tuple[Habit, bool]] = []         # of worn workers, and whether they were pinned
        self._recalled: list[Habit] = []                        # used in an earlier host's life

    def look(self, now: float, *, quiet: bool) -> None:
        self._pool.ledger()             # looks at the devices, and forgets who died idle
        for chair in self._pool.seats.idle():
            if now - chair.used_at > self.rules.idle_seconds:
                self._pool.end(chair.number, "idle")
        for chair in list(self._pool.seats.chairs.values()):
            if not (chair.busy or chair.ending) and (why := worn(chair.stages, chair.after_stages_mb)) is not None:
                self._replace(chair, why, now)
        if not quiet:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        if self._warming is not None and self._warming.done():
            self._warming = None
        rested = self._quiet_since is not None and now - self._quiet_since >= self.rules.quiet_seconds
        if rested and self._warming is None and (chosen := self._next(now)) is not None:
            self._warming = asyncio.get_running_loop().create_task(self._warm(*chosen))

    async def tend(self, quiet: Callable[[], bool]) -> None:
        """Look again and again until `close`."""
        while not self._closed:
            await asyncio.sleep(self.rules.between_looks)
            try:
                self.look(time.monotonic(), quiet=quiet())
            except LabError:
                log.exception("the workers could not be looked after")

    def recall(self, now: float) -> None:
        """A host has begun, and its habits are those of an earlier one: the likeliest are warmed once, whenever that was."""
        self._recalled = list(islice(self._pool.habits.likely(now, RECALLED_SECONDS), MOST_RECALLED))

    async def close(self) -> None:
        """Nothing more is warmed."""
        self._closed = True
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)

    # What operators ask for.

    def pin(self, number: int, pinned: bool) -> None:
        """A pinned worker is neither evicted nor ended for being unused. Raises NotFound."""
        self._chair(number).pinned = pinned

    def forget(self, voice: Voice) -> None:
        """It was removed: nobody warms it again, and idle workers that hold its files open end, pinned or not."""
        self._pool.habits.forget(voice.id)
        self._recalled = [habit for habit in self._recalled if habit.order.voice != voice.id]
        for chair in list(self._pool.seats.chairs.values()):
            attendant = self._pool.attendants.get(chair.number)
            if attendant is not None and voice.id in attendant.voices and not (chair.busy or chair.ending):
                chair.pinned = False
                self._pool.end(chair.number, "removed")

    def eject(self, number: int) -> None:
        """End an idle worker now, pinned or not. Raises NotFound, Conflict where it is at work."""
        chair = self._chair(number)
        if chair.busy:
            raise Conflict("The worker is at work.", field="worker", fix="Cancel its job, or wait for it.")
        chair.pinned = False
        if not chair.ending:
            self._pool.end(number, "ejected")

    def _chair(self, number: int) -> Chair:
        chair = self._pool.seats.chairs.get(number)
        if chair is None or number not in self._pool.attendants:
            raise NotFound("There is no such worker.", field="worker", fix="See 'hay-say workers'.")
        return chair

    # Warming.

    def _replace(self, chair: Chair, why: str, now: float) -> None:
        """A worn worker ends between two stages; where its voice is still in use another one takes its place."""
        log.info("worker %s (%d) is replaced: %s", chair.worker, chair.number, why)
        for habit in self._pool.habits.likely(now, self.rules.idle_seconds):
            if habit.model[0] == chair.worker and (habit.model[1] is None or habit.model[1] in chair.voices):
                self._successors.append((habit, chair.pinned))
                break
        self._pool.end(chair.number, "worn")

    def _next(self, now: float) -> tuple[Habit, bool] | None:
        """The likeliest model that nobody has warm, and whether it is to be pinned."""
        if self._successors:
            return self._successors.pop(0)
        if len(self._pool.seats.idle()) >= MOST_IDLE:
            return None
        recalled, self._recalled = self._recalled, []
        for number, habit in enumerate(recalled):
            if self._wanted(habit, now):
                self._recalled = recalled[number + 1 :]
                return habit, False
        likely = self._pool.habits.likely(now, self.rules.idle_seconds)
        return next(((habit, False) for habit in likely if self._wanted(habit, now)), None)

    def _wanted(self, habit: Habit, now: float) -> bool:
        """Whether nobody has it warm, and it did not take workers down lately."""
        warm = any(self._serves(chair, habit) for chair in self._pool.seats.chairs.values())
        return not warm and not self._pool.circuits.suspect(habit.model, now)

    @staticmethod
    def _serves(chair: Chair, habit: Habit) -> bool:
        worker, voice = habit.model
        return chair.worker == worker and (voice is None or voice in chair.voices or chair.warming)

    async def _warm(self, habit: Habit, pinned: bool) -> None:
        """Start and load where memory is free for it; nobody is evicted for what nobody asked for."""
        worker, voice = habit.model
        pool = self._pool
        try:
            work = Work(worker, voice)
            need = pool.need(work)
            verdict = admit(need, pool.ledger())
        except LabError:
            return                                  # its architecture is gone
        if not isinstance(verdict, Admit) or verdict.evict:
            return
        seat = pool.reserve(work, need, verdict)
        chair = pool.seats.chairs[seat]
        chair.warming = True
        try:
            attendant = await pool.attendant(seat)
            failure = await attendant.load(replace(habit.order, device=attendant.device))
            if isinstance(failure, Failed):
                log.warning("a voice could not be warmed: %s", failure.error.message)
                await attendant.end()
            else:
                pool.warmed(attendant)
                chair.pinned = pinned
        except WorkerLost as lost:
            log.warning("a worker was lost while it was warmed: %s", lost.reason)
            if lost.kind != "start":                # the pool knows of that
                pool.lost(lost, habit.model)
        finally:
            pool.release(seat)

