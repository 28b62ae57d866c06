"""Every `hay-say` line that we tell people to type is one: in the README, in notebooks, in the fixes of errors."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from hay_say_lab.cli.parser import build_parser
from tests.cli.shell import Shell
from tests.hosts import end_host
from tests.house.source import REPOSITORY, modules
from tools.generate_docs import subparsers

README = REPOSITORY / "README.md"
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
QUOTED = re.compile(r"['`](hay-say [^'`\n]+)['`]")


def _typed(text: str) -> Iterator[list[str]]:
    """The words behind `hay-say` of every line in a shell block."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("hay-say "):
                yield shlex.split(line, comments=True)[1:]


def test_the_readme_types_commands_that_exist() -> None:
    lines = list(_typed(README.read_text(encoding="utf-8")))
    assert len(lines) >= 5
    assert all(build_parser().parse_args(words).command is not None for words in lines)


def test_the_readmes_commands_work_in_their_order(tmp_path: Path) -> None:
    """The notebook has tests of its own."""
    hay_say = Shell(tmp_path / "home", tmp_path)
    try:
        for words in _typed(README.read_text(encoding="utf-8")):
            if words[0] not in ("run", "doctor"):
                ended = hay_say(*words)
                assert ended.status == 0, (words, ended.err)
    finally:
        end_host(tmp_path / "home")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_types_commands_that_exist(notebook: Path) -> None:
    text = "\n".join("".join(cell["source"]) for cell in json.loads(notebook.read_bytes())["cells"])
    told = re.findall(r"`hay-say ([^`]+)`", text)
    assert told
    assert not [line for line in told if not _exists(line)]


def test_errors_send_people_to_commands_that_exist() -> None:
    strings = [
        node.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    told = {line.removeprefix("hay-say ") for text in strings for line in QUOTED.findall(text)}
    assert len(told) >= 5
    assert not [line for line in told if not _exists(line)]


def _exists(line: str) -> bool:
    """Whether the command is there, and the verb where it has verbs; placeholders stand for arguments."""
    words = line.split()
    command = subparsers(build_parser()).get(words[0])
    if command is None:
        return False
    verbs = subparsers(command)
    return len(words) == 1 or not verbs or words[1] in verbs
