"""Many requests at once: judged as a whole, queued row by row under keys of their own, stopped and retried together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

from hay_say_lab.domain.batch import LONGEST_NAME, MOST_ROWS, BatchOrder, Tally, row_key
from hay_say_lab.domain.control import pointer
from hay_say_lab.domain.job import Job, State
from hay_say_lab.engine.engine import Engine
from hay_say_lab.errors import BatchMissing, Fix, IllegalTransition, InvalidRequest, Problem, headline
from hay_say_lab.storage import batches

ROWS_AT_ONCE = 64           # so that rows share commits, and other calls are answered in between
MOST_PROBLEMS = 200         # told of one batch; a thousand say no more than that


class Batches:
    """Of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def problems(self, owner: str, order: BatchOrder) -> list[Problem]:
        """What stands in the way of any row, in their order, at most MOST_PROBLEMS."""
        found = list(_shape(order))
        for number, request in enumerate(order.requests[:MOST_ROWS]):
            found += [at_row(problem, number) for problem in self._engine.intake.problems(owner, request)]
            if len(found) >= MOST_PROBLEMS:
                break
            if number % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found[:MOST_PROBLEMS]

    async def submit(self, owner: str, order: BatchOrder, traceparent: str = "") -> Tally:
        """Queue all rows, or none where any has a problem. A row that was queued before stays the job that it is.

        Raises InvalidRequest; Conflict where a row was queued before as another request; Full in the middle: the rows
        so far are queued, and the same call goes on behind them.
        """
        problems = await self.problems(owner, order)
        if problems:
            await self._engine.intake.tell_refused(owner, order.requests)
            raise InvalidRequest(headline(problems), problems=problems)
        keyed = [
            (request.evolve(group=order.name), row_key(order.name, order.first + number))
            for number, request in enumerate(order.requests)
        ]
        for first in range(0, len(keyed), ROWS_AT_ONCE):
            sent = [self._engine.submit(owner, *row, traceparent) for row in keyed[first : first + ROWS_AT_ONCE]]
            for outcome in await asyncio.gather(*sent, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
        return self.tally(owner, order.name)

    def tally(self, owner: str, name: str) -> Tally:
        """Raises BatchMissing."""
        tally = self._engine.store.read(batches.tally, owner, name)
        if not tally.rows:
            raise BatchMissing(
                "There is no batch of that name.", field="batch", fix="List yours with 'hay-say batch list'."
            )
        return tally

    def tallies(self, owner: str, before: str | None, limit: int) -> list[Tally]:
        return self._engine.store.read(lambda connection: batches.tallies(connection, owner, before=before, limit=limit))

    def rows(self, owner: str, name: str, after: str | None, limit: int) -> list[Job]:
        return self._engine.store.read(
            lambda connection: batches.rows(connection, owner, name, after=after, limit=limit)
        )

    async def cancel(self, owner: str, name: str) -> Tally:
        """Stop whatever of it waits or runs. Raises BatchMissing."""
        return await self._each(owner, name, (State.QUEUED, State.RUNNING), self._engine.cancel)

    async def retry(self, owner: str, name: str) -> Tally:
        """Try the rows again that failed. Raises BatchMissing."""

        async def again(job_id: str) -> Job:
            return await self._engine.again(job_id, release=False)

        return await self._each(owner, name, (State.FAILED,), again)

    async def _each(
        self, owner: str, name: str, states: Iterable[State], act: Callable[[str], Awaitable[Job]]
    ) -> Tally:
        self.tally(owner, name)
        wanted = tuple(state.value for state in states)
        found = self._engine.store.read(batches.ids_in, owner, name, wanted)
        for first in range(0, len(found), ROWS_AT_ONCE):
            acts = [act(job_id) for job_id in found[first : first + ROWS_AT_ONCE]]
            for outcome in await asyncio.gather(*acts, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, IllegalTransition):
                    raise outcome           # one that has moved on meanwhile is no fault
        return self.tally(owner, name)


def at_row(problem: Problem, number: int) -> Problem:
    """A problem of one request as one of the batch: its field and its patch begin at the row."""
    root = pointer(f"requests.{number}")
    patch = tuple({**step, "path": f"{root}{step['path']}"} for step in problem.fix.patch)
    return Problem(f"requests.{number}.{problem.field}", problem.message, Fix(problem.fix.label, patch))


def _shape(order: BatchOrder) -> Iterator[Problem]:
    if not (0 < len(order.name) <= LONGEST_NAME and order.name.isprintable()):
        yield Problem("name", f"A batch's name has 1 to {LONGEST_NAME} printable characters.", Fix("Choose another."))
    if not order.requests:
        yield Problem("requests", "There is no row.", Fix("Give at least one."))
    if len(order.requests) > MOST_ROWS:
        way_out = Fix(f"Send {MOST_ROWS} at a time, under the same name, with 'first' counting on.")
        yield Problem("requests", f"There are {len(order.requests)} rows; {MOST_ROWS} are taken at once.", way_out)
    if order.first < 0:
        yield Problem("first", "Rows are counted from 0.", Fix("Use 0", ({"op": "replace", "path": "/first", "value": 0},)))
