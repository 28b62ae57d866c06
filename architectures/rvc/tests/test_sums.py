"""What needs no torch: retrieval, pitch curves, levels and cuts, each against a slow and obvious way."""

from __future__ import annotations

import itertools

import numpy
import pytest
from scipy import signal

from hay_say_lab.plugin import InvalidRequest
from hay_say_rvc import level, pitch_curve, retrieval
from hay_say_rvc.chunks import LONGEST, chunks
from hay_say_rvc.settings import Settings, ours
from hay_say_rvc.source import Shelf, mirror_ends
from hay_say_shared.faiss_file import VectorIndex

RANDOM = numpy.random.default_rng(3)


def index(*cells: numpy.ndarray, probes: int = 1, centroids: numpy.ndarray | None = None) -> VectorIndex:
    vectors = numpy.concatenate(cells).astype(numpy.float32)
    bounds = numpy.concatenate([[0], numpy.cumsum([len(cell) for cell in cells])])
    middles = numpy.stack([cell.mean(axis=0) for cell in cells]) if centroids is None else centroids
    return VectorIndex(middles.astype(numpy.float32), vectors, numpy.arange(len(vectors)) + 100, bounds, probes)


def around(place: float, count: int, dimension: int = 5) -> numpy.ndarray:
    return (place + 0.1 * RANDOM.standard_normal((count, dimension))).astype(numpy.float32)


# ------------------------------------------------------------------------------------------------------ retrieval


@pytest.mark.parametrize("probes", [1, 2])
def test_neighbours_are_the_nearest_of_the_nearest_cells(probes: int) -> None:
    cells = [around(place, 40) for place in (0.0, 1.0, 5.0)]
    held, features = index(*cells, probes=probes), around(0.8, 30)

    found = retrieval.search(held, features)

    for frame, point in enumerate(features):
        near = numpy.argsort(((held.centroids - point) ** 2).sum(axis=1))[:probes]
        rows = numpy.concatenate([numpy.arange(held.bounds[cell], held.bounds[cell + 1]) for cell in near])
        apart = ((held.vectors[rows] - point) ** 2).sum(axis=1)
        order = numpy.argsort(apart)[:8]
        assert found.ids[frame].tolist() == held.ids[rows[order]].tolist()
        numpy.testing.assert_allclose(found.distances[frame], apart[order], rtol=1e-5)


def test_a_frame_that_is_a_vector_of_the_index_takes_it() -> None:
    held = index(around(0.0, 20))
    features = held.vectors[4:6].copy()
    drawn = retrieval.retrieved(held, retrieval.search(held, features))
    assert numpy.isfinite(drawn).all()
    numpy.testing.assert_allclose(drawn, features, atol=1e-6)


def test_a_frame_whose_nearest_cell_is_empty_looks_into_the_next_one() -> None:
    empty = numpy.zeros((0, 5), numpy.float32)
    held = index(empty, around(3.0, 9), centroids=numpy.stack([numpy.zeros(5), numpy.full(5, 3.0)]))
    drawn = retrieval.retrieved(held, retrieval.search(held, around(0.0, 4)))
    assert numpy.isfinite(drawn).all()
    assert numpy.abs(drawn - 3.0).max() < 1.0


def test_a_cell_with_fewer_than_eight_vectors_gives_those_that_it_has() -> None:
    held = index(around(0.0, 3))
    found = retrieval.search(held, around(0.1, 2))
    assert (found.ids[:, 3:] == retrieval.NOBODY).all()
    assert numpy.isinf(found.distances[:, 3:]).all()
    weights = 1.0 / found.distances[:, :3].astype(float) ** 2
    wanted = (held.vectors[found.rows[:, :3]] * weights[..., None]).sum(1) / weights.sum(1, keepdims=True)
    numpy.testing.assert_allclose(retrieval.retrieved(held, found), wanted, rtol=1e-5)


def test_an_index_of_another_dimension_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="vectors of 5 numbers"):
        retrieval.search(index(around(0.0, 9)), numpy.zeros((3, 4), numpy.float32))


def test_protection_acts_in_unvoiced_frames_alone() -> None:
    features, original = numpy.ones((3, 2), numpy.float32), numpy.zeros((3, 2), numpy.float32)
    made = retrieval.protected(features, original, numpy.array([100.0, 0.0, 0.5]), 0.25)
    assert made.tolist() == [[1, 1], [0.25, 0.25], [0.25, 0.25]]


# ---------------------------------------------------------------------------------------------------- pitch curves


def test_gaps_are_bridged_and_the_ends_held() -> None:
    assert pitch_curve.filled(numpy.array([0, 100, 0, 0, 400, 0.0])).tolist() == [100, 100, 200, 300, 400, 400]
    assert pitch_curve.filled(numpy.zeros(3)).tolist() == [0, 0, 0]


def test_a_drawn_curve_replaces_what_lies_between_its_ends() -> None:
    found = numpy.full(10, 100.0)
    made = pitch_curve.drawn_over(found, numpy.array([0.02, 0.04, 0.06]), numpy.array([200.0, 300.0, 300.0]))
    assert made.tolist() == [100, 100, 200, 250, 300, 300, 300, 100, 100, 100]


def test_a_drawn_point_of_no_pitch_silences_the_voice_until_the_next_one() -> None:
    found = numpy.full(8, 100.0)
    made = pitch_curve.drawn_over(found, numpy.array([0.01, 0.03, 0.05]), numpy.array([200.0, 0.0, 400.0]))
    assert made.tolist() == [100, 200, 0, 0, 0, 400, 100, 100]


def test_a_curve_behind_the_end_changes_nothing() -> None:
    found = numpy.full(4, 100.0)
    assert pitch_curve.drawn_over(found, numpy.array([3.0]), numpy.array([200.0])).tolist() == found.tolist()
    assert pitch_curve.drawn_over(found, numpy.zeros(0), numpy.zeros(0)).tolist() == found.tolist()


def test_coarse_pitch_keeps_to_its_steps() -> None:
    assert pitch_curve.coarse(numpy.array([0.0, 1.0, 50.0, 1100.0, 9000.0])).tolist() == [1, 1, 1, 255, 255]


def test_a_median_of_three_takes_out_a_slip_of_one_frame() -> None:
    assert pitch_curve.median_of_three(numpy.array([100.0, 101, 202, 103, 104])).tolist() == [100, 101, 103, 104, 103]


# ---------------------------------------------------------------------------------------------------------- levels


@pytest.mark.parametrize("samples", [40, 5000])
def test_the_high_pass_is_the_filter_forwards_and_backwards(monkeypatch: pytest.MonkeyPatch, samples: int) -> None:
    monkeypatch.setattr(level, "_BLOCK", 700)
    sound = RANDOM.standard_normal(samples) + 0.5
    sections = signal.butter(5, 48.0, "highpass", fs=16_000, output="sos")
    wanted = signal.sosfiltfilt(sections, sound, padlen=18)
    numpy.testing.assert_allclose(level.high_passed(sound, numpy.empty(samples)), wanted, atol=1e-9)


@pytest.mark.parametrize("samples", [1, 2, 5, 18])
def test_the_high_pass_takes_the_shortest_sounds(samples: int) -> None:
    assert numpy.isfinite(level.high_passed(numpy.full(samples, 0.3), numpy.empty(samples))).all()


@pytest.mark.parametrize("samples", [1, 9, 100, 1234])
def test_an_envelope_is_the_root_mean_square_of_a_second_around_each_half(samples: int) -> None:
    sound = RANDOM.standard_normal(samples)
    padded = numpy.pad(sound, 50)
    wanted = [numpy.sqrt(numpy.mean(numpy.pad(padded[i * 50 : i * 50 + 100], (0, 100))[:100] ** 2)) for i in range(samples // 50 + 1)]
    numpy.testing.assert_allclose(level.envelope(sound, 100), wanted, rtol=1e-9)


def test_a_mix_of_nothing_gives_the_source_its_loudness_back() -> None:
    source, result = numpy.array([0.1, 0.1, 0.1]), numpy.array([0.4, 0.4, 0.4])
    ((_, gains),) = level.gains(source, result, 0.0, 10)
    numpy.testing.assert_allclose(gains, 0.25)
    ((_, gains),) = level.gains(source, result, 1.0, 10)
    numpy.testing.assert_allclose(gains, 1.0)


def test_only_what_is_too_loud_is_made_quieter() -> None:
    assert level.peak_gain(numpy.array([0.5, -0.2])) == 1.0
    assert level.peak_gain(numpy.array([1.9, -0.2])) == pytest.approx(0.5)
    assert level.peak_gain(numpy.zeros(3)) == 1.0


# ------------------------------------------------------------------------------------------------------------ cuts


@pytest.mark.parametrize("seconds", [0.1, 28.0, 28.01, 61.0, 200.0])
def test_chunks_follow_each_other_from_the_beginning_to_the_end(seconds: float) -> None:
    sound = RANDOM.standard_normal(round(seconds * 16_000)).astype(numpy.float32)
    found = chunks(sound)
    assert found[0].first == 0
    assert found[-1].last == -(-len(sound) // 160)
    assert all(before.last == after.first for before, after in itertools.pairwise(found))
    assert all(0 < chunk.frames <= LONGEST for chunk in found)
    assert all(chunk.first % 2 == 0 for chunk in found)


def test_a_cut_lies_where_it_is_quiet() -> None:
    sound = numpy.ones(40 * 16_000, numpy.float32)
    sound[round(25.3 * 16_000) : round(25.5 * 16_000)] = 0
    first, _ = chunks(sound)
    assert 25.3 <= first.last / 100 <= 25.5


@pytest.mark.parametrize("inside", [1, 2, 3, 7, 40])
def test_ends_are_mirrored_as_often_as_it_takes(inside: int) -> None:
    sound = RANDOM.standard_normal(inside)
    padded = numpy.zeros(inside + 25)
    padded[10 : 10 + inside] = sound
    mirror_ends(padded, 10, 10 + inside)
    assert padded.tolist() == numpy.pad(sound, (10, 15), mode="reflect" if inside > 1 else "edge").tolist()


def test_a_shelf_lets_the_oldest_go_first() -> None:
    shelf = Shelf(most_bytes=100)
    for name in ("a", "b", "c"):
        shelf.put({"x": numpy.zeros(40, numpy.uint8)}, name, "voice")
        shelf.get("a", "voice")
    assert shelf.get("b", "voice") is None
    assert shelf.get("a", "voice") is not None
    shelf.put({"x": numpy.zeros(200, numpy.uint8)}, "large")
    assert shelf.get("large") is None
    shelf.put({"x": numpy.zeros(9, numpy.uint8)}, "d", "voice")
    shelf.forget("voice")
    assert shelf.bytes == 0


# -------------------------------------------------------------------------------------------------------- settings


def test_settings_of_hay_say_are_taken_as_they_are() -> None:
    theirs = {
        "Pitch Shift": 12, "f0 Extraction Method": "parselmouth", "Filter Radius": 3, "Index Ratio": 0.88,
        "Voice Envelope Mix Ratio": 1, "Voiceless Consonants Protection Ratio": 0.33,
    }  # fmt: skip
    assert ours(theirs) == {
        "pitch_semitones": 12, "f0_method": "autocorrelation", "filter_radius": 3, "index_ratio": 0.88, "envelope_mix": 1,
        "protect": 0.33,
    }  # fmt: skip
    assert Settings.from_mapping(theirs).f0_method == "autocorrelation"


def test_a_drawn_curve_is_read() -> None:
    seconds, hertz = Settings(f0_curve="0.5:220; 0.75, 247.5;1:0").points()
    assert seconds.tolist() == [0.5, 0.75, 1.0]
    assert hertz.tolist() == [220.0, 247.5, 0.0]
    assert Settings().points()[0].tolist() == []


@pytest.mark.parametrize(
    ("curve", "words"),
    [("0.5", "no point"), ("0.5:220; 0.4:200", "order of time"), ("1:99999", "above"), ("a:b", "no point"), ("-1:200", "no point")],
)
def test_a_curve_that_cannot_be_read_is_refused_with_an_example(curve: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        Settings.from_mapping({"f0_curve": curve})
    assert "0.5:220" in refused.value.problems[0].fix.label
