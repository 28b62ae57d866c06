"""A request on its way: states and edges, each in one table; anything else raises IllegalTransition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from hay_say_lab.domain.request import Request
from hay_say_lab.errors import IllegalTransition, Problem


class State(StrEnum):
    QUEUED = "queued"               # waits for its next stage to be admitted
    RUNNING = "running"             # one worker holds its current stage
    CANCELLING = "cancelling"       # a person stopped it; its worker has not let go yet
    SUCCEEDED = "succeeded"         # its artifact and recipe are published
    FAILED = "failed"               # ended by a typed problem; a person may retry
    CANCELLED = "cancelled"         # ended by a person; nothing was published
    QUARANTINED = "quarantined"     # took workers down with it; an operator may release it


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.QUARANTINED})

TRANSITIONS: dict[tuple[State, str], State] = {
    (State.QUEUED, "started"): State.RUNNING,
    (State.QUEUED, "refused"): State.FAILED,            # admission, a voice gone, an open circuit
    (State.QUEUED, "cancel"): State.CANCELLING,
    (State.RUNNING, "stage_done"): State.QUEUED,        # on to the next stage
    (State.RUNNING, "finished"): State.SUCCEEDED,
    (State.RUNNING, "gave_way"): State.QUEUED,          # attempts unchanged, pieces kept
    (State.RUNNING, "worker_lost"): State.QUEUED,       # tried again, attempts + 1
    (State.RUNNING, "host_changed"): State.QUEUED,      # attempts unchanged
    (State.RUNNING, "poisoned"): State.QUARANTINED,     # third attempt or second worker death
    (State.RUNNING, "failed"): State.FAILED,
    (State.RUNNING, "cancel"): State.CANCELLING,
    (State.CANCELLING, "stopped"): State.CANCELLED,
    (State.CANCELLING, "worker_lost"): State.CANCELLED,
    (State.CANCELLING, "host_changed"): State.CANCELLED,
    (State.FAILED, "retry"): State.QUEUED,              # by a person
    (State.QUARANTINED, "released"): State.QUEUED,      # by an operator
}

MOST_ATTEMPTS = 3
MOST_WORKER_DEATHS = 2


def next_state(state: State, event: str) -> State:
    """The state behind an edge; raises IllegalTransition where there is none."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(
            f"A job that is {state.value} cannot take '{event}'.",
            field="state",
            fix="Look at the job with 'hay-say jobs show'.",
        ) from None


@dataclass(frozen=True, slots=True)
class Stage:
    """One unit of work: claimed, admitted, leased, charged. Pure in (inputs, settings, voice, code, seed).

    `inputs` names what it reads: 'upload' (the clip as sent) or '<stage index>.<role>' of an earlier stage, with a '?'
    behind it where that stage need not have made it.
    `outputs` maps a role ('clip', 'timings', 'picture', ...) to the sha256 of an object, once it is done.
    """

    index: int
    kind: str                               # decode | prepare | step | finish
    task: str                               # what the worker is asked to do
    worker: str                             # architecture id, or AUDIO_WORKER
    voice: str | None = None
    voice_hash: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    code_version: str = ""
    fingerprint: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    worker_deaths: int = 0
    ooms: int = 0                           # how often it ran out of memory
    device: str = ""                        # where it really ran, once it has
    done: bool = False
    cached: bool = False                    # its result was made by an earlier job

    def evolve(self, **changes: Any) -> Stage:
        return replace(self, **changes)


AUDIO_WORKER = "audio"          # decode, prepare, finish, measure: without torch
MEASURING_WORKER = "measuring"  # measures by networks: may import torch
BUILT_IN_WORKERS = frozenset({AUDIO_WORKER, MEASURING_WORKER})


@dataclass(frozen=True, slots=True)
class Job:
    """A request with a state. `token` rises with every claim: who holds an older one publishes nothing."""

    id: str
    owner: str
    state: State
    request: Request
    created_at: str                         # UTC, ISO 8601
    updated_at: str
    token: int = 0
    current: int = 0                        # index of the stage in work or next
    stages: tuple[Stage, ...] = ()
    artifact: str | None = None             # sha256 of the result's clip
    recipe: str | None = None
    error: Mapping[str, Any] | None = None  # as LabError.as_json
    pinned_at: str | None = None            # since when its result stays, whatever the budgets say
    removed_at: str | None = None           # when its result was removed to free space; UTC, ISO 8601
    warnings: tuple[Problem, ...] = ()      # what preflight warned of when it was queued
    held: int = 0                           # how many other jobs must succeed before it may start

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def device(self) -> str | None:
        """Where its steps were really made, in their order, such as 'cuda:0' or 'cpu + cuda:0'; None before any was, and
        where all of them were taken from earlier jobs."""
        used = [stage.device for stage in self.stages if stage.kind == "step" and stage.done and stage.device]
        return " + ".join(dict.fromkeys(used)) or None

    @property
    def stage(self) -> Stage:
        return self.stages[self.current]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's story; `number` rises by one for every event of a data home."""

    number: int
    job: str
    owner: str
    kind: str
    at: str                                 # UTC, ISO 8601
    body: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"number": self.number, "job": self.job, "kind": self.kind, "at": self.at, "body": dict(self.body)}
