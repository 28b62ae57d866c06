"""How much memory a stage takes, measured by the worker itself: the process's own, and torch's on a card.

Torch is only asked where the runtime has imported it; nothing here imports it.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from hay_say_lab.worker.platform import forget_peak, memory_mb, peak_mb

CUDA_CONTEXT_MB = 620.0         # measured on an H200 (610 to 619): of a card, held by every process that computes there, beside what torch allocates
_MB = 1 / (1 << 20)
MOST_WANTED_MB = 5e7            # 50 TB: more is a mistake of the architecture, whatever it is
_UNITS_MB = {"bytes": _MB, "KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0, "TiB": 1024.0**2, "PiB": 1024.0**3}
_ASKED = re.compile(r"allocate:? ([0-9.]+) (bytes|[KMGTP]iB)")
_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "cuda_error_out_of_memory")


class Meter:
    """From its making to `usage`: one stage on one device."""

    def __init__(self, device: str) -> None:
        self._device = device
        forget_peak()
        cuda = self._cuda()
        if cuda is not None:
            cuda.reset_peak_memory_stats(device)

    def usage(self, wanted_mb: float = 0.0) -> dict[str, float]:
        """What was held; at its peak with `wanted_mb` more, which were asked for and not given.

        `resident_mb` held now, `peak_mb` at most, `live_mb` of it in use; `host_mb` of the machine's besides a card's."""
        held, most = memory_mb(), peak_mb()
        cuda = self._cuda()
        if cuda is None:
            return {"resident_mb": held, "peak_mb": max(held, most) + wanted_mb, "live_mb": held, "host_mb": 0.0}
        kept = cuda.memory_reserved(self._device) * _MB
        live = cuda.memory_allocated(self._device) * _MB
        peak = max(kept, cuda.max_memory_reserved(self._device) * _MB)
        return {
            "resident_mb": kept + CUDA_CONTEXT_MB,
            "peak_mb": peak + CUDA_CONTEXT_MB + wanted_mb,
            "live_mb": live + CUDA_CONTEXT_MB,
            "host_mb": max(held, most),
        }

    def _cuda(self) -> Any:
        """torch.cuda where this stage runs on a card and torch has begun to use it."""
        torch = sys.modules.get("torch")
        if torch is None or not self._device.startswith("cuda") or not torch.cuda.is_initialized():
            return None
        return torch.cuda


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was no more memory: Python's own, torch's, or a driver's in words."""
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    typed = getattr(torch, "OutOfMemoryError", None)
    if typed is not None and isinstance(error, typed):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _NO_MEMORY)


def wanted_mb(error: BaseException) -> float:
    """How much was asked for when there was no more, as numpy's and torch's messages say it; 0 where they do not."""
    found = _ASKED.search(str(error))
    return min(float(found[1]) * _UNITS_MB[found[2]], MOST_WANTED_MB) if found else 0.0


def use_threads(count: int) -> None:
    """So many threads for what follows: between stages, never during one. What the libraries took at their start stays."""
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != count:
        torch.set_num_threads(count)


def device_title(device: str) -> str | None:
    """The card's own name; None for a processor."""
    if not device.startswith("cuda"):
        return None
    torch: Any = sys.modules.get("torch")
    return str(torch.cuda.get_device_name(device)) if torch is not None and torch.cuda.is_available() else device
