"""`python -m tests.faults.refusals LIBRARY HOME`, on a rough disk: what writes is refused at each of its calls, one by one.

A refusal is StorageFailed and nothing else. What was not refused is there as it should be, though a call failed; and the
same thing, done again, succeeds. Prints a JSON object: case -> how many calls were failed.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy
import sqlalchemy as sa

from hay_say_lab.audio.clip_writer import ClipWriter
from hay_say_lab.audio.objects import read_clip, write_clip
from hay_say_lab.audio.scratch import zeros
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.retention import Budgets
from hay_say_lab.errors import StorageFailed
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.dictionaries import Dictionaries
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.storage.backup import back_up
from hay_say_lab.storage.database import Writer, migrate, open_engine
from hay_say_lab.storage.home import Home, write_atomically
from hay_say_lab.storage.objects import ObjectStore, hash_file
from hay_say_lab.storage.partials import Partial, Partials
from hay_say_lab.text.pronunciation import Entry, Pronunciations
from tests.faults.rough import ERRORS, RoughDisk

MANY = 16           # calls, from which on not each of them is failed
SOUND = numpy.linspace(-1, 1, 5000, dtype=numpy.float32)


@dataclass(frozen=True, slots=True)
class Case:
    """`do` with a number that is another one each time; then `is_done` of the same number."""

    do: Callable[[int], object]
    is_done: Callable[[int], bool]


def main(library: str, folder: str) -> int:
    home = Home(Path(folder))
    home.prepare()
    rough = RoughDisk(Path(library), home.root)
    counts: dict[str, int] = {}
    for name, case in _cases(home).items():
        number = 0
        case.do(number)
        assert case.is_done(number), name
        for error in ERRORS:
            nth = failed = 0
            while True:
                nth += 1 if nth < MANY else MANY // 2      # a backup makes a call for each page
                number += 1
                rough.refuse(error, nth=nth)
                try:
                    case.do(number)
                except StorageFailed:
                    refused = True
                else:
                    refused = False
                rough.lift()
                if not rough.felt:
                    break
                where = f"{name}, {error}, call {nth}: {rough.last}"
                assert refused or case.is_done(number), f"half done, and nobody was told: {where}"
                number += 1
                case.do(number)
                assert case.is_done(number), f"not done when there was room again: {where}"
                failed += 1
            counts[f"{name}, {error}"] = failed
    sys.stdout.write(json.dumps(counts))
    return 0


def _cases(home: Home) -> dict[str, Case]:
    sound = home.scratch / "clip.w64"
    return {
        "a document": Case(
            lambda number: write_atomically(home.root / "file", b"%d" % number),
            lambda number: (home.root / "file").read_bytes() == b"%d" % number,
        ),
        "a sound": Case(lambda number: write_clip(sound, Clip(SOUND, 16_000)), lambda number: _is_whole(sound)),
        "a sound in parts": Case(lambda number: _write(sound), lambda number: _is_whole(sound)),
        "a long array": Case(lambda number: zeros(2_000_000, folder=home.scratch), lambda number: True),
        "an object": _object(home),
        "an upload": _upload(home),
        "budgets": _budgets(home),
        "words": _words(home),
        "a commit": _commit(home),
        "a backup": Case(
            lambda number: back_up(home, f"b{number}"),
            lambda number: (home.root / "backups" / f"b{number}" / "backup.json").exists(),
        ),
    }


def _write(sound: Path) -> None:
    with ClipWriter(sound) as opened:
        opened.begin(16_000)
        opened.write(SOUND)


def _is_whole(sound: Path) -> bool:
    write_clip(sound.with_name("other.w64"), Clip(SOUND, 16_000))
    same = sound.read_bytes() == sound.with_name("other.w64").read_bytes()
    same &= bool(numpy.array_equal(read_clip(sound).samples, SOUND))
    sound.unlink()
    return same


def _object(home: Home) -> Case:
    objects = ObjectStore(home.objects)
    names: dict[int, str] = {}

    def copy_in(number: int) -> None:
        names[number] = objects.copy_in(io.BytesIO(b"%d" % number))

    return Case(copy_in, lambda number: hash_file(objects.path(names[number])) == names[number])


def _upload(home: Home) -> Case:
    partials = Partials(home.uploads)

    def go_through(number: int) -> None:
        partial = partials.begin(Partial(f"u{number}", "ann", 4, "a.wav"))
        partials.append(partial, b"abcd")
        partials.sync(partial)
        assert partials.part(partial).read_bytes() == b"abcd"
        partials.became(partial, "0" * 64)
        partials.drop(partial)

    def nothing_is_left(number: int) -> bool:
        for partial in partials.all():
            if partial.id != f"u{number}":          # of one that was refused: its owner takes it back
                partials.drop(partial)
        return not list(home.uploads.iterdir())

    return Case(go_through, nothing_is_left)


def _budgets(home: Home) -> Case:
    path = home.registry / "budgets.json"
    book = BudgetBook(open_documents(path))
    return Case(
        lambda number: book.set(Budgets(cache_mb=number)),
        lambda number: BudgetBook(open_documents(path)).budgets == book.budgets == Budgets(cache_mb=number),
    )


def _words(home: Home) -> Case:
    dictionaries = Dictionaries(open_documents(home.registry / "dictionaries.json"), home.registry / "dictionaries")

    def put(number: int) -> None:
        words = Pronunciations("words", (Entry("one", alias=f"won {number}"),))
        dictionaries.put("ann", "words", words, "2026-01-01T00:00:00Z")
        if number % 10 == 9:
            dictionaries.remove("ann", "words")

    def are_kept(number: int) -> bool:
        if number % 10 == 9:
            return not dictionaries.all("ann")
        newest = dictionaries.get("ann", "words").newest
        return dictionaries.read(newest.id).entries[0].alias == f"won {number}"

    return Case(put, are_kept)


def _commit(home: Home) -> Case:
    engine = open_engine(f"sqlite:///{home.database}")
    migrate(engine)
    writer = Writer(engine)

    def commit(number: int) -> None:
        name = sa.text("insert into pauses (lane, at, by) values (:lane, '', '')")
        writer.submit(lambda connection: connection.execute(name, {"lane": str(number)})).result()

    def lasts(number: int) -> bool:
        with engine.connect() as connection:
            return connection.execute(sa.text("select 1 from pauses where lane = :lane"), {"lane": str(number)}).scalar() == 1

    return Case(commit, lasts)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
