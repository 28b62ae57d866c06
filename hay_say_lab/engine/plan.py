"""A request as stages: decode -> prepare -> each step -> finish."""

from __future__ import annotations

from typing import Any

from hay_say_lab.audio.conversion import decode_settings, rate_within
from hay_say_lab.audio.finish import SOURCE
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.domain.job import AUDIO_WORKER, Stage
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.casting import Casting, Resolved

UPLOAD = "upload"           # the input that is the request's own clip


def plan(request: Request, casting: Casting, facts: ClipFacts | None) -> tuple[Stage, ...]:
    """The stages of a request that preflight found nothing against, every voice named. `facts` of its clip, if any.

    Raises InvalidRequest where the clip needs ffmpeg and there is none any more.
    """
    planner = _Planner(facts.sample_rate if facts else None, request)
    if facts is not None:
        planner.audio("decode", decode_settings(facts), {"upload": UPLOAD})
    for index in range(len(request.steps)):
        resolved = casting.resolved_step(request, index)
        planner.needed(resolved, request, casting)
        planner.fitted(resolved)
        planner.step(resolved)
    planner.finish(request)
    return tuple(planner.stages)


class _Planner:
    """Collects stages and remembers where the clip is and at which rate."""

    def __init__(self, sample_rate: int | None, request: Request) -> None:
        self.stages: list[Stage] = []
        self.clip = ""
        self._sample_rate = sample_rate
        self._needs: dict[str, str] = {}
        self._prepare = dict(request.prepare)       # what is still to be done to the first clip that a step takes
        self._source = ""

    def audio(self, task: str, settings: dict[str, Any], inputs: dict[str, str]) -> None:
        self._append(Stage(len(self.stages), task, task, AUDIO_WORKER, settings=dict(settings), inputs=inputs))

    def needed(self, resolved: Resolved, request: Request, casting: Casting) -> None:
        """Results of other tasks that a step reads, made once a request by the default voice of each task."""
        for task in resolved.offer.needs:
            if task in self._needs:
                continue
            maker = casting.maker(task, request.text)
            index = len(self.stages)
            self.stages.append(
                Stage(
                    index,
                    "step",
                    task,
                    maker.voice.architecture,
                    voice=maker.voice.id,
                    voice_hash=maker.voice.hash,
                    settings=with_defaults(maker.offer.controls, {}),
                )
            )
            self._needs[task] = f"{index}.{task}"

    def fitted(self, resolved: Resolved) -> None:
        """A stage that does what the request asks for, and resamples where the step's contract does not take the rate."""
        contract = resolved.offer.audio
        if contract is None or self._sample_rate is None:
            return
        rate = rate_within(int(self._prepare.get("resample_hz") or self._sample_rate), contract)
        if self._prepare or rate != self._sample_rate:
            self.audio("prepare", {**self._prepare, "sample_rate": rate}, {"clip": self.clip})
            self._sample_rate, self._prepare = rate, {}
        self._source = self._source or self.clip

    def finish(self, request: Request) -> None:
        """The last stage. The source's melody goes in only where it is followed, so that the key holds nothing else."""
        inputs = {"clip": self.clip}
        if request.finish.get("auto_tune_key") == SOURCE:
            inputs["source"] = self._source
        settings = {"finish": dict(request.finish), "effects": [link.as_json() for link in request.effects]}
        self.audio("finish", settings, inputs)

    def step(self, resolved: Resolved) -> None:
        inputs = {"clip": self.clip} if self.clip else {}
        inputs |= {task: self._needs[task] for task in resolved.offer.needs}
        self._append(
            Stage(
                len(self.stages),
                "step",
                resolved.step.task,
                resolved.voice.architecture,
                voice=resolved.voice.id,
                voice_hash=resolved.voice.hash,
                settings=with_defaults(resolved.offer.controls, resolved.step.settings),
                inputs=inputs,
            )
        )
        self._sample_rate = resolved.offer.gives_rate or self._sample_rate

    def _append(self, stage: Stage) -> None:
        self.stages.append(stage)
        self.clip = f"{stage.index}.clip"
