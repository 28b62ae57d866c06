"""The manifest is data, and honest: what cannot be used yet is not offered."""

from __future__ import annotations

from importlib.metadata import entry_points

from hay_say_lab.plugin import ENTRY_POINTS
from hay_say_rvc.manifest import MANIFEST


def test_it_is_found_by_its_entry_point() -> None:
    (found,) = [point for point in entry_points(group=ENTRY_POINTS) if point.name == "rvc"]
    assert found.load() is MANIFEST


def test_what_cannot_be_used_yet_is_not_offered() -> None:
    assert MANIFEST.runtime is None
    assert MANIFEST.offers == ()
    assert MANIFEST.as_json()["usable"] is False


def test_the_assets_that_every_voice_needs_say_how_to_add_them() -> None:
    assert {need.kind for need in MANIFEST.assets} == {"content_encoder", "f0_network"}
    assert all(need.how_to_add.endswith(".") for need in MANIFEST.assets)
