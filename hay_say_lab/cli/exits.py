"""Exit statuses: what a script may rely on."""

from __future__ import annotations

from enum import IntEnum

from hay_say_lab.errors import (
    Conflict,
    Forbidden,
    Full,
    InvalidRequest,
    LabError,
    NotFound,
    RangeUnsatisfiable,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    NO_HOST = 3
    NOT_FOUND = 4
    CONFLICT = 5
    INTERRUPTED = 130
    READER_GONE = 141


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done",
    Exit.FAILED: "the job or the notebook failed; a replay came out different; the doctor found something wrong",
    Exit.BAD_INPUT: "bad input: every problem is printed with its fix, and nothing was started",
    Exit.NO_HOST: "no host answers, can be started, or lets you in",
    Exit.NOT_FOUND: "no such voice, architecture, job, file, recipe, artifact or dictionary",
    Exit.CONFLICT: "the thing is not in a state that allows this, or a queue is full",
    Exit.INTERRUPTED: "interrupted; a job that was queued goes on, and its id is printed",
    Exit.READER_GONE: "whoever read the output went away",
}

_BY_ERROR: tuple[tuple[type[LabError], Exit], ...] = (
    (InvalidRequest, Exit.BAD_INPUT),
    (TooLarge, Exit.BAD_INPUT),
    (UnsupportedMedia, Exit.BAD_INPUT),
    (RangeUnsatisfiable, Exit.BAD_INPUT),
    (Unavailable, Exit.NO_HOST),
    (Unauthorized, Exit.NO_HOST),
    (Forbidden, Exit.NO_HOST),
    (NotFound, Exit.NOT_FOUND),
    (Conflict, Exit.CONFLICT),
    (Full, Exit.CONFLICT),
)


def exit_of(error: LabError) -> Exit:
    """The exit status of a typed error; FAILED where no other fits."""
    return next((status for kind, status in _BY_ERROR if isinstance(error, kind)), Exit.FAILED)
