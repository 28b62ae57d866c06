"""`hay-say workers`."""

from __future__ import annotations

from tests.cli.shell import Shell


def test_a_warm_worker_is_listed_pinned_and_ejected(hay_say: Shell) -> None:
    hay_say("say", "One.", "--voice", "parrot:polly", "--out", "one.wav")
    listed = next(line for line in hay_say("workers").out.splitlines() if " parrot " in line)
    number = listed.split()[0]

    assert "pinned" in hay_say("workers", "pin", number).out
    assert "pinned" not in hay_say("workers", "unpin", number).out
    assert hay_say("workers", "eject", number).status == 0
    assert "cpu" in hay_say("workers").out


def test_what_is_no_worker_is_told(hay_say: Shell) -> None:
    assert hay_say("workers", "pin", "first").status == 2
    ended = hay_say("workers", "pin", "99999")
    assert ended.status != 0
    assert "hay-say workers" in ended.err
