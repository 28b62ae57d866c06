"""Everything that stands in a request's way, and what it should be warned of: at once, before anything is queued."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hay_say_lab.audio.finish import SOURCE
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.control import check_settings, pointer
from hay_say_lab.domain.request import LARGEST_SEED, LONGEST_TEXT, Request, RequestText
from hay_say_lab.engine.casting import Casting, Resolved, speaks
from hay_say_lab.engine.clip_check import LOWEST_PEAK, clip_problems, clip_warnings, cut_problems, piece_warnings
from hay_say_lab.engine.spoken_text import spoken_text
from hay_say_lab.engine.treatment import Treatment
from hay_say_lab.errors import Fix, LabError, Problem
from hay_say_lab.text.checks import text_problems, text_warnings
from hay_say_lab.text.given import document_language, markup_problems

MOST_STEPS = 8
LONGEST_GROUP = 64                          # characters
STEP_TASKS = ("speak", "convert")           # what a person may ask for; other tasks serve these
OPEN_LANES = ("interactive", "batch")       # the others are the host's own

FactsOf = Callable[[str], ClipFacts]        # sha256 -> facts; raises LabError where the clip is unknown


class Preflight:
    """Judges requests against what is installed."""

    def __init__(self, casting: Casting) -> None:
        self.casting = casting
        self.treatment = Treatment(casting)

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

    def warnings(self, request: Request, facts_of: FactsOf) -> list[Problem]:
        """What will be other than a person may expect, in the order of the request's fields. It stops nothing."""
        return [*self._text_warnings(request), *self._clip_warnings(request, facts_of)]

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
            resolved = self.casting.resolved_step(request, 0)
        except LabError:
            return                              # told by _step
        if resolved.offer.text is not None:
            contract, pieces = resolved.offer.text, resolved.offer.comes_in_pieces
            yield from text_problems(request.text, contract, LONGEST_TEXT, pieces=pieces)
            yield from self._markup(request.text, resolved)
        language = request.text.language
        if language is not None and not speaks(resolved.voice, language):
            spoken = ", ".join(resolved.voice.languages)
            yield Problem(
                "text.language",
                f"The voice '{resolved.voice.id}' speaks {spoken}, not '{language}'.",
                _remove("text.language", "Leave the language to the voice"),
            )

    @staticmethod
    def _markup(text: RequestText, resolved: Resolved) -> Iterator[Problem]:
        if text.markup != "ssml" or resolved.offer.text is None:
            return
        yield from markup_problems(text, resolved.offer.text)
        language = document_language(text)
        if language is not None and not speaks(resolved.voice, language):
            spoken = ", ".join(resolved.voice.languages)
            message = f"The document is in '{language}', but the voice '{resolved.voice.id}' speaks {spoken}."
            yield Problem("text.body", message, Fix(f"Choose a voice for '{language}', or leave xml:lang out."))

    def _text_warnings(self, request: Request) -> Iterator[Problem]:
        if request.text is None or not request.steps or request.steps[0].task != "speak":
            return
        yield from text_warnings(request.text)
        try:
            resolved = self.casting.resolved_step(request, 0)
        except LabError:
            return                              # told as a problem
        contract = resolved.offer.text
        if contract is not None and not list(markup_problems(request.text, contract)):
            yield from spoken_text(request.text, contract, resolved.voice.languages).given().warnings

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
            offer = self.casting.resolved_step(request, 0).offer
        except LabError:
            return                              # told by _step
        found: list[Problem] = []
        if offer.audio is not None:
            found += clip_problems(facts, offer.audio, "clip", request.prepare, pieces=offer.comes_in_pieces)
        yield from found or self.treatment.isolated_clip_problems(request, facts)

    def _clip_warnings(self, request: Request, facts_of: FactsOf) -> Iterator[Problem]:
        if request.clip is None or not request.steps or request.steps[0].task == "speak":
            return
        try:
            facts = facts_of(request.clip)
        except LabError:
            return                              # told by _clip
        yield from clip_warnings(facts, "clip", request.prepare)
        try:
            offer = self.casting.resolved_step(request, 0).offer
        except LabError:
            return                              # told by _step
        yield from piece_warnings(facts, offer, "clip", request.prepare)

    def _step(self, request: Request, index: int) -> Iterator[Problem]:
        step = request.steps[index]
        if step.task not in STEP_TASKS:
            return
        try:
            resolved = self.casting.resolved_step(request, index)
        except LabError as missing:
            yield from missing.problems
            return
        cannot_run = self.casting.architectures.runtime_problem(resolved.manifest, f"steps.{index}.voice")
        if cannot_run is not None:
            yield cannot_run
        yield from self.casting.equipment.problems(resolved.manifest, f"steps.{index}.voice")
        if self.casting.leaves(resolved.voice.id):
            way_out = Fix(f"Choose another one, or keep it: hay-say voices restore {resolved.voice.id}")
            yield Problem(f"steps.{index}.voice", f"The voice '{resolved.voice.id}' is being removed.", way_out)
        yield from check_settings(resolved.offer.controls, step.settings, f"steps.{index}.settings")
        for task in resolved.offer.needs:
            try:
                self.casting.maker(task, request.text)
            except LabError as missing:
                message = f"The voice '{resolved.voice.id}' needs {task} of the text: {missing.message}"
                yield Problem(f"steps.{index}.voice", message, Fix(f"Install an architecture that makes {task}."))

    def _prepare(self, request: Request) -> Iterator[Problem]:
        yield from self.treatment.prepare_problems(request)
        if request.clip is None:                # of a clip _clip has told already
            yield from cut_problems(request.prepare)
        if request.prepare and all(step.task != "convert" for step in request.steps):
            yield Problem(
                "prepare", "There is nothing to prepare: no step takes a recording.", _remove("prepare", "Leave it out")
            )

    def _finish(self, request: Request) -> Iterator[Problem]:
        yield from self.treatment.finish_problems(request)
        yield from self.treatment.effect_problems(request)
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


def _remove(field: str, label: str) -> Fix:
    return Fix(label, ({"op": "remove", "path": pointer(field)},))
