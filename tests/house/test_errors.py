"""Every error a person can meet is in the tree that opens errors.py, with its own code."""

from __future__ import annotations

import re

from hay_say_lab import errors
from hay_say_lab.errors import LabError

BRANCH = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)(?:\s+(?P<status>\d{3}))?")


def _tree(root: type[LabError] = LabError) -> list[type[LabError]]:
    return [root, *(cls for child in root.__subclasses__() for cls in _tree(child))]


def _ours() -> list[type[LabError]]:
    return [cls for cls in _tree() if cls.__module__ == errors.__name__]


def test_the_drawn_tree_is_the_real_tree() -> None:
    drawn: dict[str, tuple[str, str | None]] = {}
    parents = ["LabError"]
    for line in (errors.__doc__ or "").splitlines():
        if found := BRANCH.match(line):
            depth = len(found["indent"]) // 4
            del parents[depth + 1 :]
            drawn[found["name"]] = (parents[depth], found["status"])
            parents.append(found["name"])
    real = {cls.__name__: cls.__bases__[0].__name__ for cls in _ours() if cls is not LabError}
    assert {name: parent for name, (parent, _) in drawn.items()} == real
    wrong = {
        cls.__name__: cls.status
        for cls in _ours()
        if cls is not LabError and drawn[cls.__name__][1] not in (None, str(cls.status))
    }
    assert not wrong, f"drawn with another status: {wrong}"
    silent = [name for name, (parent, status) in drawn.items() if status is None and parent == "LabError"]
    assert not silent, f"drawn without a status: {silent}"


def test_every_error_class_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in _ours()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


def test_no_error_class_hides_outside_the_tree() -> None:
    """A `LabError` defined elsewhere would travel under its parent's code."""
    outside = [f"{cls.__module__}.{cls.__name__}" for cls in _tree() if cls not in _ours()]
    assert not [name for name in outside if name.startswith("hay_say_")], outside
