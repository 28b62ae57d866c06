"""The core never names an architecture: not as a string, not as a voice's prefix, not as an import.

Python is read as syntax trees (docstrings are exempt), TypeScript by a tokenizer that knows comments from strings.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest

from tests.house.source import REPOSITORY, core, docstrings, tracked_files

GROUP = "hay_say_lab.architectures"

# Comments, strings of the three kinds, and regular expressions (whose quotes open no string).
TOKEN = re.compile(
    r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<string> "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*` )
    | (?P<regex> (?<=[=(,:;!&|?\[{}]) \s* /(?![/*]) (?: \\. | \[(?:\\.|[^\]\\\n])*\] | [^/\\\n\[] )+ / )
    """,
    re.DOTALL | re.VERBOSE,
)


def _architectures() -> set[str]:
    """Ids that are installed, and ids that the repository's own distributions register."""
    ids = {entry.name for entry in entry_points(group=GROUP)}
    for project in [*REPOSITORY.glob("architectures/*/pyproject.toml"), *REPOSITORY.glob("tests/plugins/*/pyproject.toml")]:
        ids |= set(tomllib.loads(project.read_text(encoding="utf-8"))["project"].get("entry-points", {}).get(GROUP, {}))
    return ids


def _named_in(text: str, ids: set[str]) -> str | None:
    """The architecture that a string names: the whole string, a voice's prefix, or its package."""
    for name in ids:
        if text.strip() == name or re.search(rf"(?<![\w-]){name}:(?=[\w<{{$]|$)", text) or f"hay_say_{name}" in text:
            return name
    return None


def _python_strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    exempt = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exempt:
            yield node.lineno, node.value
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def _typescript_strings(text: str) -> Iterator[tuple[int, str]]:
    for found in TOKEN.finditer(text):
        if found["string"]:
            yield text.count("\n", 0, found.start()) + 1, found["string"][1:-1]


def test_no_python_of_the_core_names_an_architecture() -> None:
    ids = _architectures()
    complaints = [
        f"{module.place}:{line}: names '{name}' in {text[:60]!r}"
        for module in core()
        for line, text in _python_strings(module.tree)
        if (name := _named_in(text, ids))
    ]
    assert not complaints, "\n".join(complaints)


def test_no_typescript_of_the_core_names_an_architecture() -> None:
    ids = _architectures()
    sources = [
        path
        for path in tracked_files()
        if path.suffix in (".ts", ".mjs", ".js")
        and path.is_relative_to(REPOSITORY / "labextension" / "src")
        and ".test." not in path.name
    ]
    assert sources, "there is no TypeScript under labextension/src"
    complaints = [
        f"{path.relative_to(REPOSITORY)}:{line}: names '{name}' in {text[:60]!r}"
        for path in sources
        for line, text in _typescript_strings(path.read_text(encoding="utf-8"))
        if (name := _named_in(text, ids))
    ]
    assert not complaints, "\n".join(complaints)


def test_there_are_architectures_to_look_for() -> None:
    assert "parrot" in _architectures()
    assert len(_architectures()) >= 3


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ('voice = "parrot"', True),
        ('voice = "parrot:polly"', True),
        ('voice = f"parrot:{slug}"', True),
        ("import hay_say_parrot", True),
        ("from hay_say_parrot.manifest import MANIFEST", True),
        ('importlib.import_module("hay_say_parrot.runtime")', True),
        ('"""The parrot: parrot:polly is an example."""', False),   # documentation
        ("# parrot:polly", False),                                  # a comment
        ('message = "a parrot says so"', False),                    # a word in a sentence
        ('kind = "parrots"', False),                                # another word
    ],
)
def test_the_check_tells_a_name_from_a_word_in_python(code: str, names: bool) -> None:
    assert any(_named_in(text, {"parrot"}) for _, text in _python_strings(ast.parse(code))) is names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ('const voice = "parrot";', True),
        ("const voice = 'parrot:polly';", True),
        ("const voice = `parrot:${slug}`;", True),
        ("// const voice = 'parrot';", False),
        ("/* 'parrot:polly' */ const a = 1;", False),
        ('const note = "it\'s // no comment"; const voice = "parrot";', True),
        ('const quote = text.replace(/"/g, ""); const voice = "parrot";', True),
        ("const words = 'a parrot says so';", False),
    ],
)
def test_the_check_tells_a_name_from_a_word_in_typescript(code: str, names: bool) -> None:
    assert any(_named_in(text, {"parrot"}) for _, text in _typescript_strings(code)) is names
