"""A clip longer than an architecture takes: in pieces there, to the sample back, and never a finished piece twice."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.audio.objects import read_clip, write_clip
from hay_say_lab.domain.clip import Clip
from hay_say_lab.errors import InvalidRequest, WorkerFailed
from hay_say_lab.plugin import Context, Result, Runtime
from hay_say_lab.worker.context import Stopped
from hay_say_lab.worker.long_clip import convert
from hay_say_lab.worker.piecewise import piece_seed
from tests.worker.stage import LIMITS, Stage

RATE = 8000
THREE = LIMITS | {"longest_seconds": 3.0}


class Echo(Runtime):
    """Gives back what it gets, at the rate of its choice, and remembers what it was asked."""

    def __init__(self, rate_out: int | None = None, stretch: float = 1.0) -> None:
        self.rate_out, self.stretch = rate_out, stretch
        self.heard: list[Clip] = []
        self.seeds: list[int] = []
        self.pooled: list[list[float]] = []

    def listen(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> dict[str, numpy.ndarray]:
        self.heard.append(clip)
        context.checkpoint(0.5, "ears open")
        return {"sum": clip.samples.sum(dtype=numpy.float64), "frames": numpy.array(len(clip.samples))}

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        self.heard.append(clip)
        self.seeds.append(context.seed)
        self.pooled.append([float(heard["sum"]) for heard in context.pooled])
        context.checkpoint(0.5, "half")
        rate = self.rate_out or clip.sample_rate
        count = round(len(clip.samples) * rate / clip.sample_rate * self.stretch)
        at = numpy.arange(count) * clip.sample_rate / rate
        samples = numpy.interp(at, numpy.arange(len(clip.samples)), clip.samples).astype(numpy.float32)
        context.checkpoint(1.0)
        return Result(Clip(samples, rate), documents={"report": {"calls": len(self.seeds)}, "notes": [len(self.seeds)]})


def noise(folder: Path, seconds: float, rate: int = RATE, seed: int = 0) -> Path:
    """Noise whose level rises and falls, so that some places are quiet."""
    frames = max(1, round(seconds * rate))
    swell = numpy.abs(numpy.sin(numpy.arange(frames) / rate * 2.1)) ** 4
    samples = (numpy.random.default_rng(seed).uniform(-1, 1, frames) * swell).astype(numpy.float32)
    write_clip(folder / "in.w64", Clip(samples, rate))
    return folder / "in.w64"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return noise(tmp_path, 20.0)


def report(stage: Stage) -> dict[str, Any]:
    return json.loads((stage.out / "report.json").read_text())


def made(folder: Path, runtime: Runtime, path: Path, limits: Mapping[str, Any] = THREE, **stage: Any) -> Stage:
    context = Stage(folder, clip=path, **stage)
    convert(runtime, "echo:one", {}, context, limits)
    return context


@settings(max_examples=25, deadline=None)
@given(
    seconds=st.floats(0.01, 12.0),
    longest=st.floats(0.5, 4.0),
    overlap=st.floats(0.0, 0.12),
    shortest=st.floats(0.0, 0.25),
    rate=st.sampled_from([8000, 11025, 16000]),
    seed=st.integers(0, 9),
)
def test_an_identity_gives_back_every_sample(
    seconds: float, longest: float, overlap: float, shortest: float, rate: int, seed: int
) -> None:
    limits = LIMITS | {"longest_seconds": longest, "overlap_seconds": overlap, "shortest_seconds": shortest}
    with tempfile.TemporaryDirectory() as name:
        path = noise(Path(name), seconds, rate, seed)
        echo = Echo()
        stage = Stage(Path(name), clip=path)

        result = convert(echo, "echo:one", {}, stage, limits)

        given_samples = read_clip(path).samples
        samples = result.clip.samples if result.clip else read_clip(result.files["clip"]).samples
        assert samples.shape == given_samples.shape
        assert numpy.abs(samples - given_samples).max() <= 1e-6
        assert all(heard.seconds <= longest for heard in echo.heard)
        assert len(echo.heard) == 1 or all(heard.seconds >= shortest for heard in echo.heard)


@settings(max_examples=15, deadline=None)
@given(
    seconds=st.floats(3.1, 9.0),
    rate=st.sampled_from([8000, 11025, 16000]),
    rate_out=st.sampled_from([4000, 8000, 16000, 22050, 44100]),
)
def test_another_rate_keeps_the_length_to_the_sample(seconds: float, rate: int, rate_out: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = noise(Path(name), seconds, rate)
        stage = made(Path(name), Echo(rate_out), path, LIMITS | {"longest_seconds": 2.0})
        joined = read_clip(stage.out / "clip.w64")
        frames = len(read_clip(path).samples)
        assert (joined.sample_rate, len(joined.samples)) == (rate_out, round(frames * rate_out / rate))


def test_progress_rises_over_the_pieces_and_names_them(tmp_path: Path, clip: Path) -> None:
    echo = Echo()
    stage = made(tmp_path, echo, clip)

    count = len(echo.seeds)
    assert count > 7
    assert stage.fractions == sorted(stage.fractions)
    assert stage.fractions[-1] == pytest.approx(1.0)
    assert stage.messages[:3] == [f"piece 1 of {count}", f"piece 1 of {count}: half", f"piece 1 of {count}"]
    assert stage.messages[-1] == f"piece {count} of {count}"


def test_every_piece_has_a_seed_of_its_own_that_a_repetition_draws_again(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "other").mkdir()
    first, again, other = Echo(), Echo(), Echo()

    made(tmp_path, first, clip)
    made(tmp_path / "again", again, clip)
    made(tmp_path / "other", other, clip, seed=8)

    assert len(set(first.seeds)) == len(first.seeds)
    assert first.seeds == again.seeds == [piece_seed(7, index) for index in range(len(first.seeds))]
    assert not set(first.seeds) & set(other.seeds)
    assert all(0 <= seed < 2**63 for seed in first.seeds)


def test_the_report_tells_where_it_was_cut_and_what_each_piece_reported(tmp_path: Path, clip: Path) -> None:
    echo = Echo()
    stage = made(tmp_path, echo, clip)

    told = report(stage)
    assert told["sample_rate"] == RATE
    assert [piece["report"] for piece in told["pieces"]] == [{"calls": call + 1} for call in range(len(echo.seeds))]
    assert [piece["seed"] for piece in told["pieces"]] == echo.seeds
    assert [piece["past"] - piece["first"] for piece in told["pieces"]] == [len(heard.samples) for heard in echo.heard]
    assert [piece["start"] for piece in told["pieces"]] == [0, *(piece["end"] for piece in told["pieces"][:-1])]
    assert told["pieces"][-1]["end"] == told["pieces"][-1]["past"] == 20 * RATE
    notes = json.loads((stage.out / "notes.json").read_text())
    assert notes == {"pieces": [[call + 1] for call in range(len(echo.seeds))]}


def test_what_an_earlier_attempt_finished_is_not_made_again(tmp_path: Path, clip: Path) -> None:
    """Given an attempt that gave way inside its fourth piece, when it is tried again, then it goes on with the fourth."""
    expected = Echo()
    whole = tmp_path / "whole"
    whole.mkdir()
    sound = (made(whole, expected, clip).out / "clip.w64").read_bytes()
    count = len(expected.seeds)

    with pytest.raises(Stopped):
        made(tmp_path, Echo(), clip, stops_at=f"piece 4 of {count}: half")
    assert list((tmp_path / "out").iterdir()) == [], "nothing half-written"
    second = Echo()
    stage = made(tmp_path, second, clip)

    assert second.seeds == expected.seeds[3:]
    assert stage.messages[0] == f"piece 4 of {count}"
    assert (stage.out / "clip.w64").read_bytes() == sound
    assert len(report(stage)["pieces"]) == count


def test_a_piece_that_cannot_be_read_any_more_is_made_again(tmp_path: Path, clip: Path) -> None:
    first = Echo()
    sound = (made(tmp_path, first, clip).out / "clip.w64").read_bytes()
    for kind, index in (("sounds", 2), ("documents", 4)):
        (piece,) = (tmp_path / "pieces").glob(f"*/{kind}/{index:06d}.npz")
        piece.write_bytes(piece.read_bytes()[:100])

    second = Echo()
    stage = made(tmp_path, second, clip)

    assert second.seeds == [first.seeds[2], first.seeds[4]]
    assert (stage.out / "clip.w64").read_bytes() == sound


def test_pieces_that_were_cut_otherwise_are_not_joined(tmp_path: Path, clip: Path) -> None:
    """Given pieces of another cut (of another numpy, say), then they are made again, and the sound is right."""
    made(tmp_path, Echo(), clip, THREE | {"overlap_seconds": 0.3})
    second = Echo()
    stage = made(tmp_path, second, clip)

    assert second.seeds, "the first piece of both cuts may be the same, the others are not"
    assert numpy.abs(read_clip(stage.out / "clip.w64").samples - read_clip(clip).samples).max() <= 1e-6
    assert len(report(stage)["pieces"]) - len(second.seeds) <= 1


class Rooms(Echo):
    """Keeps pieces of its own inside each piece of its clip."""

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        assert context.kept(0) is None, "what another piece kept is not for this one"
        context.keep(0, {"frames": numpy.array(len(clip.samples))})
        return super().convert(voice, clip, settings, context)


def test_pieces_do_not_see_what_others_kept_and_leave_nothing_but_their_result(tmp_path: Path, clip: Path) -> None:
    rooms = Rooms()
    made(tmp_path, rooms, clip)
    (shelf,) = (tmp_path / "pieces").iterdir()
    assert sorted(path.name for path in shelf.iterdir()) == ["documents", "sounds"]


def test_a_method_that_pools_hears_the_whole_clip_before_it_converts_any_of_it(tmp_path: Path, clip: Path) -> None:
    echo = Echo()
    stage = made(tmp_path, echo, clip, THREE | {"pools": True})

    count = len(echo.seeds)
    assert len(echo.heard) == 2 * count
    sums = [float(heard.samples.sum(dtype=numpy.float64)) for heard in echo.heard[:count]]
    assert echo.pooled == [sums] * count
    assert stage.fractions == sorted(stage.fractions)
    assert stage.messages[0] == f"listening to piece 1 of {count}: ears open"
    assert 0.0 < stage.fractions[count - 1] <= 0.2 <= stage.fractions[count]


def test_what_was_heard_is_not_listened_to_again(tmp_path: Path, clip: Path) -> None:
    first, second = Echo(), Echo()
    with pytest.raises(Stopped):
        made(tmp_path, first, clip, THREE | {"pools": True}, stops_at=": half")

    made(tmp_path, second, clip, THREE | {"pools": True})

    count = len(second.seeds)
    assert second.pooled == [first.pooled[0]] * count
    assert len(first.heard) == count + 1
    assert len(second.heard) == count


def test_a_clip_that_fits_is_given_as_it_is_and_heard_once_where_the_method_pools(tmp_path: Path) -> None:
    path = noise(tmp_path, 3.0)
    alone, pooling = Echo(), Echo()

    made(tmp_path, alone, path)
    made(tmp_path, pooling, path, THREE | {"pools": True})

    assert (alone.seeds, pooling.seeds) == ([7], [7])
    assert [len(alone.heard), len(pooling.heard)] == [1, 2]
    assert len(pooling.pooled[0]) == 1
    assert not (tmp_path / "out" / "report.json").exists()


class Odd(Echo):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        result = super().convert(voice, clip, settings, context)
        assert result.clip is not None
        match self.fault:
            case "no clip":
                return Result()
            case "files":
                return Result(result.clip, files={"model": context.out / "model"})
            case "further clips":
                return Result(result.clip, clips={"rest": result.clip})
            case "rates":
                return Result(Clip(result.clip.samples, RATE + len(self.seeds)))
            case "NaN":
                return Result(Clip(result.clip.samples * numpy.float32("nan"), RATE))
        return Result(Clip(result.clip.samples[: -RATE // 10], RATE))


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("no clip", WorkerFailed, "no sound of a piece"),
        ("files", WorkerFailed, "files or further clips of a piece"),
        ("further clips", WorkerFailed, "files or further clips of a piece"),
        ("rates", WorkerFailed, "several sample rates"),
        ("NaN", InvalidRequest, "not numbers"),
        ("shorter", WorkerFailed, "s of sound for a piece of"),
    ],
)
def test_a_piece_that_cannot_be_joined_fails_the_stage_and_leaves_no_sound(
    fault: str, kind: type[Exception], words: str, tmp_path: Path, clip: Path
) -> None:
    with pytest.raises(kind, match=words):
        made(tmp_path, Odd(fault), clip)
    assert not (tmp_path / "out" / "clip.w64").exists()


class Timer(Echo):
    """A word every half second, as it lies in the piece."""

    def convert(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        marks = [(at, at + 2000) for at in range(0, len(clip.samples) - 2000, 4000)]
        words = [{"text": "w", "first": 0, "length": 1, "start": start, "end": end} for start, end in marks]
        phonemes = [{"ipa": "w", "word": index, "start": word["start"], "end": word["end"]} for index, word in enumerate(words)]
        result = super().convert(voice, clip, settings, context)
        return Result(result.clip, documents={"timings": {"sample_rate": RATE, "words": words, "phonemes": phonemes}})


def test_timings_are_moved_to_the_whole_and_count_once_where_pieces_overlap(tmp_path: Path, clip: Path) -> None:
    stage = made(tmp_path, Timer(), clip, THREE | {"overlap_seconds": 0.6})

    timings = json.loads((stage.out / "timings.json").read_text())
    starts = [word["start"] for word in timings["words"]]
    assert starts == sorted(starts)
    pieces = report(stage)["pieces"]
    for piece in pieces:
        middles = [start + 1000 for start in starts if piece["start"] <= start + 1000 < piece["end"]]
        assert len(middles) >= (piece["end"] - piece["start"]) // 4000 - 2
        assert all((middle - 1000 - piece["first"]) % 4000 == 0 for middle in middles)
    assert [phoneme["word"] for phoneme in timings["phonemes"]] == list(range(len(starts)))
    assert [phoneme["start"] for phoneme in timings["phonemes"]] == starts
