"""All that an architecture's author needs, on one page.

A plugin is a distribution with an entry point in group ``hay_say_lab.architectures``: a name (the
architecture's id) that points at a `Manifest`. The manifest names a `Runtime`, which only the worker imports.

    class Whisperer(Runtime):
        def speak(self, text, settings, context):
            context.checkpoint(0.5)
            return Result(clip=Clip(samples, 22050))

Settings arrive checked against the manifest's controls and complete. `Context.checkpoint` must be called at
least once a second of computing; it raises where the work is to stop, so call it with nothing half-done.

A clip may be an hour long. Its samples are a read-only view of a file, so take them piece by piece and let
`Context.samples` hold what comes of them: memory then stays as small as one piece.

What is longer than the offer's contract takes at once comes in pieces (`Offer.pieces`): clips are cut at quiet places
and joined with a cross-fade of `Offer.overlap_seconds`, so give every piece back in its own length; texts are cut at
the ends of sentences. Documents are joined as follows: 'timings' and 'phonemes' are moved to where they belong in the
whole; any other becomes {"pieces": [...]}, one entry a piece, null where a piece gave none. A 'report' is always there
and holds each piece's bounds and seed, and what the runtime reported of it under "report". `Result.files` and
`Result.clips` of a piece cannot be joined. Where a method cannot work so, declare `pieces=False`: what is too long is then refused.

Where voices are files that people share, `Manifest.recogniser` names a function that tells them by what is in them. It
gets a `Skeleton` of every file (keys, types and shapes; no tensor, and nothing is executed) and gives `Recognised`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import Choice, Control, Number, Text, Toggle
from hay_say_lab.domain.finding import Finding, Ignored, Weights
from hay_say_lab.domain.manifest import (
    AssetNeed,
    AudioContract,
    BuiltinVoice,
    Compatibility,
    Manifest,
    Offer,
    TextContract,
    Upstream,
    VoiceLayout,
)
from hay_say_lab.domain.request import RequestText
from hay_say_lab.domain.skeleton import Opaque, Skeleton, TensorSpec
from hay_say_lab.domain.timings import TimedPhoneme, TimedWord, Timings
from hay_say_lab.errors import Fix, InvalidRequest, LabError, Problem

if TYPE_CHECKING:
    import numpy

__all__ = [
    "ENTRY_POINTS",
    "AssetNeed",
    "AudioContract",
    "BuiltinVoice",
    "Choice",
    "Clip",
    "Compatibility",
    "Context",
    "Control",
    "Finding",
    "Fix",
    "Ignored",
    "InvalidRequest",
    "LabError",
    "Manifest",
    "Number",
    "Offer",
    "Opaque",
    "Problem",
    "Recognised",
    "Recogniser",
    "RequestText",
    "Result",
    "Runtime",
    "Skeleton",
    "TensorSpec",
    "Text",
    "TextContract",
    "TimedPhoneme",
    "TimedWord",
    "Timings",
    "Toggle",
    "Upstream",
    "VoiceFiles",
    "VoiceLayout",
    "Weights",
]

ENTRY_POINTS = "hay_say_lab.architectures"


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """A voice as the worker gets it: its id, and a path for each role of the manifest's layout (none for a built-in).

    Assets that the manifest needs are among them: under each need's role the main file of the one that serves, under
    'role/config' and the like its other files. All are read-only, and shared with other voices.
    """

    id: str
    files: Mapping[str, Path] = field(default_factory=dict)
    device: str = "cpu"             # where it is to live, as `Context.device` will say again

    @property
    def slug(self) -> str:
        return self.id.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Result:
    """What a task made: a clip, and JSON documents by role ('timings', 'phonemes', 'report').

    The clip's samples may lie anywhere: in memory, or in a file, as those that `Context.samples` gives do.
    `clips` are further clips by role ('background': what `separate` left of the clip).
    `files` are further files by role, written below `Context.out` (what `fit` makes of a reference).
    """

    clip: Clip | None = None
    documents: Mapping[str, Any] = field(default_factory=dict)
    clips: Mapping[str, Clip] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


class Context(Protocol):
    """The worker's side of one stage: its seed, its folder, its way to be interrupted.

    A piece of a long clip or text is a stage of its own to its runtime: `fraction` is that of the piece, kept pieces
    are those of the piece, and the seed is drawn from that of the request and the number of the piece.
    """

    seed: int
    out: Path                       # the only folder a runtime writes in; survives a retry of the stage
    inputs: Mapping[str, Path]      # results of the tasks the offer `needs`, by task
    device: str                     # where to compute: 'cpu', 'cuda:0'; the same for all stages of one process
    pooled: Sequence[Mapping[str, numpy.ndarray]]   # what `Runtime.listen` gave, piece by piece, where the offer `pools`

    def samples(self, count: int) -> numpy.ndarray:
        """A writable float32 (count,) array of zeros for a result; a long one lies in a nameless file, not in memory."""

    def checkpoint(self, fraction: float, message: str = "") -> None:
        """Say how far the stage is (0..1) and ask whether to go on; raises to stop. At most once a second apart."""

    def kept(self, piece: int) -> dict[str, numpy.ndarray] | None:
        """A finished piece of an earlier attempt at this very stage by this very code, or None."""

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        """Keep a finished piece, atomically, so that a retry goes on behind it."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a recogniser makes of files: its voices and assets, and files that it knows and that are of no use, with the reason."""

    sets: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()


class Recogniser(Protocol):
    """`Manifest.recogniser` names one: a pure function, called in a confined child that has no torch and no network.

    It sees all files of an import at once, so that it can pair them; files of others it leaves alone.
    """

    def __call__(self, skeletons: Sequence[Skeleton]) -> Recognised: ...


class Runtime:
    """One architecture inside one worker process. Override the tasks that the manifest offers.

    Tasks raise `LabError` for what a person can mend; anything else counts as a fault of the architecture.
    """

    def load(self, voice: VoiceFiles) -> None:
        """Make a voice ready. Called once per voice, before any task with it."""

    def unload(self, voice_id: str) -> None:
        """Let a voice go."""

    def speak(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        """Text -> clip, and a 'timings' document (`Timings.as_json`) where they are known."""
        raise LabError(f"{type(self).__name__} does not speak.")

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """Clip -> clip of the same length in seconds (to the sample at the rate it gives)."""
        raise LabError(f"{type(self).__name__} does not convert.")

    def listen(
        self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context
    ) -> Mapping[str, numpy.ndarray]:
        """A clip, or a piece of one -> statistics of it, a few numbers, for an offer that `pools`.

        Every piece is heard before the first one is converted; `Context.pooled` then holds what was heard, in order
        (of one piece, where the clip is not cut). Pieces overlap: weigh them by their lengths.
        """
        raise LabError(f"{type(self).__name__} does not listen.")

    def separate(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """Clip -> the voice in it as the clip, and the rest as clip 'background': both as long as it was, at one rate."""
        raise LabError(f"{type(self).__name__} does not separate.")

    def effect(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """Clip -> the wet clip, as long or longer by what still rings. Dry and wet are mixed by the host."""
        raise LabError(f"{type(self).__name__} has no effects.")

    def phonemes(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        """Text -> a 'phonemes' document: {"words": [{"text", "first", "length", "ipa"}]}."""
        raise LabError(f"{type(self).__name__} does not make phonemes.")

    def fit(self, reference: Clip, context: Context) -> Result:
        """Reference recording -> the files of a new voice (the roles of `VoiceLayout.files` but 'reference') and a 'report' document."""
        raise LabError(f"{type(self).__name__} makes no voices from recordings.")

    def fingerprint(self) -> dict[str, str]:
        """Versions of the libraries that shape the samples."""
        return {}
