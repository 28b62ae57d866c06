"""Pages and types that are made from the code, and nobody forgot to make them again."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.cli.parser import COMMANDS
from hay_say_lab.errors import family
from hay_say_lab.service.routes import ROUTES
from tools.generate_docs import DOCS, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_the_page_is_what_the_code_says(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == pages()[page], "run `make docs`"


def test_every_command_route_and_error_has_its_place() -> None:
    cli, rest = ((DOCS / name).read_text(encoding="utf-8") for name in ("cli.md", "rest.md"))
    assert [line for line in cli.splitlines() if line.startswith("## hay-say")] == [f"## hay-say {c.name}" for c in COMMANDS]
    assert [line for line in rest.splitlines() if line.startswith(("### GET", "### POST", "### HEAD", "### DELETE", "### PUT", "### PATCH"))] == [
        f"### {route.method} {route.path}" for route in ROUTES
    ]
    assert all(f"`{code}`" in rest and f"`{code}`" in cli for code in family())


def test_the_links_inside_a_page_lead_to_its_headings() -> None:
    for page in (DOCS / "cli.md", DOCS / "rest.md"):
        text = page.read_text(encoding="utf-8")
        anchors = {_anchor(line) for line in text.splitlines() if line.startswith("#")}
        targets = {part.partition(")")[0] for part in text.split("](#")[1:]}
        assert targets <= anchors, (Path(page).name, targets - anchors)


def _anchor(heading: str) -> str:
    kept = (letter for letter in heading.lstrip("# ").lower() if letter.isalnum() or letter in " -_")
    return "".join(kept).replace(" ", "-")
