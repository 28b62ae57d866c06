"""Everything that stands in a request's way, found at once and before anything is queued."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from hay_say_lab.audio.effects import check_effects
from hay_say_lab.audio.finish import FINISH_CONTROLS, SOURCE
from hay_say_lab.audio.prepare import PREPARE_CONTROLS
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.control import check_settings, pointer
from hay_say_lab.domain.manifest import AudioContract, Manifest, Offer
from hay_say_lab.domain.request import LARGEST_SEED, LONGEST_TEXT, Request, RequestText, Step, Task
from hay_say_lab.domain.voice import Voice
from hay_say_lab.errors import Fix, InvalidRequest, LabError, Problem
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.voices import Voices
from hay_say_lab.text.checks import text_problems

MOST_STEPS = 8
LONGEST_GROUP = 64                          # characters
STEP_TASKS = ("speak", "convert")           # what a person may ask for; other tasks serve these
OPEN_LANES = ("interactive", "batch")       # the others are the host's own
LOWEST_PEAK = 1e-4                          # -80 dB: below this a clip counts as silent

FactsOf = Callable[[str], ClipFacts]        # sha256 -> facts; raises LabError where the clip is unknown


@dataclass(frozen=True, slots=True)
class Resolved:
    """A step with its voice, manifest and offer found."""

    step: Step
    voice: Voice
    manifest: Manifest
    offer: Offer


class Preflight:
    """Judges requests against what is installed."""

    def __init__(self, architectures: Architectures, voices: Voices) -> None:
        self._architectures = architectures
        self._voices = voices

    def problems(self, request: Request, facts_of: FactsOf) -> list[Problem]:
        """All problems of a request, in the order of its fields; empty where it can be queued."""
        return [
            *self._shape(request),
            *self._text(request),
            *self._clip(request, facts_of),
            *(problem for index in range(len(request.steps)) for problem in self._step(request, index)),
            *self._prepare(request),
            *self._finish(request),
            *self._seed(request),
            *self._lane(request),
            *self._group(request),
        ]

    def resolve(self, request: Request) -> Request:
        """The request with a voice named in every step. Raises LabError where a task has no default voice."""
        steps = tuple(
            step if step.voice is not None else replace(step, voice=self.default_voice(step.task, request.text).id)
            for step in request.steps
        )
        return request.evolve(steps=steps)

    def serving(self, request: Request) -> list[str | None]:
        """The voice that would serve each step; None where none would."""
        found: list[str | None] = []
        for step in request.steps:
            try:
                served = self.default_voice(step.task, request.text).id if step.voice is None else step.voice
                found.append(served)
            except LabError:
                found.append(None)
        return found

    def resolved_step(self, request: Request, index: int) -> Resolved:
        """Raises VoiceMissing, ArchitectureMissing, or LabError where a task has no default voice."""
        step = request.steps[index]
        field = f"steps.{index}.voice"
        if step.voice is not None:
            voice = self._voices.get(step.voice, field)
        else:
            voice = self.default_voice(step.task, request.text)
        manifest = self._architectures.manifest(voice.architecture)
        offer = manifest.offer(step.task)
        if offer is None:
            raise InvalidRequest(
                f"The voice '{voice.id}' does not {step.task}.",
                field=field,
                fix=f"Choose a voice of: {self._named_offering(step.task) or 'an architecture that does'}.",
            )
        return Resolved(step, voice, manifest, offer)

    def maker(self, task: Task, text: RequestText | None) -> Resolved:
        """Whoever makes what another step needs: the task's default voice. Raises LabError where there is none."""
        voice = self.default_voice(task, text)
        return self.resolved_step(Request((Step(task, voice.id),), text=text), 0)

    def default_voice(self, task: str, text: RequestText | None) -> Voice:
        """The default voice of a task: that of the text's language where one has it. Raises LabError."""
        for manifest, offer in self._architectures.offering(task):
            if offer.default_voice is None:
                continue
            voice = self._voices.get(f"{manifest.id}:{offer.default_voice}")
            language = text.language if text is not None and task == "speak" else None
            if language is None or _speaks(voice, language):
                return voice
            for builtin in manifest.voices:
                other = self._voices.get(f"{manifest.id}:{builtin.slug}")
                if _speaks(other, language):
                    return other
        wish = f" '{text.language}'" if text is not None and text.language and task == "speak" else ""
        raise InvalidRequest(
            f"No installed voice can {task}{wish} by default.",
            field="text.language" if wish else "steps",
            fix="Name a voice, or install an architecture that does.",
        )

    def _shape(self, request: Request) -> Iterator[Problem]:
        if not request.steps:
            yield Problem("steps", "There is nothing to do.", Fix("Add a step: speak or convert."))
            return
        if len(request.steps) > MOST_STEPS:
            yield Problem(
                "steps", f"There are {len(request.steps)} steps; {MOST_STEPS} are taken.", Fix("Split the request.")
            )
        first = request.steps[0].task
        for index, step in enumerate(request.steps):
            if step.task not in STEP_TASKS:
                yield Problem(
                    f"steps.{index}.task",
                    f"'{step.task}' is done for other steps, not asked for by itself.",
                    Fix("Use speak or convert."),
                )
            elif index and step.task == "speak":
                yield Problem(
                    f"steps.{index}.task", "Only the first step can speak.", Fix("Speak first, then convert.")
                )
        if first == "speak" and request.text is None:
            yield Problem("text", "There is no text to speak.", Fix("Write a sentence."))
        if first == "speak" and request.clip is not None:
            yield Problem("clip", "The clip is not used: the first step speaks.", _remove("clip", "Leave it out"))
        if first == "convert" and request.clip is None:
            yield Problem("clip", "There is no clip to convert.", Fix("Choose a sound file."))
        if first == "convert" and request.text is not None:
            yield Problem("text", "The text is not used: no step speaks.", _remove("text", "Leave it out"))

    def _text(self, request: Request) -> Iterator[Problem]:
        if request.text is None or not request.steps or request.steps[0].task != "speak":
            return
        try:
            resolved = self.resolved_step(request, 0)
        except LabError:
            return                              # told by _step
        if resolved.offer.text is not None:
            yield from text_problems(request.text, resolved.offer.text, LONGEST_TEXT)
        language = request.text.language
        if language is not None and not _speaks(resolved.voice, language):
            spoken = ", ".join(resolved.voice.languages)
            yield Problem(
                "text.language",
                f"The voice '{resolved.voice.id}' speaks {spoken}, not '{language}'.",
                _remove("text.language", "Leave the language to the voice"),
            )

    def _clip(self, request: Request, facts_of: FactsOf) -> Iterator[Problem]:
        if request.clip is None or not request.steps or request.steps[0].task == "speak":
            return
        try:
            facts = facts_of(request.clip)
        except LabError as missing:
            yield from missing.problems
            return
        if not facts.finite:
            yield Problem("clip", "The clip holds samples that are not numbers (NaN).", Fix("Export it anew."))
        elif facts.peak < LOWEST_PEAK:
            yield Problem("clip", "The clip is silent.", Fix("Choose a clip in which somebody is heard."))
        try:
            contract = self.resolved_step(request, 0).offer.audio
        except LabError:
            return                              # told by _step
        if contract is not None:
            yield from clip_problems(facts, contract, "clip")

    def _step(self, request: Request, index: int) -> Iterator[Problem]:
        step = request.steps[index]
        if step.task not in STEP_TASKS:
            return
        try:
            resolved = self.resolved_step(request, index)
        except LabError as missing:
            yield from missing.problems
            return
        cannot_run = self._architectures.runtime_problem(resolved.manifest, f"steps.{index}.voice")
        if cannot_run is not None:
            yield cannot_run
        yield from check_settings(resolved.offer.controls, step.settings, f"steps.{index}.settings")
        for task in resolved.offer.needs:
            try:
                self.maker(task, request.text)
            except LabError as missing:
                message = f"The voice '{resolved.voice.id}' needs {task} of the text: {missing.message}"
                yield Problem(f"steps.{index}.voice", message, Fix(f"Install an architecture that makes {task}."))

    @staticmethod
    def _prepare(request: Request) -> Iterator[Problem]:
        yield from check_settings(PREPARE_CONTROLS, request.prepare, "prepare")
        if request.prepare and all(step.task != "convert" for step in request.steps):
            yield Problem(
                "prepare", "There is nothing to prepare: no step takes a recording.", _remove("prepare", "Leave it out")
            )

    @staticmethod
    def _finish(request: Request) -> Iterator[Problem]:
        yield from check_settings(FINISH_CONTROLS, request.finish, "finish")
        yield from check_effects([link.as_json() for link in request.effects], "effects")
        if request.finish.get("auto_tune_key") == SOURCE and request.clip is None:
            way_out = Fix("Choose a key", ({"op": "add", "path": "/finish/auto_tune_key", "value": "c"},))
            yield Problem(
                "finish.auto_tune_key", "There is no source recording whose melody could be followed.", way_out
            )

    @staticmethod
    def _seed(request: Request) -> Iterator[Problem]:
        if request.seed is not None and not 0 <= request.seed <= LARGEST_SEED:
            yield Problem(
                "seed",
                f"The seed is {request.seed}; it goes from 0 to {LARGEST_SEED}.",
                _remove("seed", "Let the host draw one"),
            )

    @staticmethod
    def _lane(request: Request) -> Iterator[Problem]:
        if request.lane not in OPEN_LANES:
            way_out = Fix("Use interactive", ({"op": "replace", "path": "/lane", "value": "interactive"},))
            yield Problem("lane", f"The lane '{request.lane}' is the host's own.", way_out)

    @staticmethod
    def _group(request: Request) -> Iterator[Problem]:
        if request.group is not None and not (0 < len(request.group) <= LONGEST_GROUP and request.group.isprintable()):
            message = f"A group's name has 1 to {LONGEST_GROUP} printable characters."
            yield Problem("group", message, _remove("group", "Leave it out"))

    def _named_offering(self, task: str) -> str:
        return ", ".join(manifest.id for manifest, _ in self._architectures.offering(task))


def clip_problems(facts: ClipFacts, contract: AudioContract, field: str) -> Iterator[Problem]:
    """What a contract refuses: too short, too long, too quiet. Rate and channels are converted, never refused."""
    if facts.seconds < contract.shortest_seconds:
        yield Problem(
            field,
            f"The clip lasts {facts.seconds:.2f} s; at least {contract.shortest_seconds:g} s are needed.",
            Fix("Choose a longer clip."),
        )
    if facts.seconds > contract.longest_seconds:
        yield Problem(
            field,
            f"The clip lasts {facts.seconds:.0f} s; at most {contract.longest_seconds:g} s are taken at once.",
            Fix("Cut it into parts."),
        )
    if facts.finite and facts.peak >= LOWEST_PEAK and facts.rms < contract.quietest_rms:
        yield Problem(field, "The clip is too quiet to work with.", Fix("Record or amplify it louder."))


def _speaks(voice: Voice, language: str) -> bool:
    """Whether a voice has a language: equal, or one of the two is the other's primary tag (en and en-US)."""
    wish = language.lower()
    return not voice.languages or any(
        wish == tag.lower() or wish == tag.lower().split("-")[0] or wish.split("-")[0] == tag.lower()
        for tag in voice.languages
    )


def _remove(field: str, label: str) -> Fix:
    return Fix(label, ({"op": "remove", "path": pointer(field)},))
