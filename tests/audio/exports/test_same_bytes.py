"""One recipe, one file: whenever, and in whatever process."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hay_say_lab.audio.export import BIT_DEPTHS, export
from hay_say_lab.audio.objects import write_clip
from hay_say_lab.domain.clip import Clip
from tests.audio.sounds import tone

RECIPE = {"format": 1, "voices": {"a:one": {"licence": "MIT"}}}
MADE = [(name, depth) for name, depths in BIT_DEPTHS.items() for depth in depths or (None,)]
ELSEWHERE = """
import hashlib, json, pathlib, sys
from hay_say_lab.audio.export import export
path, recipe, made = json.loads(sys.argv[1])
print(json.dumps([hashlib.sha256(export(pathlib.Path(path), name, "r" * 64, recipe, depth)).hexdigest()
                  for name, depth in made]))
"""


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.w64", Clip(tone(1.0), 44_100))
    return tmp_path / "clip.w64"


def _digests(artifact: Path, recipe_id: str = "r" * 64) -> list[str]:
    return [hashlib.sha256(export(artifact, name, recipe_id, RECIPE, depth)).hexdigest() for name, depth in MADE]


def test_seconds_later_and_in_another_process_the_bytes_are_the_same(artifact: Path) -> None:
    first = _digests(artifact)

    time.sleep(1.1)                     # PEAK chunks and Ogg serial numbers of libsndfile follow the clock
    later = _digests(artifact)
    order = json.dumps([str(artifact), RECIPE, MADE])
    elsewhere = subprocess.run([sys.executable, "-c", ELSEWHERE, order], capture_output=True, check=True, timeout=60)

    assert later == first
    assert json.loads(elsewhere.stdout) == first


def test_another_recipe_is_another_file_in_every_format(artifact: Path) -> None:
    for one, other in zip(_digests(artifact), _digests(artifact, "s" * 64), strict=True):
        assert one != other
