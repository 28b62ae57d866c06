"""A request as stages: decode -> prepare -> each step -> finish -> (mix)."""

from __future__ import annotations

from typing import Any

from hay_say_lab.audio.conversion import decode_settings, rate_within
from hay_say_lab.audio.cut import CUTS
from hay_say_lab.audio.finish import BEFORE_EFFECTS, SOURCE
from hay_say_lab.audio.moments import moves_time
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.domain.job import AUDIO_WORKER, Stage
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.casting import ISOLATE, Casting, Resolved
from hay_say_lab.engine.treatment import BACKGROUND, Treatment

UPLOAD = "upload"           # the input that is the request's own clip
IF_MADE = "?"               # behind the name of an input that need not be there


def plan(request: Request, casting: Casting, facts: ClipFacts | None) -> tuple[Stage, ...]:
    """The stages of a request that preflight found nothing against, every voice named. `facts` of its clip, if any.

    Raises InvalidRequest where the clip needs ffmpeg and there is none any more.
    """
    treatment = Treatment(casting)
    planner = _Planner(facts.sample_rate if facts else None, request, treatment.isolator(request))
    if facts is not None:
        planner.audio("decode", decode_settings(facts), {"upload": UPLOAD})
    for index in range(len(request.steps)):
        resolved = casting.resolved_step(request, index)
        planner.needed(resolved, request, casting)
        planner.fitted(resolved)
        planner.step(resolved)
    planner.finish(request, [treatment.effect(link, index) for index, link in enumerate(request.effects)])
    planner.mix(request)
    return tuple(planner.stages)


class _Planner:
    """Collects stages and remembers where the clip is and at which rate."""

    def __init__(self, sample_rate: int | None, request: Request, isolator: Resolved | None) -> None:
        self.stages: list[Stage] = []
        self.clip = ""
        self._sample_rate = sample_rate
        self._needs: dict[str, str] = {}
        # What is still to be done to the first clip that a step takes.
        self._prepare = {name: value for name, value in request.prepare.items() if name != ISOLATE}
        self._isolator = isolator
        self._source = ""
        self._background = ""
        self._timings = ""                          # where a voice may have told when its words are heard

    def audio(self, task: str, settings: dict[str, Any], inputs: dict[str, str]) -> None:
        """A stage of ours. One that moves what is heard gets the timings, and makes new ones."""
        if self._timings and moves_time(settings.get("finish", settings)):
            inputs, self._timings = {**inputs, "timings": self._timings}, f"{len(self.stages)}.timings{IF_MADE}"
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
                    voice_hash=maker.model_hash,
                    settings=with_defaults(maker.offer.controls, {}),
                )
            )
            self._needs[task] = f"{index}.{task}"

    def fitted(self, resolved: Resolved) -> None:
        """Stages that do what the request asks for, and resample where the step's contract does not take the rate."""
        if resolved.offer.audio is None or self._sample_rate is None:
            return
        if self._isolator is not None:
            isolator, self._isolator = self._isolator, None
            self._isolate(isolator)
        self._prepared(resolved, self._prepare)
        self._prepare = {}
        self._source = self._source or self.clip

    def _isolate(self, isolator: Resolved) -> None:
        """The part that is wanted, and the voice in it; the background is kept. What else is asked for comes behind."""
        part = {name: self._prepare.pop(name) for name in CUTS if name in self._prepare}
        self._prepared(isolator, part)
        self.step(isolator)
        self._background = f"{self.stages[-1].index}.background"

    def _prepared(self, resolved: Resolved, settings: dict[str, Any]) -> None:
        if resolved.offer.audio is None or self._sample_rate is None:
            return
        rate = rate_within(int(settings.get("resample_hz") or self._sample_rate), resolved.offer.audio)
        if settings or rate != self._sample_rate:
            self.audio("prepare", {**settings, "sample_rate": rate}, {"clip": self.clip})
            self._sample_rate = rate

    def finish(self, request: Request, made_by: list[Resolved | None]) -> None:
        """One stage, cut where an effect of a plugin (`made_by` somebody) stands in the chain. The source's melody goes in
        only where it is followed, so that the key holds nothing else."""
        before = {name: value for name, value in request.finish.items() if name in BEFORE_EFFECTS}
        behind = {name: value for name, value in request.finish.items() if name not in BEFORE_EFFECTS}
        behind.pop(BACKGROUND, None)
        settings, links, first = before, [], 0
        more: dict[str, Any] = {}
        inputs: dict[str, str] = {"source": self._source} if request.finish.get("auto_tune_key") == SOURCE else {}
        for index, (link, plugin) in enumerate(zip(request.effects, made_by, strict=True)):
            wet_share = 1.0 if link.mix is None else link.mix
            if plugin is None:
                links.append(link.as_json())
                continue
            if wet_share == 0.0:
                continue
            if settings or links or more:
                self._finished(settings, links, first, inputs, more)
            self._prepared(plugin, {})
            dry, rate = self.clip, self._sample_rate
            self.step(plugin)
            settings, links, first, inputs, more = {}, [], index + 1, {}, {}
            if wet_share < 1.0:
                inputs, more, self._sample_rate = {"dry": dry}, {"wet_share": wet_share}, rate
        self._finished({**settings, **behind}, links, first, inputs, more)

    def _finished(
        self, settings: dict[str, Any], links: list[dict[str, Any]], first: int, inputs: dict[str, str], more: dict[str, Any]
    ) -> None:
        place = {"first_effect": first} if first and links else {}
        self.audio("finish", {"finish": settings, "effects": links, **place, **more}, {"clip": self.clip, **inputs})

    def mix(self, request: Request) -> None:
        """The background again, where it is wanted."""
        background_db = request.finish.get(BACKGROUND)
        if background_db is not None and self._background:
            settings = {BACKGROUND: float(background_db), "ceiling_dbtp": request.finish.get("true_peak_db")}
            self.audio("mix", settings, {"clip": self.clip, "background": self._background})

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
                voice_hash=resolved.model_hash,
                settings=with_defaults(resolved.offer.controls, resolved.step.settings),
                inputs=inputs,
            )
        )
        self._sample_rate = resolved.offer.gives_rate or self._sample_rate
        if resolved.step.task == "speak":
            self._timings = f"{len(self.stages) - 1}.timings{IF_MADE}"

    def _append(self, stage: Stage) -> None:
        self.stages.append(stage)
        self.clip = f"{stage.index}.clip"
