"""A take: its samples are those in the store, its files are whole, and a clip is sent once."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab import Lab
from hay_say_lab.audio.objects import read_clip
from hay_say_lab.audio.tags import read_recipe
from hay_say_lab.client.take import Take
from hay_say_lab.errors import ClipMissing, InvalidRequest, VoiceMissing
from hay_say_lab.storage.objects import ObjectStore
from tests.audio.sounds import encoded, tone
from tests.client.relay import Relay


@pytest.fixture(scope="module")
def take(home: Path) -> Take:
    take = Lab(home).say("one two three", voice="parrot:polly", seed=7).result(60)
    assert isinstance(take, Take)
    return take


def test_the_samples_are_those_of_the_object_in_the_store(take: Take, home: Path) -> None:
    stored = read_clip(ObjectStore(home / "objects").open_path(take.artifact))
    assert take.samples.dtype == numpy.float32
    assert take.samples.tobytes() == stored.samples.tobytes()
    assert take.sample_rate == stored.sample_rate == take.clip.sample_rate
    assert take.seconds == pytest.approx(stored.seconds)


def test_a_take_knows_how_it_was_made(take: Take) -> None:
    assert take.recipe()["request"]["text"]["body"] == "one two three"
    assert take.recipe()["artifact"] == take.artifact
    assert (take.seed, take.voices) == (7, ("parrot:polly",))
    words = take.words()
    assert words is not None
    assert [word.text for word in words.words] == ["one", "two", "three"]
    assert take.picture()["frames"] == len(take.samples)


def test_the_processor_may_be_allowed_wherever_a_sound_is_asked_for_and_the_device_is_told(lab: Lab, take: Take) -> None:
    said = lab.say("Anywhere.", voice="parrot:polly", cpu_fallback=True)
    turned = lab.convert(take, voice="parrot:polly", cpu_fallback=True)
    batch = lab.batch(["Anywhere, too."], voice="parrot:polly", cpu_fallback=True)

    jobs = [said, turned, lab.job(next(batch.rows()).job)]
    assert [job.status.document["request"]["cpu_fallback"] for job in jobs] == [True, True, True]
    made = [job.result(60) for job in jobs]
    assert [job.device for job in jobs] == [one.device for one in made] == ["cpu", "cpu", "cpu"]


@pytest.mark.parametrize(("name", "kind"), [("a.wav", "WAV"), ("a.flac", "FLAC"), ("A.FLAC", "FLAC"), ("b.c.wav", "WAV")])
def test_the_names_ending_chooses_the_format(name: str, kind: str, take: Take, tmp_path: Path) -> None:
    path = take.save(tmp_path / name)

    with soundfile.SoundFile(path) as file:
        assert file.format == kind
        assert file.frames == len(take.samples)
    assert read_recipe(path.read_bytes())["id"] == take.recipe_id
    assert list(tmp_path.iterdir()) == [path], "nothing lies beside it"


@pytest.mark.parametrize("name", ["a", "a.txt", "a.", ".wav.exe", "wav"])
def test_another_ending_is_refused_and_nothing_is_written(name: str, take: Take, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"\.wav"):
        take.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_saving_over_a_file_replaces_it_whole_or_not_at_all(take: Take, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"old")
    take.save(tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_bytes() == take.export("wav")

    (tmp_path / "b.wav").mkdir()
    (tmp_path / "b.wav" / "inside").touch()
    with pytest.raises(OSError, match="directory"):
        take.save(tmp_path / "b.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav"], "no part of it stays"
    with pytest.raises(OSError, match="No such file"):
        take.save(tmp_path / "nowhere" / "a.wav")


def test_a_take_has_a_file_for_scripts_that_want_one(take: Take) -> None:
    assert take.path.suffix == ".wav"
    assert take.path.read_bytes() == take.export("wav")
    assert take.path.parent.stat().st_mode & 0o077 == 0, "nobody else looks into it"


def test_exports_are_the_same_bytes_each_time(take: Take, home: Path) -> None:
    again = Lab(home).job(take.job).result(30)
    assert isinstance(again, Take)
    for file_format in ("wav", "flac"):
        assert again.export(file_format) == take.export(file_format)


def test_a_file_is_sent_once(far: Lab, relay: Relay, tmp_path: Path) -> None:
    (tmp_path / "one.wav").write_bytes(encoded("WAV", "PCM_16", tone(0.3, hertz=333)))
    (tmp_path / "two.wav").write_bytes((tmp_path / "one.wav").read_bytes())

    names = {far.clip(tmp_path / "one.wav"), far.clip(tmp_path / "one.wav"), far.clip(str(tmp_path / "two.wav"))}

    assert len(names) == 1
    assert len(relay.named("POST", "/clips")) == 1


def test_a_take_is_converted_without_being_sent(far: Lab, relay: Relay) -> None:
    spoken = far.say("one", voice="parrot:polly", seed=7).result(30)
    assert isinstance(spoken, Take)
    turned = far.convert(spoken, voice="parrot:polly", reverse=True).result(30)
    assert isinstance(turned, Take)
    assert numpy.array_equal(turned.samples, spoken.samples[::-1])
    assert relay.named("POST", "/clips") == []


@pytest.mark.parametrize("name", ["nothing.wav", "", "."])
def test_a_file_that_is_not_there_is_named(name: str, lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(ClipMissing):
        lab.clip(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "empty"), (b"<html>", "not sound"), (encoded("WAV")[:-1000], "cut off")]
)
def test_a_file_that_is_no_sound_is_refused_with_the_reason(
    content: bytes, said: str, lab: Lab, tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(InvalidRequest, match=said):
        lab.clip(tmp_path / "a.wav")


def test_parameters_are_complete_and_checked_before_anything_is_queued(lab: Lab) -> None:
    assert lab.parameters("speak", "parrot:polly", beeps=3) == {
        "beeps": 3, "tune": "ceg", "seconds_of_work": 0.0, "crash": "no",
    }  # fmt: skip
    before = len(lab.jobs())
    with pytest.raises(InvalidRequest) as refusal:
        lab.parameters("speak", "parrot:polly", beeps=99, speed=1)
    assert [problem.field for problem in refusal.value.problems] == ["settings.beeps", "settings.speed"]
    assert len(lab.jobs()) == before


def test_parameters_of_nobody_are_refused_by_name(lab: Lab) -> None:
    with pytest.raises(VoiceMissing):
        lab.parameters("speak", "parrot:nobody")
    with pytest.raises(InvalidRequest, match="does not phonemes|does not"):
        lab.parameters("phonemes", "parrot:polly")
    with pytest.raises(InvalidRequest, match="by default"):
        lab.parameters("transcribe")


def test_parameters_without_a_voice_are_those_of_the_default_voice(lab: Lab) -> None:
    assert lab.parameters("speak").keys() == {control.name for control in lab.controls("speak")}


def test_voices_are_looked_at_like_a_mapping(lab: Lab) -> None:
    assert "parrot:polly" in list(lab.voices)
    assert lab.voices["parrot:polly"]["title"] == "Polly"
    assert len(lab.voices) == len(lab.voices.all())
    with pytest.raises(VoiceMissing):
        lab.voices["parrot:nobody"]
