"""A batch: a template times rows, judged as a whole, found again, going on where it stopped."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from hay_say_lab import Lab
from hay_say_lab.client.batch import Batch
from hay_say_lab.client.summary import Summary
from hay_say_lab.domain.host import read_record
from hay_say_lab.errors import BatchMissing, Conflict, InvalidRequest
from tests.hosts import end_host

POLLY = "parrot:polly"


def _waited(batch: Batch) -> Summary:
    summary = batch.result(timeout=60)
    assert isinstance(summary, Summary)
    return summary


def test_each_row_becomes_a_sound_under_the_templates_settings_and_its_own(lab: Lab) -> None:
    rows: list[Any] = ["One.", {"text": "Two words.", "beeps": "3", "seed": 5, "name": "second"}, {"text": "Three.", "then": POLLY}]

    summary = _waited(lab.batch(rows, voice=POLLY, tune="c", seed=9))

    assert [row.state for row in summary.rows] == ["succeeded"] * 3
    assert [row.seed for row in summary.rows] == [9, 5, 9]
    assert [row.said for row in summary.rows] == ["One.", "Two words.", "Three."]
    assert [row.voices for row in summary.rows] == [(POLLY,), (POLLY,), (POLLY, POLLY)]
    assert [row.seconds for row in summary.rows] == pytest.approx([0.1, 0.6, 0.1], abs=1e-3)
    assert str(summary).endswith("3 rows, 3 succeeded, 0.8 s of sound")
    assert "<td>Two words.</td>" in summary._repr_html_()


def test_recordings_are_rows_too(lab: Lab, tmp_path: Path) -> None:
    take = lab.say("One two three.", voice=POLLY).result()
    source = take.save(tmp_path / "source.wav")  # type: ignore[union-attr]
    (row,) = _waited(lab.batch([{"clip": str(source), "gain_db": "-6", "finish.speed": "2"}], voice=POLLY)).rows
    assert row.state == "succeeded"
    assert row.seconds == pytest.approx(0.15, rel=0.01)


def test_all_that_is_wrong_in_any_row_is_told_before_anything_is_queued(lab: Lab) -> None:
    rows = [{"text": "Fine."}, {"clip": "nothing.wav"}, {"text": "Fine.", "seed": "many"}]
    with pytest.raises(InvalidRequest) as refused:
        lab.batch(rows, name="wrong rows", voice=POLLY)
    assert [problem.field for problem in refused.value.problems] == ["rows.1.clip", "rows.2.seed"]

    rows = [{"text": "Fine."}, {"text": "Fine.", "voice": "nobody:here"}, {"text": "Fine.", "beeps": "99"}, {"text": ""}]
    with pytest.raises(InvalidRequest) as refused:
        lab.batch(rows, name="wrong voices", voice=POLLY)
    assert [problem.field for problem in refused.value.problems] == [
        "rows.1.steps.0.voice", "rows.2.steps.0.settings.beeps", "rows.3.text.body",
    ]  # fmt: skip
    assert refused.value.problems[0].message.startswith("Row 2: ")
    for name in ("wrong rows", "wrong voices"):
        with pytest.raises(BatchMissing):
            lab.batch_named(name)


def test_the_same_rows_are_the_same_batch_and_a_name_is_for_one_batch(lab: Lab) -> None:
    first = _waited(lab.batch(["One.", "Two."], voice=POLLY, name="chapter / 1"))
    again = _waited(lab.batch(["One.", "Two."], voice=POLLY, name="chapter / 1"))
    longer = _waited(lab.batch(["One.", "Two.", "Three."], voice=POLLY, name="chapter / 1"))
    assert [row.job for row in again.rows] == [row.job for row in first.rows] == [row.job for row in longer.rows[:2]]
    assert "chapter / 1" in [tally.name for tally in lab.batches()]
    with pytest.raises(Conflict):
        lab.batch(["Another."], voice=POLLY, name="chapter / 1")
    assert lab.batch(["One."], voice=POLLY).name == lab.batch(["One."], voice=POLLY).name


def test_a_row_that_fails_leaves_the_others_alone_and_is_tried_again(lab: Lab) -> None:
    batch = lab.batch(["One.", {"text": "Two.", "crash": "raise"}, "Three."], voice=POLLY)
    summary = _waited(batch)
    assert [row.state for row in summary.rows] == ["succeeded", "failed", "succeeded"]
    assert [row.number for row in summary.failed] == [1]
    assert summary.failed[0].problem
    assert batch.retry().states.get("failed", 0) + _waited(batch).states["failed"] >= 1
    story = [event["kind"] for event in lab.job(summary.failed[0].job).events()]
    assert "retry" in story


def test_cancelling_stops_what_is_left_and_keeps_what_was_made(lab: Lab) -> None:
    quick = {"text": "One."}
    slow = {"text": "Two.", "seconds_of_work": 600}
    batch = lab.batch([quick, slow, slow, slow], voice=POLLY, name="to be stopped")
    while batch.status().succeeded == 0:
        pass
    batch.cancel()
    assert _waited(batch).states == {"succeeded": 1, "cancelled": 3}


def test_saving_writes_a_file_a_row_and_one_table(lab: Lab, tmp_path: Path) -> None:
    rows = [{"text": "One.", "name": "../first: one"}, {"text": "=SUM(A1)", "name": ""}, {"text": "Two.", "crash": "raise"}]
    batch = lab.batch(rows, voice=POLLY)
    _waited(batch)

    folder = batch.save(tmp_path / "made", "wav")

    assert sorted(path.name for path in folder.iterdir()) == ["0001-first-one.wav", "0002.wav", "batch.csv"]
    assert soundfile.info(folder / "0002.wav").samplerate == 16_000
    with (folder / "batch.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [line["file"] for line in table] == ["0001-first-one.wav", "0002.wav", ""]
    assert [line["state"] for line in table] == ["succeeded", "succeeded", "failed"]
    assert table[1]["said"] == "'=SUM(A1)", "a spreadsheet must not take a text for a formula"
    before = (folder / "0002.wav").stat().st_mtime_ns
    batch.save(folder, "wav")
    assert (folder / "0002.wav").stat().st_mtime_ns == before, "what was written stays"
    with pytest.raises(InvalidRequest):
        batch.save(folder, "aiff")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Lab]:
    """A laboratory whose host a test may kill."""
    yield Lab(tmp_path / "mortal")
    end_host(tmp_path / "mortal")


def test_a_batch_goes_on_after_its_host_was_killed_and_no_row_is_made_twice(mortal: Lab, tmp_path: Path) -> None:
    batch = mortal.batch([f"Row number {number}." for number in range(12)], voice=POLLY, seconds_of_work=0.2)
    while batch.status().succeeded < 3:
        pass
    record = read_record(tmp_path / "mortal")
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)

    summary = _waited(batch)

    assert summary.states == {"succeeded": 12}
    for row in summary.rows:
        kinds = [event["kind"] for event in mortal.job(row.job).events()]
        assert kinds.count("finished") == 1
