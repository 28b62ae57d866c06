"""Prepare: what is done to a recording before an architecture gets it. Every option is off unless it is asked for.

The order is always the same: the part that is wanted is cut out, then the rate, high-pass (so that rumble is no noise
floor), noise reduction (so that pauses are quiet), crop (ends, then pauses), pitch, the pitch tone in place of the voice,
loudness last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.conversion import resample
from hay_say_lab.audio.cut import cut_frames
from hay_say_lab.audio.denoise import reduce_noise
from hay_say_lab.audio.highpass import high_pass
from hay_say_lab.audio.loudness import CEILING_DBTP, bring_to_loudness
from hay_say_lab.audio.objects import finite
from hay_say_lab.audio.pitch_shift import MOST_SEMITONES, shift_pitch
from hay_say_lab.audio.pitch_tone import pitch_tone
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.silence import activity_of, keep, spans_heard
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import Control, Number, Toggle, check_settings, with_defaults
from hay_say_lab.errors import InvalidRequest

if TYPE_CHECKING:
    import numpy

_LATEST_SECONDS = 4 * 3600          # no recording is longer

PREPARE_CONTROLS: tuple[Control, ...] = (
    Number(
        "start_seconds", unit="seconds", low=0, high=_LATEST_SECONDS, default=0, step=0.001, label="From", group="Part",
        help="Leave out what lies before this moment of the recording. 0 begins at its beginning.",
    ),
    Number(
        "end_seconds", unit="seconds", low=0.001, high=_LATEST_SECONDS, default=None, step=0.001, label="To", group="Part",
        help="Leave out what lies behind this moment of the recording. Empty ends at its end.",
    ),
    Number(
        "resample_hz", unit="Hz", low=4000, high=192_000, default=None, step=1, label="Resample", group="Part",
        advanced=True,
        help="Convert the recording to this rate first: a lower one takes what lies above half of it. Empty leaves it.",
    ),
    Number(
        "pitch_semitones", unit="semitones", low=-MOST_SEMITONES, high=MOST_SEMITONES, default=0, step=0.5,
        label="Pitch", group="Pitch",
        help="Move the recording's pitch up or down before it is converted, vowels kept as they are. 0 leaves it.",
    ),
    Toggle(
        "debug_pitch", default=False, label="Debug pitch", group="Pitch", advanced=True,
        help="Replace the voice by a tone on the pitch that was found, to hear where the pitch tracker errs.",
    ),
    Number(
        "noise_reduction", unit="share", low=0, high=1, default=0, step=0.05, label="Reduce noise", group="Noise",
        help="Take steady noise down: 1 by up to 24 dB, 0.5 by up to 12 dB, 0 not at all. Held notes suffer too.",
    ),
    Number(
        "high_pass_hz", unit="Hz", low=0, high=400, default=0, step=1, label="High-pass", group="Noise",
        help="Remove rumble and hum below this frequency; 80 Hz suits most voices. 0 leaves the recording as it is.",
    ),
    Toggle(
        "crop_silence", default=False, label="Crop silence at the ends", group="Silence",
        help="Remove what is only background before the first and after the last sound, all but 0.15 s.",
    ),
    Number(
        "crop_pauses_seconds", unit="seconds", low=0, high=10, default=0, step=0.05,
        label="Shorten pauses to", group="Silence",
        help="Shorten every longer pause inside the recording to this length, at least 0.1 s. 0 leaves pauses alone.",
    ),
    Number(
        "loudness_lufs", unit="LUFS", low=-40, high=-8, default=None, step=0.5, label="Loudness", group="Level",
        help="Bring the recording to this loudness (-16 suits speech), with no peak above -1 dB. Empty leaves it.",
    ),
)  # fmt: skip

# A stage takes a clip, the settings and a checkpoint; it gives samples (or a clip, where the rate changes) and what
# there is to say of it.
_Done = tuple["numpy.ndarray | Clip", dict[str, Any]]
_Stage = Callable[[Clip, Mapping[str, Any], Checkpoint], _Done]


def prepare(
    clip: Clip, settings: Mapping[str, Any], checkpoint: Checkpoint = unwatched
) -> tuple[Clip, dict[str, Any]]:
    """A clip and its report: 'applied' names the stages in their order, and each has its own entry.

    With everything off the very same clip comes back. Raises InvalidRequest for settings that are not those of
    PREPARE_CONTROLS, and for a clip without samples or with samples that are not numbers.
    """
    chosen = _checked_settings(settings)
    stages = [(name, stage, work) for name, wanted, stage, work in _STAGES if wanted(chosen)]
    report: dict[str, Any] = {"applied": [name for name, _, _ in stages]}
    if not stages:
        return clip, report
    _check_samples(clip)
    whole, finished = sum(work for _, _, work in stages), 0.0
    now = clip
    for name, stage, work in stages:
        inner = part(checkpoint, finished / whole, (finished + work) / whole)
        inner(0.0, name.replace("_", " "))
        made, report[name] = stage(now, chosen, inner)
        now, finished = made if isinstance(made, Clip) else Clip(made, now.sample_rate), finished + work
    checkpoint(1.0, "prepared")
    return now, report


def _cut(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    first, last = cut_frames(chosen, len(clip.samples), clip.sample_rate)
    if first == last:
        start, end = chosen["start_seconds"], chosen["end_seconds"]
        until = "" if end is None else f" and before {end:g} s"
        raise InvalidRequest(
            f"Nothing is left of the recording: it lasts {clip.seconds:.2f} s, and what lies after {start:g} s{until} "
            "was asked for.",
            field="prepare.start_seconds",
            fix="Begin earlier, or end later.",
        )
    told = {"start_seconds": first / clip.sample_rate, "end_seconds": last / clip.sample_rate}
    return clip.samples[first:last], told


def _resample(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    sample_rate = chosen["resample_hz"]
    made = resample(clip, sample_rate, checkpoint)
    if not len(made.samples):
        message = f"The recording is shorter than one sample at {sample_rate} Hz."
        raise InvalidRequest(message, field="prepare.resample_hz", fix="Choose a higher rate, or a longer recording.")
    return made, {"from_hz": clip.sample_rate, "to_hz": sample_rate, "method": "soxr VHQ"}


def _high_pass(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    cutoff_hz = chosen["high_pass_hz"]
    return high_pass(clip.samples, clip.sample_rate, cutoff_hz, checkpoint), {"cutoff_hz": cutoff_hz}


def _noise_reduction(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    strength = chosen["noise_reduction"]
    return reduce_noise(clip.samples, clip.sample_rate, strength, checkpoint), {"strength": strength}


def _crop(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    activity = activity_of(clip.samples, clip.sample_rate, checkpoint)
    pause_seconds = chosen["crop_pauses_seconds"]
    spans = spans_heard(
        activity,
        len(clip.samples),
        clip.sample_rate,
        ends=chosen["crop_silence"],
        longest_pause_seconds=pause_seconds if pause_seconds > 0.0 else None,
    )
    kept = sum(span.end - span.start for span in spans)
    told = {
        "heard": bool(activity.active.any()),
        "removed_seconds": (len(clip.samples) - kept) / clip.sample_rate,
        # Where the sound of the result comes from, for whoever has timings of the recording.
        "kept_seconds": [[span.start / clip.sample_rate, span.end / clip.sample_rate] for span in spans],
    }
    return (clip.samples if kept == len(clip.samples) else keep(clip.samples, clip.sample_rate, spans)), told


def _pitch(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    semitones = chosen["pitch_semitones"]
    return shift_pitch(clip.samples, clip.sample_rate, semitones, checkpoint), {"semitones": semitones}


def _pitch_tone(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    tone = pitch_tone(clip.samples, clip.sample_rate, checkpoint=checkpoint)
    return tone, {"method": "harvest", "heard": bool(tone.any())}


def _loudness(clip: Clip, chosen: Mapping[str, Any], checkpoint: Checkpoint) -> _Done:
    target_lufs = chosen["loudness_lufs"]
    levelled = bring_to_loudness(clip.samples, clip.sample_rate, target_lufs, checkpoint=checkpoint)
    return levelled.samples, {
        "target_lufs": target_lufs,
        "reached_lufs": levelled.lufs,
        "ceiling_dbtp": CEILING_DBTP,
        "gain_db": levelled.gain_db,
        "limited_db": levelled.limited_db,
    }


# In the order in which they are done: name, whether it is wanted, the stage, and its work per second of audio.
_STAGES: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], _Stage, float], ...] = (
    ("cut", lambda chosen: chosen["start_seconds"] > 0 or chosen["end_seconds"] is not None, _cut, 0.0001),
    ("resample", lambda chosen: chosen["resample_hz"] is not None, _resample, 0.005),
    ("high_pass", lambda chosen: chosen["high_pass_hz"] > 0, _high_pass, 0.005),
    ("noise_reduction", lambda chosen: chosen["noise_reduction"] > 0.0, _noise_reduction, 0.02),
    ("crop", lambda chosen: chosen["crop_silence"] or chosen["crop_pauses_seconds"] > 0.0, _crop, 0.003),
    ("pitch", lambda chosen: chosen["pitch_semitones"] != 0.0, _pitch, 0.25),
    ("pitch_tone", lambda chosen: chosen["debug_pitch"], _pitch_tone, 0.2),
    ("loudness", lambda chosen: chosen["loudness_lufs"] is not None, _loudness, 0.03),
)


def _checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    problems = check_settings(PREPARE_CONTROLS, settings, "prepare")
    if problems:
        raise InvalidRequest("The recording cannot be prepared like this.", problems=problems)
    return with_defaults(PREPARE_CONTROLS, settings)


def _check_samples(clip: Clip) -> None:
    if not len(clip.samples):
        raise InvalidRequest("The recording holds no sound: its length is zero.", field="clip", fix="Choose another.")
    if not finite(clip.samples):
        raise InvalidRequest(
            "The recording holds samples that are not numbers (NaN or infinite).",
            field="clip",
            fix="Export the recording again, as PCM.",
        )
