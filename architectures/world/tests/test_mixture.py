"""Fitting a mixture: likelihood rises, components are found, the same points give the same mixture."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from hay_say_world.mixture import fit_mixture


def two_clouds() -> np.ndarray:
    random = np.random.default_rng(3)
    return np.concatenate([random.normal(-2, 0.5, (300, 4)), random.normal(1, 0.8, (700, 4))])


def test_the_likelihood_never_falls_while_fitting() -> None:
    _, history = fit_mixture(two_clouds(), 5)
    assert len(history) > 3
    assert (np.diff(history) > -1e-9).all()
    assert history[-1] > history[0] + 0.1


def test_two_clouds_are_found() -> None:
    mixture, _ = fit_mixture(two_clouds(), 2)
    order = mixture.means[:, 0].argsort()
    assert mixture.means[order, 0] == pytest.approx([-2, 1], abs=0.15)
    assert mixture.weights[order] == pytest.approx([0.3, 0.7], abs=0.03)
    assert np.sqrt(mixture.variances[order, 0]) == pytest.approx([0.5, 0.8], abs=0.1)


def test_the_likelihood_is_that_of_scipy() -> None:
    points = two_clouds()[:50]
    mixture, _ = fit_mixture(two_clouds(), 3)
    density = sum(
        weight * multivariate_normal(mean, np.diag(variance)).pdf(points)
        for weight, mean, variance in zip(mixture.weights, mixture.means, mixture.variances, strict=True)
    )
    assert mixture.mean_log_likelihood(points) == pytest.approx(float(np.log(density).mean()))


def test_the_same_points_and_seed_give_the_same_mixture() -> None:
    one, other = (fit_mixture(two_clouds(), 6, seed=9)[0] for _ in range(2))
    assert np.array_equal(one.means, other.means)
    assert np.array_equal(one.weights, other.weights)


def test_points_that_are_all_the_same_break_nothing() -> None:
    mixture, _ = fit_mixture(np.zeros((100, 3)), 4)
    assert np.isfinite(mixture.mean_log_likelihood(np.zeros((2, 3))))
    assert mixture.variances.min() > 0
    assert mixture.weights.min() > 0
