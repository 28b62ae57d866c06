"""A batch in somebody's hands: how it stands, its rows, its sounds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hay_say_lab.client import display
from hay_say_lab.client.answers import JobStatus
from hay_say_lab.client.summary import Row, Summary
from hay_say_lab.client.take import FORMATS, Take
from hay_say_lab.domain.batch import MOST_ROWS, BatchOrder, Tally
from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.domain.request import Request
from hay_say_lab.errors import Fix, Full, InvalidRequest, LabError, Problem

if TYPE_CHECKING:
    from hay_say_lab.client.api import Api

ROWS_ON_A_PAGE = 500
LARGEST_BODY_BYTES = 3 << 20            # of one call; the host takes 4 MiB
SECONDS_BETWEEN_LOOKS = (0.1, 1.0)      # at how it stands: soon at first, then calmly
SECONDS_TO_WAIT = 5.0                   # for a full queue that does not say how long


class Batch:
    """Jobs that share a name. They go on without us; `Lab().batch_named(name)` gives them again."""

    def __init__(self, api: Api, name: str, names: Sequence[str] = ()) -> None:
        self._api = api
        self.name = name
        self._names = tuple(names)

    def __repr__(self) -> str:
        return f"<Batch {self.name!r}>"

    @property
    def _path(self) -> str:
        return f"/batches/{quote(self.name, safe='')}"

    def status(self) -> Tally:
        """How many rows are in which state. Raises BatchMissing."""
        return _tally(self._api.get(self._path))

    def cancel(self) -> Tally:
        """Stop whatever of it waits or runs; what was made stays."""
        return _tally(self._api.post(f"{self._path}/cancel"))

    def retry(self) -> Tally:
        """Try the rows again that failed."""
        return _tally(self._api.post(f"{self._path}/retry"))

    def rows(self) -> Iterator[Row]:
        """All rows, in order."""
        number, cursor = 0, None
        while True:
            page = self._api.get(f"{self._path}/rows", cursor=cursor, limit=ROWS_ON_A_PAGE)
            for document in page["rows"]:
                yield Row.from_json(number, document, self._names[number] if number < len(self._names) else "")
                number += 1
            cursor = page["cursor"]
            if cursor is None:
                return

    def summary(self) -> Summary:
        """A table of how every row stands now."""
        return Summary(self.name, tuple(self.rows()))

    def takes(self) -> Iterator[tuple[Row, Take]]:
        """The sounds of the rows that succeeded, each fetched when it is used."""
        for row in self.rows():
            if row.state == "succeeded":
                yield row, Take(self._api, JobStatus.from_json(self._api.get(f"/jobs/{row.job}")))

    def result(self, timeout: float | None = None) -> Summary | Batch:
        """Wait until every row has ended, with a bar; failed rows stand in the summary and raise nothing.

        An interrupt gives the batch back and leaves its jobs running. Raises TimeoutError, HostUnreachable.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        tally = self.status()
        view = display.count_view(self.name, tally.rows)
        pause, slowest = SECONDS_BETWEEN_LOOKS
        try:
            while True:
                view.update(tally.ended, _told(tally))
                if tally.done:
                    return self.summary()
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"Batch {self.name!r} has not ended after {timeout} s; it goes on.")
                time.sleep(pause)
                pause = min(2 * pause, slowest)
                tally = self.status()
        except KeyboardInterrupt:
            return self
        finally:
            view.close()

    def save(self, folder: str | Path, file_format: str = "flac", bit_depth: int | None = None) -> Path:
        """Write `0001-name.flac` for every row that succeeded, and `batch.csv`, which tells of all. Returns the folder.

        What was written by an earlier call stays as it is. Raises InvalidRequest for a format that is not written,
        OSError.
        """
        if file_format not in FORMATS:
            offered = ", ".join(FORMATS)
            raise InvalidRequest(f"'{file_format}' is not written.", field="format", fix=f"Use one of: {offered}.")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        known = Summary.files_in(folder)
        written: dict[int, str] = {}
        for row, take in self.takes():
            name = f"{row.number + 1:04d}{row.slug}.{file_format}"
            if known.get(name) != take.artifact or not (folder / name).is_file():
                take.save(folder / name, bit_depth)
            written[row.number] = name
        self.summary().save(folder, written)
        return folder


def send(api: Api, name: str, requests: Sequence[Request]) -> Batch:
    """Queue requests under a name, in as many calls as their size asks for; a full queue is waited for.

    Raises InvalidRequest with every problem of the rows of one call: nothing of that call is queued then. Conflict
    where a row was queued under this name as another request.
    """
    first = 0
    for part in _parts(requests):
        _send(api, BatchOrder(name, tuple(part), first))
        first += len(part)
    return Batch(api, name)


def _send(api: Api, order: BatchOrder) -> None:
    while True:
        try:
            api.post("/batches", order.as_json())
        except Full as full:
            time.sleep(full.retry_after_seconds or SECONDS_TO_WAIT)
        except InvalidRequest as refused:
            raise _at_rows(refused, order.first) from None
        else:
            return


def _parts(requests: Sequence[Request]) -> Iterator[list[Request]]:
    part: list[Request] = []
    size = 0
    for request in requests:
        weight = len(canonical_json(request.as_json()))
        if part and (len(part) >= MOST_ROWS or size + weight > LARGEST_BODY_BYTES):
            yield part
            part, size = [], 0
        part.append(request)
        size += weight
    yield part


def _at_rows(refused: LabError, first: int) -> InvalidRequest:
    """What the host says of its requests, said of the rows that they were made from."""
    problems = [_at_row(problem, first) for problem in refused.problems]
    return InvalidRequest(problems[0].message if problems else refused.message, problems=problems)


def _at_row(problem: Problem, first: int) -> Problem:
    head, _, rest = problem.field.partition(".")
    number, _, field = rest.partition(".")
    if head != "requests" or not number.isdigit():
        return problem
    row = first + int(number)
    return Problem(f"rows.{row}.{field}", f"Row {row + 1}: {problem.message}", Fix(problem.fix.label))


def _tally(document: dict[str, Any]) -> Tally:
    return Tally(document["name"], document["states"])


def _told(tally: Tally) -> str:
    trouble = tally.ended - tally.succeeded
    return f"{tally.ended} of {tally.rows} rows" + (f", {trouble} without a sound" if trouble else "")
