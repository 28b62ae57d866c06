"""What was found among files that somebody brought: voices and assets, the files of each, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hay_say_lab.errors import Problem

What = Literal["voice", "asset"]


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors of one file that become one safetensors file: each new name, and the keys under which the tensor lies now."""

    source: str
    tensors: Mapping[str, tuple[str, ...]]

    def as_json(self) -> dict[str, Any]:
        return {"source": self.source, "tensors": {name: list(path) for name, path in self.tensors.items()}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Weights:
        tensors = {str(name): tuple(str(key) for key in path) for name, path in document["tensors"].items()}
        return cls(str(document["source"]), tensors)


@dataclass(frozen=True, slots=True)
class Finding:
    """One voice or one asset. It can be kept where `missing` is empty; `warnings` stand in nobody's way.

    `kind` is the asset's kind, or which of an architecture's kinds of voice it is. `files` maps roles to names below the
    folder. Roles in `weights` become `<role>.safetensors`; the others stay as they are. `config` becomes `config.json`.
    """

    what: What
    architecture: str
    kind: str
    title: str
    slug: str
    files: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    weights: Mapping[str, Weights] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "architecture": self.architecture,
            "kind": self.kind,
            "title": self.title,
            "slug": self.slug,
            "files": dict(self.files),
            "facts": dict(self.facts),
            "missing": [problem.as_json() for problem in self.missing],
            "warnings": [problem.as_json() for problem in self.warnings],
            "weights": {role: weights.as_json() for role, weights in self.weights.items()},
            "config": None if self.config is None else dict(self.config),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Finding:
        """Read what `as_json` wrote."""
        return cls(
            what=document["what"],
            architecture=str(document["architecture"]),
            kind=str(document["kind"]),
            title=str(document["title"]),
            slug=str(document["slug"]),
            files={str(role): str(name) for role, name in document["files"].items()},
            facts=dict(document["facts"]),
            missing=tuple(Problem.from_json(problem) for problem in document["missing"]),
            warnings=tuple(Problem.from_json(problem) for problem in document["warnings"]),
            weights={role: Weights.from_json(weights) for role, weights in document["weights"].items()},
            config=document["config"],
        )


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file that belongs to nothing that was found, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All that lies in a folder: sets of files that are something, files that are nothing, and what was refused.

    `level`: how far the child that looked was shut in (full, limits, none).
    """

    sets: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    problems: tuple[Problem, ...] = ()
    level: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "sets": [finding.as_json() for finding in self.sets],
            "ignored": [{"name": ignored.name, "why": ignored.why} for ignored in self.ignored],
            "problems": [problem.as_json() for problem in self.problems],
            "level": self.level,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Findings:
        """Read what `as_json` wrote."""
        return cls(
            sets=tuple(Finding.from_json(finding) for finding in document["sets"]),
            ignored=tuple(Ignored(str(found["name"]), str(found["why"])) for found in document["ignored"]),
            problems=tuple(Problem.from_json(problem) for problem in document["problems"]),
            level=str(document["level"]),
        )
