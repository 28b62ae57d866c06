"""What a person may set of a conversion. Names of Hay Say for the same things are taken by `settings.ours`."""

from __future__ import annotations

from hay_say_lab.plugin import Choice, Number, Text, Toggle

CONTROLS: tuple[Number | Choice | Text | Toggle, ...] = (
    Number(
        "pitch_semitones", unit="semitones", low=-36, high=36, default=0, step=0.5, group="Pitch",
        help="Move the melody up or down; the timbre stays. About +12 from a low to a high voice, -12 the other way.",
    ),
    Choice(
        "f0_method", values=("rmvpe", "harvest", "autocorrelation", "crepe"), default="rmvpe", group="Pitch",
        help="How the pitch is found: rmvpe is robust for singing and noise; harvest is slow and smooth in the bass; "
        "autocorrelation is fast and slips by octaves now and then; crepe is airy, sensitive to noise and very slow.",
    ),
    Number(
        "filter_radius", unit="frames", low=0, high=20, default=3, step=1, group="Pitch", advanced=True,
        help="Of harvest alone: 3 and more take single slips out of the pitch, which sounds less hoarse; 2 and less do nothing.",
    ),
    Choice(
        "unvoiced", values=("keep", "fill"), default="keep", group="Pitch", advanced=True,
        help="What becomes of sounds without pitch: 'keep' leaves them without, as voices trained until 2025 expect; 'fill' bridges "
        "them, as the RVC of 2026 does: nothing is ever unvoiced then, and protection does nothing.",
    ),
    Text(
        "f0_curve", default="", longest=20_000, group="Pitch", advanced=True,
        help="A melody drawn by hand, as the voice is to sing it: 'seconds:Hz' points with semicolons, joined by straight lines, "
        "such as '0.5:220; 0.8:247'. It replaces what was found from its first point to its last; 0 Hz is unvoiced.",
    ),
    Number(
        "index_ratio", unit="share", low=0, high=1, default=0.75, step=0.01, group="Timbre",
        help="How much accent and timbre come from the training voice: more is more alike and more slurred, 0 keeps the "
        "articulation of the source. Acts only with an index.",
    ),
    Number(
        "protect", unit="share", low=0, high=0.5, default=0.33, step=0.01, group="Timbre",
        help="Keeps breaths and consonants from the index: lower protects more and tears less, 0.5 is off. Acts only with an index.",
    ),
    Number(
        "formant_semitones", unit="semitones", low=-12, high=12, default=0, step=0.5, group="Timbre",
        help="A smaller (up) or larger (down) mouth and throat at the same pitch.",
    ),
    Number(
        "speaker", unit="number", low=0, high=1023, default=0, step=1, group="Timbre", advanced=True,
        help="Which speaker, of voices that were trained on several; the first one is 0.",
    ),
    Number(
        "envelope_mix", unit="share", low=0, high=1, default=0.25, step=0.01, group="Loudness",
        help="0 is as loud from moment to moment as the source, 1 as loud as the voice makes it.",
    ),
    Number(
        "variation", unit="share", low=0, high=1, default=1, step=0.05, group="Rendering", advanced=True,
        help="How far takes with other seeds differ: 1 as upstream, 0 leaves the breath of the source alone.",
    ),
    Choice(
        "precision", values=("exact", "fast"), default="exact", group="Rendering", advanced=True,
        help="'fast' computes the decoder with half as many bits: about twice as fast, its error 40 dB below the sound.",
    ),
)  # fmt: skip
