"""What can be asked of every clip, given what is installed: the audio worker's own settings, and what plugins add.

`prepare.isolate` names who takes a voice out of what is around it (task separate); a link of the effects chain may name
a voice of an architecture with effects (task effect) instead of one of the built-in effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hay_say_lab.audio.effects import EFFECTS, check_effects
from hay_say_lab.audio.finish import FINISH_CONTROLS
from hay_say_lab.audio.mix import MIX_CONTROLS
from hay_say_lab.audio.prepare import PREPARE_CONTROLS
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.control import Choice, Control, Number, check_settings
from hay_say_lab.domain.request import EffectLink, Request, Step
from hay_say_lab.engine.casting import DEFAULT, ISOLATE, Casting, Resolved
from hay_say_lab.engine.clip_check import clip_problems
from hay_say_lab.errors import Fix, LabError, Problem

BACKGROUND = "background_db"
OFF = "off"
_LEAVES_OUT = ("crop_silence", "crop_pauses_seconds")


@dataclass(frozen=True, slots=True)
class PluginEffect:
    """One voice with the task effect, as a link of a chain declares itself."""

    name: str
    sounds_like: str
    controls: tuple[Control, ...]

    @property
    def mix(self) -> Number:
        return Number("mix", "share", 0.0, 1.0, 1.0, 0.01, help="How much of the effect: 0 is the sound as it was.")

    def as_json(self) -> dict[str, Any]:
        return {
            "effect": self.name,
            "sounds_like": self.sounds_like,
            "mix": self.mix.as_json(),
            "controls": [control.as_json() for control in self.controls],
        }


class Treatment:
    """Asks what is installed anew each time: a voice may come or go."""

    def __init__(self, casting: Casting) -> None:
        self._casting = casting

    @property
    def prepare_controls(self) -> tuple[Control, ...]:
        voices = tuple(voice.id for voice in self._casting.voices_that("separate"))
        return (
            *PREPARE_CONTROLS,
            Choice(
                ISOLATE, values=(OFF, DEFAULT, *voices), default=OFF, label="Isolate the voice", group="Noise",
                help="Take the voice out of music and noise first, by an installed architecture that separates.",
            ),
        )  # fmt: skip

    @property
    def finish_controls(self) -> tuple[Control, ...]:
        return (*FINISH_CONTROLS, *MIX_CONTROLS)

    @property
    def plugin_effects(self) -> dict[str, PluginEffect]:
        """By the name that a link gives: the voice's id."""
        found = {}
        for voice in self._casting.voices_that("effect"):
            manifest = self._casting.architectures.manifest(voice.architecture)
            offer = manifest.offer("effect")
            if offer is not None:
                found[voice.id] = PluginEffect(voice.id, f"{voice.title}: {manifest.summary}", offer.controls)
        return found

    def effects_json(self) -> list[dict[str, Any]]:
        return [effect.as_json() for effect in EFFECTS.values()] + [
            effect.as_json() for effect in self.plugin_effects.values()
        ]

    def isolator(self, request: Request) -> Resolved | None:
        """Who isolates the voice; None where that was not asked for. Raises LabError where nobody can."""
        wish = request.prepare.get(ISOLATE, OFF)
        if wish == OFF:
            return None
        voice = None if wish == DEFAULT else str(wish)
        return self._casting.resolved(Step("separate", voice), f"prepare.{ISOLATE}")

    def effect(self, link: EffectLink, index: int) -> Resolved | None:
        """Who makes a link of the chain; None for a built-in effect. Raises LabError."""
        if link.effect in EFFECTS:
            return None
        return self._casting.resolved(Step("effect", link.effect, link.settings), f"effects.{index}.effect")

    # What stands in the way.

    def prepare_problems(self, request: Request) -> Iterator[Problem]:
        own = {name: value for name, value in request.prepare.items() if name != ISOLATE}
        yield from check_settings(self.prepare_controls, own, "prepare")
        wish = request.prepare.get(ISOLATE, OFF)
        if not isinstance(wish, str):
            yield from check_settings(self.prepare_controls, {ISOLATE: wish}, "prepare")
            return
        try:
            isolator = self.isolator(request)
        except LabError as missing:
            yield self._nobody_isolates(missing)
            return
        if isolator is not None:
            cannot_run = self._casting.architectures.runtime_problem(isolator.manifest, f"prepare.{ISOLATE}")
            if cannot_run is not None:
                yield cannot_run

    def isolated_clip_problems(self, request: Request, facts: ClipFacts) -> Iterator[Problem]:
        """What the separating architecture's own contract refuses of the part that it gets."""
        try:
            isolator = self.isolator(request)
        except LabError:
            return                              # told by prepare_problems
        if isolator is not None and isolator.offer.audio is not None:
            yield from clip_problems(facts, isolator.offer.audio, "clip", request.prepare)

    def finish_problems(self, request: Request) -> Iterator[Problem]:
        yield from check_settings(self.finish_controls, request.finish, "finish")
        if request.finish.get(BACKGROUND) is None:
            return
        without = Fix("Leave the background out", ({"op": "remove", "path": f"/finish/{BACKGROUND}"},))
        if request.prepare.get(ISOLATE, OFF) == OFF:
            message = "There is no background to mix in: nothing was asked to isolate the voice."
            yield Problem(f"finish.{BACKGROUND}", message, without)
        elif not self._stays_in_step(request):
            message = "The background would not stay in step: silence is cropped, or the speed changed."
            yield Problem(f"finish.{BACKGROUND}", message, without)

    def effect_problems(self, request: Request) -> Iterator[Problem]:
        yield from check_effects([link.as_json() for link in request.effects], "effects", self.plugin_effects)
        for index, link in enumerate(request.effects):
            try:
                made_by = self.effect(link, index)
            except LabError:
                continue                        # told above: it is none that is known
            if made_by is not None:
                cannot_run = self._casting.architectures.runtime_problem(made_by.manifest, f"effects.{index}.effect")
                if cannot_run is not None:
                    yield cannot_run

    def _nobody_isolates(self, missing: LabError) -> Problem:
        others = ", ".join(voice.id for voice in self._casting.voices_that("separate"))
        known = f" Those that do: {others}." if others else ""
        way_out = "Leave it off" if others else "Leave it off, or install one: hay-say architectures install"
        patch = ({"op": "remove", "path": f"/prepare/{ISOLATE}"},)
        return Problem(f"prepare.{ISOLATE}", f"The voice cannot be isolated: {missing.message}{known}", Fix(way_out, patch))

    @staticmethod
    def _stays_in_step(request: Request) -> bool:
        cropped = any(request.prepare.get(name) not in (None, 0) for name in _LEAVES_OUT)
        return not cropped and request.finish.get("speed", 1.0) == 1.0
