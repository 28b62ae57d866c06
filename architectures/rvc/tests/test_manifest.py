"""The manifest is data; its controls are what a conversion takes."""

from __future__ import annotations

import dataclasses
from importlib.metadata import entry_points

from hay_say_lab.domain.control import check_settings
from hay_say_lab.plugin import ENTRY_POINTS
from hay_say_rvc.manifest import MANIFEST
from hay_say_rvc.settings import Settings, ours


def test_it_is_found_by_its_entry_point() -> None:
    (found,) = [point for point in entry_points(group=ENTRY_POINTS) if point.name == "rvc"]
    assert found.load() is MANIFEST


def test_every_control_is_a_setting_of_a_conversion_with_the_same_default() -> None:
    (offer,) = MANIFEST.offers
    assert {control.name: control.default for control in offer.controls} == {
        field.name: field.default for field in dataclasses.fields(Settings)
    }


def test_names_of_hay_say_lead_to_controls_and_its_values_fit_them() -> None:
    (offer,) = MANIFEST.offers
    theirs = {
        "Pitch Shift": -36, "f0 Extraction Method": "parselmouth", "Filter Radius": 20, "Character Similarity": 0.88,
        "Voice Envelope Mix Ratio": 1, "Voiceless Consonants Protection Ratio": 0.5,
    }  # fmt: skip
    assert check_settings(offer.controls, ours(theirs), "settings") == []
    for method in ("crepe", "harvest", "parselmouth", "rmvpe"):
        assert check_settings(offer.controls, ours({"f0 Extraction Method": method}), "settings") == []


def test_the_assets_that_every_voice_needs_say_how_to_add_them() -> None:
    assert {need.kind for need in MANIFEST.assets} == {"content_encoder", "f0_network"}
    assert all(need.how_to_add.endswith(".") for need in MANIFEST.assets)
