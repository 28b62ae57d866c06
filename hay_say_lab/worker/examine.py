"""`python -m hay_say_lab.worker.examine`: what a folder of strangers' files comes to, found in a child without torch or network.

The order names the folder and the recognisers ('module:function', by architecture), which are imported before the child shuts
itself in; the answer holds `Findings`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hay_say_lab.errors import WorkerFailed
from hay_say_lab.library.examination import UNPACKED, examine
from hay_say_lab.library.unpacking import Limits
from hay_say_lab.plugin import Recogniser
from hay_say_lab.worker.cell import serve


def main() -> int:
    recognisers: dict[str, Recogniser] = {}

    def before(order: dict[str, Any]) -> None:
        recognisers.update({name: recogniser(named) for name, named in order["recognisers"].items()})
        importlib.import_module("yaml")             # read late by the room, which must import without it
        Path(order["folder"], UNPACKED).mkdir(exist_ok=True, mode=0o700)

    def work(order: dict[str, Any]) -> Mapping[str, Any]:
        limits = Limits(total_bytes=int(order["file_mb"]) << 20)
        return {"findings": examine(Path(order["folder"]), recognisers, limits).as_json()}

    return serve(work, before)


def recogniser(named: str) -> Recogniser:
    """'module:function' -> the function. Raises WorkerFailed where it is not there."""
    module, _, function = named.partition(":")
    try:
        found: Recogniser = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise WorkerFailed(f"The recogniser '{named}' is not there ({error}).", fix="Reinstall its architecture.") from None
    return found


if __name__ == "__main__":
    sys.exit(main())
