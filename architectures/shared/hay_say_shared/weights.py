"""Official weights as our networks hold them: float32, norms folded, every key accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from hay_say_lab.plugin import InvalidRequest

# How a weight-normed layer X is spelt: the old hooks, and torch's parametrizations.
_GAINS = {".weight_g": ".weight_v", ".parametrizations.weight.original0": ".parametrizations.weight.original1"}
_BATCH_NORM_EPSILON = 1e-5
_SHOWN = 3          # names in a message


def folded(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict with `X.weight` = g v / |v| for every weight-normed layer X, all else as it was, floats as float32.

    The norm runs over the axes in which g has one entry: all but the first for most layers, all but the last for
    HuBERT's positional convolution.
    """
    whole = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    for gain_end, direction_end in _GAINS.items():
        for key in [key for key in whole if key.endswith(gain_end)]:
            layer = key.removesuffix(gain_end)
            if layer + direction_end in whole:
                gain, direction = whole.pop(key), whole.pop(layer + direction_end)
                whole[layer + ".weight"] = _normed(gain, direction, layer)
    return whole


def _normed(gain: Tensor, direction: Tensor, layer: str) -> Tensor:
    axes = tuple(axis for axis in range(gain.dim()) if gain.shape[axis] == 1)
    if gain.dim() != direction.dim() or not axes:
        raise _unfit(f"the layer '{layer}' has a gain of shape {tuple(gain.shape)} for {tuple(direction.shape)}")
    return direction * (gain / torch.linalg.vector_norm(direction, dim=axes, keepdim=True))


def fold_batch_norm(state: dict[str, Tensor], convolution: str, norm: str, *, channel_axis: int = 0) -> None:
    """Put the batch norm under `norm` into the convolution before it, in place: scaled weights, and a bias.

    channel_axis: where the weight counts its output channels (1 in transposed convolutions).
    """
    names = ("weight", "bias", "running_mean", "running_var")
    gamma, beta, mean, variance = (state.pop(f"{norm}.{name}") for name in names)
    state.pop(f"{norm}.num_batches_tracked", None)
    scale = gamma.double() / torch.sqrt(variance.double() + _BATCH_NORM_EPSILON)
    weight = state[f"{convolution}.weight"]
    shape = [1] * weight.dim()
    shape[channel_axis] = -1
    state[f"{convolution}.weight"] = (weight.double() * scale.view(shape)).float()
    state[f"{convolution}.bias"] = (beta.double() - mean.double() * scale).float()


def load(network: nn.Module, state: Mapping[str, Tensor], what: str, *, ignore: Iterable[str] = ()) -> None:
    """Give a network its weights; raises InvalidRequest with the first names that are missing, unknown or of another
    shape, or whose values are not finite.

    ignore: beginnings of keys that an official file has and nobody needs.
    """
    unneeded = tuple(ignore)
    given = {key: value for key, value in state.items() if not unneeded or not key.startswith(unneeded)}
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - given.keys())
    unknown = sorted(given.keys() - wanted.keys())
    shapes = [
        f"'{key}' is {tuple(given[key].shape)} and should be {tuple(wanted[key].shape)}"
        for key in wanted.keys() & given.keys()
        if given[key].shape != wanted[key].shape
    ]
    for trouble, names in (("lacks", missing), ("has unknown", unknown)):
        if names:
            raise _unfit(f"{what} {trouble} {len(names)} of its weights: {', '.join(names[:_SHOWN])}")
    if shapes:
        raise _unfit(f"{what} has weights of another shape: {'; '.join(sorted(shapes)[:_SHOWN])}")
    broken = [key for key, value in given.items() if value.is_floating_point() and not torch.isfinite(value).all()]
    if broken:
        raise _unfit(f"{what} has weights that are not numbers (NaN or infinite): {', '.join(sorted(broken)[:_SHOWN])}")
    network.load_state_dict(given)
    network.eval().requires_grad_(False)


def _unfit(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"These weights do not fit: {what}.", field="voice", fix="Fetch the file again, or choose another one."
    )
