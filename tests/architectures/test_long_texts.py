"""Every voice can be given its text in passages: what it tells of words is then that of the whole text."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from hay_say_lab.audio.objects import read_clip
from hay_say_lab.domain.control import with_defaults
from hay_say_lab.domain.manifest import Manifest, Offer
from hay_say_lab.domain.request import RequestText
from hay_say_lab.plugin import VoiceFiles
from hay_say_lab.worker.long_text import Reading
from tests.architectures.test_conformance import SPEAKERS, named, voice_of
from tests.worker.stage import Stage

BODY = "The rain fell on the roof. Nobody came to the door, and nobody called. She waited. Then she went home.\n\nSo it goes."


@pytest.mark.parametrize(("manifest", "offer"), [row for row in SPEAKERS if row[1].pieces], ids=named)
def test_a_text_read_in_passages_has_the_words_of_the_whole(tmp_path: Path, manifest: Manifest, offer: Offer) -> None:
    module, _, name = manifest.runtime.partition(":")
    runtime, voice = getattr(importlib.import_module(module), name)(), voice_of(manifest, offer)
    runtime.load(VoiceFiles(voice))
    stage = Stage(tmp_path)
    limits = offer.limits | {"longest_characters": 50, "piece_characters": 50}
    try:
        result = Reading(runtime, "speak", voice, with_defaults(offer.controls, {}), stage, dict).of(RequestText(BODY), limits)
    finally:
        runtime.unload(voice)

    sound = read_clip(result.files["clip"])
    timings = json.loads(result.files["timings"].read_bytes())
    report = json.loads(result.files["report"].read_bytes())
    assert len(report["pieces"]) >= 3
    assert sound.sample_rate == offer.gives_rate == timings["sample_rate"]
    words = timings["words"]
    assert [BODY[word["first"] :][: word["length"]].strip(".,") for word in words] == BODY.replace(".", "").replace(",", "").split()
    assert all(0 <= word["start"] < word["end"] <= len(sound.samples) for word in words)
    assert [word["start"] for word in words] == sorted(word["start"] for word in words)
