"""A conversion from end to end, with a voice of a few kilobytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import small
import torch

from hay_say_lab.plugin import InvalidRequest
from hay_say_lab.worker.context import Stopped
from hay_say_rvc import chunks, conversion, noise, rendering, source
from hay_say_rvc.conversion import Conversion
from hay_say_rvc.settings import Settings
from hay_say_rvc.source import Shelf, heard
from hay_say_rvc.voice import Listeners, Voice
from hay_say_shared.faiss_file import VectorIndex
from tests.worker.stage import Stage

LISTENERS = small.listeners()
VOICE = small.voice()
PLAIN = {"f0_method": "autocorrelation", "index_ratio": 0.0}


def index() -> VectorIndex:
    vectors = numpy.random.default_rng(8).standard_normal((40, small.FEATURES)).astype(numpy.float32)
    return VectorIndex(vectors.mean(axis=0)[None], vectors, numpy.arange(40), numpy.array([0, 40]), 1)


def convert(
    folder: Path, sound: numpy.ndarray, *, rate: int = 16_000, voice: Voice = VOICE, seed: int = 7, shelf: Shelf | None = None,
    listeners: Listeners = LISTENERS, stage: Stage | None = None, **settings: Any,
) -> numpy.ndarray:  # fmt: skip
    stage = stage or new_stage(folder, seed=seed)
    chosen = Settings.from_mapping(PLAIN | settings)
    clip = heard(sound, rate, stage.samples)
    return Conversion(clip, voice, listeners, chosen, shelf or Shelf(), len(sound), rate).perform(stage).copy()


def new_stage(folder: Path, **options: Any) -> Stage:
    """A stage that finds nothing kept."""
    folder = folder / str(len(list(folder.iterdir())))
    folder.mkdir()
    return Stage(folder, **options)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("samples", [1600, 4801, 9177])
def test_the_result_is_exactly_as_long_as_the_clip(tmp_path: Path, rate: int, samples: int) -> None:
    made = convert(tmp_path, small.sung(samples / rate, rate), rate=rate)
    assert len(made) == round(samples * small.SAMPLE_RATE / rate)
    assert numpy.isfinite(made).all()
    assert 0.001 < numpy.abs(made).max() <= 0.99


def test_a_voice_without_pitch_converts_too(tmp_path: Path) -> None:
    made = convert(tmp_path, small.sung(0.8), voice=small.voice(has_pitch=False))
    assert len(made) == round(0.8 * small.SAMPLE_RATE)
    assert made.std() > 0.001


def test_the_same_seed_gives_the_same_samples_and_another_one_others(tmp_path: Path) -> None:
    sound = small.sung(0.8)
    first, again, other = (convert(tmp_path, sound, seed=seed) for seed in (3, 3, 4))
    assert numpy.array_equal(first, again)
    assert not numpy.allclose(first, other, atol=1e-3)


def test_without_variation_only_the_breath_of_the_source_differs_from_seed_to_seed(tmp_path: Path) -> None:
    sound = small.sung(0.8)
    still = [convert(tmp_path, sound, seed=seed, variation=0.0) for seed in (3, 4)]
    lively = [convert(tmp_path, sound, seed=seed) for seed in (3, 4)]
    assert numpy.abs(still[0] - still[1]).mean() < 0.7 * numpy.abs(lively[0] - lively[1]).mean()


def test_noise_belongs_to_its_frames_however_they_are_cut() -> None:
    whole = noise.noise(5, "latent", 0, 3 * noise.SPAN, 4)
    assert torch.equal(noise.noise(5, "latent", 470, 1170, 4), whole[470:1170])
    assert not torch.equal(noise.noise(5, "source", 0, 10, 4), whole[:10])
    assert abs(float(whole.std()) - 1) < 0.05


def test_clips_in_one_batch_sound_as_each_of_them_alone() -> None:
    """Of several lengths: what lies behind the end of a shorter one changes nothing in it."""
    network, lengths = VOICE.network, [23, 40, 31]
    drawn = torch.Generator().manual_seed(6)
    features = torch.randn(3, 40, small.FEATURES, generator=drawn)
    steps = torch.randint(1, 256, (3, 40), generator=drawn)
    noises = torch.randn(3, 8, 40, generator=drawn)
    condition = network.speaker(torch.tensor([0, 1, 2]))

    prior = network.enc_p(features, steps, torch.tensor(lengths))
    together = network.latent(prior, noises, condition)

    for row, length in enumerate(lengths):
        one = slice(row, row + 1)
        alone = network.enc_p(features[one, :length], steps[one, :length], torch.tensor([length]))
        z = network.latent(alone, noises[one, :, :length], condition[one])
        torch.testing.assert_close(together[one, :, :length], z, atol=1e-5, rtol=1e-4)
        sound = network.dec(z, None, condition[one])
        torch.testing.assert_close(
            network.dec(together[one, :, :length], None, condition[one]), sound, atol=1e-4, rtol=1e-4
        )


# Each control against its default: what a person moves is heard.
MOVED: dict[str, dict[str, Any]] = {
    "pitch_semitones": {"pitch_semitones": 5},
    "f0_method": {"f0_method": "harvest"},
    "filter_radius": {"f0_method": "harvest", "filter_radius": 0},
    "unvoiced": {"unvoiced": "fill"},
    "f0_curve": {"f0_curve": "0.2:300; 0.5:300"},
    "index_ratio": {"index_ratio": 1.0},
    "protect": {"protect": 0.0},
    "envelope_mix": {"envelope_mix": 1.0},
    "formant_semitones": {"formant_semitones": 3},
    "speaker": {"speaker": 2},
    "variation": {"variation": 0.2},
    "precision": {"precision": "fast"},
}


@pytest.mark.parametrize("name", MOVED)
def test_no_control_does_nothing(tmp_path: Path, name: str) -> None:
    drawn = {"index_ratio": 0.5, "protect": 0.33}
    voice, sound = small.voice(index=index()), small.sung(0.6)
    against = drawn | ({"f0_method": "harvest"} if name == "filter_radius" else {})
    before = convert(tmp_path, sound, voice=voice, **against)
    after = convert(tmp_path, sound, voice=voice, **drawn | MOVED[name])
    assert len(before) == len(after)
    assert not numpy.array_equal(before, after)


def test_the_fast_way_sounds_as_the_exact_one_to_forty_decibels(tmp_path: Path) -> None:
    exact, fast = (convert(tmp_path, small.sung(1.0), precision=way) for way in ("exact", "fast"))
    assert 10 * numpy.log10((exact**2).sum() / ((fast - exact) ** 2).sum()) > 35     # of a small voice; see docs/benchmarks.md


def test_a_formant_shift_leaves_the_pitch_where_it_is(tmp_path: Path) -> None:
    """The source alone is heard: a network that passes it on. Its strongest frequency stays."""
    sound = small.sung(1.2)
    latents = []
    clip = heard(sound, 16_000, new_stage(tmp_path).samples)
    renderer = VOICE.exact
    f0_hz = numpy.full(clip.frames + 2 * chunks.CONTEXT, 200.0)
    features = numpy.zeros((clip.frames + 2 * chunks.CONTEXT, small.FEATURES), numpy.float32)
    for semitones in (0.0, 4.0):
        manner = rendering.Manner(1, 0, 0.0, semitones)
        latents.append(renderer.latent(clip.chunks[0], 0, clip.frames, features, f0_hz, manner))
    plain, shifted = latents
    assert shifted.z.shape[2] == round(plain.z.shape[2] * 2 ** (4 / 12))
    assert plain.excitation is not None
    assert shifted.excitation is not None
    played = renderer.played(shifted, shifted.excitation[0, 0].numpy(), 100, 100 + clip.frames)
    played = played - played.mean()
    heard_at = numpy.abs(numpy.fft.rfft(played * numpy.hanning(len(played)))).argmax() * small.SAMPLE_RATE / len(played)
    assert heard_at == pytest.approx(200, abs=2)


# --------------------------------------------------------------------------------------------------- in chunks


@pytest.fixture
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "LONGEST", 70)
    monkeypatch.setattr(chunks, "_STEP", 60)
    monkeypatch.setattr(chunks, "_LEEWAY", 8)
    monkeypatch.setattr(rendering, "PART", 25)
    monkeypatch.setattr(rendering, "FIRST_PART", 10)


@pytest.mark.usefixtures("short_chunks")
def test_a_clip_in_chunks_has_no_jumps_at_its_joins(tmp_path: Path) -> None:
    sound = small.sung(2.5)
    clip = heard(sound, 16_000, new_stage(tmp_path).samples)
    assert len(clip.chunks) >= 4
    made = convert(tmp_path, sound, envelope_mix=1.0)
    steps = numpy.abs(numpy.diff(made))
    joins = [chunk.first * 40 for chunk in clip.chunks[1:]]
    around_joins = max(float(steps[join - 3 : join + 3].max()) for join in joins)
    assert len(made) == 10_000
    assert around_joins <= numpy.quantile(steps, 0.995)


@pytest.mark.usefixtures("short_chunks")
def test_a_stage_that_gives_way_goes_on_behind_its_last_piece_to_the_same_sound(tmp_path: Path) -> None:
    sound = small.sung(1.7)
    whole = convert(tmp_path, sound)
    folder = tmp_path / "interrupted"
    folder.mkdir()
    for words in ("hearing the words", "making the sound"):
        with pytest.raises(Stopped):
            convert(tmp_path, sound, stage=Stage(folder, stops_at=words))
    calls: list[int] = []

    class Counted(Listeners):
        def features(self, *given: Any, **named: Any) -> numpy.ndarray:
            calls.append(1)
            return super().features(*given, **named)

    resumed = convert(tmp_path, sound, stage=Stage(folder), listeners=Counted(LISTENERS.content))

    assert numpy.array_equal(resumed, whole)
    assert len(calls) < len(heard(sound, 16_000, new_stage(tmp_path).samples).chunks)


@pytest.mark.usefixtures("short_chunks")
def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    stage = new_stage(tmp_path)
    convert(tmp_path, small.sung(1.7), stage=stage)
    assert stage.fractions == sorted(stage.fractions)
    assert stage.fractions[-1] == pytest.approx(1.0, abs=0.1)
    assert len(stage.fractions) > 8


def test_what_was_heard_of_a_clip_is_not_heard_again_for_another_pitch_protection_or_ratio(tmp_path: Path) -> None:
    calls: list[int] = []

    class Counted(Listeners):
        def features(self, *given: Any, **named: Any) -> numpy.ndarray:
            calls.append(1)
            return super().features(*given, **named)

    sound, shelf, voice = small.sung(0.8), Shelf(), small.voice(index=index())
    made = [
        convert(tmp_path, sound, shelf=shelf, voice=voice, listeners=Counted(LISTENERS.content), **settings)
        for settings in ({}, {"pitch_semitones": 3}, {"index_ratio": 0.5}, {"index_ratio": 0.9, "protect": 0.1})
    ]
    assert len(calls) == 1
    fresh = convert(tmp_path, sound, voice=voice, index_ratio=0.9, protect=0.1)
    assert numpy.array_equal(made[-1], fresh)


def test_a_clip_of_zeros_and_one_of_noise_end_as_sound(tmp_path: Path) -> None:
    for sound in (numpy.zeros(8000, numpy.float32), numpy.random.default_rng(1).uniform(-3, 3, 8000).astype(numpy.float32)):
        for settings in ({}, {"unvoiced": "fill"}, {"envelope_mix": 0.0}):
            assert numpy.isfinite(convert(tmp_path, sound, **settings)).all()


def test_a_speaker_that_is_not_there_and_a_network_that_is_missing_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="0 to 2"):
        convert(tmp_path, small.sung(0.3), speaker=3)
    with pytest.raises(InvalidRequest, match="not installed") as refused:
        convert(tmp_path, small.sung(0.3), f0_method="rmvpe")
    assert "rmvpe.pt" in refused.value.problems[0].fix.label


def test_the_envelope_of_the_source_is_laid_over_the_result(tmp_path: Path) -> None:
    sound = small.sung(4.0)
    sound[32_000:] *= 0.05
    made = convert(tmp_path, sound, envelope_mix=0.0)
    own = convert(tmp_path, sound, envelope_mix=1.0)
    quiet, louder = ([float(numpy.sqrt((way[part] ** 2).mean())) for part in (slice(10_500, 14_000), slice(2000, 5500))]
                     for way in (made, own))  # fmt: skip
    assert quiet[0] / quiet[1] < 0.15 < louder[0] / louder[1]


def test_a_source_is_named_by_its_samples_and_its_rate(tmp_path: Path) -> None:
    room = new_stage(tmp_path).samples
    sound = small.sung(0.3)
    other = sound.copy()
    other[5] += 0.01
    keys = {source.heard(*clip, room).key for clip in ((sound, 16_000), (other, 16_000), (sound, 16_001))}
    assert len(keys) == 3
    assert conversion.PITCH_WORK.keys() == {"rmvpe", "harvest", "autocorrelation", "crepe"}
