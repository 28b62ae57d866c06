"""`hay-say lanes`."""

from __future__ import annotations

from tests.cli.shell import Shell


def test_a_lane_is_stopped_and_let_go_on(hay_say: Shell) -> None:
    listed = hay_say("lanes").out.splitlines()
    assert [line.split()[0] for line in listed[1:5]] == ["interactive", "batch", "download", "maintenance"]

    assert "paused by" in hay_say("lanes", "pause", "maintenance").out
    assert "paused by" in hay_say("lanes").out
    assert "paused by" not in hay_say("lanes", "resume", "maintenance").out


def test_a_lane_that_nobody_knows_is_told_with_those_that_are(hay_say: Shell) -> None:
    ended = hay_say("lanes", "pause", "fast")
    assert ended.status != 0
    assert "maintenance" in ended.err
