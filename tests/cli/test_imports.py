"""Voices brought in from the command line: planned, imported, listed, refused."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell
from tests.data_homes import data_home


@pytest.fixture
def source(hay_say: Shell) -> str:
    return str(data_home(hay_say.folder / "there", f"pony-{abs(hash(hay_say.folder)) % 10**8}"))


def test_a_voice_is_planned_imported_shown_and_listed(hay_say: Shell, source: str) -> None:
    planned = hay_say("voices", "import", source, "--plan")
    assert (planned.status, "licence: CC-BY-4.0" in planned.out) == (0, True), planned.err

    made = hay_say.json("voices", "import", source, "--title", "A pony", "--consent", "given", "--evidence", "a letter")
    assert made.status == 0, made.err
    (voice,) = made.document["voices"]
    shown = hay_say("voices", "show", voice).out
    assert "title: A pony" in shown
    assert "licence: CC-BY-4.0" in shown
    assert "evidence: a letter" in shown

    again = hay_say("voices", "import", source)
    assert f"{voice} (was there already)" in again.out
    listed = hay_say("imports").out
    assert made.document["id"] in listed
    assert voice in hay_say("imports", "show", made.document["id"]).out
    assert hay_say("imports", "retry", made.document["id"]).status == 5, "it did not fail"
    hay_say("voices", "remove", voice)


def test_what_is_no_voice_is_said_with_its_way_out(hay_say: Shell) -> None:
    (hay_say.folder / "model.pth").write_bytes(b"<html>Please sign in</html>")
    refused = hay_say("voices", "import", "model.pth")
    assert refused.status == 2
    assert "web page" in refused.err
    assert hay_say("voices", "import", "nowhere/at/all").status == 2
