"""Rate and channel conversion: a file of any shape -> a mono clip; a clip -> the rate that a contract takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hay_say_lab.audio import ffmpeg
from hay_say_lab.audio.kinds import KINDS
from hay_say_lab.audio.progress import Checkpoint, unwatched
from hay_say_lab.audio.recording import BLOCK_FRAMES, Opener, needs_ffmpeg, open_recording
from hay_say_lab.audio.resampling import resampled
from hay_say_lab.audio.scratch import Tape
from hay_say_lab.domain.clip import Clip, ClipFacts
from hay_say_lab.domain.manifest import AudioContract


def decode(path: Path, checkpoint: Checkpoint = unwatched, opened: Opener = open_recording) -> Clip:
    """A recording -> mono float32 at its own rate (channels averaged). `opened`: who reads it, libsndfile or ffmpeg.

    Block by block, so that neither many channels nor many hours lie in memory together. Raises InvalidRequest.
    """
    tape = Tape()
    frames = 0
    with opened(path) as recording:
        told = max(recording.announced_frames or 0, 1)
        for block in recording.blocks:
            frames += len(block)
            if len(block) == BLOCK_FRAMES:
                checkpoint(min(frames / told, 1.0), "decoding")
            tape.append(block[:, 0] if recording.channels == 1 else block.mean(axis=1))
        return Clip(tape.samples(), recording.sample_rate)


def decode_settings(facts: ClipFacts) -> dict[str, Any]:
    """What a decode stage does to a clip, for its key and its recipe: from which shape, and by ffmpeg where that reads it.

    Raises InvalidRequest where the clip needs ffmpeg and there is none any more.
    """
    settings: dict[str, Any] = {
        name: getattr(facts, name) for name in ("container", "encoding", "sample_rate", "channels")
    }
    kind = KINDS.get(facts.container)
    if kind is not None:
        program = ffmpeg.find()
        if program is None:
            raise needs_ffmpeg(kind)
        settings["program"] = program.name
    return settings


def resample(clip: Clip, sample_rate: int, checkpoint: Checkpoint = unwatched) -> Clip:
    """To another rate, soxr VHQ; the length becomes round(N * sample_rate / clip.sample_rate) exactly."""
    if sample_rate == clip.sample_rate:
        return clip
    return Clip(resampled(clip.samples, clip.sample_rate, sample_rate, "VHQ", checkpoint), sample_rate)


def rate_within(sample_rate: int, contract: AudioContract) -> int:
    """The nearest rate that a contract takes: unchanged where it fits."""
    return min(max(sample_rate, contract.lowest_rate), contract.highest_rate)
