"""Which voices and variants there are, by the names we give them. Data and rules only; nothing here needs the library.

Rules, so that a name of ours can be told from a name of the library and back:
- a voice's slug is the last part of its file's path in lower case ('gmw/en-US' -> 'en-us');
- a variant's name is its file's name in lower case with '-' for a space ('!v/Mr serious' -> 'mr-serious');
- a language becomes a BCP 47 tag: script and region in their usual case, and private-use or registered forms where
  the library's own name would mean something else ('ca-ba' is not Catalan as spoken in Bosnia).
"""

from __future__ import annotations

from dataclasses import dataclass

NO_VARIANT = "none"

_TAGS = {
    "ca-ba": "ca-x-balear",
    "ca-nw": "ca-x-nordocc",
    "ca-va": "ca-valencia",
    "chr-us-qaaa-x-west": "chr-Qaaa-US-x-west",     # the script stands before the region
    "en-us-nyc": "en-US-x-nyc",
    "piqd": "tlh",              # the library names the script, BCP 47 the language: Klingon
    "py": "art-x-pyash",
    "ru-cl": "ru-x-classic",
}


@dataclass(frozen=True, slots=True)
class LibraryVoice:
    """One language voice: our slug, its title, the library's file below 'lang', BCP 47 tags (best first)."""

    slug: str
    title: str
    file: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LibraryVariant:
    """One timbre laid over a language voice: our name and the library's file below 'voices/!v'."""

    name: str
    file: str


def slug_of(file: str) -> str:
    return file.rpartition("/")[2].lower()


def variant_of(file: str) -> str:
    return file.rpartition("/")[2].lower().replace(" ", "-")


def language_tag(name: str) -> str:
    """The library's language name as a BCP 47 tag in its usual case."""
    if name.lower() in _TAGS:
        return _TAGS[name.lower()]
    parts = name.lower().split("-")
    if "x" in parts:        # what stands behind x is private and keeps small letters
        cut = parts.index("x")
        return "-".join([*map(_cased, range(cut), parts[:cut]), *parts[cut:]])
    return "-".join(map(_cased, range(len(parts)), parts))


def _cased(index: int, part: str) -> str:
    if index and len(part) == 2:
        return part.upper()
    return part.title() if index and len(part) == 4 and part.isalpha() else part


def spoken_name(voice: LibraryVoice, variant: LibraryVariant | None) -> str:
    """What the library is asked for: its file, and its variant's file behind a plus sign.

    The library takes an unknown variant without a word, so only names from the catalogue come here.
    """
    return voice.file if variant is None else f"{voice.file}+{variant.file}"
