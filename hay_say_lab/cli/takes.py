"""Requests on their way from the command line: judged as a whole, waited for, saved, told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.session import Interrupted, Session
from hay_say_lab.errors import InvalidRequest, Problem, headline

if TYPE_CHECKING:
    from hay_say_lab.cli.report import ReportBeside
    from hay_say_lab.client.handle import Handle
    from hay_say_lab.client.lab import Lab
    from hay_say_lab.client.take import Take
    from hay_say_lab.domain.request import Request

SOUND_ENDINGS = (".wav", ".flac", ".ogg", ".mp3")


def submit(lab: Lab, requests: Sequence[Request], problems: Sequence[Problem]) -> list[Handle]:
    """Queue the requests, or raise InvalidRequest with our own problems and those that the host finds, all at once."""
    if problems or len(requests) > 1:
        refuse([*problems, *lab.preflight(requests[-1]).problems])       # the last one has the largest seed
    return [lab.submit(request) for request in requests]


def refuse(problems: Sequence[Problem]) -> None:
    """Raises InvalidRequest where there is any problem."""
    if problems:
        raise InvalidRequest(headline(problems), problems=problems)


def finish(
    session: Session,
    handles: Sequence[Handle],
    paths: Sequence[Path | None],
    bit_depth: int | None = None,
    source: ReportBeside | None = None,
) -> Exit:
    """Wait for every take, save it where a path is named, tell what was made, and of which recording."""
    made = [(take, path) for take, path in zip(_wait(handles, paths, bit_depth), paths, strict=True)]
    session.answer(
        {"takes": [take_document(take, path) for take, path in made], **(source.document if source else {})},
        "\n".join([*(take_line(take, path) for take, path in made), *(source.lines if source else ())]),
    )
    return Exit.DONE


def taken(handle: Handle, others: Sequence[Handle] = ()) -> Take:
    """The result of a job. Raises JobFailed; Interrupted with the ids of this and the other jobs."""
    from hay_say_lab.client.take import Take

    result = handle.result()
    if not isinstance(result, Take):
        raise Interrupted([handle.id, *(other.id for other in others)])
    return result


def take_document(take: Take, path: Path | None = None) -> dict[str, Any]:
    """A take for programs. `path`: where it was saved; else a WAV in the data home."""
    return {
        "job": take.job,
        "voices": list(take.voices),
        "device": take.device,
        "seed": take.seed,
        "artifact": take.artifact,
        "recipe": take.recipe_id,
        "seconds": take.seconds,
        "sample_rate": take.sample_rate,
        "path": str(path or take.path),
        "warnings": [warning.as_json() for warning in take.warnings],
    }


def take_line(take: Take, path: Path | None = None) -> str:
    """A take for people."""
    where = f" on {take.device}" if take.device else ""
    return f"{path or take.path}: {take.seconds:.2f} s by {take.made_by}{where}, seed {take.seed} (job {take.job})"


def _wait(handles: Sequence[Handle], paths: Sequence[Path | None], bit_depth: int | None) -> list[Take]:
    """Each take is saved as soon as it is there, so that a failure behind it takes nothing away."""
    takes = []
    for index, (handle, path) in enumerate(zip(handles, paths, strict=True)):
        takes.append(taken(handle, handles[index + 1 :]))
        if path is not None:
            takes[-1].save(path, bit_depth)
    return takes
