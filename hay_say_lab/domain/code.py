"""Which code this is: sha256 over Python files, by content and relative name."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def code_digest(*places: Path) -> str:
    """Of the Python files at or below the places, in order. 64 hex digits."""
    digest = hashlib.sha256()
    for place in places:
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        for file in files:
            digest.update(f"{place.name}/{file.relative_to(place)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def core_version() -> str:
    """Of the whole of `hay_say_lab` as it lies on disk now: host.json tells that of the host's start, so that a client
    notices a host that runs older code. (A long-lived client may itself be older; what counts is the disk.)"""
    return code_digest(ROOT)
