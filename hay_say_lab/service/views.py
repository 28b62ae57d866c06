"""What the host answers: frozen dataclasses, from which JSON and the OpenAPI document are made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Lane
from hay_say_lab.engine.news import News
from hay_say_lab.errors import Problem
from hay_say_lab.service.estimates import EstimateView


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One thing that stands in the way, or one warning."""

    field: str
    message: str
    fix: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorView:
    """The one error shape."""

    code: str
    message: str
    problems: list[ProblemView]
    error_id: str
    retry: str
    retry_after_seconds: float | None


@dataclass(frozen=True, slots=True)
class PreflightView:
    """All problems at once (none: it can be queued), what will be other than one may expect, and the voices that
    would serve."""

    problems: list[ProblemView]
    warnings: list[ProblemView]
    voices: list[str | None]
    estimate: EstimateView | None


@dataclass(frozen=True, slots=True)
class StageView:
    index: int
    kind: str
    task: str
    voice: str | None
    done: bool
    cached: bool
    attempts: int
    worker_deaths: int
    device: str
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class ProgressView:
    """The last known progress of the stage in work."""

    stage: int
    task: str
    fraction: float
    message: str


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as everybody sees it. `device`: where its steps were really made, None before any was. `outputs` are the result's objects by role; `warnings` are those that its request
    had when it was queued, without patches."""

    id: str
    state: State
    lane: Lane
    group: str | None
    seed: int | None
    voices: list[str]
    device: str | None
    request: dict[str, Any]
    created_at: str
    updated_at: str
    current: int
    stages: list[StageView]
    artifact: str | None
    recipe: str | None
    outputs: dict[str, str]
    error: dict[str, Any] | None
    warnings: list[ProblemView]
    progress: ProgressView | None
    waiting: str | None
    position: int | None
    starts_in_seconds: float | None
    pinned_at: str | None
    removed_at: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of jobs, newest first; `cursor` asks for the next one, None at the end."""

    jobs: list[JobView]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class EventView:
    number: int
    job: str
    kind: str
    at: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventsView:
    """Events after a number, in order; `last` is the number to ask with next; `progress` of running jobs."""

    events: list[EventView]
    last: int
    progress: dict[str, ProgressView]


@dataclass(frozen=True, slots=True)
class ClipView:
    """Facts of an uploaded clip; `report` where it was made already: `GET /clips/{sha256}/report` makes it."""

    sha256: str
    container: str
    encoding: str
    sample_rate: int
    channels: int
    frames: int
    seconds: float
    peak: float
    rms: float
    finite: bool
    label: str
    dc_offset: float
    clipped_share: float
    voiced: bool | None
    report: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ReportView:
    """The input report of a clip, or how far it is (0..1): ask again for it."""

    sha256: str
    ready: bool
    fraction: float
    report: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class MeasureView:
    """What was measured, by name. Not `ready`: some of it is still on its way (0..1), ask again for the rest."""

    clip: str
    against: str | None
    f0_method: str
    align: bool
    ready: bool
    fraction: float
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MeasuresView:
    """What can be measured, and the pitch trackers."""

    measures: list[dict[str, Any]]
    f0_methods: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class UploadView:
    """Where an upload stands: `offset` is the next byte. `clip` once it is complete, None for a voice; `id` None where
    nothing had to be sent, because you hold the same content already."""

    id: str | None
    offset: int
    bytes: int
    complete: bool
    clip: ClipView | None


@dataclass(frozen=True, slots=True)
class VoicesView:
    voices: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ArchitecturesView:
    architectures: list[dict[str, Any]]
    broken: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class ControlsView:
    """What can be done to every clip, whatever the architecture: settings, effects, and chains of them by name."""

    prepare: list[dict[str, Any]]
    finish: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    presets: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class HealthView:
    """Whether the host lives; what a supervisor may know without a token."""

    status: str
    host_id: str
    version: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """One thing that jobs need, or would like to have; `since`: how long it has stood like that."""

    ok: bool
    needed: bool
    detail: str
    since: str


@dataclass(frozen=True, slots=True)
class ReadyView:
    """Whether jobs can run now: every check, the workers, and how many jobs are unfinished."""

    ready: bool
    checks: dict[str, CheckView]
    workers: list[dict[str, Any]]
    unfinished: int


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """One finding: ok, or what is wrong and how to mend it."""

    name: str
    ok: bool
    finding: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class DoctorView:
    lines: list[DoctorLine]


@dataclass(frozen=True, slots=True)
class DrainView:
    """The host takes no more calls; running stages give way and their rows stay."""

    draining: bool


def problem_views(problems: Iterable[Problem]) -> list[ProblemView]:
    return [ProblemView(**problem.as_json()) for problem in problems]


def clip_view(facts: ClipFacts, report: dict[str, Any] | None) -> ClipView:
    """`report` where it was made already."""
    return ClipView(**facts.as_json(), seconds=facts.seconds, report=report)


def job_view(job: Job, news: News, place: tuple[int, float | None] | None) -> JobView:
    """`place`: about how many jobs of its lane start before it, and in how many seconds; None where it does not wait."""
    tick = news.ticks.get(job.id)
    last = job.stages[-1] if job.stages else None
    return JobView(
        id=job.id,
        state=job.state,
        lane=job.request.lane,
        group=job.request.group,
        seed=job.request.seed,
        voices=[step.voice or "" for step in job.request.steps],
        device=job.device,
        request=job.request.as_json(),
        created_at=job.created_at,
        updated_at=job.updated_at,
        current=job.current,
        stages=[
            StageView(s.index, s.kind, s.task, s.voice, s.done, s.cached, s.attempts, s.worker_deaths, s.device, dict(s.outputs))
            for s in job.stages
        ],
        artifact=job.artifact,
        recipe=job.recipe,
        outputs=_outputs(job) if last is not None else {},
        error=dict(job.error) if job.error else None,
        warnings=problem_views(job.warnings),
        progress=ProgressView(tick.stage, tick.task, tick.fraction, tick.message) if tick else None,
        waiting=_why_it_waits(job, news) if job.state is State.QUEUED else None,
        position=place[0] if place else None,
        starts_in_seconds=place[1] if place else None,
        pinned_at=job.pinned_at,
        removed_at=job.removed_at,
    )


def _why_it_waits(job: Job, news: News) -> str | None:
    if job.held:
        return f"{job.held} other {'job' if job.held == 1 else 'jobs'} must succeed first"
    return news.waiting.get(job.id)


def _outputs(job: Job) -> dict[str, str]:
    """By role, the newest of each. Timings stay true through conversions, which keep the length; a stage that crops or
    changes the speed makes new ones."""
    found: dict[str, str] = {}
    for stage in job.stages:
        if stage.done:
            found |= stage.outputs
    return found if job.state is State.SUCCEEDED and job.removed_at is None else {}
