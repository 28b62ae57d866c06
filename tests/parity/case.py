"""A case's folder, its weights by rule, and what a result is worth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy

from tests.parity.weights_by_rule import fill_all

_BUFFER = "buffer:"         # constant filters in expected.npz that belong into the state dict as they are


@dataclass(frozen=True)
class FolderCase:
    """Implements `hay_say_shared.parity_case.Case`."""

    folder: Path
    device: str = "cpu"

    @cached_property
    def document(self) -> Mapping[str, Any]:
        return json.loads((self.folder / "case.json").read_text(encoding="utf-8"))

    @cached_property
    def inputs(self) -> Mapping[str, numpy.ndarray]:
        return _arrays(self.folder / "inputs.npz")

    @cached_property
    def expected(self) -> Mapping[str, numpy.ndarray]:
        return {name: array for name, array in _arrays(self.folder / "expected.npz").items() if not name.startswith(_BUFFER)}

    def state(self) -> dict[str, numpy.ndarray]:
        made = _by_rule(
            (self.folder / "keys.json").read_text(encoding="utf-8"), self.document["salt"],
            json.dumps(self.document.get("gains") or ()), json.dumps(self.document.get("affine") or ()),
        )  # fmt: skip
        buffers = _arrays(self.folder / "expected.npz")
        return made | {name.removeprefix(_BUFFER): buffers[name] for name in buffers if name.startswith(_BUFFER)}

    @property
    def bounds(self) -> Mapping[str, Any]:
        """Array -> its tolerance, of the arrays that the case stores."""
        return {name: bound for name, bound in self.document["arrays"].items() if name in self.expected}

    @property
    def required(self) -> tuple[str, ...]:
        """The arrays that must be reproduced: those named, or all that have a tolerance."""
        if "required" in self.document:
            return tuple(self.document["required"])
        return tuple(name for name, bound in self.bounds.items() if not bound.get("unchecked"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """One array: how far it is off in words, and whether that is within its tolerance."""

    name: str
    holds: bool
    told: str

    def __str__(self) -> str:
        return f"{self.name}={self.told}"


def found(folder: Path, device: str = "cpu") -> Iterator[FolderCase]:
    """Every case below a folder, in the order of names."""
    for path in sorted(folder.rglob("case.json")):
        yield FolderCase(path.parent, device)


def judged(
    name: str, bound: Mapping[str, Any], expected: numpy.ndarray | None, ours: numpy.ndarray | None
) -> Verdict:
    """Hold an array against the expected one: `exact`, or `max_abs` and/or `rms`; without any of them nothing is held."""
    if ours is None or expected is None:
        return Verdict(name, False, "not given" if ours is None else "not stored")
    ours = numpy.asarray(ours)
    if ours.shape != expected.shape:
        return Verdict(name, False, f"shape {ours.shape}, expected {expected.shape}")
    if bound.get("exact"):
        others = int(numpy.count_nonzero(ours != expected))
        return Verdict(name, others == 0, f"{others} others (exact)")
    apart = numpy.abs(numpy.asarray(ours, dtype=numpy.float64) - numpy.asarray(expected, dtype=numpy.float64))
    sizes = {
        "max_abs": float(apart.max(initial=0.0)),
        "rms": float(numpy.sqrt(numpy.mean(apart**2))) if apart.size else 0.0,
    }
    if numpy.isnan(apart).any():
        return Verdict(name, False, "NaN")
    held = {kind: float(bound[kind]) for kind in sizes if kind in bound}
    told = ", ".join(f"{'' if kind == 'max_abs' else 'rms '}{sizes[kind]:.2g} ({limit:.2g})" for kind, limit in held.items())
    return Verdict(name, all(sizes[kind] <= limit for kind, limit in held.items()), told or f"{sizes['max_abs']:.2g} (unchecked)")


@lru_cache(maxsize=1)
def _by_rule(keys: str, salt: str, gains: str, affine: str) -> dict[str, numpy.ndarray]:
    """Kept for the next case, which often has the same weights. Every argument but the salt is JSON."""
    made = fill_all(json.loads(keys), salt, json.loads(gains))
    rules = json.loads(affine)
    return {key: _moved(key, value, rules) for key, value in made.items()} if rules else made


def _moved(key: str, value: numpy.ndarray, rules: Sequence[Sequence[Any]]) -> numpy.ndarray:
    """Scaled and shifted by every rule [regex, factor, addend] that finds the key; rounded once."""
    found = [(factor, addend) for pattern, factor, addend in rules if re.search(pattern, key)]
    if not found:
        return value
    moved = value.astype(numpy.float64)
    for factor, addend in found:
        moved = moved * factor + addend
    return moved.astype(value.dtype)


def _arrays(path: Path) -> dict[str, numpy.ndarray]:
    if not path.is_file():
        return {}
    with numpy.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
