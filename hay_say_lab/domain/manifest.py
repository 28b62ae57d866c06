"""What an architecture says of itself: data only, so that it can be read without its runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.control import Control
from hay_say_lab.domain.request import Markup, Task

IN_PIECES: frozenset[Task] = frozenset(("convert", "speak", "phonemes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioContract:
    """What a task takes: the pipeline converts rate and channels into it and refuses the rest before queueing.

    Rates are samples per second, both ends allowed; `quietest_rms` is linear (1.0 = full scale).
    `longest_seconds` is what a runtime takes at once: where the offer has `pieces`, a longer clip comes in several.
    """

    lowest_rate: int
    highest_rate: int
    shortest_seconds: float
    longest_seconds: float
    quietest_rms: float = 0.0
    needs_voiced: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "lowest_rate": self.lowest_rate,
            "highest_rate": self.highest_rate,
            "channels": 1,
            "shortest_seconds": self.shortest_seconds,
            "longest_seconds": self.longest_seconds,
            "quietest_rms": self.quietest_rms,
            "needs_voiced": self.needs_voiced,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContract:
    """What a task reads: markup kinds, the SSML elements among them, and the longest text in characters.

    `longest_characters` is what a runtime takes at once: where the offer has `pieces`, a longer text comes in several.
    """

    markups: tuple[Markup, ...]
    longest_characters: int
    ssml_elements: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "markups": list(self.markups),
            "longest_characters": self.longest_characters,
            "ssml_elements": list(self.ssml_elements),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> TextContract:
        """Read what `as_json` wrote."""
        return cls(
            markups=tuple(document["markups"]),
            longest_characters=document["longest_characters"],
            ssml_elements=tuple(document["ssml_elements"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One task an architecture performs, and what it asks and promises there.

    seconds_per_second: planning estimate, seconds of computing per second of audio on one core.
    atomic_seconds: the longest stretch of computing without a checkpoint (0: at most one second). With more than 30 a batch
        leaves the last place to interactive stages.
    gives_rate: sample rate of the result; None means that of the clip it took.
    deterministic: the same inputs, settings and seed give the same samples; only then its results are used again.
    needs: results of other tasks that the host makes first and hands over as inputs.
    default_voice: slug of the voice that serves when a request names none; None means: name one.
    pieces: what is longer than the contract allows is cut, performed piece by piece and joined (of `IN_PIECES`, the other
        tasks never); False: it is refused.
    piece_characters: texts longer than this are cut where they can be, so that a novel takes no more memory than a page;
        None: texts are cut where they are longer than the contract allows.
    overlap_seconds: how much sound two neighbouring pieces of a clip share; the join fades across it.
    pause_seconds: silence between two spoken pieces, beside what the voice leaves behind a sentence by itself.
    pools: `Runtime.listen` hears every piece before the first one is converted.
    """

    task: Task
    controls: tuple[Control, ...] = ()
    audio: AudioContract | None = None
    text: TextContract | None = None
    gives_rate: int | None = None
    needs: tuple[Task, ...] = ()
    default_voice: str | None = None
    deterministic: bool = True
    seconds_per_second: float = 1.0
    atomic_seconds: float = 0.0
    pieces: bool = True
    piece_characters: int | None = None
    overlap_seconds: float = 0.1
    pause_seconds: float = 0.0
    pools: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError where clips could not be cut as the contract says."""
        if self.comes_in_pieces and self.audio is not None:
            least = max(4 * self.overlap_seconds, 2 * self.audio.shortest_seconds)
            if self.audio.longest_seconds < least:
                raise ValueError(f"{self.task}: pieces of {self.audio.longest_seconds} s need {least} s, or pieces=False")

    @property
    def comes_in_pieces(self) -> bool:
        """Whether what is too long at once is cut: only tasks whose pieces can be put in a row again."""
        return self.pieces and self.task in IN_PIECES

    @property
    def limits(self) -> dict[str, Any]:
        """What the worker is told of pieces, as JSON; a limit that is None is none."""
        cut = self.comes_in_pieces
        longest_seconds = self.audio.longest_seconds if self.audio is not None and cut else None
        return {
            "longest_seconds": longest_seconds,
            "shortest_seconds": self.audio.shortest_seconds if self.audio is not None else 0.0,
            "overlap_seconds": self.overlap_seconds,
            "longest_characters": self.text.longest_characters if self.text is not None and cut else None,
            "piece_characters": self.piece_characters or (self.text and self.text.longest_characters),
            "pause_seconds": self.pause_seconds,
            "pools": self.pools,
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "controls": [control.as_json() for control in self.controls],
            "audio": self.audio and self.audio.as_json(),
            "text": self.text and self.text.as_json(),
            "gives_rate": self.gives_rate,
            "needs": list(self.needs),
            "default_voice": self.default_voice,
            "deterministic": self.deterministic,
            "seconds_per_second": self.seconds_per_second,
            "atomic_seconds": self.atomic_seconds,
            "pieces": self.pieces,
            "piece_characters": self.piece_characters,
            "overlap_seconds": self.overlap_seconds,
            "pause_seconds": self.pause_seconds,
            "pools": self.pools,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltinVoice:
    """A voice that comes with the architecture and has no file of its own."""

    slug: str
    title: str
    languages: tuple[str, ...] = ()     # BCP 47, best first; empty: any


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceLayout:
    """How a voice of this architecture is made from a reference recording, and the files it consists of.

    `files` maps each role to its file's name; 'reference' is the recording as decoded (W64), the others are what
    `Runtime.fit` returns under the same roles.
    """

    reference: AudioContract
    files: dict[str, str]
    good_seconds: float         # less than this is taken, with a warning

    def as_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference.as_json(),
            "files": dict(self.files),
            "good_seconds": self.good_seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Whose method or library this is, whether it is alive, and when it ends (ISO date) if that is known."""

    name: str
    licence: str
    status: str
    end_of_life: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compatibility:
    """Where it was run: Python versions, platforms, device kinds; and the modules that the runtime imports."""

    pythons: tuple[str, ...]
    platforms: tuple[str, ...]
    devices: tuple[str, ...]
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetNeed:
    """A file that all voices of an architecture share: the role in which a runtime asks for it, its kind (a word that
    several manifests may use), and how a person adds it."""

    role: str
    kind: str
    title: str
    how_to_add: str

    def as_json(self) -> dict[str, str]:
        return {"role": self.role, "kind": self.kind, "title": self.title, "how_to_add": self.how_to_add}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An architecture: what it can do, what it needs, whose it is.

    `runtime` is 'module:Class' of a `hay_say_lab.plugin.Runtime`, imported in the worker alone. None: its voices can be
    recognised and kept, but nothing here can use them.
    `recogniser` is 'module:function', which tells its voices and assets among strangers' files
    (`hay_say_lab.plugin.Recogniser`); it is called in a confined child. None: its voices are not files of anybody else.
    Memory: `resident_mb` with a voice loaded, plus `transient_mb_per_second` for each second of audio in work.
    """

    id: str
    title: str
    summary: str
    version: str
    licence: str
    runtime: str | None
    offers: tuple[Offer, ...]
    upstream: Upstream
    compatibility: Compatibility
    resident_mb: float
    transient_mb_per_second: float = 0.0
    voices: tuple[BuiltinVoice, ...] = ()
    layout: VoiceLayout | None = None
    recogniser: str | None = None
    assets: tuple[AssetNeed, ...] = ()

    def offer(self, task: str) -> Offer | None:
        return next((offer for offer in self.offers if offer.task == task), None)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "summary": self.summary,
            "version": self.version,
            "licence": self.licence,
            "tasks": [offer.as_json() for offer in self.offers],
            "upstream": {
                "name": self.upstream.name,
                "licence": self.upstream.licence,
                "status": self.upstream.status,
                "end_of_life": self.upstream.end_of_life,
            },
            "compatibility": {
                "pythons": list(self.compatibility.pythons),
                "platforms": list(self.compatibility.platforms),
                "devices": list(self.compatibility.devices),
            },
            "resident_mb": self.resident_mb,
            "transient_mb_per_second": self.transient_mb_per_second,
            "voices": len(self.voices),
            "layout": self.layout and self.layout.as_json(),
            "usable": self.runtime is not None,
            "assets": [need.as_json() for need in self.assets],
        }
