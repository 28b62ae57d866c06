"""A mixture of Gaussians with diagonal covariances, fitted by expectation and maximisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hay_say_world.arrays import Floats

_LEAST_VARIANCE = 1e-2      # of features normalised to variance 1: no component may close in on single frames
_ROUNDS = 60
_ENOUGH = 1e-4              # gain of mean log likelihood (nats per frame) below which fitting ends


@dataclass(frozen=True, slots=True)
class DiagonalMixture:
    """K components over C dimensions: weights (K,) that sum to 1, means (K, C), variances (K, C)."""

    weights: Floats
    means: Floats
    variances: Floats

    def log_densities(self, points: Floats) -> Floats:
        """log(weight x density) of each component at each point: (T, C) -> (T, K)."""
        precision = 1.0 / self.variances
        offset = np.log(self.weights) - 0.5 * (
            np.log(2 * np.pi * self.variances).sum(axis=1) + (self.means**2 * precision).sum(axis=1)
        )
        return offset - 0.5 * (points**2 @ precision.T) + points @ (self.means * precision).T

    def mean_log_likelihood(self, points: Floats) -> float:
        """Nats per frame over (T, C)."""
        return float(_log_sum(self.log_densities(points)).mean())


def fit_mixture(points: Floats, components: int, seed: int = 0) -> tuple[DiagonalMixture, list[float]]:
    """Fit K components to points (T, C); the same points and seed give the same mixture.

    Also returns the mean log likelihood (nats per frame) before each round: it never falls, except where the
    floor of the variances takes hold.
    """
    spread = np.maximum(points.var(axis=0), _LEAST_VARIANCE)
    mixture = DiagonalMixture(
        np.full(components, 1.0 / components),
        _spread_seeds(points, components, np.random.default_rng(seed)),
        np.tile(spread, (components, 1)),
    )
    history: list[float] = []
    for _ in range(_ROUNDS):
        log_joint = mixture.log_densities(points)
        log_total = _log_sum(log_joint)
        history.append(float(log_total.mean()))
        if len(history) > 1 and history[-1] - history[-2] < _ENOUGH:
            break
        mixture = _maximised(points, np.exp(log_joint - log_total[:, None]), spread)
    return mixture, history


def _maximised(points: Floats, shares: Floats, spread: Floats) -> DiagonalMixture:
    """The components that explain the points best when point t belongs to component k by `shares` (T, K)."""
    mass = shares.sum(axis=0) + 1e-9
    means = shares.T @ points / mass[:, None]
    variances = shares.T @ points**2 / mass[:, None] - means**2
    # A component that lost its points keeps a broad, harmless shape.
    lost = mass < 1.0
    variances[lost] = spread
    return DiagonalMixture(mass / mass.sum(), means, np.maximum(variances, _LEAST_VARIANCE))


def _spread_seeds(points: Floats, components: int, random: np.random.Generator) -> Floats:
    """Starting means (K, C) far from each other: each drawn by its squared distance to the nearest one so far
    (k-means++, Arthur and Vassilvitskii, SODA 2007)."""
    chosen = [int(random.integers(len(points)))]
    distance = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < components:
        total = distance.sum()
        share = distance / total if total > 0 else np.full(len(points), 1.0 / len(points))
        chosen.append(int(np.searchsorted(np.cumsum(share), random.random() * share.sum())))
        chosen[-1] = min(chosen[-1], len(points) - 1)
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return points[chosen].copy()


def _log_sum(log_values: Floats) -> Floats:
    """log of the sum of exponentials over the last axis, without overflow."""
    highest = log_values.max(axis=-1)
    return highest + np.log(np.exp(log_values - highest[..., None]).sum(axis=-1))
