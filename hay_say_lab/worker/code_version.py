"""Which code made a sound: a plugin's Python files and the rooms of `hay_say_lab` that its stages use."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from hay_say_lab.domain.code import ROOT, code_digest

BASE_ROOMS = ("errors.py", "plugin.py", "domain", "worker")     # what every worker runs
# What cuts and joins that which an architecture is given in pieces.
RUNTIME_ROOMS = (*BASE_ROOMS, "audio/clip_writer.py", "audio/objects.py", "audio/scratch.py", "audio/splitting.py", "text")
AUDIO_ROOMS = (*BASE_ROOMS, "audio", "text")

_OURS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+(hay_say_\w+)", re.MULTILINE)


def code_version(package: str | None) -> str:
    """Of one plugin's package with the core rooms under it; of the audio rooms for None. 64 hex digits."""
    if package is None:
        return code_digest(*(ROOT / room for room in AUDIO_ROOMS))
    return code_digest(*(ROOT / room for room in RUNTIME_ROOMS), *package_places(package))


def package_places(package: str) -> tuple[Path, ...]:
    """The folders of a plugin's package and of the packages beside the core that its files import (networks that
    architectures share), found by reading, in the order of names behind its own."""
    found: dict[str, tuple[Path, ...]] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        spec = importlib.util.find_spec(name)
        found[name] = tuple(Path(place) for place in (spec.submodule_search_locations or ())) if spec else ()
        named = {
            word.decode() for place in found[name] for file in place.rglob("*.py") for word in _OURS.findall(file.read_bytes())
        }
        waiting += sorted(named - found.keys() - {ROOT.name})
    others = (place for name in sorted(found.keys() - {package}) for place in found[name])
    return (*found[package], *others)
