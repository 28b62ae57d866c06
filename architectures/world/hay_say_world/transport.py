"""Optimal transport between Gaussians: the shortest way to give one speaker's sounds another's statistics.

For Gaussians the map that moves N(m_s, C_s) onto N(m_t, C_t) with the least mean squared displacement is
affine and known in closed form (Olkin and Pukelsheim 1982; Knott and Smith 1984):

    y = m_t + A (x - m_s),   A = C_s^-1/2 (C_s^1/2 C_t C_s^1/2)^1/2 C_s^-1/2
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hay_say_world.arrays import Floats

FRAMES_FOR_MEAN = 16            # fewer frames say nothing of a class: it is left alone
FRAMES_FOR_COVARIANCE = 60      # fewer frames give a mean, but no covariance
_LEAST_VARIANCE = 1e-8


class Way(StrEnum):
    """How a class is mapped, by how much is known of it on both sides."""

    NONE = "none"               # left as it is
    MEAN = "mean"               # shifted
    FULL = "full"               # optimal transport


@dataclass(frozen=True, slots=True)
class Gaussian:
    """What is known of one class of frames: their count, mean (C,), covariance (C, C)."""

    count: int
    mean: Floats
    covariance: Floats

    def shrunk(self) -> Floats:
        """The covariance, drawn towards its diagonal by rho = min(0.9, 0.1 + 60 / count)."""
        rho = min(0.9, 0.1 + 60.0 / max(self.count, 1))
        return (1.0 - rho) * self.covariance + rho * np.diag(np.diag(self.covariance))


@dataclass(frozen=True, slots=True)
class Affine:
    """x -> matrix (x - source_mean) + target_mean, and how it came about."""

    way: Way
    matrix: Floats
    source_mean: Floats
    target_mean: Floats

    def displacement(self, points: Floats) -> Floats:
        """How far each point (T, C) is moved: (T, C)."""
        if self.way is Way.NONE:
            return np.zeros_like(points)
        if self.way is Way.MEAN:
            return np.broadcast_to(self.target_mean - self.source_mean, points.shape)
        return (points - self.source_mean) @ self.matrix.T + self.target_mean - points


def gaussian_of(points: Floats) -> Gaussian:
    """Count, mean and covariance of points (T, C); zeros where there are none."""
    if len(points) < 2:
        dimensions = points.shape[1]
        mean = points.mean(axis=0) if len(points) else np.zeros(dimensions)
        return Gaussian(len(points), mean, np.zeros((dimensions, dimensions)))
    mean = points.mean(axis=0)
    centred = points - mean
    return Gaussian(len(points), mean, centred.T @ centred / len(points))


def transport(source: Gaussian, target: Gaussian) -> Affine:
    """The map of a class from one speaker to the other, as far as the poorer of both sides allows."""
    known = min(source.count, target.count)
    identity = np.eye(len(source.mean))
    if known < FRAMES_FOR_MEAN:
        return Affine(Way.NONE, identity, source.mean, target.mean)
    if known < FRAMES_FOR_COVARIANCE:
        return Affine(Way.MEAN, identity, source.mean, target.mean)
    return Affine(Way.FULL, monge_matrix(source.shrunk(), target.shrunk()), source.mean, target.mean)


def monge_matrix(source: Floats, target: Floats) -> Floats:
    """A (C, C), symmetric, with A source A = target; `source` must have full rank (tiny variances are
    raised).
    """
    root, inverse_root = _root_and_inverse(source)
    middle, _ = _root_and_inverse(root @ target @ root)
    return inverse_root @ middle @ inverse_root


def wasserstein(one: Gaussian, other: Gaussian) -> float:
    """Wasserstein-2 distance between two Gaussians, in the unit of the points."""
    root, _ = _root_and_inverse(one.covariance)
    middle, _ = _root_and_inverse(root @ other.covariance @ root)
    spread = np.trace(one.covariance) + np.trace(other.covariance) - 2.0 * np.trace(middle)
    return float(np.sqrt(max(((one.mean - other.mean) ** 2).sum() + spread, 0.0)))


def _root_and_inverse(matrix: Floats) -> tuple[Floats, Floats]:
    """Symmetric square root of a covariance and its inverse; eigenvalues below a floor count as the floor."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    roots = np.sqrt(np.maximum(values, _LEAST_VARIANCE))
    return (vectors * roots) @ vectors.T, (vectors / roots) @ vectors.T
