"""What is done to a sound once it is spoken: less metal, in tune, faster or slower, effects, fades, loudness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hay_say_lab.audio.auto_tune import KEYS, SCALES, tune_to_contour, tune_to_key
from hay_say_lab.audio.effects import apply_chain, check_effects
from hay_say_lab.audio.f0 import f0_contour
from hay_say_lab.audio.fades import fade
from hay_say_lab.audio.level import gain_of, hold_peaks
from hay_say_lab.audio.loudness import CEILING_DBTP, bring_to_loudness
from hay_say_lab.audio.metallic import reduce_metallic
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.time_stretch import FASTEST, SLOWEST, time_stretch
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import Choice, Control, Number, check_settings, with_defaults
from hay_say_lab.errors import InvalidRequest

OFF, SOURCE = "off", "source"
BEFORE_EFFECTS = frozenset(          # settings of what is done before the effects; the others are done behind them
    ("metallic", "auto_tune_key", "auto_tune_scale", "auto_tune_strength", "speed")
)
_GROUP = "Finish"

FINISH_CONTROLS: tuple[Control, ...] = (
    Number(
        "metallic", "share", 0.0, 1.0, 0.0, 0.05, group=_GROUP, label="Reduce metallic sound",
        help="Bring breath back between the harmonics of vocoded speech: 0 is off, 1 as much as a voice has.",
    ),
    Choice(
        "auto_tune_key", (OFF, SOURCE, *KEYS), OFF, group=_GROUP, label="Auto-tune",
        help="Draw the melody to the notes of this key, or to the melody of the source recording.",
    ),
    Choice("auto_tune_scale", tuple(SCALES), "major", group=_GROUP, help="Which notes the key has."),
    Number(
        "auto_tune_strength", "share", 0.0, 1.0, 1.0, 0.05, group=_GROUP,
        help="How much of the way to the note: 1 is exact and sounds like it.",
    ),
    Number(
        "speed", "times", SLOWEST, FASTEST, 1.0, 0.01, group=_GROUP, help="Faster (above 1) or slower, at the same pitch."
    ),
    Number(
        "loudness_lufs", "LUFS", -50.0, -5.0, None, 0.5, group=_GROUP, label="Loudness",
        help="Bring the whole to this loudness; empty leaves it. -16 suits podcasts, -23 broadcasting.",
    ),
    Number(
        "true_peak_db", "dBTP", -20.0, 0.0, None, 0.1, group=_GROUP, label="True-peak ceiling", advanced=True,
        help=f"No peak passes this; empty is {CEILING_DBTP:g} with a loudness target, and no ceiling without.",
    ),
    Number("fade_in_seconds", "s", 0.0, 30.0, 0.0, 0.05, group=_GROUP, label="Fade in", help="Come out of silence."),
    Number("fade_out_seconds", "s", 0.0, 30.0, 0.0, 0.05, group=_GROUP, label="Fade out", help="Go into silence."),
)  # fmt: skip

# The share of the whole that each step is told to be; pitch tracking is most of it.
_STEPS = {"metallic": 0.4, "auto_tune": 0.3, "speed": 0.08, "effects": 0.15, "fades": 0.01, "loudness": 0.06}


@dataclass(frozen=True, slots=True)
class _Finisher:
    """One clip's way through all steps; `settings` are complete and checked."""

    settings: Mapping[str, Any]
    effects: Sequence[Mapping[str, Any]]
    seed: int
    source: Clip | None
    first_effect: int

    def metallic(self, clip: Clip, checkpoint: Checkpoint) -> tuple[Clip, dict[str, Any]]:
        strength = self.settings["metallic"]
        samples = reduce_metallic(clip.samples, clip.sample_rate, strength, self.seed, checkpoint)
        return _kept(clip, samples), {"strength": strength, "changed": samples is not clip.samples}

    def auto_tune(self, clip: Clip, checkpoint: Checkpoint) -> tuple[Clip, dict[str, Any]]:
        key, strength = self.settings["auto_tune_key"], self.settings["auto_tune_strength"]
        if key == SOURCE:
            if self.source is None:
                raise InvalidRequest(
                    "There is no source recording whose melody could be followed.",
                    field="finish.auto_tune_key",
                    fix="Choose a key, or switch auto-tune off.",
                )
            contour = f0_contour(
                self.source.samples, self.source.sample_rate, checkpoint=part(checkpoint, 0.0, 0.4)
            ).f0_hz
            samples = tune_to_contour(
                clip.samples, clip.sample_rate, contour, strength, part(checkpoint, 0.4, 1.0)
            )
            did: dict[str, Any] = {"to": SOURCE, "strength": strength}
        else:
            scale = self.settings["auto_tune_scale"]
            samples = tune_to_key(clip.samples, clip.sample_rate, key, scale, strength, checkpoint)
            did = {"to": key, "scale": scale, "strength": strength}
        return _kept(clip, samples), did | {"changed": samples is not clip.samples}

    def speed(self, clip: Clip, checkpoint: Checkpoint) -> tuple[Clip, dict[str, Any]]:
        samples = time_stretch(clip.samples, clip.sample_rate, self.settings["speed"], checkpoint)
        return _kept(clip, samples), {"speed": self.settings["speed"]}

    def apply_effects(self, clip: Clip, checkpoint: Checkpoint) -> tuple[Clip, dict[str, Any]]:
        done = apply_chain(clip, self.effects, self.seed, checkpoint, self.first_effect)
        names = [link["effect"] for link in self.effects]
        return done, {"chain": names, "added_seconds": done.seconds - clip.seconds}

    def fades(self, clip: Clip, checkpoint: Checkpoint) -> tuple[Clip, dict[str, Any]]:
        rising, falling = self.settings["fade_in_seconds"], self.settings["fade_out_seconds"]
        return _kept(clip, fade(clip.samples, clip.sample_rate, rising, falling)), {"in": rising, "out": falling}

    def loudness(self, clip: Clip, checkpoint: Checkpoint) -> tuple[Clip, dict[str, Any]]:
        """After the fades, so that the loudness is that of what is heard."""
        target, ceiling = self.settings["loudness_lufs"], self.settings["true_peak_db"]
        checkpoint(0.0, "measuring the loudness")
        if target is None:
            samples, lowest = hold_peaks(clip.samples, clip.sample_rate, gain_of(ceiling), checkpoint)
            return (_kept(clip, samples) if lowest < 1.0 else clip), {"ceiling_dbtp": ceiling, "lowest_gain": lowest}
        ceiling = CEILING_DBTP if ceiling is None else ceiling
        levelled = bring_to_loudness(clip.samples, clip.sample_rate, target, ceiling, checkpoint)
        return _kept(clip, levelled.samples), {
            "target_lufs": target,
            "ceiling_dbtp": ceiling,
            "lufs": levelled.lufs,
            "gain_db": levelled.gain_db,
            "limited_db": levelled.limited_db,
        }


def finish(
    clip: Clip,
    settings: Mapping[str, Any],
    effects: Sequence[Mapping[str, Any]],
    seed: int,
    checkpoint: Checkpoint = unwatched,
    source: Clip | None = None,
    first_effect: int = 0,
) -> tuple[Clip, dict[str, Any]]:
    """(finished clip, report). What is off is not run: with everything off the same clip comes back.

    `settings` may leave controls out (their defaults are off); `source` is the recording that 'source' auto-tune
    follows; `first_effect` is the place in the whole chain of the first one here. The report has an entry for every step that ran. Raises InvalidRequest with all problems at once.
    """
    problems = [*check_settings(FINISH_CONTROLS, settings, "finish"), *check_effects(effects, "effects")]
    if problems:
        raise InvalidRequest("The sound cannot be finished as asked for.", problems=problems)
    finisher = _Finisher(with_defaults(FINISH_CONTROLS, settings), effects, seed, source, first_effect)
    wanted = _wanted(finisher)
    if not len(clip.samples):
        return clip, {}
    steps = {
        "metallic": finisher.metallic,
        "auto_tune": finisher.auto_tune,
        "speed": finisher.speed,
        "effects": finisher.apply_effects,
        "fades": finisher.fades,
        "loudness": finisher.loudness,
    }
    whole = sum(_STEPS[name] for name in wanted)
    report: dict[str, Any] = {}
    begun = 0.0
    for name in wanted:
        ended = begun + _STEPS[name] / whole
        clip, report[name] = steps[name](clip, part(checkpoint, begun, ended))
        begun = ended
    return clip, report


def _wanted(finisher: _Finisher) -> list[str]:
    """The steps that are not off, in their order."""
    settings = finisher.settings
    on = {
        "metallic": settings["metallic"] > 0.0,
        "auto_tune": settings["auto_tune_key"] != OFF and settings["auto_tune_strength"] > 0.0,
        "speed": settings["speed"] != 1.0,
        "effects": len(finisher.effects) > 0,
        "fades": settings["fade_in_seconds"] > 0.0 or settings["fade_out_seconds"] > 0.0,
        "loudness": settings["loudness_lufs"] is not None or settings["true_peak_db"] is not None,
    }
    return [name for name in _STEPS if on[name]]


def _kept(clip: Clip, samples: Any) -> Clip:
    """The same clip where its samples are the same array."""
    return clip if samples is clip.samples else Clip(samples, clip.sample_rate)
