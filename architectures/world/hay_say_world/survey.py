"""One walk over a recording: all that is asked of the whole of it before a single frame is changed.

Works in blocks of 3 seconds, so that the stage can stop between them, and keeps little: pitch, loudness and
breath of every frame, and the full envelopes of at most 6000 frames spread evenly over the recording.
Statistics come from those. Envelopes of all frames (0.8 MB a second at 44.1 kHz) are not held; rendering
computes them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hay_say_world.analysis import PitchSearch, aperiodicity_of, envelope_of, fft_size_for, pitch_of
from hay_say_world.aperiodicity import Aperiodicity
from hay_say_world.arrays import Flags, Floats, Indices
from hay_say_world.frames import FRAMES_PER_SECOND, cut, frame_count
from hay_say_world.journal import Arrays, Journal
from hay_say_world.melbands import BANDS, filterbank, log_bands

BLOCK_FRAMES = 3 * FRAMES_PER_SECOND        # worked on without a pause: 0.6 s of computing for the pitch
PIECE_FRAMES = 15 * FRAMES_PER_SECOND       # kept for a retry
PITCH_MARGIN_SECONDS = 0.5
SPECTRAL_MARGIN_SECONDS = 0.15              # the widest window is four periods of 47 Hz
MOST_SAMPLED_FRAMES = 6000
LOUDNESS_TOP_HZ = 8000.0                    # every rate taken here has this band

# Work of each part in seconds per second of audio (one core, 44.1 kHz), for progress alone.
PITCH_WORK = {"harvest": 0.15, "dio": 0.012}
SPECTRAL_WORK = 0.10


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a recording.

    f0_hz (T,) 0 where unvoiced; loudness (T,) is c0 of 60 mel bands below 8 kHz, the same measure at every
    rate; envelopes (n, F) are power envelopes of the frames numbered `sampled` (n,).
    """

    sample_rate: int
    sample_count: int
    fft_size: int
    f0_hz: Floats
    loudness: Floats
    aperiodicity: Aperiodicity
    sampled: Indices
    envelopes: Floats

    @property
    def bins(self) -> int:
        return self.fft_size // 2 + 1

    @property
    def pitched(self) -> Flags:
        """Frames (T,) that WORLD will give a pitch again: those with f0 that are not breath alone."""
        return (self.f0_hz > 0) & ~self.aperiodicity.all_breath

    @property
    def frames(self) -> int:
        return len(self.f0_hz)


def survey_work(seconds: float, search: PitchSearch) -> float:
    """Work of a survey in the unit of the journal."""
    return seconds * (PITCH_WORK[search.method] + SPECTRAL_WORK)


def survey_pieces(frames: int) -> int:
    """How many pieces a survey of so many frames keeps."""
    return 2 * len(range(0, frames, PIECE_FRAMES))


def survey(samples: Floats, sample_rate: int, search: PitchSearch, journal: Journal) -> Survey:
    """Look at a recording (N,), level about full scale, whole."""
    frames = frame_count(len(samples), sample_rate)

    def listen(first: int, last: int) -> Arrays:
        stretch = cut(samples, sample_rate, first, last, PITCH_MARGIN_SECONDS)
        return {"f0": pitch_of(stretch, search).astype(np.float32)}

    f0_hz = _piecewise(
        {"f0": frames},
        PITCH_WORK[search.method],
        "listening for the pitch",
        journal,
        listen,
    )["f0"]
    fft_size = fft_size_for(f0_hz, sample_rate)
    sampled = np.arange(0, frames, -(-frames // MOST_SAMPLED_FRAMES))
    bank = filterbank(LOUDNESS_TOP_HZ, sample_rate, fft_size // 2 + 1)

    def look(first: int, last: int) -> Arrays:
        stretch = cut(samples, sample_rate, first, last, SPECTRAL_MARGIN_SECONDS)
        envelope = envelope_of(stretch, f0_hz[first:last], fft_size)
        breath = aperiodicity_of(stretch, f0_hz[first:last], fft_size)
        here = sampled[(sampled >= first) & (sampled < last)]
        return {
            "loudness": (log_bands(envelope, bank).sum(axis=1) / np.sqrt(BANDS)).astype(np.float32),
            "levels_db": breath.levels_db,
            "all_breath": breath.all_breath,
            "envelopes": envelope[here - first].astype(np.float32),
        }

    rows = dict.fromkeys(("loudness", "levels_db", "all_breath"), frames) | {"envelopes": len(sampled)}
    seen = _piecewise(rows, SPECTRAL_WORK, "listening to the timbre", journal, look)
    return Survey(
        sample_rate=sample_rate,
        sample_count=len(samples),
        fft_size=fft_size,
        f0_hz=f0_hz,
        loudness=seen["loudness"],
        aperiodicity=Aperiodicity(seen["levels_db"], seen["all_breath"]),
        sampled=sampled,
        envelopes=seen["envelopes"],
    )


def _piecewise(
    rows: Mapping[str, int], work: float, message: str, journal: Journal, look: Callable[[int, int], Arrays]
) -> dict[str, np.ndarray]:
    """Run `look(first, last)` over all frames, block by block, and join what it returns along the frames.

    `rows`: how many there will be of each array, of the most frequent one in every frame.
    """
    frames = max(rows.values())
    whole: dict[str, np.ndarray] = {}
    filled = dict.fromkeys(rows, 0)
    for piece in range(0, frames, PIECE_FRAMES):
        last = min(piece + PIECE_FRAMES, frames)

        def build(first: int = piece, last: int = last) -> Arrays:
            blocks = []
            for block in range(first, last, BLOCK_FRAMES):
                end = min(block + BLOCK_FRAMES, last)
                blocks.append(look(block, end))
                journal.advance(work * (end - block) / FRAMES_PER_SECOND, message)
            return _joined(blocks)

        made = journal.piece(build, work * (last - piece) / FRAMES_PER_SECOND, message)
        for name, part in made.items():
            if name not in whole:
                whole[name] = journal.room((rows[name], *part.shape[1:]), part.dtype)
            whole[name][filled[name] : filled[name] + len(part)] = part
            filled[name] += len(part)
    return whole


def _joined(parts: list[Arrays]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
