"""How much audio a stage is about, before it has run."""

from __future__ import annotations

from collections.abc import Callable

from hay_say_lab.audio.objects import clip_seconds
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import Job
from hay_say_lab.domain.manifest import Offer
from hay_say_lab.storage.objects import ObjectStore

CHARACTERS_PER_SECOND = 13.0    # of speech at an ordinary rate, measured on English


def audio_seconds(job: Job, objects: ObjectStore, sent: Callable[[str, str], ClipFacts]) -> float:
    """Seconds of the stage's input clip; about those of the text where there is no clip yet.

    `sent` gives the facts of a recording by its owner and sha256: an upload's size says nothing, it may be compressed.
    """
    stage = job.stage
    if "clip" in stage.inputs:
        index, _, role = stage.inputs["clip"].partition(".")
        return clip_seconds(objects.open_path(job.stages[int(index)].outputs[role]))
    if "upload" in stage.inputs and job.request.clip:
        return sent(job.owner, job.request.clip).seconds
    return len(job.request.text.body) / CHARACTERS_PER_SECOND if job.request.text else 0.0


def seconds_at_once(seconds: float, offer: Offer | None) -> float:
    """Of so much audio, how much a worker has in work at a time: one piece, where the offer takes it in pieces."""
    if offer is None or not offer.comes_in_pieces:
        return seconds
    if offer.audio is not None:
        return min(seconds, offer.audio.longest_seconds)
    if offer.text is not None:
        longest = offer.piece_characters or offer.text.longest_characters
        return min(seconds, longest / CHARACTERS_PER_SECOND)
    return seconds
