"""CUDA devices, read by NVML (the optional package nvidia-ml-py). Without it, or without a driver, there are none."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Collection, Iterator
from typing import Any

from hay_say_lab.engine.devices import Device, Machine, Reading, family

log = logging.getLogger(__name__)

CUDA = "cuda"
_MB = 1 / (1 << 20)


class CudaDevice:
    """One card. `name` counts as CUDA does, from 0 over the visible cards."""

    kind = CUDA

    def __init__(self, nvml: Any, handle: Any, number: int) -> None:
        self._nvml = nvml
        self._handle = handle
        self.name = f"{CUDA}:{number}"
        title = nvml.nvmlDeviceGetName(handle)
        self.title = title.decode() if isinstance(title, bytes) else str(title)
        self._total_mb = nvml.nvmlDeviceGetMemoryInfo(handle).total * _MB

    def read(self, ours: Collection[int]) -> Reading:
        """Foreign is what is used and not ours. Where the driver does not name our processes, all but them is not told
        apart, and the card counts as unreadable."""
        try:
            used_mb = self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used * _MB
            held = {entry.pid: entry.usedGpuMemory for entry in self._processes()}
        except self._nvml.NVMLError:
            log.exception("the card %s cannot be read", self.name)
            return Reading(self._total_mb, readable=False)
        families = {pid: family(pid) for pid in ours}
        ours_mb = {pid: sum((held.get(member) or 0) * _MB for member in members) for pid, members in families.items()}
        unnamed = any(held.get(member, 0) is None for members in families.values() for member in members)
        if unnamed:
            return Reading(self._total_mb, readable=False)
        return Reading(self._total_mb, max(0.0, used_mb - sum(ours_mb.values())), ours_mb)

    def _processes(self) -> Iterator[Any]:
        yield from self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        with contextlib.suppress(self._nvml.NVMLError):
            yield from self._nvml.nvmlDeviceGetGraphicsRunningProcesses(self._handle)


def cuda_devices() -> list[Device]:
    """The cards that a worker would see under CUDA_VISIBLE_DEVICES, in its order."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        chosen = _visible(os.environ.get("CUDA_VISIBLE_DEVICES"), count, pynvml)
        return [
            CudaDevice(pynvml, pynvml.nvmlDeviceGetHandleByIndex(index), number) for number, index in enumerate(chosen)
        ]
    except pynvml.NVMLError as error:
        log.info("no CUDA device: %s", error)
        return []


def _visible(wanted: str | None, count: int, nvml: Any) -> list[int]:
    """Indices in the order of CUDA_VISIBLE_DEVICES: numbers or the beginnings of UUIDs; what follows an unknown one is hidden."""
    if wanted is None:
        return list(range(count))
    names = {index: nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(index)) for index in range(count)}
    chosen: list[int] = []
    for word in (part.strip() for part in wanted.split(",")):
        if word.isdigit() and int(word) < count:
            chosen.append(int(word))
            continue
        matching = [index for index, name in names.items() if word and str(name).startswith(word)]
        if not matching:
            break
        chosen += matching[:1]
    return chosen


def found_devices(most_mb: float | None = None) -> list[Device]:
    """All that this machine has: its cards, then the processor. `most_mb` bounds the processor's memory."""
    return [*cuda_devices(), Machine(most_mb=most_mb)]
