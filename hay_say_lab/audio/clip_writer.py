"""A clip that is written while it is made: W64, float32, mono, as `objects` writes one that is there as a whole."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hay_say_lab.audio.objects import check_whole, disk_heard
from hay_say_lab.errors import InvalidRequest, StorageFailed, WorkerFailed

if TYPE_CHECKING:
    import numpy


class ClipWriter:
    """Takes samples in order. Where anything is raised inside its `with`, no file is left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None
        self.sample_rate = 0            # per second; 0: nothing is written yet
        self.frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Raises InvalidRequest where no sample came, StorageFailed where the disk refused any of them."""
        try:
            with disk_heard():
                if self._file is not None:
                    self._file.close()
            if kind is None and self.frames:
                check_whole(self._path, self.frames)
                return
        except StorageFailed:
            self._removed()
            raise
        self._removed()
        if kind is None:
            raise InvalidRequest("There is no sound in it: it has no samples.", field="clip", fix="Use a longer clip or text.")

    def _removed(self) -> None:
        with contextlib.suppress(OSError):      # its stage fails, and takes the whole folder with it
            self._path.unlink(missing_ok=True)

    def begin(self, sample_rate: int) -> None:
        """Before samples at this rate: opens the file, once. Raises WorkerFailed for no rate, or another one than before; StorageFailed."""
        import soundfile

        if sample_rate < 1:
            raise WorkerFailed("The architecture gave no sound of a piece.", fix="Tell its author.")
        if self._file is not None:
            if sample_rate != self.sample_rate:
                raise WorkerFailed("The architecture gave pieces of several sample rates.", fix="Tell its author.")
            return
        with disk_heard():
            self._file = soundfile.SoundFile(
                self._path, "w", samplerate=sample_rate, channels=1, format="W64", subtype="FLOAT"
            )
        self.sample_rate = sample_rate

    def write(self, samples: numpy.ndarray) -> None:
        """Samples (N,) float32. Raises InvalidRequest where one is not finite, StorageFailed."""
        import numpy

        if not numpy.isfinite(samples).all():
            raise InvalidRequest(
                "The sound holds samples that are not numbers.", field="clip", fix="Use milder settings or another clip."
            )
        with disk_heard():
            self._file.write(samples)
        self.frames += len(samples)
