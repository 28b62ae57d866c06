"""Converting a clip: its length, its repeatability, and that every control does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import resample

from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import Clip, InvalidRequest, LabError, Result, VoiceFiles
from hay_say_world.classes import classify
from hay_say_world.level import rms
from hay_say_world.manifest import CONTROLS
from hay_say_world.pitch import PitchHabit, habit_of
from hay_say_world.runtime import WorldRuntime
from hay_say_world.survey import Survey

Speaker = Callable[[str], Clip]
Convert = Callable[..., Result]
Hear = Callable[[Clip], Survey]


def habit(heard: Survey) -> PitchHabit:
    found = habit_of(heard.f0_hz[classify(heard.loudness, heard.f0_hz).voiced & heard.pitched])
    assert found is not None
    return found


def made(result: Result) -> Clip:
    assert result.clip is not None
    return result.clip


def part(clip: Clip, seconds: float) -> Clip:
    return Clip(clip.samples[: int(seconds * clip.sample_rate)], clip.sample_rate)


def at_rate(clip: Clip, sample_rate: int) -> Clip:
    count = round(len(clip.samples) * sample_rate / clip.sample_rate)
    return Clip(resample(clip.samples, count).astype(np.float32), sample_rate)


# ------------------------------------------------------------------------------------------ length and level


@pytest.mark.parametrize(
    ("sample_rate", "count"),
    [
        (16_000, 1600),         # the shortest
        (16_000, 16_001),
        (22_050, 22_049),
        (22_050, 7_777),
        (44_100, 44_321),
        (48_000, 23_999),
        (37_117, 20_011),       # a rate and a length that nothing divides
    ],
)  # fmt: skip
@pytest.mark.parametrize("voice", ["controls", "woman"])
def test_the_result_has_exactly_as_many_samples_as_the_clip(
    sample_rate: int, count: int, voice: str, short: Speaker, convert: Convert
) -> None:
    clip = at_rate(short("man"), sample_rate)
    result = made(convert(voice, Clip(clip.samples[:count], sample_rate), f0_method="dio"))
    assert (len(result.samples), result.sample_rate) == (count, sample_rate)
    assert result.samples.dtype == np.float32
    assert np.isfinite(result.samples).all()
    assert np.abs(result.samples).max() <= 0.95


def test_loudness_is_kept_and_half_the_level_gives_half_the_result(short: Speaker, convert: Convert) -> None:
    clip = short("man")
    result = made(convert("woman", clip, f0_method="dio"))
    half = made(convert("woman", Clip(clip.samples / 2, clip.sample_rate), f0_method="dio"))
    assert rms(result.samples) == pytest.approx(rms(clip.samples), rel=0.01)
    assert np.array_equal(half.samples, result.samples / 2)


def test_silence_stays_silence(convert: Convert) -> None:
    result = convert("woman", Clip(np.zeros(16_000, np.float32), 16_000))
    assert np.abs(made(result).samples).max() < 1e-5      # -100 dB: WORLD puts noise where nothing is
    assert result.documents["report"]["source_median_f0_hz"] is None


def test_a_whisper_is_converted_without_a_pitch(convert: Convert) -> None:
    noise = np.random.default_rng(2).standard_normal(32_000) * (1 + np.sin(np.arange(32_000) / 2000))
    result = convert("woman", Clip((0.05 * noise).astype(np.float32), 16_000), f0_method="dio")
    assert rms(made(result).samples) == pytest.approx(rms((0.05 * noise).astype(np.float32)), rel=0.05)


# ---------------------------------------------------------------------------------------------- controls


def test_pitch_moves_by_semitones(short: Speaker, convert: Convert, hear: Hear) -> None:
    clip = short("man")
    before = hear(clip).f0_hz
    for semitones in (-5.0, 12.0):
        after = hear(made(convert("controls", clip, pitch_semitones=semitones))).f0_hz
        both = (before > 0) & (after > 0)
        assert np.median(12 * np.log2(after[both] / before[both])) == pytest.approx(semitones, abs=0.1)


def test_pitch_range_narrows_and_widens_the_melody(short: Speaker, convert: Convert, hear: Hear) -> None:
    clip = short("woman")
    flat, plain, lively = (
        habit(hear(made(convert("controls", clip, pitch_range=span)))).spread for span in (0.0, 1.0, 2.0)
    )
    assert flat < 0.25 * plain
    assert lively > 1.5 * plain


def test_fitting_the_pitch_acts_with_a_reference_only(short: Speaker, convert: Convert, hear: Hear) -> None:
    clip = short("man")
    own = habit(hear(clip)).log_median
    fit, unfit = (habit(hear(made(convert("woman", clip, fit_pitch=on)))).log_median for on in (True, False))
    assert fit > own + 0.5              # from 98 Hz to 220 Hz
    assert unfit == pytest.approx(own, abs=0.05)
    bare = [made(convert("controls", clip, fit_pitch=on)).samples for on in (True, False)]
    assert np.array_equal(*bare)


def test_formants_move_by_hand_and_by_themselves(short: Speaker, convert: Convert) -> None:
    clip = short("man")

    def applied(voice: str, **settings: Any) -> tuple[float, float | None]:
        report = convert(voice, clip, f0_method="dio", **settings).documents["report"]
        return report["formant_shift_applied"], report["formant_shift_measured"]

    assert applied("controls") == (1.0, None)
    assert applied("controls", formant_shift=0.8) == (0.8, None)
    alone, measured = applied("woman")
    assert measured is not None
    assert measured > 1.03              # a woman's tract is shorter
    assert alone == pytest.approx(np.sqrt(measured), abs=1e-3)
    assert applied("woman", formant_shift=1.0) == (1.0, measured)


def test_breath_moves_the_share_of_noise_in_voiced_sounds(
    short: Speaker, convert: Convert, hear: Hear
) -> None:
    clip = short("woman")

    def breath(amount: float) -> float:
        heard = hear(made(convert("controls", clip, breath=amount)))
        voiced = classify(heard.loudness, heard.f0_hz).voiced & ~heard.aperiodicity.all_breath
        return float(heard.aperiodicity.levels_db[voiced].mean())

    clean, plain, breathy = (breath(amount) for amount in (-1.0, 0.0, 1.0))
    assert clean < plain - 2.0
    assert breathy > plain + 2.0


def test_the_noise_guard_leaves_pauses_alone(short: Speaker, convert: Convert) -> None:
    # given speech with a quiet hiss in its pauses
    clip = short("man")
    hiss = 10 ** (-50 / 20) * np.random.default_rng(4).standard_normal(len(clip.samples) + clip.sample_rate)
    hiss[: len(clip.samples)] += clip.samples
    noisy = Clip(hiss.astype(np.float32), clip.sample_rate)
    guarded, open_ = (made(convert("machine", noisy, noise_guard=on)).samples for on in (True, False))
    # then in the pause at the end the guarded result has the hiss's own spectrum, the other one does not
    end = slice(len(clip.samples) + 4000, None)

    def colour(samples: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.rfft(samples[end])) ** 2
        return np.log([band.mean() for band in np.array_split(power, 8)])

    def distance(samples: np.ndarray) -> float:
        shift = colour(samples) - colour(noisy.samples)
        return float(np.std(shift))

    assert distance(guarded) < 0.5 * distance(open_)


def test_the_pitch_search_obeys_its_bounds_and_its_method(short: Speaker, convert: Convert) -> None:
    clip = short("man")

    def median(**settings: Any) -> float:
        return float(convert("controls", clip, **settings).documents["report"]["source_median_f0_hz"])

    plain = median()
    assert 90 < plain < 110
    assert median(f0_floor_hz=118.0) > 110      # its own pitch is too low
    results = [made(convert("controls", clip, f0_method=method)).samples for method in ("harvest", "dio")]
    assert not np.array_equal(*results)
    high = made(convert("controls", clip, pitch_semitones=24.0))        # about 400 Hz
    low_ceiling, high_ceiling = (
        convert("controls", high, f0_ceiling_hz=ceiling).documents["report"]["source_median_f0_hz"]
        for ceiling in (300.0, 800.0)
    )
    assert high_ceiling == pytest.approx(4 * plain, rel=0.1)
    assert low_ceiling is None or low_ceiling < 320


def test_every_control_has_a_test_here() -> None:
    text = Path(__file__).read_text() + Path(__file__).with_name("test_speakers.py").read_text()
    for control in CONTROLS:
        assert f"{control.name}=" in text, control.name


# ----------------------------------------------------------------------------- repeatability and interruption


CONVERT_IN_A_PROCESS = """
import hashlib, sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.plugin import Clip, VoiceFiles
from hay_say_world.manifest import CONTROLS
from hay_say_world.runtime import WorldRuntime

profile, clip, rate, seed = sys.argv[1:]
np.random.seed(int(seed))
runtime = WorldRuntime()
runtime.load(VoiceFiles("world:woman", {"profile": Path(profile)}))
context = SimpleNamespace(
    checkpoint=lambda *a: None, kept=lambda piece: None, keep=lambda piece, arrays: None, seed=int(seed),
    samples=lambda count: np.zeros(count, np.float32),
)
clip = Clip(np.load(clip), int(rate))
for _ in range(2):
    result = runtime.convert("world:woman", clip, with_defaults(CONTROLS, {}), context)
    print(hashlib.sha256(result.clip.samples.tobytes()).hexdigest())
"""


def test_the_same_request_gives_the_same_samples_again_and_in_every_process(
    source: Speaker, fitted: Callable[[str], Path], tmp_path: Path
) -> None:
    # given processes with as many threads each, as workers have (with more, sums are added in another order)
    clip = part(source("man"), 3.0)
    np.save(tmp_path / "clip.npy", clip.samples)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    said: list[str] = []
    for seed in ("1", "2"):
        arguments = [str(fitted("woman")), str(tmp_path / "clip.npy"), str(clip.sample_rate), seed]
        command = [sys.executable, "-c", CONVERT_IN_A_PROCESS, *arguments]
        run = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=120
        )
        said += run.stdout.split()
    assert len(said) == 4
    assert len(set(said)) == 1


def test_a_result_does_not_depend_on_what_was_converted_before(
    short: Speaker, fitted: Callable[[str], Path], stage: Callable[..., Any]
) -> None:
    # given a worker that has converted this clip with other settings, and others in between
    warm, cold = WorldRuntime(), WorldRuntime()
    for runtime in (warm, cold):
        runtime.load(VoiceFiles("world:woman", {"profile": fitted("woman")}))
    settings = with_defaults(CONTROLS, {"f0_method": "dio"})
    for speaker, likeness in (("man", 0.2), ("machine", 1.0), ("man", 0.7)):
        warm.convert("world:woman", short(speaker), {**settings, "likeness": likeness}, stage())
    # when it converts the clip again, then it gives what a fresh worker gives
    one, other = (runtime.convert("world:woman", short("man"), settings, stage()) for runtime in (warm, cold))
    assert np.array_equal(made(one).samples, made(other).samples)


@pytest.mark.parametrize("warm", [False, True], ids=["fresh worker", "warm worker"])
def test_a_retry_behind_kept_pieces_gives_the_undisturbed_result(
    warm: bool, source: Speaker, fitted: Callable[[str], Path], stage: Callable[..., Any]
) -> None:
    # given a clip of several pieces and its undisturbed result
    long = part(Clip(np.tile(source("man").samples, 2), source("man").sample_rate), 15.5)
    settings = with_defaults(CONTROLS, {"f0_method": "dio"})

    def worker() -> WorldRuntime:
        runtime = WorldRuntime()
        runtime.load(VoiceFiles("world:woman", {"profile": fitted("woman")}))
        return runtime

    undisturbed = made(worker().convert("world:woman", long, settings, stage())).samples
    # when the stage is stopped again and again, each time a little later, and tried again in the same folder
    first, folder, stops = worker(), stage().out, 0
    if warm:
        first.convert("world:woman", long, settings, stage())       # its survey lies on the shelf
    again = None
    while again is None:
        attempt = stage(folder, stop_at=2 * (stops + 1))
        try:
            runtime = first if warm and stops < 2 else worker()
            again = made(runtime.convert("world:woman", long, settings, attempt))
        except attempt.stopped:
            stops += 1
    assert stops >= 2
    assert list(folder.glob("piece-*"))
    # then the result is the same, sample for sample
    assert np.array_equal(again.samples, undisturbed)


def test_progress_rises_to_one_and_is_told_often(
    source: Speaker, fitted: Callable[[str], Path], stage: Callable[..., Any]
) -> None:
    runtime, context = WorldRuntime(), stage()
    runtime.load(VoiceFiles("world:woman", {"profile": fitted("woman")}))
    clip = Clip(np.tile(source("man").samples, 2), source("man").sample_rate)
    runtime.convert("world:woman", clip, with_defaults(CONTROLS, {"f0_method": "dio"}), context)
    fractions = [fraction for fraction, _ in context.checkpoints]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0, abs=0.02)
    assert len(fractions) >= 3 * clip.seconds / 8
    assert all(message for _, message in context.checkpoints)


# ------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.full(16_000, np.nan, np.float32), 16_000, "not numbers"),
        (np.full(16_000, np.inf, np.float32), 16_000, "not numbers"),
        (np.zeros((100, 2), np.float32), 16_000, "no mono samples"),
        (np.zeros(0, np.float32), 16_000, "no mono samples"),
        (np.zeros(1600, np.int16), 16_000, "no mono samples"),
        (np.zeros(1600, np.float32), 8_000, "8000 samples a second"),
        (np.zeros(159, np.float32), 16_000, "too short"),
    ],
)
def test_a_clip_that_world_cannot_be_given_is_refused(
    samples: np.ndarray, rate: int, reason: str, convert: Convert
) -> None:
    with pytest.raises(InvalidRequest, match=reason) as caught:
        convert("controls", Clip(samples, rate))
    assert caught.value.problems[0].field == "clip"


def test_a_voice_must_be_loaded_and_can_be_let_go(short: Speaker, stage: Callable[..., Any]) -> None:
    runtime = WorldRuntime()
    runtime.load(VoiceFiles("world:controls"))
    runtime.unload("world:controls")
    runtime.unload("world:controls")
    with pytest.raises(LabError, match="not loaded"):
        runtime.convert("world:controls", short("man"), with_defaults(CONTROLS, {}), stage())
    with pytest.raises(InvalidRequest, match="has no profile"):
        runtime.load(VoiceFiles("world:someone"))


def test_the_fingerprint_names_every_library_that_shapes_samples() -> None:
    assert set(WorldRuntime().fingerprint()) == {"pyworld-prebuilt", "numpy", "scipy"}
