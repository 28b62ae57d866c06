"""Which code made a sound: a plugin's Python files and the rooms of `hay_say_lab` that its stages use."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from hay_say_lab.domain.code import ROOT, code_digest

BASE_ROOMS = ("errors.py", "plugin.py", "domain", "worker")     # what every worker runs
# What cuts and joins that which an architecture is given in pieces.
RUNTIME_ROOMS = (*BASE_ROOMS, "audio/clip_writer.py", "audio/objects.py", "audio/scratch.py", "audio/splitting.py", "text")
AUDIO_ROOMS = (*BASE_ROOMS, "audio", "text")


def code_version(package: str | None) -> str:
    """Of one plugin's package with the core rooms under it; of the audio rooms for None. 64 hex digits."""
    if package is None:
        return code_digest(*(ROOT / room for room in AUDIO_ROOMS))
    spec = importlib.util.find_spec(package)
    places = tuple(Path(place) for place in (spec.submodule_search_locations or ())) if spec else ()
    return code_digest(*(ROOT / room for room in RUNTIME_ROOMS), *places)
