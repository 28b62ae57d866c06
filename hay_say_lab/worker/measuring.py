"""The measuring worker: measures that need a network, in a process of their own that may import torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hay_say_lab.domain.clip import Clip
from hay_say_lab.plugin import Context, Result, Runtime
from hay_say_lab.worker.audio import measured
from hay_say_lab.worker.crepe import Capacity, Weights, contour_of, read_weights

CAPACITIES: dict[str, Capacity] = {"crepe": "full", "crepe-tiny": "tiny"}


class MeasuringRuntime(Runtime):
    """Measures by pitch, with networks as pitch trackers."""

    def __init__(self) -> None:
        self._weights: dict[str, Weights] = {}

    def measure(self, voice: str, clip: Clip, settings: Mapping[str, Any], context: Context) -> Result:
        """As the audio worker's. Raises Unavailable where torch or the weights are not installed."""
        from hay_say_lab.audio.f0 import HIGH_HZ, LOW_HZ

        method = settings["f0_method"]
        if method not in self._weights:
            self._weights[method] = read_weights(CAPACITIES[method])
        weights = self._weights[method]
        return measured(
            clip, settings, context,
            lambda one, checkpoint: contour_of(one, weights, method, LOW_HZ, HIGH_HZ, checkpoint),
        )  # fmt: skip

    def fingerprint(self) -> dict[str, str]:
        from importlib.metadata import PackageNotFoundError, version

        found = {}
        for package in ("numpy", "torch", "torchcrepe"):
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                found[package] = "absent"
        return found
