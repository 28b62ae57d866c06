"""A file that was exported knows how it was made, and is made again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.audio.tags import RIFF_CHUNK, read_recipe, tag_wav
from hay_say_lab.domain.canonical import canonical_json, content_id
from tests.cli.shell import Shell

POLLY = ("--voice", "parrot:polly")


def _untagged(wav: bytes) -> bytes:
    """The file as it was before the recipe was appended."""
    return wav[: wav.rindex(RIFF_CHUNK)]


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_replay_gives_the_same_artifact_and_the_same_file(hay_say: Shell, ending: str) -> None:
    made = hay_say.json("say", "Once more.", "--then-set", "pitch_semitones=-2", "--out", f"once.{ending}").take
    ended = hay_say.json("replay", f"once.{ending}", "--out", f"again.{ending}")
    assert ended.status == 0, ended.err
    assert ended.document["same"] is True
    assert ended.document["take"]["artifact"] == ended.document["before"] == made["artifact"]
    assert ended.document["take"]["job"] != made["job"]
    once, again = ((hay_say.folder / f"{name}.{ending}").read_bytes() for name in ("once", "again"))
    assert once == again


def test_a_recipe_is_found_by_file_by_id_and_by_artifact(hay_say: Shell) -> None:
    made = hay_say.json("say", "Once more.", *POLLY, "--out", "once.wav").take
    found = [hay_say.json("recipe", name).document for name in ("once.wav", made["recipe"], made["artifact"])]
    assert found[0]["id"] == made["recipe"]
    assert found[0] == found[1]
    assert found[2]["recipe"]["artifact"] == made["artifact"]
    assert hay_say("replay", made["recipe"]).out.startswith(f"same: artifact {made['artifact']}")


def _told_otherwise(hay_say: Shell, change: dict[str, Any]) -> Path:
    """A file whose recipe names another artifact than its request makes, as if it came from another machine."""
    recipe = read_recipe((hay_say.folder / "once.wav").read_bytes())["recipe"] | change
    path = hay_say.folder / "other.wav"
    path.write_bytes(tag_wav(_untagged((hay_say.folder / "once.wav").read_bytes()), {"id": content_id(recipe), "recipe": recipe}))
    return path


def test_a_different_replay_is_measured_against_the_artifact(hay_say: Shell) -> None:
    given = ("say", "Once more.", *POLLY, "--then", "parrot:polly", "--seed", "3")
    hay_say("say", "Once more.", *POLLY, "--then", "parrot:polly", "--seed", "3", "--out", "once.wav")
    quieter = hay_say.json(*given, "--then-set", "gain_db=-6").take
    stages = read_recipe((hay_say.folder / "once.wav").read_bytes())["recipe"]["stages"]
    stages[0]["fingerprint"]["device"] = "another machine"
    path = _told_otherwise(hay_say, {"artifact": quieter["artifact"], "stages": stages})
    ended = hay_say.json("replay", path)
    assert ended.status == 1
    assert ended.document["same"] is False
    assert any(change.startswith("speak: device was another machine, is ") for change in ended.document["changes"])
    difference = ended.document["difference"]
    assert difference["against"] == "artifact"
    assert difference["largest"] == pytest.approx(0.5 * (1 - 10 ** (-6 / 20)), rel=0.02)     # beeps reach 0.5
    assert 0 < difference["rms"] < difference["largest"]
    assert "largest 0.2" in hay_say("replay", path).out


def test_where_the_first_artifact_is_gone_the_file_itself_is_held_against_the_replay(hay_say: Shell) -> None:
    hay_say("say", "Once more.", *POLLY, "--seed", "4", "--out", "once.wav")
    ended = hay_say.json("replay", _told_otherwise(hay_say, {"artifact": "0" * 64}))
    assert ended.status == 1
    assert ended.document["difference"]["against"] == "file"
    assert ended.document["difference"]["largest"] <= 2**-16 + 1e-9, "only the rounding to 16 bits"
    assert ended.document["changes"] == []


def test_a_recipe_that_was_changed_is_refused(hay_say: Shell) -> None:
    hay_say("say", "Once more.", *POLLY, "--out", "once.wav")
    document = read_recipe((hay_say.folder / "once.wav").read_bytes())
    document["recipe"]["request"]["seed"] += 1
    (hay_say.folder / "once.wav").write_bytes(tag_wav(_untagged((hay_say.folder / "once.wav").read_bytes()), document))
    ended = hay_say.json("replay", "once.wav")
    assert (ended.status, ended.fields) == (2, {"recipe"})
    assert "was changed" in ended.document["message"]


def test_a_file_without_a_recipe_and_a_recipe_of_a_later_format_are_refused(hay_say: Shell) -> None:
    hay_say("say", "Once more.", *POLLY, "--out", "once.wav")
    later = _told_otherwise(hay_say, {"format": 2})
    assert "format 2" in hay_say.json("replay", later).document["message"]
    (hay_say.folder / "once.wav").write_bytes(_untagged((hay_say.folder / "once.wav").read_bytes()))
    ended = hay_say.json("replay", "once.wav")
    assert ended.status == 2
    assert "no recipe" in ended.document["message"]


def test_elsewhere_a_conversion_asks_for_its_recording(hay_say: Shell, fresh_hay_say: Shell) -> None:
    hay_say("say", "My own voice.", *POLLY, "--out", "me.wav")
    assert hay_say("convert", "me.wav", *POLLY, "--set", "gain_db=-6", "--out", "quiet.flac").status == 0
    for name in ("me.wav", "quiet.flac"):
        shutil.copy(hay_say.folder / name, fresh_hay_say.folder)
    without = fresh_hay_say.json("replay", "quiet.flac")
    assert (without.status, without.fields) == (2, {"clip"})
    wrong = fresh_hay_say.json("replay", "quiet.flac", "--clip", "quiet.flac")
    assert (wrong.status, wrong.fields) == (2, {"clip"})
    assert fresh_hay_say.json("replay", "quiet.flac", "--clip", "me.wav").document["same"] is True


def test_the_recipe_in_a_file_is_canonical(hay_say: Shell) -> None:
    """Whoever reads it can check its id without this program."""
    hay_say("say", "Once more.", *POLLY, "--out", "once.wav")
    content = (hay_say.folder / "once.wav").read_bytes()
    document = read_recipe(content)
    assert canonical_json(document) in content
    assert content_id(document["recipe"]) == document["id"]
