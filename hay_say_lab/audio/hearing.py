"""What is heard of a recording while it is decoded once, block by block: cheap facts that save a failed job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hay_say_lab.audio.voicing import VOICED_FROM, periodicity

if TYPE_CHECKING:
    import numpy

FULL_SCALE = 32_767 / 32_768        # a 16-bit file cannot go higher
_FRAMES_PER_SECOND = 20
_ENOUGH_FRAMES = 3                  # 0.15 s of a voice, anywhere
_SHORTEST_LOOK_SECONDS = 0.5
_AUDIBLE_PEAK = 1e-4


class Hearing:
    """Takes blocks in order. A voice is looked for until one is found, so speech costs next to nothing."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._sum = 0.0
        self._frames = 0
        self._values = 0
        self._clipped = 0
        self._voiced_frames = 0
        self._waiting: list[numpy.ndarray] = []

    def take(self, block: numpy.ndarray, mono: numpy.ndarray) -> None:
        """`block` (N, C) of finite samples as they lie in the file, and their mix `mono` (N,)."""
        import numpy

        self._frames += len(mono)
        self._values += block.size
        self._sum += float(mono.sum(dtype=numpy.float64))
        # A peak above full scale in a float or lossy file is no clipping; one that stays there is.
        flat = (numpy.abs(block[1:]) >= FULL_SCALE) & (block[1:] == block[:-1])
        self._clipped += int(flat.sum())
        if not self.voiced:
            self._waiting.append(mono.astype(numpy.float32))
            if sum(map(len, self._waiting)) >= _SHORTEST_LOOK_SECONDS * self._sample_rate:
                self._look()

    @property
    def voiced(self) -> bool:
        """Whether a voice was found in what was taken so far, bar the last half of a second."""
        return self._voiced_frames >= _ENOUGH_FRAMES

    def ended(self) -> None:
        """No block follows."""
        if self._waiting and not self.voiced:
            self._look()

    @property
    def dc_offset(self) -> float:
        """Mean of the mix."""
        return self._sum / self._frames if self._frames else 0.0

    @property
    def clipped_share(self) -> float:
        """Of all samples: those at full scale that repeat the one before."""
        return self._clipped / self._values if self._values else 0.0

    def _look(self) -> None:
        import numpy

        stretch = numpy.concatenate(self._waiting)
        self._waiting = []
        peak = float(numpy.abs(stretch).max(initial=0.0))
        if peak < _AUDIBLE_PEAK:
            return
        frames = max(1, len(stretch) * _FRAMES_PER_SECOND // self._sample_rate)
        found = periodicity(stretch / numpy.float32(peak), self._sample_rate, _FRAMES_PER_SECOND, frames)
        self._voiced_frames += int((found >= VOICED_FROM).sum())
