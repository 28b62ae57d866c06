"""Architectures for one test: distributions in a temporary folder, found by entry point like any other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

MODULE = '''
import os, sys, time
import numpy
from hay_say_lab.plugin import *

def manifest(id, offers, **more):
    values = dict(
        id=id, title=id.title(), summary="For one test.", version="1", licence="CC0-1.0", runtime=f"hay_say_{id}:Odd",
        offers=offers, upstream=Upstream(name="tests", licence="CC0-1.0", status="alive"), resident_mb=30,
        compatibility=Compatibility(pythons=("3.11",), platforms=("linux",), devices=("cpu",)),
        voices=(BuiltinVoice(slug="one", title="One"),),
    )
    return Manifest(**(values | more))

PLAIN = TextContract(markups=("plain",), longest_characters=1000)
ANY = AudioContract(lowest_rate=8000, highest_rate=192000, shortest_seconds=0.0, longest_seconds=60.0)
BEEP = Clip(numpy.full(1600, 0.1, numpy.float32), 16000)

'''


def install(folder: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the architecture `name`, whose module defines MANIFEST and the runtime Odd, known to us and our workers."""
    folder.mkdir(exist_ok=True)
    (folder / f"hay_say_{name}.py").write_text(MODULE + code)
    metadata = folder / f"hay_say_{name}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hay-say-{name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[hay_say_lab.architectures]\n{name} = hay_say_{name}:MANIFEST\n")
    sys.modules.pop(f"hay_say_{name}", None)        # of another test, in another folder
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
