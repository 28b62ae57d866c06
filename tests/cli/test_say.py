"""A text becomes speech from the command line."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import soundfile

from hay_say_lab.audio.tags import read_recipe
from tests.cli.shell import Shell
from tests.hosts import end_host


def test_on_a_fresh_install_a_default_voice_speaks_and_the_answer_names_it_and_the_seed(fresh_hay_say: Shell) -> None:
    ended = fresh_hay_say("say", "Hello from the lab.", "--out", "hello.wav")
    assert ended.status == 0, ended.err
    recipe = read_recipe((fresh_hay_say.folder / "hello.wav").read_bytes())["recipe"]
    (voice,) = recipe["voices"]
    assert voice in ended.out
    assert f"seed {recipe['request']['seed']}" in ended.out
    assert soundfile.info(fresh_hay_say.folder / "hello.wav").duration > 0.5


def test_without_a_place_named_the_sound_lies_in_the_data_home(hay_say: Shell) -> None:
    take = hay_say.json("say", "Hello.", "--voice", "parrot:polly").take
    assert Path(take["path"]).is_relative_to(hay_say.home)
    assert soundfile.info(take["path"]).duration == take["seconds"]


def test_a_warning_is_told_on_standard_error_and_stands_in_the_document_and_the_story(hay_say: Shell) -> None:
    ended = hay_say.json("say", "<speak>One.</speak>", "--voice", "parrot:polly", "--takes", "2")
    assert ended.status == 0
    assert ended.err.count("hay-say: warning: The text begins like SSML") == 2, "one for each take"
    first = ended.document["takes"][0]
    assert [warning["field"] for warning in first["warnings"]] == ["text.markup"]
    assert "; warning: The text begins like SSML" in hay_say("jobs", "show", first["job"]).out


def test_the_device_is_told_and_the_processor_may_be_allowed(hay_say: Shell) -> None:
    ended = hay_say.json("say", "On what?", "--voice", "parrot:polly", "--seed", "8", "--cpu-fallback")
    assert ended.take["device"] == "cpu"
    job = hay_say.json("jobs", "show", ended.take["job"]).document["job"]
    assert (job["device"], job["request"]["cpu_fallback"]) == ("cpu", True)
    assert "; made on cpu" in hay_say("jobs", "show", ended.take["job"]).out
    again = hay_say("say", "On what?", "--voice", "parrot:polly", "--seed", "8")
    assert " on cpu" not in again.out, "it was made before, and lay there"


def test_speaking_and_converting_is_one_job(hay_say: Shell) -> None:
    ended = hay_say.json("say", "One two.", "--voice", "parrot:polly", "--then", "parrot:polly", "--out", "both.flac")
    assert ended.take["voices"] == ["parrot:polly", "parrot:polly"]
    tasks = [stage["task"] for stage in hay_say.json("jobs", "show", ended.take["job"]).document["job"]["stages"]]
    assert tasks == ["speak", "convert", "finish"]


def test_a_setting_of_the_second_step_is_enough_to_ask_for_one(hay_say: Shell) -> None:
    """Who converts by default is for the installation to say."""
    ended = hay_say.json("say", "One.", "--then-set", "pitch_semitones=-2", "--seed", "3")
    assert ended.status == 0, ended.err
    assert len(ended.take["voices"]) == 2


def test_settings_become_the_kind_that_their_control_declares(hay_say: Shell) -> None:
    words = ["--set", "beeps=2", "--set", "tune=5", "--set", "seconds_of_work=0.01", "--then", "parrot:polly"]
    refused = hay_say.json("say", "One.", "--voice", "parrot:polly", *words)
    assert refused.document["message"].startswith("The tune '5' has something other"), "a text stays a text"
    words[3] = "tune=abc"
    taken = hay_say.json("say", "One.", "--voice", "parrot:polly", *words, "--then-set", "reverse=true").take
    steps = hay_say.json("recipe", taken["recipe"]).document["recipe"]["request"]["steps"]
    assert steps[0]["settings"] == {"beeps": 2, "tune": "abc", "seconds_of_work": 0.01}
    assert steps[1]["settings"] == {"reverse": True}


def test_a_text_may_come_from_standard_input(hay_say: Shell) -> None:
    given = ("--voice", "parrot:polly", "--seed", "1")
    written = hay_say.json("say", "Zwölf Boxkämpfer.", *given).take
    read = hay_say.json("say", "-", *given, stdin="Zwölf Boxkämpfer.\n".encode()).take
    assert read["recipe"] == written["recipe"], "the line end that closes the input is no part of the text"


def test_takes_have_seeds_of_their_own_and_names_of_their_own(hay_say: Shell) -> None:
    given = ("say", "One.", "--voice", "parrot:polly", "--takes", "3", "--out", "take.wav")
    drawn = hay_say.json(*given).document["takes"]
    assert len({take["seed"] for take in drawn}) == len({take["artifact"] for take in drawn}) == 3
    assert sorted(path.name for path in hay_say.folder.iterdir()) == ["take-1.wav", "take-2.wav", "take-3.wav"]
    named = hay_say.json(*given, "--seed", "7").document["takes"]
    assert [take["seed"] for take in named] == [7, 8, 9]
    groups = {hay_say.json("jobs", "show", take["job"]).document["job"]["group"] for take in named}
    assert len(groups) == 1
    assert groups != {None}


def test_the_same_request_gives_the_same_bytes_in_two_data_homes(tmp_path: Path) -> None:
    exports: list[dict[str, bytes]] = []
    recipes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        hay_say = Shell(tmp_path / name / "home", tmp_path / name)
        for ending in ("wav", "flac"):
            ended = hay_say("say", "The same again.", "--then-set", "pitch_semitones=3", "--seed", "7", "--out", f"a.{ending}")
            assert ended.status == 0, ended.err
        exports.append({path.name: path.read_bytes() for path in hay_say.folder.glob("a.*")})
        recipes.append(read_recipe(exports[-1]["a.wav"]))
        end_host(hay_say.home)
    assert sorted(exports[0]) == ["a.flac", "a.wav"]
    assert recipes[0] == recipes[1]
    assert exports[0] == exports[1]


def test_a_terminal_sees_a_bar_and_then_the_answer_alone(hay_say: Shell) -> None:
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    words = hay_say.command("say", "One two.", "--voice", "parrot:polly", "--set", "seconds_of_work=1")
    ended = subprocess.run(words, stdout=subprocess.PIPE, stderr=its_end, env=hay_say.environment, text=True, check=True)
    os.close(its_end)
    with os.fdopen(terminal, "rb", buffering=0) as seen:
        drawn = seen.read(1 << 16).decode()
    assert "parrot:polly: speak (1 of 2) |" in drawn
    assert drawn.endswith("\r"), "the bar is wiped away"
    assert ended.stdout.count("\n") == 1


def test_a_script_hears_nothing_but_the_answer(hay_say: Shell) -> None:
    ended = hay_say("say", "Hello.", "--voice", "parrot:polly", "--json")
    assert ended.err == ""
    assert set(json.loads(ended.out)["takes"][0]) == {
        "job", "voices", "device", "seed", "artifact", "recipe", "seconds", "sample_rate", "path", "warnings",
    }  # fmt: skip
