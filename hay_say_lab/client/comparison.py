"""A replay held against the take that it repeats: the same sound, or what differs and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.errors import ArtifactMissing

if TYPE_CHECKING:
    from hay_say_lab.client.take import Take
    from hay_say_lab.domain.clip import Clip


@dataclass(frozen=True, slots=True)
class Difference:
    """Of the samples that both clips have, in units of full scale. `against`: what the new take was held against."""

    against: str            # 'artifact', or 'file' (16 bits, so a difference of up to 1.6e-5 is its rounding)
    largest: float
    rms: float
    frames_before: int
    frames_after: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`changes`: sentences, what was not the same in the making. `difference` None: same, or nothing to measure by."""

    same: bool
    before: str             # sha256 of the artifact that the recipe names
    after: str
    changes: tuple[str, ...] = ()
    difference: Difference | None = None

    def as_json(self) -> dict[str, Any]:
        measured = self.difference
        return {
            "same": self.same,
            "before": self.before,
            "after": self.after,
            "changes": list(self.changes),
            "difference": measured and {name: getattr(measured, name) for name in Difference.__slots__},
        }


def compare(take: Take, recipe: Mapping[str, Any], original: Path | None = None) -> Comparison:
    """Hold a replayed take against its recipe; `original` is the exported file, for where the artifact is gone."""
    before = str(recipe["artifact"])
    if before == take.artifact:
        return Comparison(True, before, take.artifact)
    found = _before(take, before, original)
    difference = _measure(*found, take.clip) if found else None
    return Comparison(False, before, take.artifact, tuple(_changes(recipe, take.recipe())), difference)


def _before(take: Take, artifact: str, original: Path | None) -> tuple[str, Clip] | None:
    """The old sound: from the store, else from the file."""
    try:
        return "artifact", take.stored_clip(artifact)
    except ArtifactMissing:
        if original is None:
            return None
    import soundfile

    from hay_say_lab.domain.clip import Clip

    samples, sample_rate = soundfile.read(original, dtype="float32")
    return "file", Clip(samples, sample_rate)


def _measure(against: str, before: Clip, after: Clip) -> Difference | None:
    """None where the rates differ: then there is no sample to hold against another."""
    import numpy

    if before.sample_rate != after.sample_rate:
        return None
    common = min(len(before.samples), len(after.samples))
    apart = before.samples[:common].astype(numpy.float64) - after.samples[:common]
    rms = float(numpy.sqrt(numpy.mean(apart**2))) if common else 0.0
    largest = float(numpy.abs(apart).max(initial=0.0))
    return Difference(against, largest, rms, len(before.samples), len(after.samples))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What was not the same, stage by stage."""
    if len(before["stages"]) != len(after["stages"]):
        yield f"{len(before['stages'])} stages became {len(after['stages'])}"
        return
    for old, new in zip(before["stages"], after["stages"], strict=True):
        if old["voice_hash"] != new["voice_hash"]:
            yield f"{old['task']}: the voice '{old['voice']}' is not the same any more"
        if old["code_version"] != new["code_version"]:
            yield f"{old['task']}: other code ({old['code_version'][:12]} became {new['code_version'][:12]})"
        was, now = _flat(old["fingerprint"]), _flat(new["fingerprint"])
        for name in sorted(was.keys() | now.keys()):
            if was.get(name) != now.get(name):
                yield f"{old['task']}: {name} was {was.get(name, 'absent')}, is {now.get(name, 'absent')}"


def _flat(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Libraries beside the rest."""
    return {**fingerprint, **fingerprint.get("libraries", {}), "libraries": None}
