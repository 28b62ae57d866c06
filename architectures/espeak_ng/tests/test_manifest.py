"""The manifest says what is true, and can be read without the runtime."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

from hay_say_espeak_ng.manifest import CONTROLS, MANIFEST
from hay_say_espeak_ng.ssml import ATTRIBUTES
from hay_say_lab.domain.control import check_settings, with_defaults
from hay_say_lab.domain.voice import is_slug

HEAVY = ("ctypes", "espeakng_loader", "numpy", "socket", "subprocess", "hay_say_espeak_ng.library")


def test_reading_the_manifest_loads_neither_the_library_nor_numpy() -> None:
    script = (
        "import sys; import hay_say_espeak_ng.manifest; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_distribution_names_the_manifest_under_the_architectures_id() -> None:
    entries = importlib.metadata.entry_points(group="hay_say_lab.architectures")
    assert entries[MANIFEST.id].load() is MANIFEST


def test_the_manifests_version_is_the_distributions() -> None:
    assert MANIFEST.version == importlib.metadata.version("hay-say-espeak-ng")


def test_every_voice_has_a_slug_a_title_and_a_language() -> None:
    assert len({voice.slug for voice in MANIFEST.voices}) == len(MANIFEST.voices)
    for voice in MANIFEST.voices:
        assert is_slug(voice.slug)
        assert voice.title == voice.title.strip() != ""
        assert voice.languages


@pytest.mark.parametrize("task", ["speak", "phonemes"])
def test_each_task_has_a_default_voice_that_exists(task: str) -> None:
    offer = MANIFEST.offer(task)
    assert offer is not None
    assert offer.default_voice in {voice.slug for voice in MANIFEST.voices}


def test_the_defaults_are_allowed_values() -> None:
    assert check_settings(CONTROLS, with_defaults(CONTROLS, {}), "settings") == []


def test_every_ssml_element_that_is_promised_is_read() -> None:
    offer = MANIFEST.offer("speak")
    assert offer is not None
    assert offer.text is not None
    assert set(offer.text.ssml_elements) == set(ATTRIBUTES)


def test_the_manifest_travels_as_json() -> None:
    document = json.loads(json.dumps(MANIFEST.as_json()))
    assert document["voices"] == len(MANIFEST.voices)
    assert document["licence"] == "GPL-3.0-or-later"


def test_the_summary_counts_the_voices_rightly() -> None:
    assert f" {len(MANIFEST.voices)} languages and accents" in MANIFEST.summary
