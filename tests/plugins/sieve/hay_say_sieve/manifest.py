"""What the sieve says of itself: data only."""

from __future__ import annotations

from hay_say_lab.plugin import AudioContract, BuiltinVoice, Compatibility, Manifest, Number, Offer, Upstream

LOWEST_HZ, HIGHEST_HZ = 200.0, 4000.0       # of a voice, as far as a sieve knows

# The separation takes what it is given by default, as it names a default voice; an effect is always named.
MANIFEST = Manifest(
    id="sieve",
    title="Sieve",
    summary="Takes the band of a voice out of a sound, and makes a sound sway.",
    version="0.1.0",
    licence="BSD-3-Clause",
    runtime="hay_say_sieve.runtime:Sieve",
    offers=(
        Offer(
            task="separate",
            audio=AudioContract(lowest_rate=16_000, highest_rate=48_000, shortest_seconds=0.02, longest_seconds=600.0),
            default_voice="mesh",
            seconds_per_second=0.01,
        ),
        Offer(
            task="effect",
            controls=(
                Number("rate_hz", unit="Hz", low=0.1, high=20, default=4, help="How often it sways in a second."),
                Number("depth", unit="share", low=0, high=1, default=0.5, help="How far down it goes."),
                Number("echo_seconds", unit="s", low=0, high=2, default=0, help="Say it again so much later, half as loud."),
            ),
            audio=AudioContract(lowest_rate=8000, highest_rate=48_000, shortest_seconds=0.0, longest_seconds=3600.0),
            seconds_per_second=0.001,
        ),
    ),
    upstream=Upstream(name="Hay Say Lab", licence="BSD-3-Clause", status="part of the test suite"),
    compatibility=Compatibility(
        pythons=("3.11", "3.12", "3.13"), platforms=("linux",), devices=("cpu",), modules=("numpy",)
    ),
    resident_mb=60,
    voices=(BuiltinVoice(slug="mesh", title="Mesh"),),
)
