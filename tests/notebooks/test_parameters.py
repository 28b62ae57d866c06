"""What a notebook takes, and what a value on the command line means for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.cli.parameters import parameters_of, read_values
from hay_say_lab.errors import InvalidRequest

CELL = '''
text = "a = b"                      # an equals sign inside
voice: str | None = None
take: "int | None" = None
anything = None
count = 3
share = 0.5
loud = True
names = ["a", "b"]
pitch: float = -4
home = Path.home()                  # no constant: no parameter
'''


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "a.ipynb"
    tagged = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": CELL.splitlines(keepends=True)}
    other = {"cell_type": "code", "metadata": {}, "source": ["other = 1"]}
    path.write_text(json.dumps({"cells": [other, tagged, other]}))
    return path


def test_parameters_are_what_the_tagged_cell_assigns(notebook: Path) -> None:
    assert list(parameters_of(notebook)) == [
        "text", "voice", "take", "anything", "count", "share", "loud", "names", "pitch",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("text", "12", "12"),                   # a text stays one, whatever it looks like
        ("text", "", ""),
        ("voice", "espeak", "espeak"),
        ("voice", "none", None),
        ("take", "4", 4),
        ("take", "None", None),
        ("anything", "4", 4),                   # nothing is known of it, so it is read as it is written
        ("anything", "four", "four"),
        ("count", "-3", -3),
        ("share", "1", 1.0),                    # a whole number is a number
        ("share", "1e-3", 0.001),
        ("loud", "false", False),
        ("loud", "True", True),
        ("names", '["x"]', ["x"]),
        ("pitch", "5", 5.0),                    # the annotation says a number, the default looks whole
    ],
)  # fmt: skip
def test_a_value_is_read_as_the_kind_of_its_parameter(notebook: Path, name: str, text: str, value: Any) -> None:
    found = read_values(parameters_of(notebook), [(name, text)])[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("count", "3.5"),
        ("count", "three"),
        ("count", "true"),
        ("count", ""),
        ("share", "half"),
        ("loud", "1"),
        ("names", "x"),
        ("take", "later"),
    ],
)
def test_a_value_of_another_kind_is_a_problem(notebook: Path, name: str, text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_values(parameters_of(notebook), [(name, text)])
    (problem,) = refused.value.problems
    assert problem.field == name
    assert "default" in problem.fix.label


def test_all_problems_come_at_once(notebook: Path) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_values(parameters_of(notebook), [("count", "x"), ("colour", "red"), ("text", "fine"), ("loud", "x")])
    assert [problem.field for problem in refused.value.problems] == ["count", "colour", "loud"]


@pytest.mark.parametrize(
    "content", ["no json", "[]", '{"cells": [{"metadata": {"tags": ["parameters"]}, "source": ["a ="]}]}', "{}"]
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.ipynb").write_text(content)
    with pytest.raises(InvalidRequest, match="no notebook"):
        parameters_of(tmp_path / "a.ipynb")


def test_a_notebook_without_the_tag_takes_no_parameters(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text('{"cells": []}')
    assert parameters_of(tmp_path / "a.ipynb") == {}
    with pytest.raises(InvalidRequest, match="known are: none"):
        read_values({}, [("text", "Hi.")])
