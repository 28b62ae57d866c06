"""Dictionaries from the command line."""

from __future__ import annotations

from tests.cli.shell import Shell


def test_a_dictionary_from_its_first_word_to_its_removal(hay_say: Shell) -> None:
    made = hay_say.json("dictionary", "set", "places", "LA", "--alias", "Los Angeles", "--case", "exact")
    assert made.status == 0, made.err
    first = made.document["version"]
    assert hay_say("dictionary", "add", "places", "LA", "--alias", "x", "--case", "exact").status == 5
    assert hay_say("dictionary", "add", "places", "Nguyen", "--ipa", "ŋwiən").status == 0

    shown = hay_say("dictionary", "show", "places").out
    assert "Los Angeles" in shown
    assert first[:12] in shown
    assert [one["name"] for one in hay_say.json("dictionary", "list").document["dictionaries"]] == ["places"]
    assert "places" in hay_say("dictionary").out

    said = hay_say.json("say", "Nguyen is in LA.", "--voice", "parrot:polly", "--dictionary", "places", "--seed", "1")
    assert said.status == 0, said.err
    assert "warning: The dictionary has only IPA for 'Nguyen'" in said.err
    recipe = hay_say.json("recipe", said.take["recipe"]).document["recipe"]
    assert recipe["stages"][0]["text"]["body"] == "Nguyen is in Los Angeles."
    assert hay_say("replay", said.take["recipe"]).status == 0

    exported = hay_say("dictionary", "export", f"places@{first[:8]}", "places.csv")
    assert exported.status == 0, exported.err
    assert (hay_say.folder / "places.csv").read_text() == "word,alias,ipa,language,case\nLA,Los Angeles,,,exact\n"
    imported = hay_say.json("dictionary", "import", "places", "places.csv").document
    assert imported["version"] == first, "a version is named by its content"
    assert [version["version"] for version in imported["versions"]].count(first) == 2
    assert len(hay_say.json("dictionary", "show", "places").document["document"]["entries"]) == 1
    assert hay_say("dictionary", "remove", "places", "LA", "--case", "exact").status == 0
    assert hay_say("dictionary", "remove", "places").out == "places is removed.\n"
    assert hay_say("dictionary", "show", "places").status == 4


def test_what_is_wrong_is_told_with_its_status(hay_say: Shell) -> None:
    refused = hay_say.json("dictionary", "set", "wrong", "!", "--ipa", "7")
    assert (refused.status, refused.fields) == (2, {"entries.0"})
    assert hay_say.json("dictionary", "set", "NOT A NAME", "a", "--alias", "b").status in (2, 4)
    assert hay_say.json("dictionary", "import", "wrong", "none.csv").status == 4
    (hay_say.folder / "names.xlsx").write_bytes(b"PK")
    assert hay_say.json("dictionary", "import", "wrong", "names.xlsx").fields == {"file"}
    missing = hay_say.json("say", "Hi.", "--voice", "parrot:polly", "--dictionary", "nobody")
    assert (missing.status, missing.fields) == (2, {"text.dictionary"})
