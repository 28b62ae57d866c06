"""Ask the installed library what it brings, and write it down: `python -m hay_say_espeak_ng.survey` makes catalogue.py.

The tests hold the catalogue against `voices_found` and `variants_found` both ways.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hay_say_espeak_ng.library import Library, Order
from hay_say_espeak_ng.nursery import Nursery, installed_library
from hay_say_espeak_ng.voices import LibraryVariant, LibraryVoice, language_tag, slug_of, variant_of

PROBE = "1 2 3 abc"         # digits and Latin letters: every dictionary has words for some of them
LONGEST_LINE = 112
SETTINGS = {"rate": 175, "pitch": 50, "range": 50, "volume": 100, "gap": 0}

_HEAD = '''"""Every voice and variant of espeak-ng {version}. Made by survey.py; do not edit.

MUTE are voices that the library lists without a dictionary: they load and say nothing, so they are not offered.
"""

from hay_say_espeak_ng.voices import LibraryVariant, LibraryVoice

'''


def voices_found(library: Library) -> tuple[LibraryVoice, ...]:
    """Every language voice of the library in the order of our slugs."""
    found = [
        LibraryVoice(
            slug_of(voice.file), voice.name.strip(), voice.file, tuple(language_tag(name) for name in voice.languages)
        )
        for voice in library.voices()
    ]
    return tuple(sorted(found, key=lambda voice: voice.slug))


def variants_found(library: Library) -> tuple[LibraryVariant, ...]:
    """Every variant of the library in the order of our names."""
    found = [
        LibraryVariant(variant_of(variant.file), variant.file.rpartition("/")[2]) for variant in library.variants()
    ]
    return tuple(sorted(found, key=lambda variant: variant.name))


def says_nothing(nursery: Nursery, voice: LibraryVoice) -> bool:
    """Whether a voice finds no word in digits and Latin letters."""
    utterance = nursery.utter(Order(PROBE, voice.file, SETTINGS, seed=0))
    return not any(kind == "word" for kind, *_ in utterance.events)


def rendered(
    version: str, voices: Iterable[LibraryVoice], variants: Iterable[LibraryVariant], mute: Iterable[LibraryVoice]
) -> str:
    """The text of catalogue.py."""
    parts = [_HEAD.format(version=version), f'LIBRARY_VERSION = "{version}"\n']
    for name, kind, rows in (
        ("VOICES", "LibraryVoice", voices),
        ("MUTE", "LibraryVoice", mute),
        ("VARIANTS", "LibraryVariant", variants),
    ):
        lines = "".join(f"    {_source(row)},\n" for row in rows)
        parts.append(f"\n{name}: tuple[{kind}, ...] = (\n{lines})\n")
    return "".join(parts)


def _source(row: LibraryVoice | LibraryVariant) -> str:
    if isinstance(row, LibraryVariant):
        return f"LibraryVariant({_quoted(row.name)}, {_quoted(row.file)})"
    languages = ", ".join(map(_quoted, row.languages)) + ("," if len(row.languages) == 1 else "")
    fields = f"{_quoted(row.slug)}, {_quoted(row.title)}, {_quoted(row.file)}, ({languages})"
    line = f"LibraryVoice({fields})"
    if len(line) < LONGEST_LINE:
        return line
    return "LibraryVoice(\n        " + fields.replace(", (", ",\n        (") + ",\n    )"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main() -> None:
    nursery = Nursery()
    library = Library(*installed_library())
    found = voices_found(library)
    mute = [voice for voice in found if says_nothing(nursery, voice)]
    speaking = [voice for voice in found if voice not in mute]
    nursery.close()
    text = rendered(library.version, speaking, variants_found(library), mute)
    Path(__file__).with_name("catalogue.py").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
