"""What the host answers, as plain dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hay_say_lab.errors import Problem

ENDED = frozenset({"succeeded", "failed", "cancelled", "quarantined"})


@dataclass(frozen=True, slots=True)
class Findings:
    """What preflight says of a request: what stands in its way, and what will be other than one may expect.

    `voices`: who would serve each step; None where nobody would.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    voices: tuple[str | None, ...]

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Findings:
        return cls(_problems(document["problems"]), _problems(document["warnings"]), tuple(document["voices"]))


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage in work: which of how many, what it does, how far it is (0..1)."""

    stage: int
    task: str
    fraction: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as the host last told it."""

    id: str
    state: str
    seed: int
    voices: tuple[str, ...]
    device: str | None
    stages: int
    current: int
    artifact: str | None
    recipe: str | None
    outputs: dict[str, str]
    error: dict[str, Any] | None
    warnings: tuple[Problem, ...]
    progress: Progress | None
    waiting: str | None
    position: int | None
    document: dict[str, Any] = field(repr=False)        # the whole answer

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> JobStatus:
        progress = document.get("progress")
        return cls(
            id=document["id"],
            state=document["state"],
            seed=document["seed"],
            voices=tuple(document["voices"]),
            device=document["device"],
            stages=len(document["stages"]),
            current=document["current"],
            artifact=document["artifact"],
            recipe=document["recipe"],
            outputs=document["outputs"],
            error=document["error"],
            warnings=_problems(document["warnings"]),
            progress=Progress(**progress) if progress else None,
            waiting=document["waiting"],
            position=document["position"],
            document=document,
        )


def _problems(documents: list[dict[str, Any]]) -> tuple[Problem, ...]:
    return tuple(Problem.from_json(document) for document in documents)
