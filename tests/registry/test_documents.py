"""Registry documents: a file is replaced whole, the version before is kept, and damage is told by name."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hay_say_lab.errors import StorageFailed
from hay_say_lab.registry.blocks import Blocks
from hay_say_lab.registry.documents import SCHEMA, AtomicStorage, open_documents

GROWS_FOR_EVER = """
import sys
from pathlib import Path
from hay_say_lab.registry.blocks import Blocks
from hay_say_lab.registry.documents import open_documents

table = open_documents(Path(sys.argv[1])).table("voices")
number = len(table)
while True:
    table.insert({"number": number, "filling": "x" * 2000})
    number += 1
    print(number, flush=True)
"""

MEETS_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from hay_say_lab.errors import StorageFailed
from hay_say_lab.registry.blocks import Blocks
from hay_say_lab.registry.documents import open_documents

table = open_documents(Path(sys.argv[1])).table("voices")
table.insert({"id": "first"})
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
try:
    table.insert({"id": "refused", "filling": "x" * 5000})
except StorageFailed:
    print("refused", [document["id"] for document in table.all()])
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
table.insert({"id": "second"})
"""


def _ids(path: Path) -> list[str]:
    with open_documents(path) as documents:
        return [document["id"] for document in documents.table("voices").all()]


def test_documents_are_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    with open_documents(path) as documents:
        documents.table("voices").insert({"id": "a:b", "title": "Ä 漢"})
        documents.table("voices").insert({"id": "a:c"})
    assert _ids(path) == ["a:b", "a:c"]


def test_people_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    with open_documents(path) as documents:
        documents.table("voices").insert({"id": "a:b", "title": "Ä 漢"})

    text = path.read_text(encoding="utf-8")

    assert '"title": "Ä 漢"' in text
    assert json.loads(text)["schema"] == SCHEMA
    assert path.stat().st_mode & 0o077 == 0


def test_the_version_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    with open_documents(path) as documents:
        documents.table("voices").insert({"id": "one"})
        documents.table("voices").insert({"id": "two"})

    path.with_suffix(".previous.json").replace(path)
    assert _ids(path) == ["one"]


def test_a_process_killed_while_it_writes_leaves_a_file_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    known = 0
    for life in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", GROWS_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            first = child.stdout.readline()
            time.sleep(0.02 + 0.013 * life)
            child.kill()
            acknowledged = int((first + child.stdout.read()).split()[-1])
        assert child.returncode == -signal.SIGKILL
        for readable in (path, path.with_suffix(".previous.json")):
            numbers = _numbers(readable) if readable.exists() else []
            assert numbers == list(range(len(numbers)))
        known = len(_numbers(path))
        assert known >= acknowledged, "what was acknowledged is there"
    assert known >= 5


def _numbers(path: Path) -> list[int]:
    with open_documents(path) as documents:
        return sorted(document["number"] for document in documents.table("voices").all())


def test_a_write_that_the_disk_refuses_changes_nothing_not_even_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"

    done = subprocess.run(
        [sys.executable, "-c", MEETS_A_FULL_DISK, str(path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split("\n")[0] == "refused ['first']"
    assert _ids(path) == ["first", "second"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["voices.json", "voices.previous.json"]


def test_what_was_read_can_be_changed_without_changing_what_is_stored(tmp_path: Path) -> None:
    storage = AtomicStorage(str(tmp_path / "voices.json"))
    storage.write({"voices": {"1": {"id": "a"}}})
    read = storage.read()
    assert read is not None
    read["voices"]["1"]["id"] = "changed"
    assert storage.read() == {"voices": {"1": {"id": "a"}}}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"schema": 1}', b'{"tables": {}}', b"\xff\xfe",
        b'{"schema": "new", "tables": {}}', b'{"schema": null, "tables": {}}', b'{"schema": 0, "tables": {}}', b'{"schema": 1, "tables": []}',
        b'{"schema": 1, "tables": {"voices": []}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_an_error_that_names_the_version_before(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    path.write_bytes(content)

    with pytest.raises(StorageFailed, match=r"voices\.json is damaged") as refusal:
        open_documents(path)

    assert "voices.previous.json" in refusal.value.problems[0].fix.label
    assert path.read_bytes() == content, "nobody repairs it silently"


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    path.write_text(json.dumps({"schema": SCHEMA + 1, "tables": {}}))
    with pytest.raises(StorageFailed, match="newer"):
        open_documents(path)


def test_a_folder_in_its_place_is_the_disks_refusal(tmp_path: Path) -> None:
    (tmp_path / "voices.json").mkdir()
    with pytest.raises(StorageFailed, match="refused"):
        open_documents(tmp_path / "voices.json")


@pytest.mark.parametrize(
    "tables",
    [{}, {"voices": {}}, {"voices": {"a:b": {"x": [1, {"y": "z\n\\n\u2028"}], "ä": {}}, "A": []}, "trash": {"1": {}, "10": None, "2": {}}}],
)
def test_the_file_is_plain_json_with_a_field_on_each_line(tables: dict[str, dict[str, object]], tmp_path: Path) -> None:
    """Its documents are encoded one by one, and only those that changed."""
    storage = AtomicStorage(str(tmp_path / "voices.json"))
    storage.write(tables)
    whole = json.dumps({"schema": SCHEMA, "tables": tables}, indent=1, sort_keys=True, ensure_ascii=False)
    assert (tmp_path / "voices.json").read_text(encoding="utf-8") == whole


def test_a_changed_document_is_written_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    with open_documents(path) as documents:
        blocks = Blocks(documents)
        blocks.change(("voices", "a", {"n": 1}), ("voices", "b", {"n": 1}), ("trash", "c", {"n": 1}))
        blocks.change(("voices", "a", {"n": 2}), ("trash", "c", None))
        blocks.change(("voices", "b", {"n": 3}))
    assert json.loads(path.read_bytes())["tables"] == {"voices": {"a": {"n": 2}, "b": {"n": 3}}, "trash": {}}


def _of_schema_1(path: Path, **provenance: str) -> bytes:
    tables = {"voices": {"1": {"id": "a:b", "provenance": {"source": "s", "licence": "l", "intended_use": "u", **provenance}}}}
    path.write_text(json.dumps({"schema": 1, "tables": tables}))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("sentence", "consent"),
    [
        ("her own, in writing", "given"),       # a person wrote a sentence
        ("", ""),                               # nobody said anything
        ("None.", ""),                          # somebody said that there is none
        ("denied", ""),
    ],
)
def test_a_consent_in_words_becomes_its_evidence(sentence: str, consent: str, tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    _of_schema_1(path, consent=sentence)

    with open_documents(path) as documents:
        found = Blocks(documents).of("voices")["a:b"]["provenance"]

    assert (found["consent"], found["evidence"]) == (consent, sentence)
    assert json.loads(path.read_bytes())["schema"] == SCHEMA, "what was migrated is written at once"


def test_the_file_of_an_older_schema_is_kept_however_often_the_new_one_is_written(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    before = _of_schema_1(path, consent="hers")

    for _ in range(3):
        with open_documents(path) as documents:
            Blocks(documents).change(("voices", "another", {"id": "another"}))

    assert (tmp_path / "voices.schema1.previous.json").read_bytes() == before


def test_a_migration_leaves_alone_what_it_does_not_know(tmp_path: Path) -> None:
    odd = {"1": [], "2": {"id": "a"}, "3": {"provenance": None}, "4": {"provenance": {"consent": 7}}}
    path = tmp_path / "voices.json"
    path.write_text(json.dumps({"schema": 1, "tables": {"voices": odd, "other": {"1": {"x": 1}}}}))
    storage = AtomicStorage(str(path))
    assert storage.read() == {"voices": {"a": odd.pop("2"), **odd}, "other": {"1": {"x": 1}}}, "but it knows an id"
