"""The manifest is data: readable anywhere, and saying what each control does."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from hay_say_lab.plugin import ENTRY_POINTS, Choice, Number, Toggle
from hay_say_world.manifest import CONTROLS, MANIFEST


def test_reading_the_manifest_brings_no_numerical_library() -> None:
    code = (
        "import sys, hay_say_world.manifest; "
        "print([name for name in ('numpy', 'scipy', 'pyworld', 'safetensors') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"


def test_it_is_found_by_its_entry_point() -> None:
    (found,) = [point for point in entry_points(group=ENTRY_POINTS) if point.name == "world"]
    assert found.load() is MANIFEST


@pytest.mark.parametrize(
    ("name", "low", "high", "default"),
    [
        ("pitch_semitones", -24, 24, 0),
        ("pitch_range", 0, 2, 1),
        ("formant_shift", 0.78, 1.28, None),        # None: chosen from the material
        ("likeness", 0, 1, 1),
        ("breath", -1, 1, 0),
        ("f0_floor_hz", 40, 120, 60),
        ("f0_ceiling_hz", 300, 1000, 500),
    ],
)  # fmt: skip
def test_numbers_go_as_far_as_promised(name: str, low: float, high: float, default: float | None) -> None:
    (control,) = [control for control in CONTROLS if control.name == name]
    assert isinstance(control, Number)
    assert (control.low, control.high, control.default) == (low, high, default)


def test_the_switches_and_the_choice_have_their_defaults() -> None:
    rest = {control.name: control for control in CONTROLS if not isinstance(control, Number)}
    assert rest["fit_pitch"].default is True
    assert rest["noise_guard"].default is True
    assert isinstance(rest["f0_method"], Choice)
    assert (rest["f0_method"].values, rest["f0_method"].default) == (("harvest", "dio"), "harvest")
    assert {type(control) for control in rest.values()} == {Choice, Toggle}


def test_every_control_says_in_a_sentence_what_it_does() -> None:
    for control in CONTROLS:
        assert len(control.help) > 40, control.name
        assert control.help.endswith("."), control.name
        assert control.group, control.name


def test_controls_that_need_a_reference_say_so() -> None:
    needing = {control.name for control in CONTROLS if "only with a reference" in control.help}
    assert needing == {"fit_pitch", "likeness", "noise_guard"}


def test_a_request_that_names_no_voice_is_served_without_a_reference() -> None:
    offer = MANIFEST.offer("convert")
    assert offer is not None
    assert offer.default_voice in {voice.slug for voice in MANIFEST.voices}
    assert offer.gives_rate is None
