"""What a job's present stage is given, and what it must give: its order, its inputs, its recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hay_say_lab.domain.job import BUILT_IN_WORKERS, Job, Stage
from hay_say_lab.domain.manifest import Offer
from hay_say_lab.domain.recipe import Recipe, recipe_of
from hay_say_lab.domain.request import READS_TEXT, RequestText
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.engine.casting import Casting
from hay_say_lab.engine.order import Order
from hay_say_lab.engine.plan import IF_MADE, UPLOAD
from hay_say_lab.engine.spoken_text import SpokenText, spoken_text
from hay_say_lab.errors import VoiceMissing, WorkerFailed
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.edges import Made
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.objects import ObjectStore


class Assignments:
    """Reads jobs; changes none."""

    def __init__(self, home: Home, objects: ObjectStore, voices: Voices, casting: Casting) -> None:
        self._home = home
        self._objects = objects
        self._voices = voices
        self._architectures = casting.architectures
        self._equipment = casting.equipment
        self._provenance: dict[str, dict[str, str]] = {}        # by the hash of a model that was ordered
        self._languages: dict[str, tuple[str, ...]] = {}        # the same
        self._assets: dict[str, dict[str, str]] = {}            # the same

    def order(self, job: Job) -> Order:
        """For the worker. Raises VoiceMissing, ArtifactMissing, WorkerFailed where an input was not made."""
        stage = job.stage
        folder = self._home.stage_folder(job.id, stage.index)
        voice = self._voices.get(stage.voice) if stage.voice else None
        if voice is not None:
            model = self._equipment.model_hash(voice)
            self._provenance[model] = voice.provenance.that_travels()
            self._languages[model] = voice.languages
            self._assets[model] = self._equipment.hashes(voice)
        offer = self.offer(stage)
        return Order(
            stage=f"{job.id}/{stage.index}",
            token=job.token,
            task=stage.task,
            out=folder / str(job.token),
            pieces=folder / "pieces",
            voice=stage.voice,
            voice_hash=stage.voice_hash or "",
            voice_files=self._files(voice) if voice else {},
            settings=stage.settings,
            text=self.text(job),
            seed=int(job.request.seed or 0),
            limits=offer.limits if offer is not None else {},
            inputs={role: self._objects.open_path(name) for role, name in self.inputs(job).items()},
        )

    def order_to_load(self, voice_id: str | None, voice_hash: str | None) -> Order | None:
        """An order that only has a voice loaded; None where the voice is gone, or is another one by now."""
        order = Order("", 0, "", self._home.scratch, self._home.scratch)
        if voice_id is None:
            return order
        voice = self._voices.get(voice_id) if self._voices.has(voice_id) else None
        if voice is None or self._equipment.model_hash(voice) != voice_hash:
            return None
        return replace(order, voice=voice.id, voice_hash=voice_hash, voice_files=self._files(voice))

    def _files(self, voice: Voice) -> dict[str, Path]:
        """A voice's own files by role, and those that it shares with all voices of its architecture."""
        shared = self._equipment.files(voice, self._home.asset_folder)
        return shared | {role: self._home.voice_folder(voice.id) / file.name for role, file in voice.files.items()}

    def offer(self, stage: Stage) -> Offer | None:
        """What an architecture promises of a stage; None for the workers that are built in. Raises ArchitectureMissing."""
        if stage.worker in BUILT_IN_WORKERS:
            return None
        return self._architectures.manifest(stage.worker).offer(stage.task)

    def text(self, job: Job) -> dict[str, Any] | None:
        """All that the worker of a job's present stage needs to know of the text; None where it reads none."""
        spoken = self._spoken(job, job.stage)
        return spoken.as_json() if spoken is not None else None

    def _spoken(self, job: Job, stage: Stage) -> SpokenText | None:
        """The text as the voice that speaks is given it is what those read who work for that voice."""
        if stage.task not in READS_TEXT or job.request.text is None:
            return None
        speaking = next((other for other in job.stages if other.kind == "step" and other.task == "speak"), stage)
        spoken = self._as_asked(speaking, job.request.text)
        return spoken if stage.task == "speak" else self._as_asked(stage, spoken.given().text)

    def _as_asked(self, stage: Stage, text: RequestText) -> SpokenText:
        offer = self.offer(stage)
        return spoken_text(text, offer.text if offer else None, self._languages_of(stage))

    def _languages_of(self, stage: Stage) -> tuple[str, ...]:
        """As they were when the voice was ordered, where it was: who removes it meanwhile changes nothing."""
        known = self._languages.get(stage.voice_hash or "")
        if known is None and stage.voice is not None and self._voices.has(stage.voice):
            known = self._voices.get(stage.voice).languages
        return known or ()

    def inputs(self, job: Job) -> dict[str, str]:
        """The objects that a job's present stage reads, by role. Raises WorkerFailed where one was not made."""
        found = {role: self._named(job, source) for role, source in job.stage.inputs.items()}
        return {role: name for role, name in found.items() if name is not None}

    @staticmethod
    def _named(job: Job, source: str) -> str | None:
        """The object behind an input: the upload, or '<stage>.<role>'; None for one that need not be there and is not."""
        if source == UPLOAD:
            return str(job.request.clip)
        index, _, role = source.removesuffix(IF_MADE).partition(".")
        if source.endswith(IF_MADE):
            return job.stages[int(index)].outputs.get(role)
        try:
            return job.stages[int(index)].outputs[role]
        except KeyError:
            raise WorkerFailed(
                f"Stage {index} ({job.stages[int(index)].task}) made no '{role}'.", field=f"stages.{index}"
            ) from None

    def check_voice(self, stage: Stage) -> None:
        """Raises VoiceMissing where a voice, or an asset that it works with, was removed or changed since the job was queued."""
        if stage.voice is not None and self._equipment.model_hash(self._voices.get(stage.voice)) != stage.voice_hash:
            raise VoiceMissing(
                f"The voice '{stage.voice}' is not the one that was asked for: it, or an asset that it needs, changed.",
                field="steps",
                fix="Ask again to use the voice as it is now.",
            )

    @staticmethod
    def missing(job: Job, made: Made) -> list[str]:
        """Roles that the stage should have made and did not: what later stages read of it, the clip at the end."""
        present = f"{job.current}."
        sources = [source for stage in job.stages for source in stage.inputs.values()]
        needed = [source for source in sources if source.startswith(present) and not source.endswith(IF_MADE)]
        wanted = {source.removeprefix(present) for source in needed}
        if job.current + 1 == len(job.stages):
            wanted.add("clip")
        return sorted(wanted - set(made.outputs))

    def recipe(self, job: Job, made: Made) -> Recipe | None:
        """The recipe of a job whose last stage made this; None where other stages follow."""
        if job.current + 1 < len(job.stages):
            return None
        done = job.stage.evolve(
            outputs=dict(made.outputs), code_version=made.code_version, fingerprint=dict(made.fingerprint)
        )
        used = {stage.voice: stage.voice_hash or "" for stage in job.stages if stage.voice}
        provenance = {voice: self._provenance_of(voice, used[voice]) for voice in sorted(used)}
        assets = {stage.index: used for stage in job.stages if (used := self._assets_of(stage))}
        return recipe_of(job, (*job.stages[:-1], done), provenance, self._sent(job), assets)

    def _assets_of(self, stage: Stage) -> dict[str, str]:
        """Hashes of the assets that a stage's voice worked with, by role; {} where another host ordered it and they changed."""
        known = self._assets.get(stage.voice_hash or "")
        if known is None and stage.voice is not None and self._voices.has(stage.voice):
            voice = self._voices.get(stage.voice)
            known = self._equipment.hashes(voice) if self._equipment.model_hash(voice) == stage.voice_hash else {}
        return known or {}

    def _sent(self, job: Job) -> dict[int, dict[str, Any]]:
        """By stage, the text that its voice was given, where that is not the text as typed."""
        sent: dict[int, dict[str, Any]] = {}
        for stage in job.stages:
            spoken = self._spoken(job, stage)
            given = spoken.given() if spoken is not None else None
            if given is not None and given.rewritings:
                sent[stage.index] = given.text.as_json()
        return sent

    def _provenance_of(self, voice: str, voice_hash: str) -> dict[str, str]:
        """As it was when the voice was ordered: who removes it meanwhile takes no finished work down. Unknown where
        another host ordered it and it is gone."""
        known = self._provenance.get(voice_hash)
        if known is None:
            known = (self._voices.get(voice).provenance if self._voices.has(voice) else Provenance()).that_travels()
        return known
