"""What stands between a recording and the contract of the step that takes it, and the click that takes it away.

The patches are made on the `prepare` of a request or of a voice's order: both have one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hay_say_lab.audio.cut import CUTS, cut_frames
from hay_say_lab.audio.prepare import PREPARE_CONTROLS
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.control import Number
from hay_say_lab.domain.manifest import AudioContract, Offer
from hay_say_lab.errors import Fix, Problem

LOWEST_PEAK = 1e-4                          # -80 dB: below this a clip counts as silent
LARGEST_DC = 0.01                           # of full scale; more of it takes headroom and clicks where it is cut
LARGEST_CLIPPED_SHARE = 1e-4
SUITS_SPEECH_LUFS = -16.0
HIGH_PASS_HZ = 60.0                         # takes DC, and nothing of a voice
_PAUSES_DB = 10.0                           # a clip's RMS lies at most so far below its loudness, which hears no pauses
_CONTROLS = {control.name: control for control in PREPARE_CONTROLS}

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """The frames of a clip that its step gets, once it is cut."""

    first: int
    last: int
    facts: ClipFacts
    is_cut: bool

    @property
    def seconds(self) -> float:
        return (self.last - self.first) / self.facts.sample_rate


def clip_problems(
    facts: ClipFacts, contract: AudioContract, field: str, prepare: Settings, *, pieces: bool = False
) -> Iterator[Problem]:
    """What a contract refuses of a clip that is prepared like this: too short, too long (but where it is taken in
    `pieces`), too quiet, no voice.

    Rate and channels are converted, never refused; settings that are none count as if they were not there.
    """
    wanted = _readable(prepare)
    part = _part(facts, wanted)
    if part.first == part.last:
        yield _nothing_left(facts, prepare, wanted)
        return
    if part.seconds < contract.shortest_seconds:
        yield _too_short(part, contract, field, prepare)
    if part.seconds > contract.longest_seconds and not pieces:
        yield _too_long(part, contract, field, prepare)
    if not facts.finite or facts.peak < LOWEST_PEAK:
        return                                      # told by whoever holds the clip
    if _quietest(facts, wanted) < contract.quietest_rms:
        yield _too_quiet(contract, field, prepare)
    if contract.needs_voiced and facts.voiced is False:
        yield Problem(
            field,
            "No voice is heard in the clip: nothing in it repeats itself as a voice does.",
            Fix("Choose a recording in which somebody speaks or sings."),
        )


def cut_problems(prepare: Settings) -> Iterator[Problem]:
    """What is wrong with a cut, whatever is cut: it ends before it begins."""
    wanted = _readable(prepare)
    start, end = wanted.get("start_seconds", 0), wanted.get("end_seconds")
    if end is not None and end <= start:
        whole = ({"op": "remove", "path": "/prepare/end_seconds"},)
        message = f"The part ends at {end:g} s, but it begins at {start:g} s."
        yield Problem("prepare.end_seconds", message, Fix("Take it to its end", whole))


def piece_warnings(facts: ClipFacts, offer: Offer, field: str, prepare: Settings) -> Iterator[Problem]:
    """A clip that is longer than an offer takes at once, and comes in pieces."""
    part = _part(facts, _readable(prepare))
    if offer.audio is not None and offer.pieces and part.seconds > offer.audio.longest_seconds:
        yield Problem(
            field,
            f"The clip lasts {part.seconds:.0f} s and {offer.audio.longest_seconds:g} s are taken at once: it is cut at quiet "
            f"places and goes through in {math.ceil(part.seconds / offer.audio.longest_seconds)} pieces or more.",
            _trimmed(part, offer.audio, prepare),
        )


def clip_warnings(facts: ClipFacts, field: str, prepare: Settings) -> Iterator[Problem]:
    """What is taken as it is, and will be heard: clipping, and a constant offset."""
    if facts.clipped_share > LARGEST_CLIPPED_SHARE:
        yield Problem(
            field,
            f"The recording is clipped: {100 * facts.clipped_share:.2g} % of its samples are cut off at full scale. "
            "What was lost there stays lost.",
            Fix("Record it again at a lower level."),
        )
    if abs(facts.dc_offset) > LARGEST_DC and not _readable(prepare).get("high_pass_hz"):
        yield Problem(
            field,
            f"The recording does not swing around zero but around {facts.dc_offset:.2g} of full scale.",
            Fix(f"High-pass it at {HIGH_PASS_HZ:g} Hz", _added(prepare, {"high_pass_hz": HIGH_PASS_HZ})),
        )


def _readable(prepare: Settings) -> dict[str, Any]:
    """The settings that are fit; what is told of the others is told elsewhere."""
    return {
        name: value
        for name, value in prepare.items()
        if name in _CONTROLS and not any(_CONTROLS[name].check(value, name))
    }


def _part(facts: ClipFacts, wanted: Settings) -> _Part:
    first, last = cut_frames(wanted, facts.frames, facts.sample_rate)
    return _Part(first, last, facts, bool(wanted.get("start_seconds")) or wanted.get("end_seconds") is not None)


def _nothing_left(facts: ClipFacts, prepare: Settings, wanted: Settings) -> Problem:
    start, end = wanted.get("start_seconds", 0), wanted.get("end_seconds")
    until = "" if end is None else f" and before {end:g} s"
    whole = tuple({"op": "remove", "path": f"/prepare/{name}"} for name in CUTS if name in prepare)
    return Problem(
        "prepare.start_seconds" if start else "prepare.end_seconds",
        f"The clip lasts {facts.seconds:.2f} s; nothing of it lies after {start:g} s{until}.",
        Fix("Take the whole clip", whole),
    )


def _too_short(part: _Part, contract: AudioContract, field: str, prepare: Settings) -> Problem:
    message = f"The clip lasts {part.seconds:.2f} s; at least {contract.shortest_seconds:g} s are needed."
    if not part.is_cut or part.facts.seconds < contract.shortest_seconds:
        return Problem(field, message, Fix("Choose a longer clip."))
    rate = part.facts.sample_rate
    needed = math.ceil(contract.shortest_seconds * rate)
    first = min(part.first, part.facts.frames - needed)
    patch = _added(prepare, {"start_seconds": first / rate, "end_seconds": (first + needed) / rate})
    whole = "The part of the clip that is taken lasts" + message.removeprefix("The clip lasts")
    return Problem("prepare.end_seconds", whole, Fix(f"Take {contract.shortest_seconds:g} s", patch))


def _too_long(part: _Part, contract: AudioContract, field: str, prepare: Settings) -> Problem:
    message = f"The clip lasts {part.seconds:.0f} s; at most {contract.longest_seconds:g} s are taken at once."
    return Problem(field, message, _trimmed(part, contract, prepare))


def _trimmed(part: _Part, contract: AudioContract, prepare: Settings) -> Fix:
    """Keep the beginning of the part, in whole milliseconds where that is exact enough."""
    rate = part.facts.sample_rate
    last = part.first + math.floor(contract.longest_seconds * rate)
    end_seconds = math.floor(1000 * last / rate) / 1000
    if round(end_seconds * rate) <= part.first:
        end_seconds = last / rate
    label = f"Take the first {contract.longest_seconds:g} s" if not part.first else f"Take {contract.longest_seconds:g} s"
    return Fix(label, _added(prepare, {"end_seconds": end_seconds}))


def _quietest(facts: ClipFacts, wanted: Settings) -> float:
    """The RMS that a clip has at least, once it is prepared."""
    target_lufs = wanted.get("loudness_lufs")
    return facts.rms if target_lufs is None else _rms_at(target_lufs)


def _rms_at(target_lufs: float) -> float:
    return float(10.0 ** ((target_lufs - _PAUSES_DB) / 20.0))


def _too_quiet(contract: AudioContract, field: str, prepare: Settings) -> Problem:
    message = "The clip is too quiet to work with."
    loudness = _CONTROLS["loudness_lufs"]
    loudest = loudness.high if isinstance(loudness, Number) else SUITS_SPEECH_LUFS
    needed = 20.0 * math.log10(contract.quietest_rms) + _PAUSES_DB
    target_lufs = max(SUITS_SPEECH_LUFS, math.ceil(2.0 * needed) / 2.0)
    if target_lufs > loudest:
        return Problem(field, message, Fix("Record or amplify it louder."))
    return Problem(field, message, Fix(f"Normalise it to {target_lufs:g} LUFS", _added(prepare, {"loudness_lufs": target_lufs})))


def _added(prepare: Settings, changes: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """A JSON Patch that puts settings into `prepare`, which a document on the wire may leave out where it is empty."""
    if not prepare:
        return ({"op": "add", "path": "/prepare", "value": changes},)
    return tuple({"op": "add", "path": f"/prepare/{name}", "value": value} for name, value in changes.items())
