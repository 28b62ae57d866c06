"""The dictionaries of a lab from Python, and the files that people edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab import Lab
from hay_say_lab.client.take import Take
from hay_say_lab.client.word_files import read_words, write_words
from hay_say_lab.domain.pronunciation import Pronunciation, WordList
from hay_say_lab.errors import Conflict, DictionaryMissing, InvalidRequest, LabError, NotFound

WORDS = WordList(
    (Pronunciation("LA", alias="Los Angeles, really", case="exact"), Pronunciation("Nguyen", ipa="ŋwiən", language="en")), "Names"
)


def test_words_are_said_forgotten_and_used(lab: Lab) -> None:
    shelf = lab.dictionaries
    first = shelf.say("names", "LA", alias="Los Angeles")
    second = shelf.say("names", "la", alias="ell ay")
    assert [entry.alias for entry in shelf.words("names")] == ["ell ay"], "any case: it is the same word"
    assert [entry.alias for entry in shelf.words(f"names@{first['version'][:8]}")] == ["Los Angeles"]
    with pytest.raises(Conflict, match="already"):
        shelf.say("names", "LA", alias="x", new=True)
    shelf.say("names", "LA", alias="x", new=True, case="exact")
    assert "names" in shelf
    take = lab.say("In LA.", voice="parrot:polly", seed=1, dictionary=f"names@{second['version']}").result(30)
    assert isinstance(take, Take)
    timings = take.words()
    assert timings is not None
    assert [word.text for word in timings.words] == ["In", "LA"]
    assert take.recipe()["stages"][0]["text"]["body"] == "In ell ay."
    shelf.forget("names", "LA", case="exact")
    shelf.forget("names", "LA")
    assert shelf.words("names") == ()
    with pytest.raises(InvalidRequest, match="does not say"):
        shelf.forget("names", "LA")
    assert shelf.remove("names")["versions"] == 5
    for gone in (lambda: shelf["names"], lambda: shelf.remove("names"), lambda: shelf.forget("names", "LA")):
        with pytest.raises(DictionaryMissing):
            gone()


def test_a_whole_dictionary_is_put_and_every_problem_is_told(lab: Lab) -> None:
    assert lab.dictionaries.put("short", {"LA": "Los Angeles"})["document"]["name"] == "short"
    with pytest.raises(InvalidRequest) as refused:
        lab.dictionaries.put("short", [Pronunciation("a"), Pronunciation("b", ipa="7")])
    assert [problem.field for problem in refused.value.problems] == ["entries.0", "entries.1"]
    with pytest.raises(Conflict):
        lab.dictionaries.put("short", {}, replaces="0" * 64)
    assert lab.dictionaries.words("short") == (Pronunciation("LA", alias="Los Angeles"),)


@pytest.mark.parametrize("ending", [".json", ".csv", ".tsv"])
def test_what_is_written_is_read_back(ending: str, tmp_path: Path) -> None:
    path = write_words(WORDS.as_json(), tmp_path / f"Names{ending}")
    assert read_words(path) == WORDS
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes("\ufeffWord, Alias \r\nLA,\"Los Angeles, CA\"\r\n,\r\nNguyen,Win\r\n".encode())
    assert read_words(path).entries == (Pronunciation("LA", alias="Los Angeles, CA"), Pronunciation("Nguyen", alias="Win"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"LA,Los Angeles", "another ending"),
        ("a.csv", b"", "no column 'word'"),
        ("a.csv", b"word,sound\nLA,x\n", "column 'sound'"),
        ("a.csv", b"word,alias\nLA,x,y\n", "too many cells"),
        ("a.csv", b'word,alias\n"LA,x\n', "no table"),
        ("a.csv", b"word,alias\n\xff\xfe,x\n", "not UTF-8"),
        ("a.json", b"[]", "no dictionary"),
        ("a.json", b'{"format": "hay-say-pronunciation/1", "entries": [{"sound": 1}]}', "no dictionary"),
        ("a.json", b"[" * 100_000, "no dictionary"),
        ("a.json", b'{"format": "another", "entries": []}', "no dictionary"),
    ],
)
def test_a_file_that_holds_something_else_is_told(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidRequest, match=said) as refused:
        read_words(tmp_path / name)
    assert refused.value.problems[0].fix.label


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_words(tmp_path / "none.csv")
    with pytest.raises(LabError):
        read_words(tmp_path / "none.txt")
