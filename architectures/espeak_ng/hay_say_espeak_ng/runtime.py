"""The voice of the plugin inside one worker: text -> pieces -> children -> samples and timings."""

from __future__ import annotations

import importlib.metadata
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from hay_say_espeak_ng.catalogue import VARIANTS, VOICES
from hay_say_espeak_ng.library import SAMPLE_RATE, Order, RawEvent
from hay_say_espeak_ng.manifest import CONTROLS
from hay_say_espeak_ng.mnemonics import FIELD, Mnemonics, mnemonic_script, mnemonics_of
from hay_say_espeak_ng.nursery import Nursery, installed_library
from hay_say_espeak_ng.parting import Phonemes, plain
from hay_say_espeak_ng.pieces import Plan, plan
from hay_say_espeak_ng.script import Script, Style, plain_script
from hay_say_espeak_ng.ssml import read_ssml
from hay_say_espeak_ng.steps import Spoken
from hay_say_espeak_ng.timings import Heard, Recording, heard
from hay_say_espeak_ng.voices import NO_VARIANT, LibraryVariant, LibraryVoice, spoken_name
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.errors import VoiceMissing
from hay_say_lab.plugin import Clip, Context, InvalidRequest, RequestText, Result, Runtime, VoiceFiles

_VOICES = {voice.slug: voice for voice in VOICES}
_VARIANTS = {variant.name: variant for variant in VARIANTS}
_DEFAULTS = with_defaults(CONTROLS, {})
_ALLOWED_CONTROLS = "\t\n\r"
FULL_SCALE = 32_768.0           # of 16 bits


class EspeakRuntime(Runtime):
    """All voices share one nurse; a voice holds nothing but its name and its phoneme table."""

    def __init__(self) -> None:
        self._nursery = Nursery()
        self._mnemonics: dict[str, Mnemonics] = {}

    def load(self, voice: VoiceFiles) -> None:
        """Start the library and read the voice's phoneme table. Raises VoiceMissing, LabError."""
        known = _voice(voice.id)
        _, folder = installed_library()
        self._mnemonics[known.slug] = mnemonics_of(known, folder / "espeak-ng-data")
        self._nursery.start()

    def unload(self, voice_id: str) -> None:
        self._mnemonics.pop(_voice(voice_id).slug, None)
        if not self._mnemonics:
            self._nursery.close()

    def close(self) -> None:
        """End the nurse at once; without this call it ends with this process."""
        self._nursery.close()

    def speak(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        """Text -> clip of 22 050 samples per second and its 'timings'. Raises InvalidRequest, WorkerFailed."""
        samples, told = self._perform(voice, text, settings, context)
        return Result(clip=Clip(samples, SAMPLE_RATE), documents={"timings": told.as_timings()})

    def phonemes(self, voice: str, text: RequestText, settings: Mapping[str, Any], context: Context) -> Result:
        """Text -> 'phonemes': each word that is heard with the library's IPA. Raises InvalidRequest, WorkerFailed."""
        _, told = self._perform(voice, text, {**_DEFAULTS, **settings}, context)
        return Result(documents={"phonemes": told.as_phonemes()})

    def fingerprint(self) -> dict[str, str]:
        return {
            "espeak_ng": self._nursery.version,
            "espeakng_loader": importlib.metadata.version("espeakng-loader"),
        }

    def _perform(
        self, voice_id: str, text: RequestText, settings: Mapping[str, Any], context: Context
    ) -> tuple[numpy.ndarray, Heard]:
        """Samples (N,) float32 and what is heard in them."""
        voice = _voice(voice_id)
        variant = None if settings["variant"] == NO_VARIANT else _VARIANTS[settings["variant"]]
        script = self._script(voice, text, settings)
        pieces = plan(script, gap=settings["word_gap"])
        parts: list[numpy.ndarray] = []
        recordings: list[Recording] = []
        position = 0
        for piece, (samples, events) in zip(
            pieces.pieces, self._spoken_pieces(pieces, voice, variant, context), strict=True
        ):
            position += piece.silence_samples
            recordings.append(Recording.of(script, Spoken(piece, events, position, len(samples))))
            parts += [numpy.zeros(piece.silence_samples, numpy.int16), samples]
            position += len(samples)
        parts.append(numpy.zeros(pieces.silence_samples, numpy.int16))
        if not any(recording.words for recording in recordings):
            raise _nothing_to_say(voice)
        self._part_words(script, recordings, voice, context)
        return _as_float(parts), heard(script, recordings, position + pieces.silence_samples)

    def _part_words(
        self, script: Script, recordings: Sequence[Recording], voice: LibraryVoice, context: Context
    ) -> None:
        """Find where words end that the library said as one, by hearing each of them alone."""
        tokens = sorted(set().union(*(recording.said_as_one(script) for recording in recordings)))
        if not tokens:
            return
        alone: dict[str, Phonemes] = {}
        list_of_words = plain_script("\n\n".join(tokens), _style(_DEFAULTS))
        for piece in plan(list_of_words, gap=0).pieces:
            order = Order(piece.source, voice.file, piece.settings, seed=0, flags=piece.flags)
            utterance = self._nursery.utter(order, partial(context.checkpoint, 1.0, "timings"))
            recording = Recording.of(list_of_words, Spoken(piece, utterance.events, 0, len(utterance.samples) // 2))
            for word in recording.words:
                for _, text in recording.tokens(word, list_of_words)[:1]:
                    alone[text] = plain([recording.names[number] for number in word.phonemes])
        for recording in recordings:
            recording.part_words(script, alone)

    def _script(self, voice: LibraryVoice, text: RequestText, settings: Mapping[str, Any]) -> Script:
        _refuse_control_characters(text.body)
        style = _style(settings)
        if text.markup == "ssml":
            return read_ssml(text.body, style, voice.languages, self._table(voice))
        if text.markup == "phonemes":
            return mnemonic_script(text.body, style, self._table(voice))
        return plain_script(text.body, style)

    def _table(self, voice: LibraryVoice) -> Mnemonics:
        if voice.slug not in self._mnemonics:
            self.load(VoiceFiles(voice.slug))
        return self._mnemonics[voice.slug]

    def _spoken_pieces(
        self, pieces: Plan, voice: LibraryVoice, variant: LibraryVariant | None, context: Context
    ) -> Iterator[tuple[numpy.ndarray, list[RawEvent]]]:
        """Samples (N,) int16 and events of each piece: kept from an earlier attempt, else spoken and kept."""
        seed = folded(context.seed)
        count = len(pieces.pieces)
        for index, piece in enumerate(pieces.pieces):
            fraction, message = index / count, f"piece {index + 1} of {count}"
            context.checkpoint(fraction, message)
            kept = context.kept(index)
            if kept is not None:
                yield kept["samples"], [tuple(event) for event in json.loads(kept["events"].tobytes())]
                continue
            order = Order(piece.source, spoken_name(voice, variant), piece.settings, seed, piece.flags)
            utterance = self._nursery.utter(order, partial(context.checkpoint, fraction, message))
            samples = numpy.frombuffer(utterance.samples, dtype=numpy.int16)
            events = numpy.frombuffer(json.dumps(utterance.events).encode(), dtype=numpy.uint8)
            context.keep(index, {"samples": samples, "events": events})
            yield samples, utterance.events


def folded(seed: int) -> int:
    """A seed of 63 bits as the 31 that the library's generator tells apart.

    Multiplying by 2**64 over the golden ratio lets the upper bits depend on all bits of the seed.
    """
    return (seed * 0x9E37_79B9_7F4A_7C15 & 0xFFFF_FFFF_FFFF_FFFF) >> 33


def _voice(voice_id: str) -> LibraryVoice:
    slug = voice_id.rpartition(":")[2]
    if slug not in _VOICES:
        raise VoiceMissing(
            f"espeak-ng has no voice '{slug}'.", field="voice", fix="Choose one of `hay-say voices`, such as 'en-us'."
        )
    return _VOICES[slug]


def _style(settings: Mapping[str, Any]) -> Style:
    return Style(settings["rate_wpm"], settings["pitch"], settings["pitch_range"], settings["volume"])


def _refuse_control_characters(body: str) -> None:
    """Control characters are commands of the library; lone surrogates are no text."""
    for index, letter in enumerate(body):
        if unicodedata.category(letter) in ("Cc", "Cs") and letter not in _ALLOWED_CONTROLS:
            raise InvalidRequest(
                f"Character {index + 1} of the text (U+{ord(letter):04X}) is a control character.",
                field=FIELD,
                fix="Remove it.",
            )


def _nothing_to_say(voice: LibraryVoice) -> InvalidRequest:
    return InvalidRequest(
        f"'{voice.title}' finds no word to say in this text.",
        field=FIELD,
        fix="Write at least one word in a script that this voice reads, or choose a voice for the text's language.",
    )


def _as_float(parts: list[numpy.ndarray]) -> numpy.ndarray:
    """int16 parts -> (N,) float32 in -1..1. Empties `parts`, so that hours of speech are in memory only once."""
    samples = numpy.empty(sum(map(len, parts)), numpy.float32)
    position = 0
    parts.reverse()
    while parts:
        part = parts.pop()
        numpy.multiply(part, 1.0 / FULL_SCALE, out=samples[position : position + len(part)], casting="same_kind")
        position += len(part)
    return samples
