"""What espeak-ng can do here, as data. Importing it loads neither the library nor numpy."""

from __future__ import annotations

from hay_say_espeak_ng.catalogue import LIBRARY_VERSION, VARIANTS, VOICES
from hay_say_espeak_ng.ssml import ELEMENTS
from hay_say_espeak_ng.voices import NO_VARIANT
from hay_say_lab.plugin import BuiltinVoice, Choice, Compatibility, Manifest, Number, Offer, TextContract, Upstream

ID = "espeak_ng"
VERSION = "0.1.0"
DEFAULT_VOICE = "en-us"
LONGEST_TEXT = 200_000      # characters at once, of what cannot be cut
PIECE_CHARACTERS = 10_000   # about 12 minutes of speech; measured: 185 MB of memory at most, 350 MB with 20 000

TEXT = TextContract(
    markups=("plain", "ssml", "phonemes"), longest_characters=LONGEST_TEXT, ssml_elements=ELEMENTS
)

CONTROLS = (
    Number(
        "rate_wpm", unit="words per minute", low=80, high=450, default=175, step=1, means="speed",
        label="Rate", help="How fast to speak.",
    ),
    Number(
        "pitch", unit="points", low=0, high=99, default=50, step=1, means="pitch",
        help="Pitch of the voice: 0 is about half an octave lower than 50, 99 about three quarters higher.",
    ),
    Number(
        "pitch_range", unit="points", low=0, high=99, default=50, step=1, means="pitch_range",
        help="How far the melody moves; 0 is monotone.",
    ),
    Number(
        "word_gap", unit="steps of 10 ms", low=0, high=100, default=0, step=1, advanced=True, means="pause",
        help="Extra pause behind each word, about 10 ms a step at the default rate, shorter at faster ones.",
    ),
    Number(
        "volume", unit="percent", low=0, high=200, default=100, step=1, advanced=True, means="energy",
        help="Level of the voice; loud passages clip from about 150 on.",
    ),
    Choice(
        "variant", values=(NO_VARIANT, *(variant.name for variant in VARIANTS)), default=NO_VARIANT,
        help="A timbre laid over the voice: f1 to f5 are higher voices, m1 to m8 lower ones, whisper whispers.",
    ),
)   # fmt: skip

MANIFEST = Manifest(
    id=ID,
    title="espeak-ng",
    summary="Formant synthesis: robotic, clear and instant, in 138 languages and accents, with exact timings.",
    version=VERSION,
    licence="GPL-3.0-or-later",
    runtime="hay_say_espeak_ng.runtime:EspeakRuntime",
    offers=(
        Offer(
            task="speak",
            controls=CONTROLS,
            text=TEXT,
            gives_rate=22_050,
            default_voice=DEFAULT_VOICE,
            seconds_per_second=0.002,
            piece_characters=PIECE_CHARACTERS,
        ),
        Offer(
            task="phonemes",
            text=TEXT,
            default_voice=DEFAULT_VOICE,
            seconds_per_second=0.002,
            piece_characters=PIECE_CHARACTERS,
        ),
    ),
    upstream=Upstream(
        name=f"espeak-ng {LIBRARY_VERSION}",
        licence="GPL-3.0-or-later",
        status="maintained by its community; wheels by espeakng-loader",
    ),
    compatibility=Compatibility(
        pythons=("3.11",),
        platforms=("linux",),
        devices=("cpu",),
        modules=("espeakng_loader", "numpy"),
    ),
    resident_mb=76.0,
    transient_mb_per_second=0.15,
    voices=tuple(BuiltinVoice(slug=voice.slug, title=voice.title, languages=voice.languages) for voice in VOICES),
)
