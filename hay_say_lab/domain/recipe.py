"""How an artifact was made: enough to make it again, and nothing that changes from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.job import Job, Stage

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """`document` holds no time, job, host or path, so its content id is the same wherever the same work was done."""

    document: dict[str, Any]

    @property
    def id(self) -> str:
        return content_id(self.document)

    @property
    def artifact(self) -> str:
        return self.document["artifact"]


def recipe_of(
    job: Job,
    done: tuple[Stage, ...],
    provenance: dict[str, dict[str, str]],
    sent: Mapping[int, Mapping[str, Any]] | None = None,
    assets: Mapping[int, Mapping[str, str]] | None = None,
) -> Recipe:
    """The recipe of a job, its stages all `done`. `provenance` maps each voice id used to its provenance.

    `sent`: by stage, the text that its voice was given, where that is not the text of the request. `assets`: by stage, the
    hashes of the assets that its voice worked with, by role.
    """
    request = job.request.as_json()
    for passing in ("lane", "group", "fresh", "cpu_fallback", "after"):
        del request[passing]
    stages = [
        {
            "kind": stage.kind,
            "task": stage.task,
            "worker": stage.worker,
            "voice": stage.voice,
            "voice_hash": stage.voice_hash,
            "settings": stage.settings,
            "inputs": stage.inputs,
            "outputs": stage.outputs,
            "code_version": stage.code_version,
            "fingerprint": stage.fingerprint,
            **({"text": dict(sent[stage.index])} if sent and stage.index in sent else {}),
            **({"assets": dict(assets[stage.index])} if assets and stage.index in assets else {}),
        }
        for stage in done
    ]
    return Recipe(
        {
            "format": FORMAT,
            "request": request,
            "stages": stages,
            "voices": provenance,
            "artifact": done[-1].outputs["clip"],
        }
    )
