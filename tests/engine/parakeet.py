"""A parrot of little breath: the real one, whose offers take two seconds or twenty characters at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.plugins import install

CODE = '''
from dataclasses import replace
from hay_say_parrot.manifest import MANIFEST as PARROT
from hay_say_parrot.runtime import Parrot

SPEAK, CONVERT = PARROT.offers
BREATH = replace(CONVERT.audio, longest_seconds=2.0)
MANIFEST = manifest("parakeet", (
    replace(SPEAK, text=replace(SPEAK.text, longest_characters=20)), replace(CONVERT, audio=BREATH, pools=True),
))

class Odd(Parrot):
    """Ends its process where it meets something loud for the first time; tells how often it was asked."""

    def __init__(self):
        self.listened = self.converted = 0

    def listen(self, voice, clip, settings, context):
        self.listened += 1
        return {"loudest": numpy.abs(clip.samples).max()}

    def convert(self, voice, clip, settings, context):
        self.converted += 1
        if numpy.abs(clip.samples).max() > 0.9 and context.kept(0) is None:
            context.keep(0, {"met": numpy.ones(1)})
            os._exit(3)
        loudest = max(float(heard["loudest"]) for heard in context.pooled)
        told = {"listened": self.listened, "converted": self.converted, "loudest": round(loudest, 3)}
        return replace(super().convert(voice, clip, settings, context), documents={"report": told})
'''


def install_parakeet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make it known to us and our workers; its voice."""
    install(folder, "parakeet", CODE, monkeypatch)
    return "parakeet:one"
