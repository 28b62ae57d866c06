"""docs/security.md names every threat, and tests that are really there; its table of profiles is the one in the code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from hay_say_lab.domain.profile import PROFILES
from tools.generate_docs import DOCS

NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(\w+)`")
THREATS = [f"S{number}" for number in range(1, 20)]


@cache
def _tests(path: str) -> set[str]:
    tree = ast.parse((DOCS.parent / Path(path)).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _lines() -> list[str]:
    return (DOCS / "security.md").read_text(encoding="utf-8").splitlines()


def test_every_threat_has_its_line_and_every_line_a_test_that_exists() -> None:
    rows = {line.split("|")[1].strip(): line for line in _lines() if line.startswith("| S")}
    assert list(rows) == THREATS
    for threat, line in rows.items():
        named = NAMED.findall(line)
        assert named, threat
        missing = [f"{path}::{name}" for path, name in named if name not in _tests(path)]
        assert not missing, f"{threat}: {missing}"


def test_the_table_of_profiles_is_the_one_in_the_code() -> None:
    cells = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in _lines() if line.startswith("|")}
    profiles = list(PROFILES.values())
    assert cells["for"] == [profile.summary for profile in profiles]
    assert [cell != "nobody" for cell in cells["who changes the library"]] == [profile.library_changes for profile in profiles]
    serves = cells["a voice without source, licence and consent"]
    assert [cell == "serves nobody" for cell in serves] == [profile.provenance_needed for profile in profiles]
    confined = ["full" in cell for cell in cells["strangers' files are read under"]]
    assert confined == [profile.least_confinement == "full" for profile in profiles]
    assert ["list" in cell for cell in cells["downloads"]] == [profile.listed_hosts for profile in profiles]
    assert cells["changes in a minute, of one owner"] == [str(profile.changes_per_minute or "any") for profile in profiles]
