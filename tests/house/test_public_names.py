"""What people import is pinned: a name comes or goes here on purpose, with a line in CHANGELOG.md."""

from __future__ import annotations

import ast
import importlib

import hay_say_lab
from hay_say_lab import plugin
from tests.house.source import core

ROOT_NAMES = {"Lab", "__version__"}

PLUGIN_NAMES = {
    "AssetNeed", "AudioContract", "BuiltinVoice", "Choice", "Clip", "Compatibility", "Context", "Control", "ENTRY_POINTS",
    "Finding", "Fix", "Ignored", "InvalidRequest", "LabError", "Manifest", "Number", "Offer", "Opaque", "Problem",
    "Recognised", "Recogniser", "RequestText", "Result", "Runtime", "Skeleton", "TensorSpec", "Text", "TextContract",
    "TimedPhoneme", "TimedWord", "Timings", "Toggle", "Upstream", "VoiceFiles", "VoiceLayout", "Weights",
}  # fmt: skip


def test_the_packages_public_names_are_these() -> None:
    assert set(hay_say_lab.__all__) == ROOT_NAMES
    assert all(getattr(hay_say_lab, name) is not None for name in hay_say_lab.__all__)


def test_authors_get_these_names_and_no_others() -> None:
    assert set(plugin.__all__) == PLUGIN_NAMES
    assert all(hasattr(plugin, name) for name in plugin.__all__)


def test_the_authors_page_hides_nothing_public() -> None:
    """`__all__` equals what the page defines, and what it takes from the rest of the house."""
    (page,) = (module for module in core() if module.name == "hay_say_lab.plugin")
    found: set[str] = set()
    for statement in page.tree.body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("hay_say_lab"):
            found |= {alias.asname or alias.name for alias in statement.names}
        elif isinstance(statement, ast.ClassDef | ast.FunctionDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Assign):
            found |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    assert {name for name in found if not name.startswith("_")} == set(plugin.__all__)


def test_every_name_that_a_module_lists_is_there() -> None:
    for module in core():
        if any(ast.unparse(s.targets[0]) == "__all__" for s in module.tree.body if isinstance(s, ast.Assign)):
            page = importlib.import_module(module.name)
            missing = [name for name in page.__all__ if not hasattr(page, name)]
            assert not missing, f"{module.place} lists {missing}"
