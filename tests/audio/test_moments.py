"""Where a moment is heard after prepare and finish; words that are cut away are gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hay_say_lab.audio.moments import after, moves_time, timings_after
from hay_say_lab.domain.timings import TimedPhoneme, TimedWord, Timings

CUT = {"cut": {"start_seconds": 1.0, "end_seconds": 9.0}}
CROP = {"crop": {"kept_seconds": [[1.0, 2.0], [4.0, 5.0]]}}
FAST = {"speed": {"speed": 2.0}}


@pytest.mark.parametrize(
    ("report", "moments"),
    [
        ({"applied": []}, {0.0: 0.0, 3.0: 3.0}),
        (CUT, {0.0: 0.0, 1.0: 0.0, 3.0: 2.0, 9.0: 8.0, 20.0: 8.0}),
        (CROP, {0.5: 0.0, 1.5: 0.5, 2.0: 1.0, 3.0: 1.0, 4.0: 1.0, 4.5: 1.5, 6.0: 2.0}),
        (CUT | CROP, {2.5: 0.5, 5.5: 1.5}),         # the cut comes first
        (FAST, {0.0: 0.0, 3.0: 1.5}),
        ({"loudness": {"gain_db": 3.0}}, {3.0: 3.0}),
    ],
)
def test_a_moment_moves_as_the_report_says(report: dict[str, object], moments: dict[float, float]) -> None:
    moment = after(report)
    assert {seconds: moment(seconds) for seconds in moments} == pytest.approx(moments)


def test_only_what_moves_time_asks_for_timings() -> None:
    assert not moves_time({})
    assert not moves_time({"crop_silence": False, "pitch_semitones": 3, "start_seconds": 0})
    assert not moves_time({"speed": 1.0, "fade_in_seconds": 1})
    for name in ("speed", "crop_silence", "crop_pauses_seconds", "start_seconds", "end_seconds"):
        assert moves_time({name: 0.5})


def test_words_and_phonemes_that_are_cut_away_are_gone_and_the_others_know_their_words(tmp_path: Path) -> None:
    words = tuple(TimedWord(name, at, 1, at * 10, at * 10 + 10) for at, name in enumerate("abcde"))
    phonemes = tuple(TimedPhoneme(word.text, number, word.start, word.end) for number, word in enumerate(words))
    document = {**Timings(10, words, phonemes).as_json(), "marks": [{"name": "m", "sample": 40}]}
    (tmp_path / "timings.json").write_text(json.dumps(document))
    moved = timings_after(tmp_path / "timings.json", CROP)
    assert [(word["text"], word["start"], word["end"]) for word in moved["words"]] == [("b", 0, 10), ("e", 10, 20)]
    assert [(one["ipa"], one["word"]) for one in moved["phonemes"]] == [("b", 0), ("e", 1)]
    assert moved["marks"] == [{"name": "m", "sample": 10}]
