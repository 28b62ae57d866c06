"""Which code made a sound: a digest over Python files by name and content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.domain.code import ROOT, code_digest, core_version


@pytest.fixture
def package(tmp_path: Path) -> Path:
    place = tmp_path / "one" / "package"
    (place / "inner").mkdir(parents=True)
    (place / "a.py").write_text("A = 1\n")
    (place / "inner" / "b.py").write_text("B = 2\n")
    (place / "notes.txt").write_text("nobody runs this\n")
    return place


def test_a_copy_elsewhere_is_the_same_code(package: Path, tmp_path: Path) -> None:
    shutil.copytree(package, tmp_path / "two" / "package")
    assert code_digest(package) == code_digest(tmp_path / "two" / "package")


def test_what_is_not_python_does_not_count(package: Path) -> None:
    before = code_digest(package)
    (package / "notes.txt").write_text("other notes\n")
    assert code_digest(package) == before


def test_each_change_is_other_code(package: Path) -> None:
    seen = {code_digest(package)}
    (package / "a.py").write_text("A = 2\n")
    seen.add(code_digest(package))
    (package / "a.py").rename(package / "c.py")
    seen.add(code_digest(package))
    (package / "inner" / "b.py").rename(package / "b.py")
    seen.add(code_digest(package))
    (package / "empty.py").touch()
    seen.add(code_digest(package))
    assert len(seen) == 5


def test_the_core_has_a_digest_of_its_own() -> None:
    assert is_sha256(core_version())
    assert core_version() == code_digest(ROOT)
