"""The closed form of optimal transport against slow, obvious ways to the same thing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from hay_say_world.transport import (
    FRAMES_FOR_COVARIANCE,
    FRAMES_FOR_MEAN,
    Gaussian,
    Way,
    gaussian_of,
    monge_matrix,
    transport,
    wasserstein,
)

DIMENSIONS = 29


def covariance(seed: int, dimensions: int = DIMENSIONS) -> np.ndarray:
    root = np.random.default_rng(seed).standard_normal((dimensions, dimensions)) / np.sqrt(dimensions)
    return root @ root.T + 0.05 * np.eye(dimensions)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_matrix_is_that_of_the_formula_by_scipy(seed: int) -> None:
    source, target = covariance(seed), covariance(seed + 100)
    root = np.real(sqrtm(source))
    inverse = np.linalg.inv(root)
    slow = inverse @ np.real(sqrtm(root @ target @ root)) @ inverse
    assert monge_matrix(source, target) == pytest.approx(slow, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_mapped_gaussian_has_the_targets_covariance_and_the_map_is_a_gradient(seed: int) -> None:
    source, target = covariance(seed), covariance(seed + 100)
    matrix = monge_matrix(source, target)
    assert matrix @ source @ matrix.T == pytest.approx(target, abs=1e-8)
    # what makes it the optimal one of all maps with that property: symmetric, and positive
    assert matrix == pytest.approx(matrix.T, abs=1e-9)
    assert np.linalg.eigvalsh(matrix)[0] > 0


def test_no_map_with_the_same_effect_moves_less() -> None:
    source, target = covariance(5, 3), covariance(6, 3)
    points = np.random.default_rng(7).multivariate_normal(np.zeros(3), source, 4000)
    best = monge_matrix(source, target)
    moved = ((points @ best.T - points) ** 2).sum(axis=1).mean()
    # a whitening and colouring by Cholesky factors also gives the target's covariance
    other = np.linalg.cholesky(target) @ np.linalg.inv(np.linalg.cholesky(source))
    assert other @ source @ other.T == pytest.approx(target)
    assert moved < ((points @ other.T - points) ** 2).sum(axis=1).mean()


def test_mapped_points_have_the_targets_mean_and_nearly_its_covariance() -> None:
    random = np.random.default_rng(8)
    points = random.multivariate_normal(np.full(4, 3.0), covariance(1, 4), 5000)
    others = random.multivariate_normal(np.full(4, -1.0), covariance(2, 4), 5000)
    source, target = gaussian_of(points), gaussian_of(others)
    mapped = gaussian_of(points + transport(source, target).displacement(points))
    assert mapped.mean == pytest.approx(target.mean)
    # not quite: both sides are drawn a tenth towards their diagonals first
    assert wasserstein(mapped, target) < 0.05 * wasserstein(source, target)


def test_shrinkage_goes_from_a_tenth_to_nine_tenths_of_the_diagonal() -> None:
    full = covariance(3, 4)
    corner = full[0, 1]
    for count, kept in ((10**9, 0.9), (600, 0.8), (10, 0.1)):
        shrunk = Gaussian(count, np.zeros(4), full).shrunk()
        assert shrunk[0, 1] == pytest.approx(kept * corner, rel=1e-6)
        assert np.diag(shrunk) == pytest.approx(np.diag(full))


@pytest.mark.parametrize(
    ("source", "target", "way"),
    [
        (FRAMES_FOR_MEAN - 1, 10_000, Way.NONE),            # too little to say anything
        (10_000, FRAMES_FOR_MEAN - 1, Way.NONE),            # on either side
        (FRAMES_FOR_MEAN, 10_000, Way.MEAN),                # a mean, no more
        (10_000, FRAMES_FOR_COVARIANCE - 1, Way.MEAN),
        (FRAMES_FOR_COVARIANCE, FRAMES_FOR_COVARIANCE, Way.FULL),
    ],
)
def test_a_class_is_mapped_as_far_as_the_poorer_side_allows(source: int, target: int, way: Way) -> None:
    points = np.random.default_rng(0).standard_normal((5, 4))
    change = transport(
        Gaussian(source, np.zeros(4), covariance(1, 4)), Gaussian(target, np.ones(4), covariance(2, 4))
    )
    assert change.way is way
    moved = change.displacement(points)
    if way is Way.NONE:
        assert not moved.any()
    elif way is Way.MEAN:
        assert moved == pytest.approx(np.ones((5, 4)))
    else:
        assert np.ptp(moved[:, 0]) > 0


def test_a_class_without_frames_or_without_variance_breaks_nothing() -> None:
    assert gaussian_of(np.zeros((0, 3))).count == 0
    assert np.isfinite(monge_matrix(np.zeros((3, 3)), covariance(1, 3))).all()


def test_the_distance_between_shifted_gaussians_is_the_shift() -> None:
    shape = covariance(4, 5)
    one, other = Gaussian(9, np.zeros(5), shape), Gaussian(9, np.full(5, 2.0), shape)
    assert wasserstein(one, other) == pytest.approx(2.0 * np.sqrt(5), rel=1e-6)
    assert wasserstein(one, one) == pytest.approx(0.0, abs=1e-6)
