"""Documents of pieces as documents of the whole, written while they are read: a novel's timings never lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.errors import WorkerFailed

Documents = Callable[[int], Mapping[str, Any] | None]       # of a piece, by role; words as characters of the whole text


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece lies in the whole. `start` and `end`: samples of the result that are its own; `zero`: where its
    first sample came to lie; `shared`: its neighbours hear some of it too."""

    start: int
    end: int
    zero: int
    report: dict[str, Any]
    shared: bool = False


def document_file(out: Path, role: str) -> Path:
    """Raises WorkerFailed for a role that is no name."""
    name = f"{role}.json"
    if Path(name).name != name:
        raise WorkerFailed(f"The architecture named a document '{role}'.", fix="Tell its author.")
    return out / name


def join_documents(
    out: Path, roles: Iterable[str], places: Sequence[Place], documents: Documents, sample_rate: int
) -> dict[str, Path]:
    """Write the documents of the whole, each into a file of its own; role -> file. `sample_rate`: that of the result."""
    files: dict[str, Path] = {}
    for role in sorted({*roles, "report"}):
        files[role] = document_file(out, role)
        with files[role].open("wb") as file:
            if role == "timings":
                _write_timings(file, places, documents, sample_rate)
            elif role == "phonemes":
                _write_list(file, b'{"words":[', (told["words"] for told, _ in _told(role, places, documents) if told))
                file.write(b"]}")
            elif role == "report":
                _write_list(file, b'{"pieces":[', ([entry] for entry in _reports(places, documents)))
                file.write(b'],"sample_rate":%d}' % sample_rate)
            else:
                _write_list(file, b'{"pieces":[', ([told] for told, _ in _told(role, places, documents)))
                file.write(b"]}")
    return files


def _told(role: str, places: Sequence[Place], documents: Documents) -> Iterator[tuple[Any, Place]]:
    """What each piece told under a role (None: nothing), and its place."""
    for index, place in enumerate(places):
        yield (documents(index) or {}).get(role), place


def _reports(places: Sequence[Place], documents: Documents) -> Iterator[dict[str, Any]]:
    for told, place in _told("report", places, documents):
        yield {**place.report, "start": place.start, "end": place.end, "report": told}


def _write_timings(file: BinaryIO, places: Sequence[Place], documents: Documents, sample_rate: int) -> None:
    """Phonemes before words, as canonical JSON sorts them: two passes, one piece in memory."""
    rates = {told["sample_rate"] for told, _ in _told("timings", places, documents) if told is not None}
    if len(rates) != 1:
        raise WorkerFailed("The architecture timed its pieces at several rates.", fix="Tell its author.")
    (rate,) = rates
    scale = rate / max(sample_rate, 1)

    def phonemes() -> Iterator[list[dict[str, Any]]]:
        before = 0
        for told, place in _told("timings", places, documents):
            if told is None:
                continue
            mine = {old: before + new for new, old in enumerate(_own(told["words"], place, scale))}
            yield [
                {**_moved(phoneme, place, scale), "word": mine.get(phoneme["word"], -1)}
                for phoneme in (told["phonemes"][index] for index in _own(told["phonemes"], place, scale))
            ]
            before += len(mine)

    def words() -> Iterator[list[dict[str, Any]]]:
        for told, place in _told("timings", places, documents):
            if told is not None:
                found = (told["words"][index] for index in _own(told["words"], place, scale))
                yield [_moved(word, place, scale) for word in found]

    _write_list(file, b'{"phonemes":[', phonemes())
    _write_list(file, b'],"sample_rate":%d,"words":[' % rate, words())
    file.write(b"]}")


def _own(marks: list[dict[str, Any]], place: Place, scale: float) -> list[int]:
    """Indices of what is heard in the piece's own part: where two pieces overlap, each mark counts once."""
    if not place.shared:
        return list(range(len(marks)))
    first, past = (place.start - place.zero) * scale, (place.end - place.zero) * scale
    middles = [(mark["start"] + mark["end"]) / 2 for mark in marks]
    return [index for index, middle in enumerate(middles) if first <= middle < past]


def _moved(mark: dict[str, Any], place: Place, scale: float) -> dict[str, Any]:
    zero = round(place.zero * scale)
    return {**mark, "start": mark["start"] + zero, "end": mark["end"] + zero}


def _write_list(file: BinaryIO, opening: bytes, parts: Iterable[list[Any]]) -> None:
    """The opening, and then the entries of all parts with commas between them."""
    file.write(opening)
    comma = b""
    for part in parts:
        if part:
            file.write(comma + canonical_json(part)[1:-1])
            comma = b","
