"""Rows come in the files that people have; a bad line is told by its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.client.row_files import read_rows
from hay_say_lab.errors import InvalidRequest, NotFound

GOOD = {
    # a table; quotes hold commas and line ends, an empty cell says nothing, empty lines are none
    "lines.csv": ('text,voice\n"Well, hello.",a:b\n\nTwo.,\n"Three\nlines.",c:d\n',
                  [{"text": "Well, hello.", "voice": "a:b"}, {"text": "Two."}, {"text": "Three\nlines.", "voice": "c:d"}]),
    # as spreadsheets save it: a byte order mark, CR LF, spaces around the heads
    "excel.csv": ("\ufefftext , seed\r\nOne.,7\r\n", [{"text": "One.", "seed": "7"}]),
    "lines.tsv": ("text\tname\nOne, two.\tfirst\n", [{"text": "One, two.", "name": "first"}]),
    # an object or a text a line
    "lines.jsonl": ('{"text": "One.", "seed": 7}\n\n"Two."\n', [{"text": "One.", "seed": 7}, {"text": "Two."}]),
    "lines.txt": ("One.\n\n  Two.  \n", [{"text": "One."}, {"text": "Two."}]),
    "empty.csv": ("", []),
}  # fmt: skip

BAD = {
    "lines.csv": ('text,voice\n"One,two\n', "cannot be read"),
    "wide.csv": ("text\nOne, two.\n", "Line 2 has 2 cells; the table has 1 columns"),
    "twice.csv": ("text,text\n1,2\n", "'text' is there twice"),
    "lines.jsonl": ('{"text": "One."}\n[1]\n{broken\n', "Line 2 is no JSON object"),
    "deep.jsonl": ("[" * 100_000, "Line 1 is no JSON object"),
    "rows.xlsx": ("", "is no table of rows"),
}


@pytest.mark.parametrize("name", GOOD)
def test_rows_are_read_by_the_files_ending(name: str, tmp_path: Path) -> None:
    text, rows = GOOD[name]
    (tmp_path / name).write_bytes(text.encode())
    assert read_rows(tmp_path / name) == rows


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_the_line_and_the_way_out(name: str, tmp_path: Path) -> None:
    text, said = BAD[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidRequest, match=said) as refused:
        read_rows(tmp_path / name)
    assert all(problem.fix.label for problem in refused.value.problems)


def test_every_bad_line_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text("[1]\n{}\n[2]\n")
    with pytest.raises(InvalidRequest) as refused:
        read_rows(tmp_path / "lines.jsonl")
    assert [problem.message for problem in refused.value.problems] == [
        "Line 1 is no JSON object.", "Line 3 is no JSON object.",
    ]  # fmt: skip


def test_text_of_another_encoding_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_bytes("Grüße".encode("latin-1"))
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        read_rows(tmp_path / "lines.txt")
    with pytest.raises(NotFound):
        read_rows(tmp_path / "nothing.txt")
