"""What is in git says nothing about the machine or the package index it was made with."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.house.source import REPOSITORY, tracked_files

# Put together from halves, so that this file does not name what it looks for.
REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "npmjs" + ".com", "yarn" + "pkg.com",
              "conda" + ".anaconda.org", "download.pytorch" + ".org"]  # fmt: skip
MACHINE_PATHS = ["/" + folder + "/" for folder in ("root", "work", "home", "Users", "mnt", "opt/wheels", "opt/pypi")]
REGISTRY = re.compile("|".join(map(re.escape, REGISTRIES)))
# A path begins after white space, a quote or an equals sign; `https://host/work/` is none. 'me' is nobody in particular.
MACHINE_PATH = re.compile(
    r"(?:^|(?<=[\s\"'`=(:,]))(?:file://)?(?:" + "|".join(map(re.escape, MACHINE_PATHS)) + r")(?!(?:me|you)\b)\w"
)


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found.append((path.relative_to(REPOSITORY).as_posix(), content.decode("utf-8", "replace")))
    return found


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{place}:{number}: {line.strip()[:100]}"
        for place, text in _texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    found = _lines_with(REGISTRY)
    assert not found, "\n".join(found)


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = _lines_with(MACHINE_PATH)
    assert not found, "\n".join(found)


def test_the_patterns_find_what_they_look_for() -> None:
    assert REGISTRY.search("https://" + REGISTRIES[0] + "/simple")
    assert MACHINE_PATH.search("cd " + MACHINE_PATHS[1] + "main")
    assert MACHINE_PATH.search("file://" + MACHINE_PATHS[0] + "x")
    assert not MACHINE_PATH.search("https://example.org" + MACHINE_PATHS[1] + "x")


def test_there_is_no_lock_with_addresses() -> None:
    names = {path.relative_to(REPOSITORY).as_posix() for path in tracked_files()}
    assert not {"uv.lock", "yarn.lock", "pnpm-lock.yaml"} & names
    lock = json.loads((REPOSITORY / "package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_nothing_that_is_built_is_in_git() -> None:
    built = [
        path.relative_to(REPOSITORY).as_posix()
        for path in tracked_files()
        if {"build", "dist", "node_modules", "static", ".venv", "__pycache__"} & set(path.relative_to(REPOSITORY).parts)
    ]
    assert not built


def test_no_file_is_too_large_for_git() -> None:
    large = {str(path): path.stat().st_size for path in tracked_files() if path.stat().st_size > 1_000_000}
    assert not large


def test_every_shell_script_is_valid_shell() -> None:
    import subprocess

    scripts = [path for path in tracked_files() if path.suffix == ".sh" or path == REPOSITORY / ".ci" / "run"]
    assert Path(REPOSITORY / ".ci" / "run") in scripts
    for script in scripts:
        subprocess.run(["sh", "-n", str(script)], check=True)
