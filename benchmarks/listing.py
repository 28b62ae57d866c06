"""Finding voices: listing two thousand from the index in memory, beside encoding the same answer as JSON.

The floor, reasoned before it was measured: looking at a voice takes about 3 us (four wishes, two of them lookups), making
its document 10 us; a search that asks for words joins and lowers some 100 characters, 3 us more. So 2,000 voices take
about 30 ms, of which encoding them (a megabyte and a half at 100 MB/s) is 15 ms: a listing may cost three times what its
encoding costs, a search that finds nothing one time.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, spread_of

VOICES = 2000
ROUNDS = 15


def figures() -> Iterator[Figure]:
    from hay_say_lab.engine.discovery import Discovery, Wish
    from hay_say_lab.registry.architectures import Architectures
    from hay_say_lab.registry.documents import open_documents
    from hay_say_lab.registry.marks import Marks
    from hay_say_lab.registry.voices import Voices
    from hay_say_lab.service.voices import voice_view

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "voices.json")
        with open_documents(folder / "voices.json") as documents, open_documents(folder / "marks.json") as marks:
            architectures = Architectures()
            discovery = Discovery(Voices(documents, architectures), Marks(marks), architectures)
            listing, search, encoding = [], [], []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                views = [voice_view(voice) for voice in discovery.find("ann", Wish(words="book"))]
                listed = time.perf_counter()
                discovery.find("ann", Wish(words="nothing like it", language="en"))
                searched = time.perf_counter()
                json.dumps(views)
                encoding.append(time.perf_counter() - searched)
                listing.append((listed - began) / encoding[-1])
                search.append((searched - listed) / encoding[-1])
    told = f"{len(views)} voices, their JSON takes {1000 * statistics.median(encoding):.1f} ms; median of {ROUNDS}"
    yield Figure("listing 2,000 voices / encoding the answer", statistics.median(listing), "", 3.0, told, spread_of(listing))
    yield Figure("a search in 2,000 voices that finds none / the same", statistics.median(search), "", 1.0, told, spread_of(search))


def _write(path: Path) -> None:
    from hay_say_lab.domain.voice import Provenance, Voice
    from hay_say_lab.registry.documents import SCHEMA

    table = {}
    for number in range(VOICES):
        known = Provenance(source=f"book {number}", author=f"author {number % 7}", licence="CC0-1.0", consent="given")
        voice = Voice(f"parrot:v{number}", "parrot", f"Voice {number}", f"{number:064x}", False, ("en",), provenance=known)
        table[str(number + 1)] = voice.as_json()
    path.write_text(json.dumps({"schema": SCHEMA, "tables": {"voices": table}}))
