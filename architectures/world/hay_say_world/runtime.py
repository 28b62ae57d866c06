"""`world` in the worker: the only file here that knows voices and their files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from hay_say_lab.plugin import Clip, Context, InvalidRequest, LabError, Result, Runtime, VoiceFiles
from hay_say_world.arrays import Floats
from hay_say_world.conversion import decide, report
from hay_say_world.journal import Journal
from hay_say_world.level import all_finite, hold_peaks, level_exponent, match, scale
from hay_say_world.manifest import HIGHEST_RATE, LOWEST_RATE, SHORTEST_SECONDS
from hay_say_world.profile import Profile, load, save
from hay_say_world.reference import portray
from hay_say_world.rendering import RENDER_WORK, render
from hay_say_world.settings import Settings
from hay_say_world.shelf import SurveyShelf
from hay_say_world.survey import Survey, survey, survey_pieces, survey_work

_CONTROLS_ONLY = "controls"
LEVEL_WORK = 0.001      # seconds per second of audio, in the unit of the journal


class WorldRuntime(Runtime):
    """Voices by id (None: controls only), and the surveys of the last clips."""

    def __init__(self) -> None:
        self._profiles: dict[str, Profile | None] = {}
        self._shelf = SurveyShelf()

    def load(self, voice: VoiceFiles) -> None:
        """Read a voice's profile; the built-in voice has none."""
        if voice.slug == _CONTROLS_ONLY and not voice.files:
            self._profiles[voice.id] = None
            return
        if "profile" not in voice.files:
            raise InvalidRequest(
                f"The voice '{voice.id}' has no profile.",
                field="voice",
                fix="Make the voice again from its reference recording, with 'hay-say voices add'.",
            )
        self._profiles[voice.id] = load(voice.files["profile"])

    def unload(self, voice_id: str) -> None:
        self._profiles.pop(voice_id, None)

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """Clip -> clip of the same rate and number of samples, and a 'report' of what was taken."""
        if voice not in self._profiles:
            raise LabError(f"The voice '{voice}' is not loaded.")
        samples = _checked(clip, "clip")
        profile, chosen = self._profiles[voice], Settings.from_mapping(settings)
        work = survey_work(clip.seconds, chosen.search) + (RENDER_WORK + LEVEL_WORK) * clip.seconds
        journal = Journal(context, work)
        exponent = level_exponent(samples)
        level = samples
        if exponent:
            level = context.samples(len(samples))
            level[:] = samples
            scale(level, exponent)
        heard = self._survey(level, clip.sample_rate, chosen, journal)
        decision = decide(heard, profile, chosen)
        sound = render(level, heard, decision.plan, journal)
        scale(sound, -exponent)
        match(sound, samples)
        journal.advance(LEVEL_WORK * clip.seconds, "setting the level")
        peak_gain = hold_peaks(sound, clip.sample_rate)
        return Result(
            clip=Clip(sound, clip.sample_rate),
            documents={"report": report(decision, profile, peak_gain)},
        )

    def fit(self, reference: Clip, context: Context) -> Result:
        """Reference recording -> 'profile', and a 'report' with what was found and what could be better."""
        portrayed = portray(_checked(reference, "reference"), reference.sample_rate, context)
        path = context.out / "profile.safetensors"
        save(portrayed.profile, path)
        return Result(files={"profile": path}, documents={"report": portrayed.report})

    def fingerprint(self) -> dict[str, str]:
        return {name: version(name) for name in ("pyworld-prebuilt", "numpy", "scipy")}

    def _survey(self, samples: Floats, sample_rate: int, settings: Settings, journal: Journal) -> Survey:
        """A survey from the shelf or a new one. Its pieces count either way: a retry may find no shelf."""
        key = self._shelf.key(samples, sample_rate, settings.search)
        heard = self._shelf.get(key)
        if heard is None:
            heard = survey(samples, sample_rate, settings.search, journal)
            self._shelf.put(key, heard)
        else:
            work = survey_work(len(samples) / sample_rate, settings.search)
            journal.skip(survey_pieces(heard.frames), work)
        return heard


def _checked(clip: Clip, field: str) -> Floats:
    """The samples (N,) as float32; raises InvalidRequest where they are none that WORLD can be given."""
    samples = np.asarray(clip.samples)
    if samples.ndim != 1 or not len(samples) or not np.issubdtype(samples.dtype, np.floating):
        raise InvalidRequest("The recording holds no mono samples.", field=field, fix="Choose another file.")
    if not all_finite(samples):
        raise InvalidRequest(
            "The recording holds samples that are not numbers (NaN or infinite).",
            field=field,
            fix="Export the recording again, as PCM.",
        )
    if not LOWEST_RATE <= clip.sample_rate <= HIGHEST_RATE:
        raise InvalidRequest(
            f"The recording has {clip.sample_rate} samples a second; "
            f"{LOWEST_RATE} to {HIGHEST_RATE} are taken.",
            field=field,
            fix="Resample the recording.",
        )
    if clip.seconds < SHORTEST_SECONDS:
        raise InvalidRequest(
            f"The recording is too short: {clip.seconds:.3f} s; at least {SHORTEST_SECONDS:g} s are needed.",
            field=field,
            fix="Choose a longer recording.",
        )
    return np.ascontiguousarray(samples, dtype=np.float32)
