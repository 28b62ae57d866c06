"""What we tell people to type works: README's Python runs, and every `make` target that a page names exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import REPOSITORY, tracked_files

README = REPOSITORY / "README.md"
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)")


def _python_of_the_readme() -> str:
    """All python blocks as one script, on the lines where they stand, so that a traceback points into README.md."""
    text = README.read_text(encoding="utf-8")
    script = ["" for _ in text.splitlines()]
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start("code"))
        lines = block["code"].splitlines()
        script[first : first + len(lines)] = lines
    return "\n".join(script) + "\n"


def _pages() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


def _targets() -> set[str]:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_the_readme_shows_python() -> None:
    assert _python_of_the_readme().strip()


def test_the_readmes_examples_run_in_order(data_home: Path, tmp_path: Path) -> None:
    """As a newcomer would: an empty data home, a fresh interpreter, a host that starts by itself and ends by itself."""
    script = tmp_path / "README.py"
    script.write_text(_python_of_the_readme(), encoding="utf-8")
    environment = os.environ | {"HAY_SAY_HOME": str(data_home), "HAY_SAY_IDLE_SECONDS": "2"}
    ended = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```(?:sh|bash|console)?\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text))
    named = set(re.findall(r"(?:^|[\s;&])make ([a-z][a-z-]*)", code, re.MULTILINE))
    assert named <= _targets(), f"no such target: {sorted(named - _targets())}"


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [link["target"] for link in LINK.finditer(text) if not (page.parent / link["target"]).exists()]
    assert not missing
