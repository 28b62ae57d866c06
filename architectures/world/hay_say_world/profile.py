"""What a reference recording leaves behind: a few tens of kilobytes of statistics, no sound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from hay_say_lab.plugin import InvalidRequest
from hay_say_world.arrays import Floats
from hay_say_world.mixture import DiagonalMixture
from hay_say_world.pitch import PitchHabit
from hay_say_world.portrait import DIMENSIONS, TOPS_HZ, Portrait
from hay_say_world.transport import Gaussian

FORMAT = "hay-say-world-profile/1"
_LARGEST_BYTES = 4_000_000
_MOST_COMPONENTS = 64
_TRACT_ORDER = 15
_CLASSES = ("voiced", "unvoiced")


@dataclass(frozen=True, slots=True)
class Profile:
    """A target speaker: pitch, one portrait for each top that the reference fills (Hz), vocal tract."""

    pitch: PitchHabit
    portraits: Mapping[int, Portrait]
    tract: DiagonalMixture

    def shared_top_hz(self, tops_hz: tuple[int, ...]) -> int:
        """The highest top that this profile and a recording with `tops_hz` have; all have 8000."""
        return max(set(self.portraits) & set(tops_hz))


def save(profile: Profile, path: Path) -> None:
    """Write a profile; the same profile gives the same bytes (one metadata key: safetensors does not order
    them).
    """
    tensors = {
        "pitch": np.array([profile.pitch.log_median, profile.pitch.spread, float(profile.pitch.count)]),
        "tract.weights": profile.tract.weights,
        "tract.means": profile.tract.means,
        "tract.variances": profile.tract.variances,
    }
    for top, portrait in profile.portraits.items():
        for name in _CLASSES:
            gaussian: Gaussian = getattr(portrait, name)
            tensors[f"{top}.{name}.count"] = np.array([gaussian.count], dtype=np.float64)
            tensors[f"{top}.{name}.mean"] = gaussian.mean
            tensors[f"{top}.{name}.covariance"] = gaussian.covariance
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, path, {"format": FORMAT})


def load(path: Path) -> Profile:
    """Read a profile that anybody may have written; raises InvalidRequest where it is not one."""
    tensors = _tensors(path)
    tops = tuple(top for top in TOPS_HZ if f"{top}.voiced.mean" in tensors)
    if TOPS_HZ[0] not in tops:
        raise _broken(f"it has no statistics below {TOPS_HZ[0]} Hz")
    profile = Profile(
        pitch=_pitch(_take(tensors, "pitch", (3,))),
        portraits={top: _portrait(tensors, top) for top in tops},
        tract=_tract(tensors),
    )
    if tensors:
        raise _broken(f"it has an unknown part '{min(tensors)}'")
    return profile


def _tensors(path: Path) -> dict[str, np.ndarray]:
    """All tensors of the file, finite and float64."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise _broken("it is far too large")
        with safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("format") != FORMAT:
                raise _broken(f"it is not of the format {FORMAT}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise _broken("it cannot be read") from error
    for name, tensor in tensors.items():
        if tensor.dtype != np.float64 or not np.isfinite(tensor).all():
            raise _broken(f"'{name}' holds no finite numbers")
    return tensors


def _take(tensors: dict[str, np.ndarray], name: str, shape: tuple[int | None, ...]) -> Floats:
    """Take a tensor out; None in `shape` allows 1 to _MOST_COMPONENTS."""
    tensor = tensors.pop(name, None)
    if tensor is None:
        raise _broken(f"'{name}' is missing")
    fits = tensor.ndim == len(shape) and all(
        1 <= have <= _MOST_COMPONENTS if want is None else have == want
        for have, want in zip(tensor.shape, shape, strict=True)
    )
    if not fits:
        raise _broken(f"'{name}' has shape {tensor.shape}")
    return tensor


def _pitch(numbers: Floats) -> PitchHabit:
    log_median, spread, count = (float(number) for number in numbers)
    if not (math.log(30.0) <= log_median <= math.log(1200.0) and 0.0 <= spread <= 3.0 and count >= 1):
        raise _broken("its pitch is none that a voice has")
    return PitchHabit(log_median, spread, int(count))


def _portrait(tensors: dict[str, np.ndarray], top_hz: int) -> Portrait:
    return Portrait(*(_gaussian(tensors, f"{top_hz}.{name}") for name in _CLASSES))


def _gaussian(tensors: dict[str, np.ndarray], name: str) -> Gaussian:
    count = float(_take(tensors, f"{name}.count", (1,))[0])
    mean = _take(tensors, f"{name}.mean", (DIMENSIONS,))
    covariance = _take(tensors, f"{name}.covariance", (DIMENSIONS, DIMENSIONS))
    scale = max(float(np.abs(covariance).max()), 1e-12)
    if count < 0 or scale > 1e4 or np.abs(mean).max() > 1e3:
        raise _broken(f"'{name}' is out of range")
    lopsided = float(np.abs(covariance - covariance.T).max())
    if lopsided > 1e-6 * scale or np.linalg.eigvalsh(covariance)[0] < -1e-6 * scale:
        raise _broken(f"'{name}.covariance' is no covariance")
    return Gaussian(int(count), mean, covariance)


def _tract(tensors: dict[str, np.ndarray]) -> DiagonalMixture:
    weights = _take(tensors, "tract.weights", (None,))
    means = _take(tensors, "tract.means", (len(weights), _TRACT_ORDER))
    variances = _take(tensors, "tract.variances", (len(weights), _TRACT_ORDER))
    if weights.min() <= 0 or abs(weights.sum() - 1.0) > 1e-6 or variances.min() <= 0:
        raise _broken("'tract' is no mixture")
    return DiagonalMixture(weights, means, variances)


def _broken(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"The profile of this voice is broken: {why}.",
        field="voice",
        fix="Make the voice again from its reference recording, with 'hay-say voices add'.",
    )
