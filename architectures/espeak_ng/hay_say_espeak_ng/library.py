"""The C library, as few calls as we need, by ctypes. Only the nurse and the survey load it, never the worker.

The declarations follow espeak-ng 1.52's public headers `speak_lib.h` and `espeak_ng.h`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_RATE = 22_050            # samples per second of every voice
SYNCHRONOUS = 2                 # samples and events come through a callback, before the call returns
PHONEME_EVENTS_IN_IPA = 0x0001 | 0x0002
DO_NOT_EXIT = 0x8000            # without it the library ends the process where its data is missing
UTF_8, PHONEMES, END_PAUSE = 0x0001, 0x0100, 0x1000
IPA_TRACE = 0x02                # the phoneme callback gets IPA

EVENT_WORD, EVENT_CLAUSE_END, EVENT_PHONEME, EVENT_RATE = 1, 5, 7, 8
PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4, "gap": 7}

# One event on its way to Python: kind, sample, position (1-based characters), name.
# Kinds: 'clause' (name: the IPA of the clause that follows), 'word', 'phoneme' (name: at most 8 bytes of IPA), 'end'.
RawEvent = tuple[str, int, int, str]


class _EventName(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_void_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventName),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("spare_byte", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))
_PhonemeCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)


@dataclass(frozen=True, slots=True)
class Listed:
    """A voice or variant as the library lists it: its name, its file below the data folder, its languages."""

    name: str
    file: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One piece to speak: what the library reads, by which voice, how.

    voice: 'gmw/en-US' or with a variant 'gmw/en-US+f2'; settings: rate (words per minute), pitch, range (0..99),
    volume (0..200), gap (10 ms); seed: 0..2**31-1; flags: PHONEMES, END_PAUSE.
    """

    text: str
    voice: str
    settings: dict[str, int]
    seed: int
    flags: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "voice": self.voice,
            "settings": self.settings,
            "seed": self.seed,
            "flags": self.flags,
        }


@dataclass(slots=True)
class Utterance:
    """What came of an order: samples (16 bit, native order, mono) and events in order of time."""

    samples: bytearray = field(default_factory=bytearray)
    events: list[RawEvent] = field(default_factory=list)


class LibraryRefused(Exception):
    """The library answered a call with an error code."""


class Library:
    """espeak-ng in this process. It has one state for the whole process, so make one and use it from one thread."""

    def __init__(self, library: Path, data_parent: Path) -> None:
        """Load and initialise. `data_parent` holds the folder 'espeak-ng-data'. Raises LibraryRefused, OSError.

        It becomes the working directory, because the library keeps the path of its data in 160 bytes and falls back
        to a path of the machine that compiled it where ours is longer; '.' always fits.
        """
        self._lib = ctypes.CDLL(str(library))
        self._lib.espeak_Info.restype = ctypes.c_char_p
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._lib.espeak_ListVoices.argtypes = [ctypes.POINTER(_Voice)]
        self._lib.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        self._lib.espeak_SetPhonemeTrace.argtypes = [ctypes.c_int, ctypes.c_void_p]
        self._lib.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        os.chdir(data_parent)
        rate = self._lib.espeak_Initialize(SYNCHRONOUS, 0, b".", PHONEME_EVENTS_IN_IPA | DO_NOT_EXIT)
        if rate != SAMPLE_RATE:
            raise LibraryRefused(f"espeak-ng did not start with the data in {data_parent} (answer {rate}).")

    @property
    def version(self) -> str:
        return self._lib.espeak_Info(None).decode()

    def voices(self) -> list[Listed]:
        """Every language voice."""
        return list(self._listed(None))

    def variants(self) -> list[Listed]:
        """Every variant: a timbre that is laid over a language voice."""
        languages = ctypes.create_string_buffer(b"variant")
        wanted = _Voice(languages=ctypes.cast(languages, ctypes.c_void_p))
        return list(self._listed(ctypes.byref(wanted)))

    def _listed(self, wanted: Any) -> Iterator[Listed]:
        voices = self._lib.espeak_ListVoices(wanted)
        index = 0
        while voices[index]:
            voice = voices[index][0]
            yield Listed(voice.name.decode(), voice.identifier.decode(), tuple(_languages(voice.languages)))
            index += 1

    def speak(self, order: Order) -> Utterance:
        """Synthesize once. Only the first call in a process is reproducible: see nurse.py. Raises LibraryRefused."""
        utterance = Utterance()
        rates: set[int] = set()     # an exception cannot leave a callback, so what it saw is judged afterwards

        def take_samples(samples: int | None, count: int, events: Any) -> int:
            if samples and count:
                utterance.samples += ctypes.string_at(samples, 2 * count)
            index = 0
            while events[index].type:
                if events[index].type == EVENT_RATE:
                    rates.add(events[index].id.number)
                utterance.events += _raw(events[index])
                index += 1
            return 0

        def take_clause(ipa: bytes | None) -> int:
            so_far = len(utterance.samples) // 2
            utterance.events.append(("clause", so_far, 0, (ipa or b"").decode("utf-8", "replace")))
            return 0

        callbacks = _SynthCallback(take_samples), _PhonemeCallback(take_clause)     # held while C may call them
        self._lib.espeak_ng_SetRandSeed(order.seed)
        _check(self._lib.espeak_SetVoiceByName(order.voice.encode()), f"the voice '{order.voice}'")
        for name, value in order.settings.items():
            _check(self._lib.espeak_SetParameter(PARAMETERS[name], value, 0), f"{name} = {value}")
        self._lib.espeak_SetSynthCallback(callbacks[0])
        self._lib.espeak_SetPhonemeTrace(IPA_TRACE, None)
        self._lib.espeak_SetPhonemeCallback(callbacks[1])
        text = order.text.encode() + b"\0"
        _check(self._lib.espeak_Synth(text, len(text), 0, 1, 0, UTF_8 | order.flags, None, None), "the text")
        if rates - {SAMPLE_RATE}:
            raise LibraryRefused(f"espeak-ng spoke at {sorted(rates)} samples per second, not {SAMPLE_RATE}.")
        return utterance


def _raw(event: Any) -> Iterator[RawEvent]:
    if event.type == EVENT_WORD:
        yield "word", event.sample, event.text_position, ""
    elif event.type == EVENT_CLAUSE_END:
        yield "end", event.sample, event.text_position, ""
    elif event.type == EVENT_PHONEME:
        # The name fills all 8 bytes where it is long, without a closing zero, and may end inside a character.
        name = ctypes.string_at(ctypes.addressof(event.id), 8).partition(b"\0")[0]
        yield "phoneme", event.sample, event.text_position, name.decode("utf-8", "ignore")


def _languages(address: int) -> Iterator[str]:
    """Read the library's list: a priority byte and a name with a closing zero for each, then a zero byte."""
    while ctypes.string_at(address, 1) != b"\0":
        name = ctypes.string_at(address + 1)
        yield name.decode()
        address += 1 + len(name) + 1


def _check(status: int, what: str) -> None:
    if status != 0:
        raise LibraryRefused(f"espeak-ng refused {what} (status {status}).")
