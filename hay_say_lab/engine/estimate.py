"""How much audio a stage is about, before it has run."""

from __future__ import annotations

from hay_say_lab.domain.job import Job
from hay_say_lab.domain.manifest import Offer
from hay_say_lab.storage.objects import ObjectStore

CHARACTERS_PER_SECOND = 13.0    # of speech at an ordinary rate, measured on English
BYTES_PER_SECOND = 4 * 22_050   # of a canonical clip at the commonest rate


def audio_seconds(job: Job, objects: ObjectStore) -> float:
    """Seconds of the stage's input clip, by its size; of the text where there is no clip yet."""
    stage = job.stage
    if "clip" in stage.inputs:
        index, _, role = stage.inputs["clip"].partition(".")
        return objects.open_path(job.stages[int(index)].outputs[role]).stat().st_size / BYTES_PER_SECOND
    if "upload" in stage.inputs and job.request.clip:
        return objects.open_path(job.request.clip).stat().st_size / BYTES_PER_SECOND
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
