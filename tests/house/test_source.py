"""The reader of our source, which the other house tests trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.source import Import, Module, core, modules


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import numpy.fft", Import("numpy.fft", 1, "top")),
        ("def work():\n    import numpy", Import("numpy", 2, "function")),
        ("class A:\n    async def work(self):\n        import numpy", Import("numpy", 3, "function")),
        ("class A:\n    import numpy", Import("numpy", 2, "top")),
        ("if TYPE_CHECKING:\n    import numpy", Import("numpy", 2, "typing")),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import numpy", Import("numpy", 4, "top")),
        ("try:\n    import numpy\nexcept ImportError:\n    pass", Import("numpy", 2, "top")),
        ("from hay_say_lab import errors", Import("hay_say_lab.errors", 1, "top")),
        ("from hay_say_lab.errors import LabError", Import("hay_say_lab.errors", 1, "top")),
        ("from ..errors import LabError", Import("hay_say_lab.errors", 1, "top")),
        ("from .. import errors", Import("hay_say_lab.errors", 1, "top")),
        ("from . import clip", Import("hay_say_lab.domain.clip", 1, "top")),
    ],
)
def test_an_import_is_read_with_its_target_and_its_place(code: str, found: Import, tmp_path: Path) -> None:
    path = tmp_path / "work.py"
    path.write_text(code)
    assert list(Module(path, "hay_say_lab.domain.work").imports()) == [found]


def test_the_core_and_the_plugins_are_found() -> None:
    names = {module.name for module in modules()}
    assert {"hay_say_lab.errors", "hay_say_lab.domain.clip", "hay_say_parrot.runtime"} <= names
    assert {module.package for module in core()} == {"hay_say_lab"}


def test_a_module_knows_its_room() -> None:
    rooms = {module.name: module.room for module in modules()}
    assert rooms["hay_say_lab.errors"] == "errors"
    assert rooms["hay_say_lab.domain.clip"] == "domain"
    assert rooms["hay_say_parrot.runtime"] == "architectures"
