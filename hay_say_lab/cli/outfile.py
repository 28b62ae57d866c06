"""The file that `--out` names: looked at before anything is queued, written when there is something to write."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from hay_say_lab.errors import Fix, Problem


def out_problems(path: Path | None, endings: Collection[str], field: str = "out") -> Iterator[Problem]:
    """Why a file could not be written later: its ending, its folder, its place. Nothing is touched."""
    if path is None:
        return
    if path.suffix.lower() not in endings:
        offered = " or ".join(endings)
        yield Problem(
            field, f"'{path.name}' does not end in a format that is written.", Fix(f"End the name in {offered}.")
        )
    folder = path.parent
    if not folder.is_dir():
        yield Problem(field, f"There is no folder '{folder}'.", Fix(f"mkdir -p {folder}"))
    elif path.is_dir():
        yield Problem(field, f"'{path}' is a folder.", Fix("Name a file in it."))
    elif not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        yield Problem(field, f"'{path}' cannot be written.", Fix("Choose another place, or mend its permissions."))


def numbered(path: Path | None, count: int) -> list[Path | None]:
    """A name for each of `count` takes: the name itself for one, hello-1.wav, hello-2.wav, ... for several."""
    if path is None or count == 1:
        return [path] * count
    return [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, count + 1)]
