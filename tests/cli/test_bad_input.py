"""Whatever people give: every problem at once with its fix, exit status 2, nothing queued, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile

from tests.cli.shell import Shell

POLLY = ("--voice", "parrot:polly")


def _jobs(hay_say: Shell) -> int:
    return len(hay_say.json("jobs", "list", "--limit", "500").document["jobs"])


SAID = [
    # (words behind `say`, fields of the problems)
    (["", *POLLY], {"text.body"}),                                              # nothing to say
    (["a\x07b", *POLLY], {"text.body"}),                                        # a control character
    (["Hi.", "--voice", "nope"], {"steps.0.voice"}),
    (["Hi.", *POLLY, "--then", "nope"], {"steps.1.voice"}),
    (["Hi.", *POLLY, "--set", "loudness=3"], {"steps.0.settings.loudness"}),    # no such setting
    (["Hi.", *POLLY, "--set", "beeps=99"], {"steps.0.settings.beeps"}),         # out of range
    (["Hi.", *POLLY, "--set", "beeps=two"], {"steps.0.settings.beeps"}),        # another kind
    (["Hi.", *POLLY, "--set", "beeps=nan"], {"steps.0.settings.beeps"}),        # no number
    (["Hi.", *POLLY, "--set", "beeps"], {"set"}),                               # no value
    (["Hi.", *POLLY, "--seed", "seven"], {"seed"}),
    (["Hi.", *POLLY, "--seed", "-1"], {"seed"}),
    (["Hi.", *POLLY, "--seed", str(2**63 - 1), "--takes", "2"], {"seed"}),      # the second take has none
    (["Hi.", *POLLY, "--takes", "0"], {"takes"}),
    (["Hi.", *POLLY, "--language", "xx-none", "--voice", "espeak_ng:en-us"], {"text.language"}),
    (["Hi.", *POLLY, "--markup", "phonemes"], {"text.markup"}),                 # the parrot reads plain text
    (["Hi.", *POLLY, "--markup", "ssml"], {"text.body"}),                       # and this is none
    (["Hi.", *POLLY, "--lane", "express"], {"arguments"}),
    (["Hi.", *POLLY, "--volume", "3"], {"arguments"}),
    (["Hi.", *POLLY, "--out", "hi.aac"], {"out"}),
    (["Hi.", *POLLY, "--out", "nowhere/hi.wav"], {"out"}),
    (["Hi.", *POLLY, "--out", "folder.wav"], {"out"}),
    (["", "--voice", "nope", "--set", "x", "--seed", "y", "--out", "a.aac"],
     {"set", "seed", "out", "steps.0.voice"}),                                  # all of it together
]  # fmt: skip


def test_what_cannot_be_said_is_refused_with_all_its_problems(hay_say: Shell) -> None:
    (hay_say.folder / "folder.wav").mkdir()
    before = _jobs(hay_say)
    for words, fields in SAID:
        ended = hay_say.json("say", *words)
        assert ended.status == 2, (words, ended)
        assert fields <= ended.fields, (words, ended.fields)
        assert ended.document["code"] == "invalid_request"
        assert all(problem["message"] and problem["fix"]["label"] for problem in ended.document["problems"])
        assert "Traceback" not in ended.err
    assert _jobs(hay_say) == before
    assert [path.name for path in hay_say.folder.iterdir()] == ["folder.wav"]


def test_a_person_reads_every_problem_with_its_fix(hay_say: Shell) -> None:
    ended = hay_say("say", "Hi.", *POLLY, "--set", "beeps=99", "--seed", "seven", "--out", "hi.aac")
    assert (ended.status, ended.out) == (2, "")
    for sentence in ("'seven' is no whole number.", "goes from 1 to 8", "Use 8", "End the name in .wav or .flac or .ogg or .mp3."):
        assert sentence in ended.err


def test_a_text_that_is_no_utf_8_or_more_than_a_million_characters_is_refused(hay_say: Shell) -> None:
    assert hay_say.json("say", "-", *POLLY, stdin=b"\xff\xfe").fields == {"text.body"}
    assert hay_say.json("say", "-", *POLLY, stdin=b"word " * 200_001).fields == {"text.body"}


def _wav(path: Path, samples: numpy.ndarray, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, 16000, subtype=subtype)
    return path


def _recordings(folder: Path) -> dict[str, Path]:
    noise = numpy.random.default_rng(0).standard_normal(16000) / 10
    (folder / "text.wav").write_text("This is no sound.")
    (folder / "empty.wav").write_bytes(b"")
    whole = _wav(folder / "whole.wav", noise).read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    return {
        "no sound": folder / "text.wav",
        "empty": folder / "empty.wav",
        "cut off": folder / "cut.wav",
        "no samples": _wav(folder / "none.wav", noise[:0]),
        "not numbers": _wav(folder / "nan.wav", numpy.full(16000, numpy.nan), "FLOAT"),
        "a hundredth of a second": _wav(folder / "short.wav", noise[:160]),
        "silent": _wav(folder / "silent.wav", noise * 0),
    }


def test_what_is_no_recording_is_refused(hay_say: Shell) -> None:
    before = _jobs(hay_say)
    for name, path in _recordings(hay_say.folder).items():
        ended = hay_say.json("convert", path, *POLLY, "--out", "out.wav")
        assert (ended.status, ended.fields) == (2, {"clip"}), (name, ended)
        assert "Traceback" not in ended.err
    assert _jobs(hay_say) == before
    assert not (hay_say.folder / "out.wav").exists()


def test_a_recording_and_an_option_are_refused_together(hay_say: Shell) -> None:
    (hay_say.folder / "text.wav").write_text("This is no sound.")
    ended = hay_say.json("convert", "text.wav", *POLLY, "--seed", "x", "--out", "a.aac")
    assert ended.fields == {"seed", "out", "clip"}


@pytest.mark.parametrize("words", [["jobs", "list", "--limit", "many"], ["serve", "--port", "99999"], ["nonsense"], []])
def test_other_commands_refuse_as_well(hay_say: Shell, words: list[str]) -> None:
    ended = hay_say.json(*words)
    assert ended.status == 2
    assert ended.document["problems"]
