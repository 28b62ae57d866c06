"""What the host answers of imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hay_say_lab.domain.imports import Import, shown
from hay_say_lab.domain.job import State
from hay_say_lab.engine.bringing import Progress
from hay_say_lab.library.fetch import Item
from hay_say_lab.library.plan import Plan


@dataclass(frozen=True, slots=True)
class PlannedFileView:
    """A file that would be fetched. `bytes`: None where the server does not tell beforehand; `shared`: of a model that
    several voices share."""

    name: str
    host: str
    bytes: int | None
    sha256: str
    shared: bool


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a source comes to. `files` is empty for what lies on the host's machine; `voices`: of another data home."""

    source: str
    kind: str
    title: str
    files: list[PlannedFileView]
    bytes: int | None
    voices: list[str]
    provenance: dict[str, str]
    pinned: dict[str, str]
    warnings: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ImportProgressView:
    """How far a running import is: the step, the file, files and bytes of that step."""

    step: str
    name: str
    files_done: int
    files: int
    bytes_done: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class ImportView:
    """An import. `voices` and `assets`: ids of what it brought; `already`: those of them that were there before."""

    id: str
    owner: str
    state: State
    step: str
    source: str
    name: str
    title: str
    created_at: str
    updated_at: str
    progress: ImportProgressView | None
    plan: PlanView | None
    voices: list[str]
    assets: list[str]
    already: list[str]
    files: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ImportsView:
    """A page of imports, newest first; `cursor` asks for the next one, None at the end."""

    imports: list[ImportView]
    cursor: str | None


def plan_view(plan: Plan) -> PlanView:
    return PlanView(
        source=shown(plan.source),
        kind=plan.kind,
        title=plan.title,
        files=[*(_file(item, False) for item in plan.items), *(_file(item, True) for item in plan.shared)],
        bytes=plan.bytes if plan.items or plan.shared else None,
        voices=list(plan.voices),
        provenance=plan.provenance.as_json(),
        pinned=dict(plan.pinned),
        warnings=[warning.as_json() for warning in plan.warnings],
    )


def import_view(found: Import, progress: Progress | None) -> ImportView:
    outcome = found.outcome or {}
    return ImportView(
        id=found.id,
        owner=found.owner,
        state=found.state,
        step=found.step,
        source=found.order.shown,
        name=found.order.name,
        title=found.order.title,
        created_at=found.created_at,
        updated_at=found.updated_at,
        progress=_progress(progress) if progress is not None else None,
        plan=plan_view(Plan.from_json(found.plan)) if found.plan is not None else None,
        voices=list(outcome.get("voices", [])),
        assets=list(outcome.get("assets", [])),
        already=list(outcome.get("already", [])),
        files=list(outcome.get("files", [])),
        warnings=list(outcome.get("warnings", [])),
        error=dict(found.error) if found.error else None,
    )


def _progress(now: Progress) -> ImportProgressView:
    return ImportProgressView(now.step, now.name, now.files_done, now.files, now.bytes_done, now.bytes)


def _file(item: Item, shared: bool) -> PlannedFileView:
    return PlannedFileView(item.name, urlsplit(item.url).hostname or "", item.bytes, item.sha256, shared)
