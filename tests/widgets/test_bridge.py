"""A panel that talks to a real host through the kernel's client."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import traitlets

from hay_say_lab import Lab
from hay_say_lab.widgets.bridge import Bridge
from hay_say_lab.widgets.chunks import LARGEST_CHUNK_BYTES
from hay_say_lab.widgets.generate import Generate
from tests.hosts import end_host

WAIT_SECONDS = 30


class HeardBridge(Bridge):
    """Its words to the browser are heard here: the seam where anywidget hands them to a comm."""

    _esm = "export default {}"
    count = traitlets.Int()

    def __init__(self, lab: Lab) -> None:
        self.said: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        super().__init__(lab._api, lab._follower)

    def send(self, content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        self.said.put((content, [bytes(buffer) for buffer in buffers or []]))

    def ask(self, buffers: list[bytes] | None = None, **message: Any) -> tuple[dict[str, Any], list[bytes]]:
        """What the comm does with a message from the browser, and the answer to it."""
        self._handle_custom_msg(message, buffers or [])
        while True:
            content, given = self.said.get(timeout=WAIT_SECONDS)
            if content.get("id") == message.get("id"):
                return content, given


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("home")
    yield Lab(home)
    end_host(home)


@pytest.fixture
def bridge(lab: Lab) -> Iterator[HeardBridge]:
    panel = HeardBridge(lab)
    yield panel
    panel.close()


def test_a_call_is_answered_by_the_hosts_document(bridge: HeardBridge) -> None:
    content, _ = bridge.ask(kind="call", id=3, method="GET", path="/jobs?limit=2", body=None)
    assert content == {"id": 3, "kind": "document", "document": {"jobs": [], "cursor": None}}


def test_a_refusal_is_answered_with_its_problems(bridge: HeardBridge) -> None:
    request = {"steps": [{"task": "speak", "voice": "parrot:nobody", "settings": {}}], "text": {"body": "Hi"}}
    content, _ = bridge.ask(kind="call", id=4, method="POST", path="/jobs", body=request)
    assert content["kind"] == "error"
    assert content["error"]["problems"][0]["field"] == "steps.0.voice"


def test_a_file_goes_up_piece_by_piece_and_comes_back_in_chunks(bridge: HeardBridge, tmp_path: Path) -> None:
    # given: 3 s of noise, longer than two chunks as it lies in the store
    import numpy
    import soundfile

    path = tmp_path / "noise.wav"
    noise = numpy.random.default_rng(1).uniform(-0.5, 0.5, 600_000).astype("float32")
    soundfile.write(path, noise, 48_000, subtype="FLOAT")
    sent = path.read_bytes()
    # when
    standing, _ = bridge.ask(kind="call", id=5, method="POST", path="/uploads", body={"bytes": len(sent), "label": "n.wav"})
    upload = standing["document"]["id"]
    for first in range(0, len(sent), LARGEST_CHUNK_BYTES):
        piece = sent[first : first + LARGEST_CHUNK_BYTES]
        standing, _ = bridge.ask([piece], kind="append", id=6 + first, upload=upload, offset=first)
    clip = standing["document"]["clip"]
    got, total = b"", 1
    while len(got) < total:
        content, buffers = bridge.ask(kind="fetch", id=10**9 + len(got), path=f"/artifacts/{clip['sha256']}", **{"from": len(got)})
        total = content["total"]
        assert 0 < len(buffers[0]) <= LARGEST_CHUNK_BYTES
        got += buffers[0]
    # then
    assert got == sent


def test_who_follows_hears_of_every_job_until_it_follows_no_more(bridge: HeardBridge, lab: Lab) -> None:
    bridge.ask(kind="follow", id=7)
    told, _ = bridge.said.get(timeout=WAIT_SECONDS)
    assert told == {"kind": "connection", "connected": True}
    job = lab.say("one", voice="parrot:polly").id
    kinds: list[str] = []
    while "finished" not in kinds:
        content, _ = bridge.said.get(timeout=WAIT_SECONDS)
        kinds += [event["kind"] for event in content["news"]["events"] if event["job"] == job]
    assert kinds[0] == "queued"
    bridge.ask(kind="unfollow", id=8)
    lab.say("two", voice="parrot:polly").result()
    assert bridge.said.empty()


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"kind": "shout", "id": 1}, "kind"),
        ({"kind": "call", "id": "one"}, "id"),
        ({"kind": "call", "id": 1, "method": "TRACE", "path": "/jobs"}, "method"),
        ({"kind": "call", "id": 1, "method": "GET", "path": "/../../etc"}, "path"),     # climbs out of the API
        ({"kind": "call", "id": 1, "method": "GET", "path": "jobs"}, "path"),
        ({"kind": "call", "id": 1, "method": "GET", "path": "/jobs HTTP/1.1"}, "path"),  # a second request line
        ({"kind": "fetch", "id": 1, "path": "/artifacts/a", "from": -1}, "from"),
        ({"kind": "append", "id": 1, "upload": "u", "offset": 0}, "buffers"),
    ],
)  # fmt: skip
def test_a_message_that_is_none_of_ours_is_a_problem_with_its_field(
    bridge: HeardBridge, message: dict[str, Any], field: str
) -> None:
    content, _ = bridge.ask(**message)
    assert content["kind"] == "error"
    assert content["error"]["problems"][0]["field"] == field


def test_lab_panels_open_what_they_are_told(lab: Lab) -> None:
    panel = lab.panels.generate("Hello.", voice="parrot:polly", then="world:controls", seed=4)
    assert isinstance(panel, Generate)
    assert panel.draft == {
        "text": {"body": "Hello.", "language": None, "markup": "plain"},
        "steps": [
            {"task": "speak", "voice": "parrot:polly", "settings": {}},
            {"task": "convert", "voice": "world:controls", "settings": {}},
        ],
        "seed": 4,
    }
    assert panel.take is None
    job = lab.say("Hello.", voice="parrot:polly")
    made = job.result()
    panel.jobs = [job.id]
    assert panel.take is not None
    assert panel.take.artifact == made.artifact      # type: ignore[union-attr]
    assert len(panel.takes) == 1
    panel.close()
