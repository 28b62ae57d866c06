"""docs/audio.md against the controls: every setting stands there with its range, default and help."""

from __future__ import annotations

from pathlib import Path

import pytest

from hay_say_lab.audio.effects import EFFECTS, PRESETS
from hay_say_lab.audio.finish import FINISH_CONTROLS
from hay_say_lab.audio.mix import MIX_CONTROLS
from hay_say_lab.audio.prepare import PREPARE_CONTROLS
from hay_say_lab.domain.control import Control

PAGE = (Path(__file__).parents[2] / "docs" / "audio.md").read_text()
CONTROLS = [*PREPARE_CONTROLS, *FINISH_CONTROLS, *MIX_CONTROLS, *(control for effect in EFFECTS.values() for control in effect.controls)]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_every_setting_is_described(control: Control) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{control.name}` |") and control.help in line]

    assert rows, "the row with this help is missing"
    if control.kind == "number":
        assert any(f"{control.low:g} to {control.high:g} {control.unit}" in row for row in rows)
        shown = "empty" if control.default is None else f"{control.default:g}"
        assert any(f"| {shown} |" in row for row in rows)


@pytest.mark.parametrize("name", [*EFFECTS, *PRESETS])
def test_every_effect_and_preset_is_named(name: str) -> None:
    assert f"### {name}" in PAGE or f"| `{name}` |" in PAGE
