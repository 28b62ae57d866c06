"""The player's Python side: small traits, and sound by chunks on demand."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from hay_say_lab.domain.recipe import Recipe
from hay_say_lab.errors import ArtifactMissing, HostUnreachable, LabError
from hay_say_lab.widgets.bundle import STATIC, bundle
from hay_say_lab.widgets.chunks import LARGEST_CHUNK_BYTES, Ask, Cutter
from hay_say_lab.widgets.player import Player
from hay_say_lab.widgets.source import FORMATS
from tests.widgets.sample_take import SampleTake

WAIT_SECONDS = 10


class HeardPlayer(Player):
    """A player whose words to the browser are heard here: the seam where anywidget hands them to a comm."""

    def __init__(self, source: Any) -> None:
        self.said: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        super().__init__(source)

    def send(self, content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        self.said.put((content, [bytes(buffer) for buffer in buffers or []]))

    def hear(self, message: object) -> None:
        """What the comm does with a message from the browser."""
        self._handle_custom_msg(message, [])

    def answer(self) -> tuple[dict[str, Any], list[bytes]]:
        return self.said.get(timeout=WAIT_SECONDS)


@dataclass(frozen=True)
class LongTake(SampleTake):
    """Its exports are larger than two chunks."""

    def export(self, format: str) -> bytes:
        return bytes(range(256)) * (LARGEST_CHUNK_BYTES // 256 * 2) + format.encode()


TAKE = SampleTake("Hello there.")


@pytest.fixture(scope="module")
def player() -> HeardPlayer:
    return HeardPlayer(TAKE)


def test_a_browser_gets_an_export_chunk_by_chunk() -> None:
    # given
    take = LongTake("Long.")
    player = HeardPlayer(take)
    whole, got = take.export("flac"), b""
    # when
    while len(got) < len(whole):
        player.hear({"kind": "chunk", "id": 40 + len(got), "format": "flac", "from": len(got)})
        content, buffers = player.answer()
        # then
        assert content == {"kind": "chunk", "id": 40 + len(got), "from": len(got), "total": len(whole)}
        assert len(buffers) == 1
        assert 0 < len(buffers[0]) <= LARGEST_CHUNK_BYTES
        got += buffers[0]
    assert got == whole


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_on_offer_can_be_asked_for(player: HeardPlayer, format: str) -> None:
    assert format in player.formats
    player.hear({"kind": "chunk", "id": 1, "format": format, "from": 0})
    _, buffers = player.answer()
    assert buffers == [TAKE.export(format)]


def test_a_failure_travels_back_as_a_value_with_its_fix() -> None:
    fault = ArtifactMissing("The sound is gone.", field="artifact", fix="Make it again.")
    player = HeardPlayer(SampleTake("Lost.", fault=fault))
    player.hear({"kind": "chunk", "id": 5, "format": "wav", "from": 0})
    assert player.answer() == (
        {"kind": "error", "id": 5, "message": "The sound is gone.", "fix": "Make it again."},
        [],
    )


def test_a_fault_of_ours_travels_back_without_its_inner_words(caplog: pytest.LogCaptureFixture) -> None:
    player = HeardPlayer(SampleTake("Broken.", fault=ZeroDivisionError("secret")))  # type: ignore[arg-type]
    player.hear({"kind": "chunk", "id": 6, "format": "wav", "from": 0})
    content, _ = player.answer()
    assert content["kind"] == "error"
    assert content["message"]
    assert "secret" not in json.dumps(content)
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "sing", "id": 1},                                              # unknown kind
        {"kind": "chunk", "id": 1, "format": "mp3", "from": 0},                 # a format that is not offered
        {"kind": "chunk", "id": 1, "format": "wav", "from": -1},                # before the start
        {"kind": "chunk", "id": 1, "format": "wav", "from": 10**9},             # behind the end
        {"kind": "chunk", "id": 1, "format": "wav", "from": "0"},               # no number
        {"kind": "chunk", "id": True, "format": "wav", "from": 0},              # no number either
        {"kind": "chunk", "id": 1, "format": ["wav"], "from": 0},               # no text
        {"id": 1},
        "chunk",
    ],
)  # fmt: skip
def test_a_message_that_is_none_of_ours_gets_an_answer_and_does_no_harm(player: HeardPlayer, message: object) -> None:
    player.hear(message)
    content, buffers = player.answer()
    assert content["kind"] == "error"
    assert content["message"]
    assert content["fix"]
    assert buffers == []


def test_a_slow_export_does_not_hold_the_comm_handler() -> None:
    # given an export that waits
    may_go_on = threading.Event()

    @dataclass(frozen=True)
    class SlowTake(SampleTake):
        def export(self, format: str) -> bytes:
            assert may_go_on.wait(WAIT_SECONDS)
            return b"sound"

    player = HeardPlayer(SlowTake("Slow."))
    # when the browser asks, the handler returns although the export has not
    player.hear({"kind": "chunk", "id": 1, "format": "wav", "from": 0})
    assert player.said.empty()
    # then the answer comes once the export is there
    may_go_on.set()
    assert player.answer()[1] == [b"sound"]


def test_an_export_is_made_once_for_all_its_chunks_and_let_go_behind_the_last() -> None:
    made: list[str] = []

    def export(format: str) -> bytes:
        made.append(format)
        return bytes(2 * LARGEST_CHUNK_BYTES + 1)

    cutter = Cutter(export)
    for first in (0, LARGEST_CHUNK_BYTES, 2 * LARGEST_CHUNK_BYTES):
        cutter.cut(Ask(1, "flac", first))
    assert made == ["flac"]
    cutter.cut(Ask(2, "flac", 0))
    assert made == ["flac", "flac"]


def test_what_a_notebook_may_save_of_a_player_holds_no_sound_and_is_small() -> None:
    state = Player(SampleTake(" ".join(["many words"] * 60))).get_state()
    del state["_esm"]
    saved = json.dumps(state)       # raises where a trait were binary
    assert len(saved) < 150_000
    assert {"artifact", "title", "picture", "timings", "recipe"} <= state.keys()


def test_the_recipe_names_voices_settings_seed_and_id() -> None:
    take = SampleTake("Hello.", seed=2**63 - 1)
    card = Player(take).recipe
    assert card["id"] == Recipe(take.recipe()).id
    assert card["seed"] == "9223372036854775807"      # a number would be rounded in a browser
    assert [(step["task"], step["voice"]) for step in card["steps"]] == [
        ("speak", "parrot:polly"),
        ("convert", "mirror:glass"),
    ]
    assert card["steps"][0]["settings"]["rate_wpm"] == 170
    assert card["text"] == "Hello."


def test_a_take_whose_documents_cannot_be_read_still_has_a_player_that_says_so() -> None:
    @dataclass(frozen=True)
    class FarTake(SampleTake):
        def picture(self) -> dict[str, Any]:
            raise HostUnreachable("Nobody answers.", field="host", fix="Start the host.")

    player = HeardPlayer(FarTake("Far away."))
    assert player.error == {"message": "Nobody answers.", "fix": "Start the host."}
    assert player.title == "Far away."
    player.hear({"kind": "chunk", "id": 1, "format": "wav", "from": 0})
    assert player.answer()[0]["kind"] == "chunk"


def test_a_take_without_a_picture_can_still_be_heard() -> None:
    @dataclass(frozen=True)
    class PlainTake(SampleTake):
        def picture(self) -> dict[str, Any]:
            return {}

    player = HeardPlayer(PlainTake("Plain."))
    assert (player.picture, player.seconds, player.error) == ({}, 0.0, None)
    assert player.recipe["text"] == "Plain."


def test_a_missing_bundle_says_which_command_builds_it(tmp_path: Any) -> None:
    with pytest.raises(LabError, match="npm run build"):
        bundle("player", tmp_path)
    assert bundle("player") == STATIC / "player.js"
