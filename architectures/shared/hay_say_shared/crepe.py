"""Pitch by CREPE (J. Kim et al., 2018), with torchcrepe's network and weights where that package is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy
import torch

from hay_say_lab.plugin import InvalidRequest

SAMPLE_RATE = 16_000
HOP = 160
_PATH = 512                 # frames that one path is found through
_BATCH = 16                 # frames in the network at once: less than a second of computing
_LEAST_PERIODICITY = 0.1

Tell = Callable[[float], None]


@torch.inference_mode()
def pitch(
    sound: numpy.ndarray, *, low_hz: float = 50.0, high_hz: float = 1100.0, device: str = "cpu", tell: Tell | None = None
) -> numpy.ndarray:
    """f0 (N // 160 + 1,) float64 in Hz, 0 where it is not sure. tell: called with the share done; it may raise to stop.

    Raises InvalidRequest where torchcrepe is not installed.
    """
    try:
        torchcrepe = importlib.import_module("torchcrepe")
    except ImportError as error:
        raise InvalidRequest(
            "The pitch method 'crepe' needs the package torchcrepe, which is not installed here.",
            field="settings.f0_method",
            fix="Install it with \"pip install 'hay-say-rvc[crepe]'\", or choose another method.",
        ) from error
    frames = len(sound) // HOP + 1
    audio = torch.from_numpy(sound.astype(numpy.float32))[None]
    heights, sureness = [], []
    windows = torchcrepe.preprocess(audio, SAMPLE_RATE, HOP, batch_size=_PATH, device=device)
    for index, batch in enumerate(windows):
        parts = []
        for first in range(0, len(batch), _BATCH):
            parts.append(torchcrepe.infer(batch[first : first + _BATCH], "full", device=device))
            if tell is not None:
                tell((index * _PATH + first) / frames)
        bins = torch.cat(parts).reshape(1, -1, 360).transpose(1, 2)
        height, sure = torchcrepe.postprocess(
            bins, low_hz, high_hz, torchcrepe.decode.viterbi, return_harmonicity=False, return_periodicity=True
        )
        heights.append(height)
        sureness.append(sure)
    smooth = torchcrepe.filter.mean(torch.cat(heights, dim=1), 3)
    periodicity = torchcrepe.filter.median(torch.cat(sureness, dim=1), 3)
    smooth[periodicity < _LEAST_PERIODICITY] = 0.0
    return smooth[0].double().cpu().numpy()
