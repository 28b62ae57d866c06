"""Voices from the command line: looked at, made from a recording, removed."""

from __future__ import annotations

from hay_say_lab.library.passport import check
from tests.cli.shell import Shell

PROVENANCE = ("--source", "a machine", "--licence", "CC0-1.0", "--consent", "not_needed", "--intended-use", "tests",
              "--author", "the tests", "--training-data", "one sentence", "--evidence", "not a person")  # fmt: skip


def test_voices_are_listed_and_searched(hay_say: Shell) -> None:
    everything = hay_say.json("voices").document["voices"]
    found = hay_say.json("voices", "list", "polly", "parrot").document["voices"]
    assert [voice["id"] for voice in found] == ["parrot:polly"]
    assert len(everything) > len(found)
    assert hay_say("voices", "list", "polly").out.splitlines()[0].split() == ["VOICE", "TITLE", "LANGUAGES", "LICENCE"]


def test_voices_are_marked_and_heard_before_they_are_used(hay_say: Shell) -> None:
    assert hay_say("voices", "mark", "parrot:polly", "bird", "--favourite").out == "parrot:polly: bird, favourite\n"
    for wish in (("--tag", "bird"), ("--favourite",), ("--task", "speak", "--tag", "bird")):
        assert [voice["id"] for voice in hay_say.json("voices", "list", *wish).document["voices"]] == ["parrot:polly"]
    assert hay_say.json("voices", "mark", "parrot:polly").document["tags"] == []
    assert hay_say.json("voices", "list", "--favourite").document["voices"] == []
    assert hay_say("voices", "sample", "parrot:polly", "--out", "polly.flac").status == 0
    assert (hay_say.folder / "polly.flac").read_bytes().startswith(b"fLaC")


def test_a_voice_shows_where_it_came_from(hay_say: Shell) -> None:
    shown = hay_say("voices", "show", "parrot:polly").out
    assert "licence: BSD-3-Clause" in shown
    assert "consent: not_needed" in shown
    assert "evidence: not a person's voice" in shown


def test_a_voice_is_made_from_a_recording_used_and_removed(hay_say: Shell) -> None:
    text = "The reference recording has to be three seconds long at the least, and says many different sounds."
    assert hay_say("say", text, "--language", "en", "--out", "reference.wav").status == 0
    name = f"tester-{hay_say.folder.name}"[:40].rstrip("-_").replace("_", "-")
    how = ("--reference", "reference.wav", "--language", "en", "--prepare", "end_seconds=4.5", *PROVENANCE)
    made = hay_say.json("voices", "add", "world", name, *how)
    assert made.status == 0, made.err
    voice = made.document["id"]
    assert voice == f"world:{name}"
    assert made.document["imported_by"]
    assert made.document["notes"]["prepare"] == {"end_seconds": 4.5}
    shown = hay_say("voices", "show", voice).out
    assert "intended use: tests" in shown
    assert "training data: one sentence" in shown
    assert "languages: en" in shown
    twice = hay_say.json("voices", "add", "world", name, "--reference", "reference.wav")
    assert (twice.status, twice.document["code"]) == (5, "conflict")
    take = hay_say.json("convert", "reference.wav", "--voice", voice, "--set", "f0_method=dio").take
    assert take["voices"] == [voice]
    said = hay_say.json("recipe", take["recipe"]).document["recipe"]["voices"][voice]
    assert (said["licence"], said["author"], said["consent"]) == ("CC0-1.0", "the tests", "not_needed")
    assert "evidence" not in said, "who gave a consent stays with the voice"
    assert hay_say("voices", "export", voice, "--out", "mine.zip").status == 0
    verdict = check(hay_say.folder / "mine.zip")
    assert verdict.sound
    assert verdict.voice is not None
    assert (verdict.voice.id, verdict.voice.provenance.evidence) == (voice, "not a person")
    assert hay_say.json("voices", "export", "parrot:polly", "--out", "polly.zip").status == 5
    assert not list(hay_say.folder.glob("*polly*"))
    corrected = hay_say.json("voices", "provenance", voice, "--licence", "CC-BY-NC-4.0").document
    assert (corrected["commercial_use"], corrected["provenance"]["author"]) == ("no", "the tests")
    sold = hay_say.json("voices", "list", "--commercial-use", "yes").document["voices"]
    assert voice not in [found["id"] for found in sold]
    plan = hay_say.json("voices", "remove", voice, "--plan").document
    assert (plan["jobs"], plan["removable"], plan["kept_because"]) == ([], True, [])
    removed = hay_say.json("voices", "remove", voice).document
    assert (removed["state"], removed["frees_bytes"]) == ("in the trash", plan["bytes"])
    assert hay_say("voices", "show", voice).status == 4
    assert voice in hay_say("voices", "trash").out
    assert hay_say("voices", "restore", voice).out == f"{voice} is back.\n"
    assert "Undo it with" in hay_say("voices", "remove", voice, "--yes").out
    emptied = hay_say.json("voices", "trash", "--empty").document
    assert emptied["freed_bytes"] >= plan["bytes"], "what other tests left there goes, too"
    assert hay_say.json("storage", "fsck", "--deep").document["library"]["orphans"] == []


def test_a_voice_that_nobody_can_make_is_refused_with_all_problems(hay_say: Shell) -> None:
    hay_say("say", "One.", "--voice", "parrot:polly", "--out", "short.wav")
    ended = hay_say.json("voices", "add", "world", "No Good Name", "--reference", "short.wav")
    assert (ended.status, ended.fields) == (2, {"name", "reference"})
    ended = hay_say.json("voices", "add", "parrot", "me", "--reference", "short.wav")
    assert (ended.status, ended.fields) == (2, {"architecture"})
    ended = hay_say.json("voices", "add", "world", "me", "--reference", "short.wav", "--prepare", "end_seconds")
    assert (ended.status, ended.fields) == (2, {"prepare"})
    assert hay_say.json("voices", "add", "world", "me").fields == {"arguments"}
    ended = hay_say.json("voices", "add", "world", "me", "--reference", "short.wav", "--consent", "maybe")
    assert (ended.status, ended.fields) == (2, {"arguments"})


def test_what_architectures_need_is_listed_with_how_to_add_it(hay_say: Shell) -> None:
    listed = hay_say.json("assets").document
    assert listed["assets"] == []
    missing = {need["kind"] for need in listed["needs"] if need["asset"] is None}
    assert missing >= {"content_encoder", "f0_network"}
    assert all(need["how_to_add"] for need in listed["needs"])
    refused = hay_say.json("assets", "remove", "hubert-base")
    assert (refused.status, refused.document["code"]) == (4, "asset_missing")
