"""One specification for every installed architecture, whoever wrote it: data first, then real jobs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab import Lab
from hay_say_lab.domain.control import check_settings, control_from_json, with_defaults
from hay_say_lab.domain.manifest import Manifest, Offer
from hay_say_lab.domain.request import EffectLink, Request, RequestText, Step
from hay_say_lab.domain.voice import is_slug
from hay_say_lab.errors import InvalidRequest, LabError, TooLarge
from hay_say_lab.plugin import ENTRY_POINTS

MANIFESTS: dict[str, Manifest] = {entry.name: entry.load() for entry in entry_points(group=ENTRY_POINTS)}
OFFERS = [(manifest, offer) for manifest in MANIFESTS.values() for offer in manifest.offers]
SPEAKERS = [(manifest, offer) for manifest, offer in OFFERS if offer.task == "speak"]
# An architecture whose voices all come from elsewhere is heard in its own tests.
CONVERTERS = [(manifest, offer) for manifest, offer in OFFERS if offer.task == "convert" and manifest.voices]
SEPARATORS = [(manifest, offer) for manifest, offer in OFFERS if offer.task == "separate"]
EFFECTS = [(manifest, offer) for manifest, offer in OFFERS if offer.task == "effect"]
AS_IT_WAS = "parrot:polly"          # a voice that hands a clip back


def named(value: object) -> str | None:
    return value.id if isinstance(value, Manifest) else value.task if isinstance(value, Offer) else None


def voice_of(manifest: Manifest, offer: Offer) -> str:
    return f"{manifest.id}:{offer.default_voice or manifest.voices[0].slug}"


def test_the_architectures_of_the_main_job_and_a_third_one_from_outside_are_found() -> None:
    assert len(MANIFESTS) >= 3


@pytest.mark.parametrize("name", MANIFESTS)
def test_reading_a_manifest_imports_no_runtime(name: str) -> None:
    """Given a fresh interpreter, when the entry point is loaded, then none of the runtime's modules are there."""
    manifest = MANIFESTS[name]
    heavy = [module for module in manifest.compatibility.modules if module != "numpy"]
    heavy += [manifest.runtime.partition(":")[0]] if manifest.runtime else []
    script = (
        "import sys; from importlib.metadata import entry_points; "
        f"entry_points(group={ENTRY_POINTS!r}, name={name!r})[{name!r}].load(); "
        f"present = [m for m in {heavy!r} if m in sys.modules]; "
        "sys.exit(f'imported: {present}' if present else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize(("manifest", "offer"), OFFERS, ids=named)
def test_what_an_offer_declares_is_sound(manifest: Manifest, offer: Offer) -> None:
    names = [control.name for control in offer.controls]
    assert len(set(names)) == len(names)
    for control in offer.controls:
        assert control.name.isidentifier()
        assert control.help.endswith(".")
        assert control_from_json(control.as_json()).as_json() == control.as_json()
    defaults = with_defaults(offer.controls, {})
    assert check_settings(offer.controls, defaults, "settings") == []
    if offer.default_voice is not None:
        assert offer.default_voice in {voice.slug for voice in manifest.voices}
    assert (offer.text is not None) == (offer.task in ("speak", "phonemes"))
    assert (offer.audio is not None) == (offer.task in ("convert", "separate", "effect"))


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=named)
def test_voices_have_names_that_can_stand_in_an_id(manifest: Manifest) -> None:
    slugs = [voice.slug for voice in manifest.voices]
    assert len(set(slugs)) == len(slugs)
    assert all(is_slug(slug) for slug in slugs)


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=named)
def test_licence_upstream_and_where_it_ran_are_told(manifest: Manifest) -> None:
    assert manifest.licence
    assert manifest.upstream.name
    assert manifest.upstream.status
    assert manifest.compatibility.pythons


@pytest.mark.parametrize(("manifest", "offer"), SPEAKERS, ids=named)
def test_speaking_gives_sound_and_words_inside_it(lab: Lab, manifest: Manifest, offer: Offer) -> None:
    take = lab.say("Two words.", voice=voice_of(manifest, offer), seed=3).result()

    assert take.sample_rate == offer.gives_rate
    assert 0.0 < numpy.abs(take.samples).max() <= 1.0
    timings = take.words()
    assert timings is not None
    assert [word.text.strip(".") for word in timings.words] == ["Two", "words"]
    assert all(0 <= word.start < word.end <= len(take.samples) for word in timings.words)


@pytest.mark.parametrize(("manifest", "offer"), CONVERTERS, ids=named)
@pytest.mark.parametrize("cut", [0, 1, 77])
def test_converting_keeps_the_length_to_the_sample(
    lab: Lab, spoken: Path, tmp_path: Path, manifest: Manifest, offer: Offer, cut: int
) -> None:
    samples, rate = soundfile.read(spoken, dtype="float32")
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, samples[cut:], rate)

    take = lab.convert(clip, voice=voice_of(manifest, offer), seed=3).result()

    assert len(take.samples) == round(len(samples[cut:]) * take.sample_rate / rate)


@pytest.mark.parametrize(("manifest", "offer"), [*SPEAKERS, *CONVERTERS], ids=named)
def test_the_same_request_and_seed_give_the_same_artifact_in_another_home(
    lab: Lab, spoken: Path, tmp_path: Path, manifest: Manifest, offer: Offer
) -> None:
    from tests.hosts import end_host

    def made(where: Lab) -> str:
        voice = voice_of(manifest, offer)
        handle = where.say("Once more.", voice=voice, seed=9) if offer.task == "speak" else where.convert(
            spoken, voice=voice, seed=9
        )
        return handle.result().artifact

    other = Lab(tmp_path / "other")
    try:
        assert made(lab) == made(other) == made(lab)
    finally:
        end_host(tmp_path / "other")


@pytest.mark.parametrize(("manifest", "offer"), [*SPEAKERS, *CONVERTERS], ids=named)
def test_unknown_and_unfit_settings_are_told_all_at_once(lab: Lab, spoken: Path, manifest: Manifest, offer: Offer) -> None:
    unfit = {control.name: "3 st" for control in offer.controls if control.kind == "number"}
    text = RequestText("Words.") if offer.task == "speak" else None
    clip = lab.clip(spoken) if offer.task == "convert" else None
    step = Step(offer.task, voice_of(manifest, offer), {**unfit, "no_such": 1})

    problems = lab.preflight(Request((step,), text=text, clip=clip)).problems

    assert {problem.field for problem in problems} == {f"steps.0.settings.{name}" for name in [*unfit, "no_such"]}
    assert all(problem.fix.label for problem in problems)


@pytest.mark.parametrize(("manifest", "offer"), SEPARATORS, ids=named)
def test_separating_gives_a_voice_and_a_background_that_are_as_long_as_the_clip(
    lab: Lab, spoken: Path, manifest: Manifest, offer: Offer
) -> None:
    voice = voice_of(manifest, offer)
    take = lab.convert(spoken, voice=AS_IT_WAS, prepare={"isolate": voice}, seed=3).result()
    alone = lab.convert(spoken, voice=AS_IT_WAS, seed=3).result()
    both = lab.convert(spoken, voice=AS_IT_WAS, prepare={"isolate": voice}, finish={"background_db": 0.0}, seed=3).result()

    assert "separate" in [stage["task"] for stage in take.recipe()["stages"]]
    assert len(take.samples) == len(both.samples) == round(len(alone.samples) * take.sample_rate / alone.sample_rate)
    assert numpy.abs(take.samples).max() > 0.01, "there is somebody in it"
    assert both.artifact != take.artifact


@pytest.mark.parametrize(("manifest", "offer"), EFFECTS, ids=named)
def test_an_effect_changes_the_clip_and_cuts_nothing_off(lab: Lab, spoken: Path, manifest: Manifest, offer: Offer) -> None:
    plain = lab.convert(spoken, voice=AS_IT_WAS, seed=3).result()
    for voice in manifest.voices:
        link = EffectLink(f"{manifest.id}:{voice.slug}")
        wet = lab.convert(spoken, voice=AS_IT_WAS, effects=(link,), seed=3).result()
        again = lab.convert(spoken, voice=AS_IT_WAS, effects=(link,), seed=3).result()
        off = lab.convert(spoken, voice=AS_IT_WAS, effects=(EffectLink(link.effect, mix=0.0),), seed=3).result()
        assert wet.artifact == again.artifact != plain.artifact
        assert wet.seconds >= plain.seconds - 0.001
        assert off.artifact == plain.artifact


CONVERTED = ("8 kHz", "96 kHz", "stereo", "8 bit", "clipped", "mp3")
REFUSED = {
    "too short": (InvalidRequest, "lasts 0.01 s"),
    "silent": (InvalidRequest, "silent"),
    "NaN": (InvalidRequest, "not numbers"),
    "too long": (LabError, "hours long"),
    "empty": (InvalidRequest, "empty"),
    "not audio": (InvalidRequest, "not sound"),
    "truncated": (InvalidRequest, "cut off"),
}


@pytest.mark.parametrize("shape", CONVERTED)
@pytest.mark.parametrize(("manifest", "offer"), CONVERTERS, ids=named)
def test_what_people_have_is_converted_and_the_recipe_says_how(
    lab: Lab, odd_files: dict[str, Path], manifest: Manifest, offer: Offer, shape: str
) -> None:
    take = lab.convert(odd_files[shape], voice=voice_of(manifest, offer), seed=1).result()

    rate = soundfile.info(odd_files[shape]).samplerate
    assert offer.audio is not None
    fits = offer.audio.lowest_rate <= rate <= offer.audio.highest_rate
    tasks = [stage["task"] for stage in take.recipe()["stages"]]
    assert tasks == ["decode", *([] if fits else ["prepare"]), "convert", "finish"]
    assert take.seconds == pytest.approx(soundfile.info(odd_files[shape]).duration, abs=0.001)


@pytest.mark.parametrize("shape", REFUSED)
@pytest.mark.parametrize(("manifest", "offer"), CONVERTERS, ids=named)
def test_what_cannot_be_converted_is_refused_before_queueing_in_the_same_words(
    lab: Lab, odd_files: dict[str, Path], manifest: Manifest, offer: Offer, shape: str
) -> None:
    kind, words = REFUSED[shape]
    before = len(lab.jobs(limit=500))

    with pytest.raises(kind) as refused:
        lab.convert(odd_files[shape], voice=voice_of(manifest, offer))

    assert words in str(refused.value)
    assert refused.value.problems
    assert refused.value.problems[0].fix.label
    assert len(lab.jobs(limit=500)) == before
    assert isinstance(refused.value, TooLarge) == (shape == "too long")
