"""Every way a job changes: one function an edge, one transaction each, with its event inside.

All run on the writer thread. Those that a worker causes carry the token of its claim and return False where
somebody else owns the job by now: then nothing happened, and the caller publishes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from hay_say_lab.domain.deed import Deed
from hay_say_lab.domain.job import ENDED, MOST_ATTEMPTS, MOST_WORKER_DEATHS, Job, State, next_state
from hay_say_lab.domain.recipe import Recipe
from hay_say_lab.errors import ClipMissing, Conflict, IllegalTransition, JobMissing, JobQuarantined, NeededJobFailed
from hay_say_lab.storage.audit import record
from hay_say_lab.storage.dependencies import let_go, still_needed, tie, unfinished_of, waiting_for
from hay_say_lab.storage.durations import Duration, keep_duration
from hay_say_lab.storage.loss import NOTHING_MORE, Loss
from hay_say_lab.storage.rows import insert_event, job_row, now, read_job, stage_row
from hay_say_lab.storage.schema import holdings, jobs, recipes, results, stages
from hay_say_lab.storage.statements import insert, update
from hay_say_lab.storage.uses import leaving, note, use


@dataclass(frozen=True, slots=True)
class Made:
    """What a stage left behind: objects by role, by which code, on which machine, at what cost."""

    outputs: Mapping[str, str]
    code_version: str
    fingerprint: Mapping[str, Any]
    seconds: float = 0.0            # from the claim to the result
    waited_seconds: float = 0.0     # from being queued to the worker's start
    audio_seconds: float = 0.0      # of what it was made from; 0: nobody knows
    key: str | None = None          # under which it may be used again
    cached: bool = False            # it was used again just now
    device: str = ""                # where it was made
    start_seconds: float = 0.0      # of `seconds`, until a worker was there
    load_seconds: float = 0.0       # of `seconds`, until a voice that was new to its worker was loaded
    keep_seconds: float = 0.0       # of `seconds`, until what it made was hashed and synced
    notes: Mapping[str, Any] = field(default_factory=dict)


def duration_of(job: Job, made: Made) -> Duration:
    """How long the present stage of a job took."""
    return Duration(job.stage.worker, job.stage.task, made.device, made.audio_seconds, made.seconds)


def submit(
    connection: sa.Connection, job: Job, key: str | None, body_hash: str, traceparent: str = ""
) -> tuple[Job, bool]:
    """Insert a job, or find the one that the same key made. Raises Conflict for a key with another body.

    `traceparent`: of the caller's trace (W3C), kept with the event.
    """
    if key is not None:
        same = sa.select(jobs.c.id, jobs.c.body_hash).where(jobs.c.owner == job.owner, jobs.c.idempotency_key == key)
        found = connection.execute(same).first()
        if found is not None:
            if found.body_hash != body_hash:
                raise Conflict(
                    "This idempotency key was used for another request.",
                    field="Idempotency-Key",
                    fix="Use a new key for a new request.",
                )
            return _existing(connection, found.id), False
    job = replace(job, held=unfinished_of(connection, job.owner, job.request.after))
    row = {**job_row(job), "idempotency_key": key, "body_hash": body_hash}
    insert(jobs, tuple(row)).run(connection, row)
    tie(connection, job.id, job.request.after)
    rows = [stage_row(job.id, stage) for stage in job.stages]
    insert(stages, tuple(rows[0])).run_many(connection, rows)
    if job.request.clip is not None:
        _need_clip(connection, job.id, job.request.clip)
    voices = [stage.voice for stage in job.stages if stage.voice]
    told: dict[str, Any] = {"lane": job.request.lane, "stages": len(job.stages), "voices": voices}
    if job.warnings:
        told["warnings"] = [warning.message for warning in job.warnings]
    if traceparent:
        told["traceparent"] = traceparent
    insert_event(connection, job, "queued", told)
    return job, True


def started(connection: sa.Connection, job_id: str, token: int, worker: str) -> Job | None:
    """Claim: one statement that raises the token. None where somebody was faster or the job moved on."""
    claim = {"token": token + 1, "state": next_state(State.QUEUED, "started").value, "updated_at": now()}
    present = {"if_id": job_id, "if_token": token, "if_state": State.QUEUED.value, "if_held": 0}
    if _CLAIM.run(connection, {**claim, **present}).rowcount == 0:
        return None
    job = _existing(connection, job_id)
    stage = job.stage
    insert_event(
        connection, job, "started", {"stage": stage.index, "kind": stage.kind, "task": stage.task, "worker": worker}
    )
    return job


_CLAIM = update(jobs, ("id", "token", "state", "held"), ("token", "state", "updated_at"))


def stage_done(connection: sa.Connection, job: Job, made: Made) -> bool:
    """The current stage is done and others follow."""
    if not _move(connection, job, "stage_done", current=job.current + 1):
        return False
    _keep(connection, job, made)
    insert_event(connection, job, "stage_done", _told(job, made))
    return True


def finished(connection: sa.Connection, job: Job, made: Made, recipe: Recipe) -> bool:
    """The last stage is done: artifact and recipe are published in the same transaction."""
    recipe_id = recipe.id
    if not _move(connection, job, "finished", artifact=recipe.artifact, recipe=recipe_id):
        return False
    _keep(connection, job, made)
    values = {"id": recipe_id, "artifact": recipe.artifact, "document": recipe.document}
    insert(recipes, tuple(values), unless_there=True).run(connection, values)
    hold(connection, job.owner, recipe_id)
    insert_event(
        connection, job, "finished", {**_told(job, made), "artifact": recipe.artifact, "recipe": recipe_id}
    )
    let_go(connection, job.id)
    return True


def reused(connection: sa.Connection, job: Job, made: Made, recipe: Recipe | None) -> bool:
    """A stage whose result is kept: started and done in one transaction, without a worker. `recipe`: at the last."""
    if leaving(connection, made.outputs.values()):
        return False
    claimed = started(connection, job.id, job.token, "cache")
    if claimed is None:
        return False
    return stage_done(connection, claimed, made) if recipe is None else finished(connection, claimed, made, recipe)


def gave_way(connection: sa.Connection, job: Job) -> bool:
    return _simple(connection, job, "gave_way", {"stage": job.current})


def failed(connection: sa.Connection, job: Job, error: Mapping[str, Any], told: str = "") -> bool:
    """`told`: the last words of the worker, as they may be shown."""
    body = {"stage": job.current, "error": dict(error), **({"stderr": told} if told else {})}
    return _simple(connection, job, "failed", body, error=dict(error))


def worker_lost(connection: sa.Connection, job: Job, reason: str, loss: Loss = NOTHING_MORE) -> bool:
    """A worker died with the stage: tried again, or put into quarantine at the second death or third attempt."""
    present = _existing(connection, job.id)
    if present.token != job.token:
        return False
    if present.state is State.CANCELLING:
        return _simple(connection, job, "worker_lost", {"stage": job.current, "reason": reason}, State.CANCELLING)
    counts = {
        "attempts": job.stage.attempts + 1,
        "worker_deaths": job.stage.worker_deaths + (not loss.out_of_memory),
        "ooms": job.stage.ooms + loss.out_of_memory,
    }
    deaths = counts["worker_deaths"]
    poisoned = counts["attempts"] >= MOST_ATTEMPTS or deaths >= MOST_WORKER_DEATHS
    body = {"stage": job.current, "reason": reason, "device": loss.device, **counts, **loss.notes}
    error = _quarantine_note(job, deaths).as_json() if poisoned else None
    if not _simple(connection, job, "poisoned" if poisoned else "worker_lost", body, error=error):
        return False
    _count(connection, job, counts, loss.device)
    return True


def refused(connection: sa.Connection, job: Job, error: Mapping[str, Any]) -> bool:
    """Admission refused a queued job for good."""
    return _simple(connection, job, "refused", {"error": dict(error)}, State.QUEUED, error=dict(error))


def denied(connection: sa.Connection, job: Job, error: Mapping[str, Any]) -> bool:
    """A voice may not serve any more: refused, and written down."""
    if not refused(connection, job, error):
        return False
    record(connection, Deed("deny", job.stage.voice or "", job.owner, detail={"job": job.id}))
    return True


def cancel(connection: sa.Connection, job_id: str) -> Job:
    """A person stops a job. One that waits has ended at once. Raises IllegalTransition where it has ended already."""
    job = _existing(connection, job_id)
    while job.state not in (State.CANCELLING, State.CANCELLED):
        if _simple(connection, job, "cancel", {}, job.state):
            if job.state is State.QUEUED:
                _simple(connection, job, "stopped", {}, State.CANCELLING)
            break
        job = _existing(connection, job_id)         # it was claimed or done meanwhile, by another writer
    return _existing(connection, job_id)


def stopped(connection: sa.Connection, job: Job) -> bool:
    """The worker let go of a job that a person had stopped."""
    return _simple(connection, job, "stopped", {"stage": job.current}, State.CANCELLING)


def retry(connection: sa.Connection, job_id: str) -> Job:
    return _again(connection, job_id, "retry")


def released(connection: sa.Connection, job_id: str) -> Job:
    return _again(connection, job_id, "released")


def host_changed(connection: sa.Connection) -> int:
    """A new host took over: what ran waits again, what was being stopped is stopped. Returns how many."""
    ids = connection.execute(
        sa.select(jobs.c.id).where(jobs.c.state.in_((State.RUNNING.value, State.CANCELLING.value)))
    ).scalars()
    count = 0
    for job_id in ids.all():
        job = _existing(connection, job_id)
        count += _simple(connection, job, "host_changed", {"stage": job.current}, job.state)
    return count


def hold(connection: sa.Connection, owner: str, name: str, label: str = "", sent_bytes: int = 0) -> None:
    """From now on `owner` may read the object or recipe `name`. Who sends it again gives it the newer label."""
    held = {"owner": owner, "object": name, "label": label, "bytes": sent_bytes}
    newer = {**({"label": label} if label else {}), **({"bytes": sent_bytes} if sent_bytes else {})}
    if _HOLD.run(connection, held).rowcount == 0 and newer:
        connection.execute(
            holdings.update().where(holdings.c.owner == owner, holdings.c.object == name).values(newer)
        )


_HOLD = insert(holdings, ("owner", "object", "label", "bytes"), unless_there=True)


def _need_clip(connection: sa.Connection, job_id: str, clip: str) -> None:
    """Raises ClipMissing where retention took the recording between preflight and here."""
    if leaving(connection, [clip]):
        raise ClipMissing("The clip was just removed to free space.", field="clip", fix="Send it again.")
    note(connection, job_id, clip, "source")


def _existing(connection: sa.Connection, job_id: str) -> Job:
    job = read_job(connection, job_id)
    if job is None:
        raise JobMissing("There is no such job.", field="job", fix="List yours with 'hay-say jobs'.")
    return job


def _move(connection: sa.Connection, job: Job, event: str, state: State = State.RUNNING, **values: Any) -> bool:
    """The fenced update behind every edge: rowcount 0 means that somebody else owns the job."""
    new = {"state": next_state(state, event).value, "updated_at": now(), **values}
    present = {"if_id": job.id, "if_token": job.token, "if_state": state.value}
    moved = update(jobs, ("id", "token", "state"), tuple(new)).run(connection, {**new, **present})
    return bool(moved.rowcount == 1)


def _simple(
    connection: sa.Connection,
    job: Job,
    event: str,
    body: dict[str, Any],
    state: State = State.RUNNING,
    error: Mapping[str, Any] | None = None,
    **values: Any,
) -> bool:
    if not _move(connection, job, event, state, error=error, **values):
        return False
    insert_event(connection, job, event, body)
    if next_state(state, event) in ENDED:
        _fail_dependents(connection, job.id)
    return True


def _fail_dependents(connection: sa.Connection, job_id: str) -> None:
    """A job ended without success: what waited for it fails, and what waited for that."""
    ended = [job_id]
    while ended:
        gone = ended.pop()
        for dependent in waiting_for(connection, gone):
            job = _existing(connection, dependent)
            error = NeededJobFailed(
                f"The job {gone}, which had to succeed first, did not.", field="after", fix="Retry that one, then this."
            ).as_json()
            if _move(connection, job, "refused", State.QUEUED, error=error):
                insert_event(connection, job, "refused", {"error": error})
                ended.append(dependent)


def _again(connection: sa.Connection, job_id: str, event: str) -> Job:
    """Back into the queue at the stage that failed, its counts at 0."""
    job = _existing(connection, job_id)
    next_state(job.state, event)
    held = still_needed(connection, job_id)
    if not _simple(connection, job, event, {"stage": job.current}, job.state, held=held):
        raise IllegalTransition("The job moved on meanwhile.", field="state", fix="Look at it again.")
    _count(connection, job, dict.fromkeys(("attempts", "worker_deaths", "ooms"), 0))
    return _existing(connection, job_id)


def _count(connection: sa.Connection, job: Job, counts: dict[str, int], device: str = "") -> None:
    connection.execute(
        stages.update()
        .where(stages.c.job == job.id, stages.c.number == job.current)
        .values(**counts, device=device)
    )


def _keep(connection: sa.Connection, job: Job, made: Made) -> None:
    done = {
        "outputs": dict(made.outputs),
        "code_version": made.code_version,
        "fingerprint": dict(made.fingerprint),
        "done": True,
        "cached": made.cached,
        "device": made.device,
    }
    present = {"if_job": job.id, "if_number": job.current}
    update(stages, ("job", "number"), tuple(done)).run(connection, {**done, **present})
    if made.key is not None and not made.cached:
        remember(connection, made)
    use(connection, job.id, made.outputs, last=job.current + 1 == len(job.stages))
    if made.audio_seconds > 0 and not made.cached:
        keep_duration(connection, duration_of(job, made))
    for name in made.outputs.values():
        hold(connection, job.owner, name)
    stage = job.stage
    if stage.voice is not None and all(other.voice != stage.voice for other in job.stages[: job.current]):
        served = {"job": job.id, "task": stage.task, "voice_hash": stage.voice_hash or ""}
        record(connection, Deed("serve", stage.voice, job.owner, detail=served))


def remember(connection: sa.Connection, made: Made) -> None:
    """The newest result under a key replaces an older one, whose objects may be gone."""
    row = {
        "key": made.key,
        "outputs": dict(made.outputs),
        "code_version": made.code_version,
        "fingerprint": dict(made.fingerprint),
        "seconds": made.seconds,
    }
    newer = {**row, "if_key": made.key}
    if update(results, ("key",), tuple(row)).run(connection, newer).rowcount == 0:
        insert(results, tuple(row)).run(connection, row)


_SOMETIMES = ("audio_seconds", "start_seconds", "load_seconds", "keep_seconds")


def _told(job: Job, made: Made) -> dict[str, Any]:
    return {
        "stage": job.current,
        "kind": job.stage.kind,
        "task": job.stage.task,
        "worker": job.stage.worker,
        "seconds": round(made.seconds, 4),
        "waited_seconds": round(made.waited_seconds, 4),
        "outputs": dict(made.outputs),
        "cached": made.cached,
        **({"device": made.device} if made.device else {}),
        **{name: round(seconds, 4) for name in _SOMETIMES if (seconds := getattr(made, name)) > 0},
        **({"notes": dict(made.notes)} if made.notes else {}),
    }


def _quarantine_note(job: Job, deaths: int) -> JobQuarantined:
    asked_for = {step.task for step in job.request.steps}
    before = sum(stage.kind == "step" and stage.task in asked_for for stage in job.stages[: job.current])
    return JobQuarantined(
        f"The worker of stage {job.current} ({job.stage.task}) died {deaths} times; the job is set aside.",
        field=f"steps.{min(before, len(job.request.steps) - 1)}" if job.stage.kind == "step" else "steps",
        fix="Look at the worker's log, then release the job with 'hay-say jobs release'.",
    )
