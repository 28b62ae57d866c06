"""Everything that stands in a request's way, told at once; where one click can mend it, it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.request import LARGEST_SEED, EffectLink, Request, RequestText, Step
from hay_say_lab.engine.casting import Casting
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.errors import ClipMissing, InvalidRequest, Problem
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.voices import Voices
from tests.domain.json_patch import patched
from tests.engine.plugins import install

READER = 'MANIFEST = manifest("reader", (Offer(task="speak", text=PLAIN, needs=("align",)),))'
PICKY = """
MANIFEST = manifest("picky", (Offer(task="convert", audio=AudioContract(
    lowest_rate=8000, highest_rate=48000, shortest_seconds=0.5, longest_seconds=10.0, quietest_rms=0.01), pieces=False),))
"""
PATIENT = """
MANIFEST = manifest("patient", (Offer(task="convert", audio=AudioContract(
    lowest_rate=8000, highest_rate=48000, shortest_seconds=0.5, longest_seconds=10.0)),))
"""
MUSICAL = """
MANIFEST = manifest("musical", (Offer(task="convert", audio=AudioContract(
    lowest_rate=8000, highest_rate=48000, shortest_seconds=0.5, longest_seconds=10.0, quietest_rms=0.09,
    needs_voiced=True)),))
"""
LACKING = """
MANIFEST = manifest("lacking", (Offer(task="speak", text=PLAIN),),
    compatibility=Compatibility(pythons=(), platforms=(), devices=(), modules=("nobody_has_this",)))
"""
KEPT = 'MANIFEST = manifest("kept", (), runtime=None)'

SPEAK = Step("speak", "parrot:polly")
CONVERT = Step("convert", "picky:one")
TEXT = RequestText("Hello there.")
CLIP = "c" * 64
SAY = Request((SPEAK,), text=TEXT)
CHANGE = Request((CONVERT,), clip=CLIP)


def _facts(**changes: Any) -> ClipFacts:
    values = {"frames": 88_200, "peak": 0.5, "rms": 0.1, "finite": True, **changes}
    return ClipFacts(CLIP, "WAV", "PCM_16", 44_100, 1, **values)


def _known(facts: ClipFacts) -> Callable[[str], ClipFacts]:
    def facts_of(sha256: str) -> ClipFacts:
        if sha256 != CLIP:
            raise ClipMissing("The clip has not been sent.", field="clip", fix="Send the file first.")
        return facts

    return facts_of


@pytest.fixture
def preflight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Preflight:
    extra = {"reader": READER, "picky": PICKY, "patient": PATIENT, "lacking": LACKING, "musical": MUSICAL, "kept": KEPT}
    for name, code in extra.items():
        install(tmp_path / "site", name, code, monkeypatch)
    architectures = Architectures()
    assert architectures.manifests.keys() >= {*extra, "parrot", "espeak_ng", "world"}
    return Preflight(Casting(architectures, Voices(open_documents(tmp_path / "voices.json"), architectures)))


def _problems(preflight: Preflight, request: Request, facts: ClipFacts | None = None) -> list[Problem]:
    return preflight.problems(request, _known(facts or _facts()))


@pytest.mark.parametrize(
    "request_",
    [
        SAY,
        CHANGE,
        Request((SPEAK, CONVERT), text=TEXT, seed=0, lane="batch", group="takes"),
        Request((SPEAK,), text=TEXT, seed=LARGEST_SEED),
        Request((Step("speak"),), text=TEXT),                               # no voice: the default one
        Request((Step("speak"), Step("convert")), text=RequestText("Guten Tag.", "de")),
        Request((CONVERT,) * 8, clip=CLIP),
    ],
    ids=range(7),
)
def test_a_good_request_has_no_problem(request_: Request, preflight: Preflight) -> None:
    assert _problems(preflight, request_) == []


# What is wrong with it -> the request, and (field, part of the message) of every problem in order.
BAD: dict[str, tuple[Request, list[tuple[str, str]]]] = {
    "no step": (Request((), text=TEXT), [("steps", "nothing to do")]),
    "too many steps": (Request((CONVERT,) * 9, clip=CLIP), [("steps", "9 steps")]),
    "a task that only serves others": (
        Request((Step("phonemes", "espeak_ng:en-us"),), text=TEXT),
        [("steps.0.task", "'phonemes'")],
    ),
    "a voice that can only be kept": (
        Request((Step("convert", "kept:one"),), clip=CLIP),
        [("steps.0.voice", "can be kept here, but not used yet")],
    ),
    "speaking second": (Request((CONVERT, SPEAK), clip=CLIP), [("steps.1.task", "first step")]),
    "no text": (Request((SPEAK,)), [("text", "no text")]),
    "a clip that nobody uses": (SAY.evolve(clip=CLIP), [("clip", "not used")]),
    "no clip": (Request((CONVERT,)), [("clip", "no clip")]),
    "a text that nobody uses": (CHANGE.evolve(text=TEXT), [("text", "not used")]),
    "an empty text": (SAY.evolve(text=RequestText("  \n")), [("text.body", "no text")]),
    "a control character": (SAY.evolve(text=RequestText("a\x00b")), [("text.body", "U+0000")]),
    "half a letter": (SAY.evolve(text=RequestText("a\ud800b")), [("text.body", "U+D800")]),
    "a megabyte of text": (SAY.evolve(text=RequestText("x" * (1 << 20))), [("text.body", "1048576")]),
    "another markup": (SAY.evolve(text=RequestText("h@l'oU", markup="phonemes")), [("text.markup", "'phonemes'")]),
    "SSML that is none": (SAY.evolve(text=RequestText("<p>a</p>", markup="ssml")), [("text.body", "line 1, column 1")]),
    "SSML that says nothing": (
        SAY.evolve(text=RequestText("<speak><break/></speak>", markup="ssml")),
        [("text.body", "between the tags")],
    ),
    "two faults in SSML": (
        SAY.evolve(text=RequestText('<speak><a>b</a> <break time="1"/></speak>', markup="ssml")),
        [("text.body", "<a>"), ("text.body", "250ms or 1.5s")],
    ),
    "a document in another language": (
        Request(
            (Step("speak", "espeak_ng:en-us"),),
            text=RequestText('<speak xml:lang="de">Hallo.</speak>', markup="ssml"),
        ),
        [("text.body", "in 'de'")],
    ),
    "what another voice's SSML has and this one's has not": (
        Request((Step("speak", "espeak_ng:en-us"),), text=RequestText("<speak><audio>a</audio></speak>", markup="ssml")),
        [("text.body", "<audio>")],
    ),
    "a language that the voice does not speak": (
        Request((Step("speak", "espeak_ng:en-us"),), text=RequestText("Bonjour.", "fr")),
        [("text.language", "'fr'")],
    ),
    "a language that nobody speaks": (
        Request((Step("speak"),), text=RequestText("nuqneH", "x-none")),
        [("text.language", "x-none")],
    ),
    "an unknown voice": (Request((Step("speak", "parrot:nobody"),), text=TEXT), [("steps.0.voice", "not installed")]),
    "an unknown architecture": (Request((Step("speak", "nobody:one"),), text=TEXT), [("steps.0.voice", "not installed")]),
    "no voice's name at all": (Request((Step("speak", ""),), text=TEXT), [("steps.0.voice", "not installed")]),
    "a voice that does not speak": (Request((Step("speak", "picky:one"),), text=TEXT), [("steps.0.voice", "does not speak")]),
    "a runtime that is not installed": (
        Request((Step("speak", "lacking:one"),), text=TEXT),
        [("steps.0.voice", "nobody_has_this")],
    ),
    "a step whose needs nobody makes": (
        Request((Step("speak", "reader:one"),), text=TEXT),
        [("steps.0.voice", "needs align")],
    ),
    "an unknown setting": (
        Request((Step("speak", "parrot:polly", {"speed": 1}),), text=TEXT),
        [("steps.0.settings.speed", "no setting")],
    ),
    "a setting out of its range": (
        Request((SPEAK, Step("convert", "parrot:polly", {"gain_db": 1})), text=TEXT),
        [("steps.1.settings.gain_db", "from -40 to 0")],
    ),
    "a setting of another kind": (
        Request((Step("speak", "parrot:polly", {"beeps": "two"}),), text=TEXT),
        [("steps.0.settings.beeps", "number")],
    ),
    "a number that is none": (
        Request((Step("convert", "parrot:polly", {"gain_db": float("nan")}),), clip=CLIP),
        [("steps.0.settings.gain_db", "number")],
    ),
    "a number that no machine holds": (
        Request((Step("convert", "parrot:polly", {"gain_db": 10**400}),), clip=CLIP),
        [("steps.0.settings.gain_db", "number")],
    ),
    "unknown settings of prepare and finish": (CHANGE.evolve(prepare={"trim": True}, finish={"gain": 1}), [
        ("prepare.trim", "no setting"), ("finish.gain", "no setting"),
    ]),
    "something to prepare, and no recording": (SAY.evolve(prepare={"high_pass_hz": 80}), [
        ("prepare", "no step takes a recording"),
    ]),
    "a part that ends before it begins": (
        Request((SPEAK, CONVERT), text=TEXT, prepare={"start_seconds": 2.0, "end_seconds": 1.0}),
        [("prepare.end_seconds", "begins at 2 s")],
    ),
    "the melody of no source": (SAY.evolve(finish={"auto_tune_key": "source"}), [
        ("finish.auto_tune_key", "no source recording"),
    ]),
    "unknown effects and settings of them": (
        SAY.evolve(effects=(EffectLink("echo"), EffectLink("gain", {"gain_db": 99}, mix=2.0))),
        [("effects.0.effect", "echo"), ("effects.1.settings.gain_db", "24"), ("effects.1.mix", "1")],
    ),
    "a seed below zero": (SAY.evolve(seed=-1), [("seed", "-1")]),
    "a seed beyond 63 bits": (SAY.evolve(seed=LARGEST_SEED + 1), [("seed", str(LARGEST_SEED))]),
    "the host's own lane": (SAY.evolve(lane="maintenance"), [("lane", "maintenance")]),
    "a group without a name": (SAY.evolve(group=""), [("group", "1 to 64")]),
    "a group with a novel for a name": (SAY.evolve(group="x" * 65), [("group", "1 to 64")]),
    "a group with a line end in its name": (SAY.evolve(group="a\nb"), [("group", "printable")]),
    "a clip that was never sent": (CHANGE.evolve(clip="d" * 64), [("clip", "not been sent")]),
    "a clip that is no hash": (CHANGE.evolve(clip="../../etc/passwd"), [("clip", "not been sent")]),
    "everything": (
        Request(
            (Step("speak", "parrot:polly", {"beeps": 99, "speed": 1}), Step("convert", "nobody:one"), Step("speak")),
            text=RequestText("a\x00" * 500_001), clip=CLIP, prepare={"a": 1}, seed=-1, lane="download", group="",
        ),
        [
            ("steps.2.task", "first step"), ("clip", "not used"), ("text.body", "1000002"), ("text.body", "U+0000"),
            ("steps.0.settings.beeps", "from 1 to 8"), ("steps.0.settings.speed", "no setting"),
            ("steps.1.voice", "not installed"), ("prepare.a", "no setting"), ("seed", "-1"), ("lane", "download"),
            ("group", "1 to 64"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "expected"), BAD.values(), ids=BAD)
def test_a_bad_request_gets_every_problem_at_once(
    request_: Request, expected: list[tuple[str, str]], preflight: Preflight
) -> None:
    problems = _problems(preflight, request_)

    assert [problem.field for problem in problems] == [field for field, _ in expected]
    for problem, (_, said) in zip(problems, expected, strict=True):
        assert said in problem.message
        assert problem.fix.label
        assert len(problem.message) < 500


@pytest.mark.parametrize(("request_", "expected"), BAD.values(), ids=BAD)
def test_where_a_click_mends_a_problem_it_is_gone_and_no_other_comes(
    request_: Request, expected: list[tuple[str, str]], preflight: Preflight
) -> None:
    problems = _problems(preflight, request_)
    mendable = [problem for problem in problems if problem.fix.patch]

    document = request_.as_json()
    for problem in reversed(mendable):      # from the end, so that what is removed moves nothing that is still named
        document = patched(document, problem.fix.patch)
    left = _problems(preflight, Request.from_json(document))

    assert [problem.field for problem in left] == [problem.field for problem in problems if not problem.fix.patch]


CLIPS: dict[str, tuple[ClipFacts, str | None]] = {
    "long enough": (_facts(frames=22_050), None),
    "too short": (_facts(frames=22_049), "at least 0.5 s"),
    "a hundredth of a second": (_facts(frames=441), "0.01 s"),
    "not too long": (_facts(frames=441_000), None),
    "too long": (_facts(frames=441_001), "at most 10 s"),
    "ten hours": (_facts(frames=36_000 * 44_100), "36000 s"),
    "with samples that are no numbers": (_facts(finite=False), "NaN"),
    "silent": (_facts(peak=0.00009, rms=0.00001), "silent"),
    "digital silence": (_facts(peak=0.0, rms=0.0), "silent"),
    "quiet": (_facts(peak=0.05, rms=0.009), "too quiet"),
    "quiet, but enough": (_facts(peak=0.05, rms=0.01), None),
}


@pytest.mark.parametrize(("facts", "said"), CLIPS.values(), ids=CLIPS)
def test_a_clip_is_judged_by_what_is_known_of_it_before_anything_is_queued(
    facts: ClipFacts, said: str | None, preflight: Preflight
) -> None:
    problems = _problems(preflight, CHANGE, facts)

    if said is None:
        assert problems == []
    else:
        (problem,) = problems
        assert problem.field == "clip"
        assert said in problem.message


# What a person's recording is, and what is to be done to it -> the field, part of the message, and whether one click
# mends it. The contract takes 0.5 to 10 s of at least 0.01.
MENDED: dict[str, tuple[ClipFacts, dict[str, Any], str, str, bool]] = {
    "too long": (_facts(frames=441_001), {}, "clip", "at most 10 s", True),
    "hours too long": (_facts(frames=3600 * 44_100), {}, "clip", "3600 s", True),
    "too long behind its beginning": (_facts(frames=900_000), {"start_seconds": 1.23456}, "clip", "at most 10 s", True),
    "a part that is too long": (_facts(frames=900_000), {"start_seconds": 1, "end_seconds": 12}, "clip", "11 s", True),
    "a part that is too short": (_facts(), {"start_seconds": 1, "end_seconds": 1.2}, "prepare.end_seconds", "0.20 s", True),
    "a part at the very end": (_facts(), {"start_seconds": 1.9}, "prepare.end_seconds", "0.10 s", True),
    "too short as a whole": (_facts(frames=4410), {"start_seconds": 0.01}, "clip", "at least 0.5 s", False),
    "a part behind the end": (_facts(), {"start_seconds": 3}, "prepare.start_seconds", "nothing of it", True),
    "a part that ends before it begins": (
        _facts(), {"start_seconds": 1.5, "end_seconds": 1}, "prepare.start_seconds", "before 1 s", True,
    ),
    "quiet": (_facts(peak=0.05, rms=0.009), {}, "clip", "too quiet", True),
    "quiet, with other settings": (_facts(peak=0.05, rms=0.009), {"high_pass_hz": 80}, "clip", "too quiet", True),
    "brought to where it is too quiet": (_facts(), {"loudness_lufs": -40.0}, "clip", "too quiet", True),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "prepare", "field", "said", "mends"), MENDED.values(), ids=MENDED)
def test_one_click_mends_what_can_be_mended_of_a_clip(
    facts: ClipFacts, prepare: dict[str, Any], field: str, said: str, mends: bool, preflight: Preflight
) -> None:
    request = CHANGE.evolve(prepare=prepare)
    (problem,) = _problems(preflight, request, facts)
    assert problem.field == field
    assert said in problem.message
    assert bool(problem.fix.patch) == mends
    if mends:
        as_sent = {name: value for name, value in request.as_json().items() if value}   # without what is empty
        mended = Request.from_json(patched(as_sent, problem.fix.patch))
        assert _problems(preflight, mended, facts) == []


def test_one_click_after_the_other_mends_a_clip_that_is_long_and_quiet(preflight: Preflight) -> None:
    facts = _facts(frames=5_000_000, rms=0.001)
    request, clicks = CHANGE, 0
    while problems := _problems(preflight, request, facts):
        request, clicks = Request.from_json(patched(request.as_json(), problems[0].fix.patch)), clicks + 1
    assert clicks == 2
    assert request.prepare == {"end_seconds": 10.0, "loudness_lufs": -16.0}


def test_a_clip_without_a_voice_is_refused_where_one_is_needed_and_only_where_that_is_known(preflight: Preflight) -> None:
    request = Request((Step("convert", "musical:one"),), clip=CLIP)
    (problem,) = _problems(preflight, request, _facts(voiced=False))
    assert "No voice is heard" in problem.message
    assert problem.fix.label
    for voiced in (True, None):
        assert _problems(preflight, request, _facts(voiced=voiced)) == []
    assert _problems(preflight, CHANGE, _facts(voiced=False)) == []


def test_what_no_loudness_reaches_is_not_promised(preflight: Preflight) -> None:
    (problem,) = _problems(preflight, Request((Step("convert", "musical:one"),), clip=CLIP), _facts(rms=0.08))
    assert "too quiet" in problem.message
    (step,) = problem.fix.patch
    assert step["value"] == {"loudness_lufs": -10.5}, "10 dB above the RMS that is needed, whatever the pauses"


def test_what_will_be_heard_of_a_clip_is_a_warning_and_an_offset_is_mended_by_a_click(preflight: Preflight) -> None:
    assert preflight.warnings(CHANGE, _known(_facts(dc_offset=0.009, clipped_share=0.0001))) == []
    facts = _facts(dc_offset=-0.05, clipped_share=0.02)
    clipped, offset = preflight.warnings(CHANGE, _known(facts))
    assert "2 %" in clipped.message
    assert "-0.05" in offset.message
    assert _problems(preflight, CHANGE, facts) == [], "it stops nothing"

    mended = Request.from_json(patched(CHANGE.as_json(), offset.fix.patch))
    assert [warning.message for warning in preflight.warnings(mended, _known(facts))] == [clipped.message]
    assert preflight.warnings(SAY.evolve(clip=CLIP), _known(facts)) == [], "nobody takes it"


def test_a_clip_that_comes_in_pieces_is_a_warning_and_can_be_trimmed_instead(preflight: Preflight) -> None:
    request = CHANGE.evolve(steps=(Step("convert", "parrot:polly"),))
    facts = _facts(frames=7201 * 44_100)
    assert _problems(preflight, request, facts) == []
    (warning,) = preflight.warnings(request, _known(facts))
    assert "3 pieces or more" in warning.message
    mended = Request.from_json(patched(request.as_json(), warning.fix.patch))
    assert mended.prepare == {"end_seconds": 3600.0}
    assert preflight.warnings(mended, _known(facts)) == []


def test_the_voice_that_would_serve_is_named_where_none_was_asked_for(preflight: Preflight) -> None:
    request = Request((Step("speak"), Step("convert")), text=RequestText("Guten Tag.", "de"))
    speaking, converting = preflight.casting.serving(request)
    assert speaking is not None
    assert converting is not None
    assert preflight.casting.resolve(request).steps == (Step("speak", speaking), Step("convert", converting))
    assert preflight.casting.serving(Request((Step("align"), SPEAK))) == [None, "parrot:polly"]


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("en", "en"), ("EN-us", "en"), ("de", "de"), ("de-AT", "de"), ("fr", "fr"), (None, None)],
)
def test_the_default_voice_speaks_the_language_of_the_text(
    language: str | None, spoken: str | None, preflight: Preflight
) -> None:
    voice = preflight.casting.default_voice("speak", RequestText("...", language))
    if spoken is not None:
        assert any(tag.lower().split("-")[0] == spoken for tag in voice.languages)


def test_a_task_without_a_default_voice_is_refused_with_the_way_out(preflight: Preflight) -> None:
    with pytest.raises(InvalidRequest, match="No installed voice can align"):
        preflight.casting.default_voice("align", None)


def test_judging_costs_nothing_worth_mentioning(preflight: Preflight) -> None:
    _problems(preflight, BAD["everything"][0])
    began = time.process_time()
    for _ in range(20):
        _problems(preflight, BAD["everything"][0])
    assert time.process_time() - began < 1.0


def test_a_clip_longer_than_is_taken_at_once_is_no_problem_where_it_is_taken_in_pieces(preflight: Preflight) -> None:
    day = _facts(frames=24 * 3600 * 44_100)
    assert _problems(preflight, Request((Step("convert", "patient:one"),), clip=CLIP), day) == []
    (problem,) = _problems(preflight, CHANGE, day)
    assert "at most 10 s" in problem.message
