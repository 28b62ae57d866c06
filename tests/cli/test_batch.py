"""`hay-say batch` and `hay-say batches`."""

from __future__ import annotations

from tests.cli.shell import Shell

POLLY = ("--voice", "parrot:polly")


def test_a_file_of_rows_becomes_a_folder_of_sounds(hay_say: Shell) -> None:
    (hay_say.folder / "lines.csv").write_text("text,beeps\nOne.,2\nTwo.,\n")

    ended = hay_say.json("batch", "lines.csv", *POLLY, "--name", "two lines", "--set", "tune=c", "--out", "made", "--format", "wav")

    assert ended.status == 0, ended.err
    assert ended.document["states"] == {"succeeded": 2}
    assert "2 rows are queued; they go on if you stop waiting" in ended.err
    assert sorted(path.name for path in (hay_say.folder / "made").iterdir()) == ["0001.wav", "0002.wav", "batch.csv"]
    listed = {batch["name"]: batch for batch in hay_say.json("batches").document["batches"]}
    assert listed["two lines"]["rows"] == 2
    shown = hay_say("batches", "show", "two lines")
    assert shown.out.splitlines()[0].split() == ["ROW", "STATE", "SECONDS", "WHAT", "PROBLEM"]
    assert hay_say("batches", "save", "two lines", "again").status == 0
    assert (hay_say.folder / "again" / "0002.flac").is_file()


def test_a_row_without_a_sound_is_exit_1_and_stands_in_the_table(hay_say: Shell) -> None:
    (hay_say.folder / "lines.jsonl").write_text('{"text": "One."}\n{"text": "Two.", "tune": "xyz"}\n')
    ended = hay_say("batch", "lines.jsonl", *POLLY, "--name", "one bad")
    assert ended.status == 1
    assert "failed" in ended.out
    assert "The tune 'xyz'" in ended.out
    assert hay_say.json("batches", "retry", "one bad").status in (0, 1)


def test_bad_rows_and_files_are_exit_2_and_a_missing_batch_is_exit_4(hay_say: Shell) -> None:
    (hay_say.folder / "lines.csv").write_text("text,beeps\nOne.,99\n,\nTwo.,x\n")
    ended = hay_say.json("batch", "lines.csv", *POLLY)
    assert ended.status == 2
    assert ended.fields == {"rows.0.steps.0.settings.beeps", "rows.1.steps.0.settings.beeps"}, ended.out
    assert hay_say("batch", "nothing.csv", *POLLY).status == 4
    assert hay_say("batches", "show", "nothing").status == 4
