"""Finding voices among thousands: by words, task, language, licence, and by what people noted of them. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass

from hay_say_lab.domain.licence import commercial_use
from hay_say_lab.domain.voice import Voice
from hay_say_lab.engine.casting import speaks
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.marks import Marks
from hay_say_lab.registry.voices import Voices


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for; '' and None: anything. `words`: all must be in what is said of the voice."""

    words: str = ""
    task: str = ""
    language: str = ""
    tag: str = ""
    favourite: bool | None = None
    commercial_use: str = ""


class Discovery:
    """Over the indexes that the registry holds in memory."""

    def __init__(self, voices: Voices, marks: Marks, architectures: Architectures) -> None:
        self.marks = marks
        self._voices = voices
        self._architectures = architectures

    def find(self, owner: str, wish: Wish) -> list[Voice]:
        """By id; voices of any language count for every language."""
        able = {name for name, found in self._architectures.manifests.items() if not wish.task or found.offer(wish.task)}
        words = wish.words.lower().split()
        return [
            voice
            for voice in self._voices.all()
            if (voice.architecture in able or not wish.task)
            and (not wish.language or speaks(voice, wish.language))
            and wish.commercial_use in ("", commercial_use(voice.provenance.licence))
            and self._marked(owner, voice, wish)
            and (not words or self._says(owner, voice, words))
        ]

    def _marked(self, owner: str, voice: Voice, wish: Wish) -> bool:
        mark = self.marks.get(owner, voice.id)
        return (not wish.tag or wish.tag in mark.tags) and wish.favourite in (None, mark.favourite)

    def _says(self, owner: str, voice: Voice, words: list[str]) -> bool:
        known = voice.provenance
        said = (voice.id, voice.title, *voice.languages, known.source, known.author, known.licence, known.intended_use)
        text = " ".join((*said, *self.marks.get(owner, voice.id).tags)).lower()
        return all(word in text for word in words)
