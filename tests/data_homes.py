"""Another data home with a voice of plain data on it, as a source of imports."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from hay_say_lab.domain.voice import Provenance, VoiceFile
from tests.engine.shelves import brought, open_shelf


def data_home(root: Path, *names: str, size: int = 1000) -> Path:
    """One voice of the parrot for each name; each has a file of its own and one that they share."""

    async def make() -> None:
        shelf = open_shelf(root)
        for name in names:
            contents = {"config": name.encode() * size, "shared": b"the same" * size}
            voice, files = brought(root, f"parrot:{name}", contents)
            plain = {role: VoiceFile(f"{role}.json", file.sha256, file.bytes) for role, file in voice.files.items()}
            known = Provenance(source="somebody", author="A. Author", licence="CC-BY-4.0", consent="given")
            await shelf.settle(replace(voice, files=plain, provenance=known), files)

    asyncio.run(make())
    return root
