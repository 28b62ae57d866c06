"""Rate and channel conversion: a file of any shape -> a mono clip; a clip -> the rate that a contract takes."""

from __future__ import annotations

from pathlib import Path

from hay_say_lab.audio.progress import Checkpoint, unwatched
from hay_say_lab.audio.resampling import resampled
from hay_say_lab.audio.scratch import Tape
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.manifest import AudioContract

BLOCK_FRAMES = 1 << 16


def decode(path: Path, checkpoint: Checkpoint = unwatched) -> Clip:
    """Any file that libsndfile reads -> mono float32 at its own rate (channels averaged).

    Block by block, so that neither many channels nor many hours lie in memory together.
    """
    import soundfile

    tape = Tape()
    with soundfile.SoundFile(path) as file:
        told = max(file.frames, 1)
        while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
            if len(block) == BLOCK_FRAMES:
                checkpoint(min(file.tell() / told, 1.0), "decoding")
            tape.append(block[:, 0] if file.channels == 1 else block.mean(axis=1))
        return Clip(tape.samples(), file.samplerate)


def resample(clip: Clip, sample_rate: int, checkpoint: Checkpoint = unwatched) -> Clip:
    """To another rate, soxr VHQ; the length becomes round(N * sample_rate / clip.sample_rate) exactly."""
    if sample_rate == clip.sample_rate:
        return clip
    return Clip(resampled(clip.samples, clip.sample_rate, sample_rate, "VHQ", checkpoint), sample_rate)


def rate_within(sample_rate: int, contract: AudioContract) -> int:
    """The nearest rate that a contract takes: unchanged where it fits."""
    return min(max(sample_rate, contract.lowest_rate), contract.highest_rate)
