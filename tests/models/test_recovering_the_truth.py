"""The premise of linfit: gradient descent recovers the truth that generated the data."""

import numpy as np
import pytest

import linfit


@pytest.mark.parametrize("features", [1, 3, 50])
def test_the_truth_is_recovered(features):
    generator = np.random.default_rng(features)
    truth = linfit.GroundTruth(w=generator.normal(size=features), b=0.5)
    x, y = truth.sample(400, seed=1, low=-2, high=2)
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.3)
    model.fit(x, y, batch_size=len(x), epochs=100, verbose=0)
    np.testing.assert_allclose(model.w.numpy(), truth.w, atol=1e-4)
    np.testing.assert_allclose(model.b.numpy(), truth.b, atol=1e-4)


def test_two_targets_are_recovered_together():
    truth = linfit.GroundTruth(w=[[1.0, -2.0], [0.5, 3.0], [0.0, 1.0]], b=[0.5, -0.5])
    x, y = truth.sample(200, seed=1, low=-2, high=2)
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.5)
    model.fit(x, y, batch_size=len(x), epochs=100, verbose=0)
    assert model.targets == 2
    np.testing.assert_allclose(model.w.numpy(), truth.w, atol=1e-4)
    np.testing.assert_allclose(model.b.numpy(), truth.b, atol=1e-4)


def test_with_noise_the_fit_ends_at_the_optimum_and_not_at_the_truth():
    truth = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.5)
    x, y = truth.sample(50, seed=1, low=-2, high=2)
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.3)
    model.fit(x, y, batch_size=len(x), epochs=150, verbose=0)
    solution, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(50)]), y, rcond=None)
    np.testing.assert_allclose(model.w.numpy(), solution[:2], atol=1e-10)
    assert np.abs(model.w.numpy() - truth.w).max() > 0.01
