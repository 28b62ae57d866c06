"""Requests that wait for other jobs: what is wrong with the ids they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request
from hay_say_lab.errors import Fix, JobMissing, Problem

MOST_NEEDED = 256               # jobs that one job may wait for


def after_problems(request: Request, job_of: Callable[[str], Job]) -> Iterator[Problem]:
    """`job_of` gives a job of the owner's or raises JobMissing."""
    if len(request.after) > MOST_NEEDED:
        yield Problem(
            "after", f"It waits for {len(request.after)} jobs; {MOST_NEEDED} are taken.", Fix("Wait for the last of a chain.")
        )
        return
    for index, job_id in enumerate(request.after):
        leave_out = Fix("Leave it out", ({"op": "remove", "path": f"/after/{index}"},))
        try:
            job = job_of(job_id)
        except JobMissing as missing:
            yield Problem(f"after.{index}", missing.message, leave_out)
            continue
        if job.ended and job.state is not State.SUCCEEDED:
            yield Problem(f"after.{index}", f"The job {job_id} ended without a result: {job.state.value}.", leave_out)
