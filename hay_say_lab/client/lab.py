"""The laboratory: say, convert, look at voices. One per notebook or script; making it starts nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hay_say_lab.client import display
from hay_say_lab.client.answers import Findings, JobStatus
from hay_say_lab.client.api import Api
from hay_say_lab.client.assets import AssetShelf
from hay_say_lab.client.audit import AuditLog
from hay_say_lab.client.batch import Batch, send
from hay_say_lab.client.clips import send_clip
from hay_say_lab.client.dictionaries import DictionaryShelf
from hay_say_lab.client.follower import Follower
from hay_say_lab.client.handle import Handle
from hay_say_lab.client.hosting import Hosting
from hay_say_lab.client.imports import ImportDesk
from hay_say_lab.client.lanes import LaneBoard
from hay_say_lab.client.measures import Measurement, Measures
from hay_say_lab.client.panels import PanelDesk
from hay_say_lab.client.presets import PresetShelf
from hay_say_lab.client.recipes import find_recipe
from hay_say_lab.client.row_files import read_rows
from hay_say_lab.client.rows import Template, rows_of
from hay_say_lab.client.storage import StorageRoom
from hay_say_lab.client.take import Take
from hay_say_lab.client.voices import VoiceShelf
from hay_say_lab.client.workers import WorkerBoard
from hay_say_lab.domain.batch import Tally
from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.control import Control, check_settings, control_from_json, with_defaults
from hay_say_lab.domain.request import EffectLink, Lane, Markup, Request, RequestText, Step
from hay_say_lab.errors import Fix, InvalidRequest

Settings = Mapping[str, str | bool | int | float | None]
Effects = str | Sequence[EffectLink]


class Lab:
    """Everything a notebook asks for. `home` names another data home than the user's own."""

    def __init__(self, home: str | Path | None = None) -> None:
        self._api = Api(Hosting(Path(home).absolute() if home is not None else None))
        self._follower = Follower(self._api)
        self.imports = ImportDesk(self._api)
        self.voices = VoiceShelf(self._api, self.clip, self.imports)
        self.assets = AssetShelf(self._api)
        self.dictionaries = DictionaryShelf(self._api)
        self.presets = PresetShelf(self._api)
        self.measures = Measures(self._api)
        self.lanes = LaneBoard(self._api)
        self.storage = StorageRoom(self._api)
        self.workers = WorkerBoard(self._api)
        self.audit = AuditLog(self._api)
        self.panels = PanelDesk(self._api, self._follower)

    def __repr__(self) -> str:
        return f"<Lab at {self._api.hosting.home}>"

    def say(
        self,
        text: str,
        *,
        voice: str | None = None,
        then: str | Step | None = None,
        seed: int | None = None,
        language: str | None = None,
        markup: Markup = "plain",
        dictionary: str | None = None,
        lane: Lane = "interactive",
        prepare: Settings | None = None,
        finish: Settings | None = None,
        effects: Effects = (),
        preset: str | None = None,
        cpu_fallback: bool = False,
        **settings: str | bool | float | None,
    ) -> Handle:
        """Speak a text; `settings` are the voice's controls, on top of a `preset` of `lab.presets`. `then`: a voice (or Step) that converts what was spoken.

        `dictionary` names one of `lab.dictionaries`, or a version of it: 'names', 'names@3fa94c'.

        `prepare` is done to what was spoken before it is converted, `finish` and `effects` (links in order, or the
        name of a preset) to the result: see `controls_of_sound`. `cpu_fallback`: where a graphics card has too little
        memory, it goes on on the CPU, which takes longer. Raises InvalidRequest with every problem at once.
        """
        steps = [Step("speak", voice, self._with_preset(preset, "speak", voice, settings))]
        if then is not None:
            steps.append(then if isinstance(then, Step) else Step("convert", then))
        spoken = RequestText(text, language, markup, dictionary)
        request = Request(tuple(steps), text=spoken, seed=seed, lane=lane, cpu_fallback=cpu_fallback)
        return self.submit(self._treated(request, prepare, finish, effects))

    def convert(
        self,
        source: str | Path | Take,
        *,
        voice: str | None = None,
        seed: int | None = None,
        lane: Lane = "interactive",
        prepare: Settings | None = None,
        finish: Settings | None = None,
        effects: Effects = (),
        preset: str | None = None,
        cpu_fallback: bool = False,
        **settings: str | bool | float | None,
    ) -> Handle:
        """Give a recording (a file, or a Take) another voice; `settings` are the voice's controls, on top of a `preset`.

        `prepare` is done to the recording, `finish` and `effects` to the result: see `controls_of_sound`; `cpu_fallback` as
        in `say`. Raises InvalidRequest with every problem at once, ClipMissing where there is no such file.
        """
        clip = self.clip(source)
        steps = (Step("convert", voice, self._with_preset(preset, "convert", voice, settings)),)
        request = Request(steps, clip=clip, seed=seed, lane=lane, cpu_fallback=cpu_fallback)
        return self.submit(self._treated(request, prepare, finish, effects))

    def batch(
        self,
        rows: str | Path | Iterable[str | Mapping[str, Any]],
        *,
        name: str | None = None,
        voice: str | None = None,
        then: str | Step | None = None,
        seed: int | None = None,
        language: str | None = None,
        markup: Markup = "plain",
        dictionary: str | None = None,
        lane: Lane = "batch",
        prepare: Settings | None = None,
        finish: Settings | None = None,
        effects: Effects = (),
        preset: str | None = None,
        cpu_fallback: bool = False,
        **settings: str | bool | float | None,
    ) -> Batch:
        """A template times rows: texts, mappings (see `client.rows` for their columns), a table of pandas, or a file of
        rows (.csv, .tsv, .jsonl, .txt).

        The same rows under the same `name` (None: one made of their content) are the same batch: call it again after
        anything was interrupted, and it goes on. Raises InvalidRequest with the problems of all rows, before any is
        queued (of each 2,000, in longer ones); Conflict where the name was used for other rows; NotFound.
        """
        chain = self.effects(effects) if isinstance(effects, str) else tuple(effects)
        after = then if isinstance(then, Step) else Step("convert", then)
        template = Template(
            voice, self._with_preset(preset, "speak", voice, settings), after.voice, after.settings, language, markup, seed,
            dict(prepare or {}), dict(finish or {}), chain, lane, dictionary, cpu_fallback,
        )  # fmt: skip
        read = rows_of(self, _rows(rows), template)
        made_of = content_id([request.as_json() for request in read.requests])
        sent = send(self._api, name or f"batch-{made_of[:12]}", read.requests)
        return Batch(self._api, sent.name, read.names)

    def batch_named(self, name: str) -> Batch:
        """A batch that was queued before, by whomever. Raises BatchMissing."""
        batch = Batch(self._api, name)
        batch.status()
        return batch

    def batches(self, limit: int = 50) -> list[Tally]:
        """How your newest batches stand."""
        page = self._api.get("/batches", limit=limit)["batches"]
        return [Tally(document["name"], document["states"]) for document in page]

    def submit(self, request: Request, *, key: str | None = None) -> Handle:
        """Queue any request. The same `key` gives the same job, however often it is sent.

        What the host warns of is a RequestWarning each (Python's `warnings`), and stays on the handle.
        """
        document = self._api.post("/jobs", request.as_json(), key=key or uuid.uuid4().hex)
        handle = Handle(self._follower, JobStatus.from_json(document))
        display.warn(handle.warnings)
        return handle

    def preflight(self, request: Request) -> Findings:
        """All problems and warnings of a request, without queueing it."""
        return Findings.from_json(self._api.post("/preflight", request.as_json()))

    def clip(self, source: str | Path | Take) -> str:
        """Send a sound file; its sha256. Sent again, it is known already; a take lies in the store and is not sent.

        Raises ClipMissing, InvalidRequest (not sound, empty, cut off), TooLarge.
        """
        return send_clip(self._api, source)

    def measure(
        self,
        source: str | Path | Take,
        *measures: str,
        against: str | Path | Take | None = None,
        f0_method: str = "harvest",
        align: bool = True,
    ) -> Measurement:
        """Measure a file, a take or a clip, alone or against another: see `Measures.of` and docs/measures.md."""
        return self.measures.of(source, *measures, against=against, f0_method=f0_method, align=align)

    def picture(self, source: str | Path | Take, path: str | Path, f0: str | None = None) -> Path:
        """Draw a file, a take or a clip into an SVG or a PNG: see `Measures.picture`."""
        return self.measures.picture(source, path, f0)

    def clip_report(self, source: str | Path | Take) -> dict[str, Any]:
        """What a person should know of a recording before it goes anywhere; made once for each clip."""
        return self.measures.report(source)

    def parameters(self, task: str, voice: str | None = None, **values: Any) -> dict[str, Any]:
        """The complete settings of a voice for a task: `values` where given, the defaults elsewhere.

        Meant for a notebook's parameters cell: a bad value ends the run here, in one sentence, before anything is
        queued. Raises InvalidRequest with every problem at once, VoiceMissing, ArchitectureMissing.
        """
        controls = self.controls(task, voice)
        problems = check_settings(controls, values, "settings")
        if problems:
            raise InvalidRequest(problems[0].message, problems=problems)
        return with_defaults(controls, values)

    def controls(self, task: str, voice: str | None = None) -> tuple[Control, ...]:
        """The settings that a voice (None: the default one) takes for a task.

        Raises InvalidRequest, VoiceMissing, ArchitectureMissing.
        """
        return tuple(control_from_json(document) for document in self._controls(task, voice))

    def controls_of_sound(self) -> dict[str, list[dict[str, Any]]]:
        """What can be done to every clip: settings of 'prepare' and 'finish', 'effects', and 'presets' of them."""
        return dict(self._api.get("/controls"))

    def effects(self, preset: str) -> tuple[EffectLink, ...]:
        """The chain of a preset, to be used or changed. Raises InvalidRequest."""
        presets = {entry["name"]: entry["chain"] for entry in self.controls_of_sound()["presets"]}
        if preset not in presets:
            raise InvalidRequest(
                f"There is no preset of effects '{preset}'.", field="effects", fix=f"Known are: {', '.join(presets)}."
            )
        return tuple(EffectLink(link["effect"], link["settings"], link.get("mix")) for link in presets[preset])

    def job(self, job_id: str) -> Handle:
        """A job by its id, whoever queued it. Raises JobMissing."""
        return Handle(self._follower, JobStatus.from_json(self._api.get(f"/jobs/{job_id}")))

    def jobs(self, limit: int = 50) -> list[Handle]:
        """Your newest jobs."""
        page = self._api.get("/jobs", limit=limit)["jobs"]
        return [Handle(self._follower, JobStatus.from_json(document)) for document in page]

    def architectures(self) -> list[dict[str, Any]]:
        """What is installed, with tasks, controls and contracts."""
        return list(self._api.get("/architectures")["architectures"])

    def doctor(self) -> list[dict[str, Any]]:
        """What is in order, what is not, how to mend it."""
        return list(self._api.get("/doctor")["lines"])

    def recipe(self, source: str | Path) -> dict[str, Any]:
        """`{"id", "recipe"}` of an exported WAV or FLAC, of a recipe's id, or of an artifact's hash.

        Raises RecipeMissing, InvalidRequest.
        """
        return find_recipe(self._api, source)

    def replay(self, recipe: Mapping[str, Any]) -> Handle:
        """Make a recipe's sound anew, by the same request under the same seed, from nothing that is kept.

        Raises InvalidRequest.
        """
        try:
            request = Request.from_json(dict(recipe["request"]))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise InvalidRequest("That is no recipe.", field="recipe", fix="Give one of 'hay-say recipe'.") from None
        return self.submit(request.evolve(fresh=True))

    def _treated(
        self, request: Request, prepare: Settings | None, finish: Settings | None, effects: Effects
    ) -> Request:
        chain = self.effects(effects) if isinstance(effects, str) else tuple(effects)
        return request.evolve(prepare=dict(prepare or {}), finish=dict(finish or {}), effects=chain)

    def _with_preset(self, preset: str | None, task: str, voice: str | None, settings: Settings) -> dict[str, Any]:
        """A preset as settings of a voice, under those that were named."""
        return {**(self.presets.settings(preset, voice, task) if preset else {}), **settings}

    def _controls(self, task: str, voice: str | None) -> list[dict[str, Any]]:
        if voice is None:
            voice = self._api.post("/preflight", _probe(task))["voices"][0]
        if voice is None:
            raise InvalidRequest(
                f"No voice can {task} by default.", field="voice", fix="Name a voice: see 'hay-say voices'."
            )
        architecture = self.voices[voice]["architecture"]
        for manifest in self.architectures():
            for offer in manifest["tasks"]:
                if manifest["id"] == architecture and offer["task"] == task:
                    return list(offer["controls"])
        fix = Fix("Name a voice of another architecture.")
        raise InvalidRequest(f"The voice '{voice}' does not {task}.", field="voice", fix=fix)


def _rows(rows: Any) -> Iterable[str | Mapping[str, Any]]:
    """Rows as mappings or texts, whatever they came in."""
    if isinstance(rows, str | Path):
        return read_rows(Path(rows).expanduser())
    table = getattr(rows, "to_dict", None)          # of pandas and polars
    if callable(table) and hasattr(rows, "columns"):
        return list(table("records")) if hasattr(rows, "iloc") else list(rows.to_dicts())
    return list(rows)


def _probe(task: str) -> dict[str, Any]:
    """A request that asks only who would serve."""
    text = RequestText("a") if task == "speak" else None
    return Request((Step(task, None),), text=text).as_json()  # type: ignore[arg-type]
