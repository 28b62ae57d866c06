"""Who serves: a voice, its manifest and its offer for every step of a request."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hay_say_lab.domain.manifest import Manifest, Offer
from hay_say_lab.domain.profile import LOCAL, Profile
from hay_say_lab.domain.request import Request, RequestText, Step, Task
from hay_say_lab.domain.serving import gaps
from hay_say_lab.domain.voice import Voice
from hay_say_lab.engine.equipment import Equipment
from hay_say_lab.errors import InvalidRequest, LabError, VoiceNotServed
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.voices import Voices

ISOLATE, DEFAULT = "isolate", "default"     # the setting of prepare that names who separates; whoever does by default


@dataclass(frozen=True, slots=True)
class Resolved:
    """A step with its voice, manifest and offer found."""

    step: Step
    voice: Voice
    manifest: Manifest
    offer: Offer
    model_hash: str             # of the voice's files, and of the assets that it works with


class Casting:
    """Chooses among what is installed."""

    def __init__(
        self,
        architectures: Architectures,
        voices: Voices,
        profile: Profile = LOCAL,
        equipment: Equipment | None = None,
    ) -> None:
        """`equipment`: None where no assets are kept."""
        self.architectures = architectures
        self.equipment = equipment or Equipment(architectures)
        self.profile = profile
        self._voices = voices

    def resolve(self, request: Request) -> Request:
        """The request with every voice named, of steps and of the isolation. Raises LabError where a task has no default."""
        steps = tuple(
            step if step.voice is not None else replace(step, voice=self.default_voice(step.task, request.text).id)
            for step in request.steps
        )
        prepare = dict(request.prepare)
        if prepare.get(ISOLATE) == DEFAULT:
            prepare[ISOLATE] = self.default_voice("separate", None).id
        return request.evolve(steps=steps, prepare=prepare)

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
        return self.resolved(request.steps[index], f"steps.{index}.voice", request.text)

    def resolved(self, step: Step, field: str, text: RequestText | None = None) -> Resolved:
        """A step with who serves it; `field` is where its voice was asked for. Raises as `resolved_step`."""
        named = step.voice is not None
        voice = self._voices.get(str(step.voice), field) if named else self.default_voice(step.task, text)
        self.check_served(voice, field)
        manifest = self.architectures.manifest(voice.architecture)
        offer = manifest.offer(step.task)
        if manifest.runtime is None and (kept := self.architectures.runtime_problem(manifest, field)) is not None:
            raise InvalidRequest(kept.message, problems=[kept])
        if offer is None:
            raise InvalidRequest(
                f"The voice '{voice.id}' does not {step.task}.",
                field=field,
                fix=f"Choose a voice of: {self._offering(step.task) or 'an architecture that does'}.",
            )
        return Resolved(step, voice, manifest, offer, self.equipment.model_hash(voice))

    def check_served(self, voice: Voice, field: str = "voice") -> None:
        """Raises VoiceNotServed where this host's profile asks for more than is known of the voice."""
        missing = gaps(voice.provenance)
        if not (self.profile.provenance_needed and missing) or voice.approval is not None:
            return
        if voice.provenance.consent == "denied":
            said, way_out = "whoever's voice it is did not agree", "Choose another voice."
        else:
            said = f"its {' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not known"
            way_out = f"An operator can add it ('hay-say voices provenance {voice.id}'), or approve the voice with a reason."
        raise VoiceNotServed(f"The voice '{voice.id}' serves nobody here: {said}.", field=field, fix=way_out)

    def not_served(self, request: Request) -> list[str]:
        """The voices that a request names and that may not serve here."""
        chain = [link.effect for link in request.effects]
        refused = []
        for name in dict.fromkeys([step.voice for step in request.steps] + [request.prepare.get(ISOLATE), *chain]):
            if isinstance(name, str) and self._voices.has(name):
                try:
                    self.check_served(self._voices.get(name))
                except VoiceNotServed:
                    refused.append(name)
        return refused

    def maker(self, task: Task, text: RequestText | None) -> Resolved:
        """Whoever makes what another step needs: the task's default voice. Raises LabError where there is none."""
        voice = self.default_voice(task, text)
        return self.resolved_step(Request((Step(task, voice.id),), text=text), 0)

    def default_voice(self, task: str, text: RequestText | None) -> Voice:
        """The default voice of a task: that of the text's language where one has it. Raises LabError."""
        for manifest, offer in self.architectures.offering(task):
            if offer.default_voice is None or self.equipment.missing(manifest):
                continue
            voice = self._voices.get(f"{manifest.id}:{offer.default_voice}")
            language = text.language if text is not None and task == "speak" else None
            if language is None or speaks(voice, language):
                return voice
            for builtin in manifest.voices:
                other = self._voices.get(f"{manifest.id}:{builtin.slug}")
                if speaks(other, language):
                    return other
        wish = f" '{text.language}'" if text is not None and text.language and task == "speak" else ""
        raise InvalidRequest(
            f"No installed voice can {task}{wish} by default.",
            field="text.language" if wish else "steps",
            fix="Name a voice, or install an architecture that does.",
        )

    def leaves(self, voice_id: str) -> bool:
        """Whether somebody has asked for its removal, which waits for jobs: it takes no new ones."""
        return voice_id in self._voices.leaving()

    def voices_that(self, task: str) -> list[Voice]:
        """Installed voices of those who perform a task, by id."""
        able = {manifest.id for manifest in self.architectures.manifests.values() if manifest.offer(task) is not None}
        return [voice for voice in self._voices.all() if voice.architecture in able]

    def _offering(self, task: str) -> str:
        return ", ".join(manifest.id for manifest, _ in self.architectures.offering(task))


def speaks(voice: Voice, language: str) -> bool:
    """Whether a voice has a language: equal, or one of the two is the other's primary tag (en and en-US)."""
    wish = language.lower()
    return not voice.languages or any(
        wish == tag.lower() or wish == tag.lower().split("-")[0] or wish.split("-")[0] == tag.lower()
        for tag in voice.languages
    )
