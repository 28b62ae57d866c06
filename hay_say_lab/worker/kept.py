"""Finished pieces of a stage on disk, so that the next attempt goes on behind them."""

from __future__ import annotations

import io
import logging
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

log = logging.getLogger(__name__)


class Kept:
    """A folder of numbered pieces, each some arrays by name; `below` are folders of the same kind inside it."""

    def __init__(self, folder: Path, above: Kept | None = None) -> None:
        self.folder = folder
        self._newest: list[float] = above._newest if above is not None else [float("-inf")]

    def below(self, name: str) -> Kept:
        return Kept(self.folder / name, self)

    @property
    def age_seconds(self) -> float:
        """How long ago a piece was finished here, or in any folder of the same stage."""
        return time.monotonic() - self._newest[0]

    def kept(self, piece: int) -> dict[str, numpy.ndarray] | None:
        """A piece, or None where it was never finished, or cannot be read (the machine went down behind it)."""
        import numpy

        path = self._path(piece)
        if not path.exists():
            return None
        try:
            with numpy.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            log.warning("piece %d cannot be read (%s); it is made again", piece, type(error).__name__)
            return None

    def keep(self, piece: int, arrays: Mapping[str, numpy.ndarray]) -> None:
        """Written aside and renamed: a piece is there as a whole or not at all. Raises OSError."""
        import numpy

        content = io.BytesIO()              # what a disk refuses while an archive is open is told in other words
        numpy.savez(content, **arrays)  # type: ignore[arg-type]
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(piece)
        aside = path.with_suffix(".part")
        aside.write_bytes(content.getbuffer())
        os.replace(aside, path)
        self._newest[0] = time.monotonic()

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, piece: int) -> Path:
        return self.folder / f"{piece:06d}.npz"
