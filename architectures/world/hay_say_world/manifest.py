"""What `world` says of itself."""

from __future__ import annotations

from hay_say_lab.plugin import (
    AudioContract,
    BuiltinVoice,
    Choice,
    Compatibility,
    Manifest,
    Number,
    Offer,
    Toggle,
    Upstream,
    VoiceLayout,
)

LOWEST_RATE, HIGHEST_RATE = 16_000, 48_000
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 4 * 3600.0      # as long as an upload may be
SHORTEST_REFERENCE_SECONDS = 3.0
GOOD_REFERENCE_SECONDS = 10.0
LONGEST_REFERENCE_SECONDS = 600.0
QUIETEST_REFERENCE_RMS = 1e-3       # -60 dB of full scale

CONTROLS = (
    Number(
        "pitch_semitones", unit="semitones", low=-24, high=24, default=0, step=0.5, group="Pitch", means="pitch",
        help="Move the voice up or down. With a reference voice this comes on top of fitting the pitch.",
    ),
    Toggle(
        "fit_pitch", default=True, group="Pitch", means="fit_pitch",
        help="Bring the pitch to where the reference voice speaks, and let it move as much. "
        "Acts only with a reference voice; the voice 'controls' has none.",
    ),
    Number(
        "pitch_range", unit="times", low=0, high=2, default=1, step=0.05, group="Pitch", means="pitch_range",
        help="How far the melody moves around its middle: 0 is monotone, 2 twice as lively.",
    ),
    Number(
        "formant_shift", unit="times", low=0.78, high=1.28, default=None, step=0.01, group="Timbre", means="formant",
        help="Move the resonances of the mouth by this factor: above 1 sounds smaller and brighter, below 1 "
        "larger and darker. Empty: chosen from the material (the square root of the measured difference to "
        "the reference voice; 1 without one).",
    ),
    Number(
        "likeness", unit="share", low=0, high=1, default=1, step=0.05, group="Timbre", means="likeness",
        help="How much of the reference voice's timbre is taken: 0 none, 0.8 clearest words, 1 most alike. "
        "Acts only with a reference voice.",
    ),
    Number(
        "breath", unit="share", low=-1, high=1, default=0, step=0.05, group="Timbre", means="breath",
        help="Below 0 the voice becomes cleaner and more buzzing, above 0 breathier.",
    ),
    Toggle(
        "noise_guard", default=True, group="Timbre",
        help="Leave pauses as they are, so that room noise is not made into speech. "
        "Acts only with a reference voice; turn it off for very clean recordings.",
    ),
    Choice(
        "f0_method", values=("harvest", "dio"), default="harvest", group="Analysis", advanced=True, means="f0_method",
        help="How the pitch is found: harvest is right more often; dio is several times faster and hoarser, "
        "for previews.",
    ),
    Number(
        "f0_floor_hz", unit="Hz", low=40, high=120, default=60, step=1, group="Analysis", advanced=True, means="f0_floor",
        help="The lowest pitch that is looked for. Raise it where a high voice is heard an octave too low.",
    ),
    Number(
        "f0_ceiling_hz", unit="Hz", low=300, high=1000, default=500, step=1, group="Analysis", advanced=True, means="f0_ceiling",
        help="The highest pitch that is looked for: 700 to 800 for children and for singing.",
    ),
)  # fmt: skip

MANIFEST = Manifest(
    id="world",
    title="WORLD",
    summary="Changes a voice without weights: pitch, formants and breath by hand, or fitted to a reference.",
    version="0.1.0",
    licence="BSD-3-Clause",
    runtime="hay_say_world.runtime:WorldRuntime",
    offers=(
        Offer(
            task="convert",
            controls=CONTROLS,
            audio=AudioContract(
                lowest_rate=LOWEST_RATE,
                highest_rate=HIGHEST_RATE,
                shortest_seconds=SHORTEST_SECONDS,
                longest_seconds=LONGEST_SECONDS,
                quietest_rms=1e-5,
            ),
            default_voice="controls",
            seconds_per_second=0.35,
            atomic_seconds=1.5,
            pieces=False,       # it decides on the whole, and goes through it block by block by itself
        ),
    ),
    upstream=Upstream(
        name="WORLD (M. Morise), by pyworld-prebuilt",
        licence="BSD-3-Clause (WORLD), MIT (pyworld)",
        status="finished and stable; the wheels are kept up",
    ),
    compatibility=Compatibility(
        pythons=("3.11", "3.12", "3.13"),
        platforms=("linux",),
        devices=("cpu",),
        modules=("pyworld", "numpy", "scipy", "safetensors"),
    ),
    resident_mb=200.0,
    transient_mb_per_second=0.005,      # a few shares of every frame; the sound and its contours lie in files
    voices=(BuiltinVoice(slug="controls", title="Controls only (no reference)"),),
    layout=VoiceLayout(
        reference=AudioContract(
            lowest_rate=LOWEST_RATE,
            highest_rate=HIGHEST_RATE,
            shortest_seconds=SHORTEST_REFERENCE_SECONDS,
            longest_seconds=LONGEST_REFERENCE_SECONDS,
            quietest_rms=QUIETEST_REFERENCE_RMS,
            needs_voiced=True,
        ),
        files={"reference": "reference.w64", "profile": "profile.safetensors"},
        good_seconds=GOOD_REFERENCE_SECONDS,
    ),
)
