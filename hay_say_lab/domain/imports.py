"""A voice on its way in: what was asked for, how far it is, and what came of it. States and edges are those of jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from hay_say_lab.domain.job import ENDED, State
from hay_say_lab.domain.voice import Provenance

Step = Literal["resolve", "fetch", "unpack", "examine", "convert", "settle"]
STEPS: tuple[Step, ...] = get_args(Step)
LONGEST_SOURCE = 4096


def shown(source: str) -> str:
    """A source without what may be a key."""
    return re.sub(r"(https?://[^\s?#]*)\?[^#]*", r"\1", source)


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """A voice (or asset) to be brought in.

    `source` is one line: a path, `upload:ID`, an https address, `hf:owner/repository`, `haysay:CATALOGUE#NAME`. `name` is the
    part of the id behind the colon ('': one is found); `architecture`: only sets of this one; `sha256`: of the file that is
    fetched, where it is one; `override_reason`: an operator's, for a conversion below full confinement.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    source: str
    name: str = ""
    title: str = ""
    architecture: str = ""
    languages: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    sha256: str = ""
    override_reason: str = ""

    @property
    def shown(self) -> str:
        """The source as everybody may read it: what stands behind the '?' of an address may be a key."""
        return shown(self.source)

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "name": self.name,
            "title": self.title,
            "architecture": self.architecture,
            "languages": list(self.languages),
            "provenance": self.provenance.as_json(),
            "sha256": self.sha256,
            "override_reason": self.override_reason,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ImportOrder:
        return cls(
            **{
                **document,
                "languages": tuple(document["languages"]),
                "provenance": Provenance(**document["provenance"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Import:
    """An order with a state. `step`: what it is at, or was at last. `plan`: what its source came to; None before that."""

    id: str
    owner: str
    role: str
    state: State
    step: Step
    order: ImportOrder
    created_at: str                         # UTC, ISO 8601
    updated_at: str
    plan: Mapping[str, Any] | None = None
    outcome: Mapping[str, Any] | None = None    # ids of voices and assets, files as they came, warnings
    error: Mapping[str, Any] | None = None      # as LabError.as_json

    @property
    def ended(self) -> bool:
        return self.state in ENDED
