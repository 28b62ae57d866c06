"""Importing costs what DESIGN promises: proven in fresh processes in which every other package is blocked."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.source import CORE, core

BLOCKED_IMPORT = """
import importlib, importlib.abc, json, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in blocked or (allowed is not None and top not in allowed and top not in sys.stdlib_module_names):
            raise ModuleNotFoundError(f"{name} is blocked here", name=name)

names, allowed, blocked = json.loads(sys.argv[1])
sys.meta_path.insert(0, Blocker())
for name in names:
    importlib.import_module(name)
"""

# room -> the packages that importing all of it may need, beside the standard library
NEEDS: dict[str, set[str]] = {
    "": set(),
    "errors": set(),
    "domain": set(),
    "client": set(),
    "plugin": {"numpy"},
    "worker": {"numpy"},
    "library": {"numpy"},
}

HEAVY_FOR_JUPYTER = {
    "alembic", "anywidget", "librosa", "matplotlib", "numpy", "papermill", "pydantic", "scipy", "soundfile", "soxr",
    "sqlalchemy", "tinydb", "torch",
}  # fmt: skip


def _import_alone(names: list[str], allowed: set[str] | None, blocked: set[str]) -> str:
    """Import `names` in a fresh process -> '' or the error. `allowed` None: everything but `blocked`."""
    allowlist = None if allowed is None else sorted(allowed | {CORE})
    order = json.dumps([names, allowlist, sorted(blocked)])
    command = [sys.executable, "-c", BLOCKED_IMPORT, order]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.stderr if ended.returncode else ""


@pytest.mark.parametrize("room", NEEDS)
def test_a_light_room_imports_with_every_other_package_blocked(room: str) -> None:
    names = [module.name for module in core() if module.room == room]
    assert names, f"there is no module in the room '{room}'"
    assert _import_alone(names, NEEDS[room], set()) == ""


def test_the_extension_imports_without_the_hosts_packages() -> None:
    names = [module.name for module in core() if module.room == "server"]
    assert names, "there is no module in the room 'server'"
    assert _import_alone(names, None, HEAVY_FOR_JUPYTER) == ""


def test_the_blocker_blocks() -> None:
    assert "numpy is blocked here" in _import_alone(["numpy"], set(), set())
    assert "numpy is blocked here" in _import_alone(["numpy"], None, {"numpy"})


def test_a_manifest_imports_without_its_runtimes_packages() -> None:
    from importlib.metadata import entry_points

    found = entry_points(group="hay_say_lab.architectures")
    assert found, "no architecture is installed"
    for entry in found:
        package = entry.module.partition(".")[0]
        assert _import_alone([entry.module], {package}, set()) == "", entry.name
