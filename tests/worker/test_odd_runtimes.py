"""A runtime may do anything: the host gets a typed answer and the worker lives on, wherever that is possible."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worker.child import Child, worker

RUNTIME = """
import numpy
from pathlib import Path
from hay_say_lab.plugin import Clip, InvalidRequest, Result, Runtime

GOOD = Clip(numpy.full(100, 0.1, numpy.float32), 16000)

class Odd(Runtime):
    def load(self, voice):
        if voice.slug == "broken":
            raise OSError("a file that cannot be read")
        if voice.slug == "telling":
            raise InvalidRequest("x" * (2 << 20))

    def speak(self, voice, text, settings, context):
        {code}
"""

CODES: dict[str, tuple[str, str]] = {
    # what the runtime does -> what is said of it
    "tells more than a frame holds": ("raise InvalidRequest('x' * (2 << 20))", "told more than"),
    "tells what no JSON can say": ("raise InvalidRequest('\\ud800')", "told more than"),
    "runs out of memory": ("raise MemoryError", "out of memory"),
    "returns nothing": ("return None", "AttributeError"),
    "returns stereo": ("return Result(Clip(numpy.zeros((10, 2), numpy.float32), 16000))", "mono"),
    "returns silence without length": ("return Result(Clip(numpy.zeros(0, numpy.float32), 16000))", "no samples"),
    "returns NaN": ("return Result(Clip(numpy.full(10, numpy.nan, numpy.float32), 16000))", "not numbers"),
    "returns a document that is no JSON": ("return Result(GOOD, documents={'timings': object()})", "TypeError"),
    "names a document like a path": ("return Result(GOOD, documents={'../timings': {}})", "named a document"),
    "writes beside its folder": (
        "(context.out.parent / 'beside').touch(); return Result(GOOD, files={'model': context.out.parent / 'beside'})",
        "outside of its folder",
    ),
    "loops for ever into itself": ("return self.speak(voice, text, settings, context)", "RecursionError"),
}


@pytest.fixture
def odd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Child]:
    """A worker whose runtime does what the test's parameter says."""
    code = textwrap.indent(request.param, "        ").lstrip()
    (tmp_path / "odd_runtime.py").write_text(RUNTIME.replace("{code}", code))
    with worker(tmp_path, {"PYTHONPATH": str(tmp_path)}) as child:
        child.start(architecture="odd", runtime="odd_runtime:Odd")
        yield child


@pytest.mark.parametrize(("odd", "said"), CODES.values(), ids=CODES, indirect=["odd"])
def test_whatever_a_runtime_does_is_a_typed_failure_and_the_worker_lives_on(odd: Child, said: str) -> None:
    failed, _ = odd.run(voice="odd:voice")

    assert failed["type"] == "failed"
    assert (failed["stage"], failed["token"]) == ("job/0", 1)
    assert said in failed["error"]["message"]
    again, _ = odd.run(voice="odd:voice", token=2)
    assert (again["type"], again["token"]) == ("failed", 2)


@pytest.mark.parametrize(
    ("odd", "fraction", "message"),
    [
        ("context.checkpoint(float('nan'), 'x'); return Result(GOOD)", 0.0, "x"),
        ("context.checkpoint(float('inf'), 'x'); return Result(GOOD)", 0.0, "x"),
        ("context.checkpoint(7, 'x' * 5000); return Result(GOOD)", 1.0, "x" * 200),
        ("context.checkpoint(-1, 'a\\ud800b'); return Result(GOOD)", 0.0, "a?b"),
        ("context.checkpoint(numpy.float32(0.5), 3); return Result(GOOD)", 0.5, "3"),
    ],
    indirect=["odd"],
)
def test_whatever_is_told_at_a_checkpoint_arrives_as_a_share_and_a_short_text(
    odd: Child, fraction: float, message: str
) -> None:
    done, checkpoints = odd.run(voice="odd:voice")
    assert done["type"] == "done"
    assert (checkpoints[-1]["fraction"], checkpoints[-1]["message"]) == (fraction, message)


@pytest.mark.parametrize("odd", ["return Result(GOOD)"], indirect=True)
@pytest.mark.parametrize("slug", ["broken", "telling"])
def test_a_voice_that_cannot_be_loaded_is_a_typed_failure(odd: Child, slug: str) -> None:
    failed: dict[str, Any] = odd.load(f"odd:{slug}")
    assert (failed["type"], failed["stage"], failed["token"]) == ("failed", "", 0)
    assert "cannot be read" not in json.dumps(failed), "an error's own message may hold anything"
    assert odd.load("odd:good")["type"] == "ready"


@pytest.mark.parametrize("odd", ["import sys; sys.exit(5)"], indirect=True)
def test_a_runtime_that_ends_its_process_ends_it(odd: Child) -> None:
    odd.line.send(odd.order(voice="odd:voice"))
    assert odd.line.receive() is None
    assert odd.process.wait(timeout=5) == 5
