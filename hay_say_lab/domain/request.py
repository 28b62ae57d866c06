"""What a person asks for, frozen. These dataclasses are also the wire format (service/wire.py reads them strictly)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.pronunciation import Pronunciation

Task = Literal["speak", "convert", "phonemes", "align", "transcribe", "separate", "effect"]
Lane = Literal["interactive", "batch", "download", "maintenance"]
Markup = Literal["plain", "ssml", "phonemes"]

READS_TEXT = frozenset({"speak", "phonemes"})       # tasks that take the request's text
LONGEST_TEXT = 1_000_000    # characters, of at most four bytes each: what the largest body of a request holds
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RequestText:
    """What is to be spoken. `language` (BCP 47) helps to choose a voice; None leaves it to the voice.

    `dictionary`: 'name', or 'name@' and the first digits of a version, of a pronunciation dictionary of yours.
    `pronunciations`: how to say some of the words; they go before a dictionary, which then only says where they came
    from. The host puts in what it took from the dictionary, so that a recipe holds it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    body: str
    language: str | None = None
    markup: Markup = "plain"
    dictionary: str | None = None
    pronunciations: tuple[Pronunciation, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        text: dict[str, Any] = {"body": self.body, "language": self.language, "markup": self.markup}
        if self.dictionary is not None:
            text["dictionary"] = self.dictionary
        if self.pronunciations is not None:
            text["pronunciations"] = [one.as_json() for one in self.pronunciations]
        return text

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> RequestText:
        said = document.get("pronunciations")
        return cls(
            document["body"],
            document.get("language"),
            document.get("markup", "plain"),
            document.get("dictionary"),
            tuple(Pronunciation(**one) for one in said) if said is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One task by one voice. `voice` None: the default voice of the task, named in the answer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    task: Task
    voice: str | None = None
    settings: dict[str, str | bool | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectLink:
    """One effect of a chain. `mix` is its share, 0 dry to 1 wet; None: as the effect is usually mixed."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    effect: str
    settings: dict[str, str | bool | int | float | None] = field(default_factory=dict)
    mix: float | None = None

    def as_json(self) -> dict[str, Any]:
        link: dict[str, Any] = {"effect": self.effect, "settings": dict(self.settings)}
        return link if self.mix is None else {**link, "mix": self.mix}


@dataclass(frozen=True, slots=True)
class Request:
    """Text and/or a clip (sha256 of an uploaded file), steps in order, a seed, a lane.

    `seed` None: the host draws one and returns it. `group` ties takes and batch rows together.
    `prepare` is done to the clip before the first step that takes one, `finish` and `effects` to the result.
    `fresh`: make every stage anew, even where its result is kept.
    `cpu_fallback`: where a graphics card has too little memory for a stage, it may run on the CPU, which takes longer.
    `after`: ids of jobs that must have succeeded before this one starts; where one does not, this one fails.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    steps: tuple[Step, ...]
    text: RequestText | None = None
    clip: str | None = None
    prepare: dict[str, str | bool | int | float | None] = field(default_factory=dict)
    finish: dict[str, str | bool | int | float | None] = field(default_factory=dict)
    effects: tuple[EffectLink, ...] = ()
    seed: int | None = None
    lane: Lane = "interactive"
    group: str | None = None
    fresh: bool = False
    cpu_fallback: bool = False
    after: tuple[str, ...] = ()

    @property
    def body_hash(self) -> str:
        """What tells two requests under one key apart; '' where a value has no canonical form (NaN)."""
        try:
            return content_id(self.as_json())
        except ValueError:
            return ""

    def evolve(self, **changes: Any) -> Request:
        return replace(self, **changes)

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text and self.text.as_json(),
            "clip": self.clip,
            "steps": [
                {"task": step.task, "voice": step.voice, "settings": dict(step.settings)} for step in self.steps
            ],
            "prepare": dict(self.prepare),
            "finish": dict(self.finish),
            "effects": [link.as_json() for link in self.effects],
            "seed": self.seed,
            "lane": self.lane,
            "group": self.group,
            "fresh": self.fresh,
            "cpu_fallback": self.cpu_fallback,
            "after": list(self.after),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Request:
        """Read what `as_json` wrote (a trusted document; strangers' documents go through service/wire.py)."""
        text = document.get("text")
        return cls(
            steps=tuple(Step(s["task"], s.get("voice"), dict(s.get("settings") or {})) for s in document["steps"]),
            text=RequestText.from_json(text) if text else None,
            clip=document.get("clip"),
            prepare=dict(document.get("prepare") or {}),
            finish=dict(document.get("finish") or {}),
            effects=tuple(
                EffectLink(link["effect"], dict(link.get("settings") or {}), link.get("mix"))
                for link in document.get("effects") or ()
            ),
            seed=document.get("seed"),
            lane=document.get("lane", "interactive"),
            group=document.get("group"),
            fresh=document.get("fresh", False),
            cpu_fallback=document.get("cpu_fallback", False),
            after=tuple(document.get("after") or ()),
        )
