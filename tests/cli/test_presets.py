"""Presets from the command line: kept, used, carried over to another architecture, sent as files."""

from __future__ import annotations

import json

from tests.cli.shell import Shell


def test_a_preset_is_kept_used_and_overruled_by_what_is_named(hay_say: Shell) -> None:
    kept = hay_say.json("presets", "set", "doubled", "parrot:polly", "--set", "beeps=2", "--set", "tune=ace", "--note", "twice")
    assert kept.status == 0, kept.err
    assert kept.document["document"]["settings"] == {"beeps": 2, "tune": "ace"}
    take = hay_say.json("say", "One two.", "--voice", "parrot:polly", "--preset", "doubled", "--set", "tune=c", "--out", "a.wav").take
    settings = hay_say.json("recipe", take["recipe"]).document["recipe"]["request"]["steps"][0]["settings"]
    assert settings == {"beeps": 2, "tune": "c"}
    assert "twice" in hay_say("presets", "list").out
    assert hay_say("presets", "remove", "doubled").status == 0
    assert hay_say.json("presets", "show", "doubled").status == 4


def test_a_preset_travels_as_a_file_and_by_meaning_to_another_architecture(hay_say: Shell) -> None:
    settings = ("--set", "pitch_semitones=-3", "--set", "pitch_range=0.5", "--set", "noise_guard=false")
    assert hay_say("presets", "set", "dark", "world:controls", "--task", "convert", *settings).status == 0
    assert hay_say("presets", "export", "dark", "dark.json").status == 0
    assert hay_say.json("presets", "import", "darker", "dark.json").document["version"]
    carried = hay_say.json("presets", "apply", "darker", "--voice", "espeak_ng:en-us", "--task", "speak").document
    assert carried["settings"] == {}
    why = {left["setting"]: left["why"] for left in carried["left_out"]}
    assert "semitones here and in points there" in why["pitch_semitones"]
    assert "alone" in why["noise_guard"]
    told = hay_say("say", "One.", "--voice", "espeak_ng:en-us", "--preset", "darker", "--out", "b.wav")
    assert told.status == 0
    assert "'pitch_semitones' is left out" in told.err
    there = hay_say.json("presets", "apply", "darker").document
    assert there["settings"] == {"pitch_semitones": -3, "pitch_range": 0.5, "noise_guard": False}


def test_what_is_no_preset_is_refused_with_all_problems(hay_say: Shell) -> None:
    ended = hay_say.json("presets", "set", "bad", "parrot:polly", "--set", "beeps=99", "--set", "volume=1")
    assert (ended.status, ended.fields) == (2, {"settings.beeps", "settings.volume"})
    (hay_say.folder / "no.json").write_text("[1, 2")
    assert hay_say.json("presets", "import", "bad", "no.json").fields == {"file"}
    foreign = {"task": "convert", "architecture": "elsewhere", "settings": {"x": 1}, "senses": {"x": {"means": "magic", "unit": ""}}}
    (hay_say.folder / "magic.json").write_text(json.dumps(foreign))
    assert hay_say.json("presets", "import", "bad", "magic.json").fields == {"senses.x"}
    assert hay_say.json("say", "One.", "--voice", "parrot:polly", "--preset", "nothing").status == 4
