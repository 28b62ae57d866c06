"""The audio worker: decode, prepare and finish, without torch. It speaks the same protocol as an architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.measure import MEASURES
from hay_say_lab.plugin import Context, Result, Runtime

if TYPE_CHECKING:
    from hay_say_lab.audio.measures import Track


class AudioRuntime(Runtime):
    """Stages between an upload and an architecture, and between an architecture and a person."""

    def decode(self, voice: str, clip: None, settings: Mapping[str, Any], context: Context) -> Result:
        """The uploaded file -> a mono clip at its own rate, read by libsndfile, or by the ffmpeg that the settings name."""
        from hay_say_lab.audio import scratch
        from hay_say_lab.audio.conversion import decode
        from hay_say_lab.worker.foreign import named, opener

        opened = opener(named(settings.get("program")))
        with scratch.inside(context.out):
            return Result(clip=decode(context.inputs["upload"], context.checkpoint, opened))

    def prepare(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """A clip -> what the request asks to be done to it, at the rate that the next step's contract takes."""
        from hay_say_lab.audio import scratch
        from hay_say_lab.audio.conversion import resample
        from hay_say_lab.audio.prepare import prepare
        from hay_say_lab.audio.progress import part

        wanted = {name: value for name, value in settings.items() if name != "sample_rate"}
        with scratch.inside(context.out):
            prepared, report = prepare(clip, wanted, part(context.checkpoint, 0.0, 0.9))
            resampled = resample(prepared, settings["sample_rate"], part(context.checkpoint, 0.9, 1.0))
        documents = {"prepared": report} if report["applied"] else {}
        return Result(clip=resampled, documents=documents | _moved(context, report))

    def finish(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """A clip -> finished as the request asks for, and its picture for the panels; the same clip where it asks nothing.

        Where an effect of a plugin comes before, the clip is its wet sound; `dry` and `wet_share` say what is mixed.
        """
        from hay_say_lab.audio import scratch
        from hay_say_lab.audio.finish import finish
        from hay_say_lab.audio.mix import blend
        from hay_say_lab.audio.objects import read_clip
        from hay_say_lab.audio.picture import picture_of

        source = read_clip(context.inputs["source"]) if "source" in context.inputs else None
        with scratch.inside(context.out):
            if "dry" in context.inputs:
                clip = blend(read_clip(context.inputs["dry"]), clip, settings["wet_share"])
            finished, report = finish(
                clip,
                settings["finish"],
                settings["effects"],
                context.seed,
                context.checkpoint,
                source,
                settings.get("first_effect", 0),
            )
        documents = {"picture": picture_of(finished), **({"finished": report} if report else {})}
        return Result(clip=finished, documents=documents | _moved(context, report))

    def measure(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """Measures of a clip, and of it against the input 'against': a document of each, by name."""
        from hay_say_lab.audio import scratch
        from hay_say_lab.audio.measures import tracker

        with scratch.inside(context.out):
            return measured(clip, settings, context, tracker(settings["f0_method"]))

    def mix(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """A finished voice -> the voice over the background that it was taken out of, and the picture of both."""
        from hay_say_lab.audio import scratch
        from hay_say_lab.audio.mix import mix
        from hay_say_lab.audio.objects import read_clip
        from hay_say_lab.audio.picture import picture_of

        background = read_clip(context.inputs["background"])
        with scratch.inside(context.out):
            mixed, report = mix(
                clip, background, settings["background_db"], settings["ceiling_dbtp"], context.checkpoint
            )
        return Result(clip=mixed, documents={"picture": picture_of(mixed), "mixed": report})

    def fingerprint(self) -> dict[str, str]:
        from importlib.metadata import version

        import numpy
        import soundfile
        import soxr

        return {
            "numpy": numpy.__version__,
            "scipy": version("scipy"),
            "pyworld": version("pyworld-prebuilt"),
            "soundfile": soundfile.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
            "soxr": soxr.__version__,
        }


def _moved(context: Context, report: Mapping[str, Any]) -> dict[str, Any]:
    """The timings that came with the clip, where the stage moved what they tell of."""
    from hay_say_lab.audio.moments import timings_after

    return {"timings": timings_after(context.inputs["timings"], report)} if "timings" in context.inputs else {}


def measured(clip: Clip, settings: Mapping[str, Any], context: Context, track: Track) -> Result:
    """The measures that `settings` name, as documents {"value": ...}."""
    from hay_say_lab.audio.measures import measures_of
    from hay_say_lab.audio.objects import read_clip
    from hay_say_lab.audio.pairs import measures_between
    from hay_say_lab.audio.progress import part

    alone = [name for name in settings["measures"] if MEASURES[name].of == "clip"]
    paired = [name for name in settings["measures"] if MEASURES[name].of == "pair"]
    share = len(alone) / max(1, len(alone) + len(paired))
    values = measures_of(clip, alone, track, part(context.checkpoint, 0.0, share)) if alone else {}
    if paired:
        reference = read_clip(context.inputs["against"])
        rest = part(context.checkpoint, share, 1.0)
        values |= measures_between(clip, reference, paired, track, settings["align"], rest)
    return Result(documents={name: {"value": value} for name, value in values.items()})
