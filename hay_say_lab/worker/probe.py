"""`python -m hay_say_lab.worker.probe`: what this machine can do, found out by doing it, in a child that may die of it.

Prints one JSON document: {"torch": {...} | null, "confinement": "full" | "limits" | "none"}.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from typing import Any

from hay_say_lab.worker import landlock
from hay_say_lab.worker.platform import die_with_parent, leave_network


def main() -> int:
    die_with_parent(os.getppid())
    sys.stdout.write(json.dumps({"torch": torch_found(), "confinement": confinement()}))
    return 0


def torch_found() -> dict[str, Any] | None:
    """Version, CUDA build and devices; on each device a kernel is really launched. None where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    try:
        import torch
    except (ImportError, OSError, RuntimeError) as error:
        return {"problem": f"torch cannot be imported ({type(error).__name__}: {str(error)[:200]})"}
    found: dict[str, Any] = {"version": torch.__version__, "cuda": torch.version.cuda, "devices": []}
    if importlib.util.find_spec("torchaudio") is not None:
        try:
            import torchaudio
        except (ImportError, OSError, RuntimeError) as error:
            found["problem"] = f"torchaudio does not fit this torch ({str(error)[:200]})"
        else:
            found["torchaudio"] = torchaudio.__version__
    for index in range(torch.cuda.device_count()):
        try:
            total = torch.arange(1000, device=f"cuda:{index}").sum().item()
            name, works = torch.cuda.get_device_name(index), total == 499_500
        except RuntimeError as error:
            name, works = f"device {index}: {str(error)[:200]}", False
        found["devices"].append({"name": name, "works": works})
    return found


def confinement() -> str:
    """How far a child that reads a stranger's weights can be shut in here: full (namespaces, Landlock, limits), limits, none."""
    if sys.platform == "win32":
        return "none"
    return "full" if landlock.version() > 0 and leave_network() else "limits"


if __name__ == "__main__":
    sys.exit(main())
