"""What the parrot says of itself: data only."""

from __future__ import annotations

from hay_say_lab.plugin import (
    AudioContract,
    BuiltinVoice,
    Choice,
    Compatibility,
    Manifest,
    Number,
    Offer,
    Text,
    TextContract,
    Toggle,
    Upstream,
)

SAMPLE_RATE = 16000             # of speech, per second

# Settings that make a step slow or make it fail, for tests of the engine.
MISCHIEF = (
    Number(
        "seconds_of_work", unit="seconds", low=0, high=600, default=0, group="Mischief", advanced=True,
        help="Compute for so long, with a checkpoint every tenth of a second.",
    ),
    Choice(
        "crash", values=("no", "raise", "exit", "exit_once", "hang"), default="no", group="Mischief", advanced=True,
        help="Raise, end the process (always, or at the first attempt only), or hang without a checkpoint.",
    ),
)

# No offer names a default voice, so the parrot is heard only where a request asks for it by name.
MANIFEST = Manifest(
    id="parrot",
    title="Parrot",
    summary="Says every word as beeps. For tests, and for authors of architectures to copy.",
    version="0.1.0",
    licence="BSD-3-Clause",
    runtime="hay_say_parrot.runtime:Parrot",
    offers=(
        Offer(
            task="speak",
            controls=(
                Number("beeps", unit="beeps", low=1, high=8, default=1, step=1, help="Beeps for each word."),
                Text("tune", default="ceg", longest=16, help="Notes (a to g) that the words take in turn."),
                *MISCHIEF,
            ),
            text=TextContract(markups=("plain",), longest_characters=10_000),
            gives_rate=SAMPLE_RATE,
            seconds_per_second=0.001,
        ),
        Offer(
            task="convert",
            controls=(
                Number("gain_db", unit="dB", low=-40, high=0, default=0, help="Make it quieter."),
                Toggle("reverse", default=False, help="Play it backwards."),
                *MISCHIEF,
            ),
            audio=AudioContract(
                lowest_rate=8000, highest_rate=192_000, shortest_seconds=0.02, longest_seconds=3600.0
            ),
            seconds_per_second=0.001,
        ),
    ),
    upstream=Upstream(name="Hay Say Lab", licence="BSD-3-Clause", status="part of the test suite"),
    compatibility=Compatibility(
        pythons=("3.11", "3.12", "3.13"), platforms=("linux",), devices=("cpu",), modules=("numpy",)
    ),
    resident_mb=60,
    voices=(BuiltinVoice(slug="polly", title="Polly"),),
)
