"""GroundTruth: data drawn from known values."""

import numpy as np
import pytest

import linfit


def test_without_noise_the_rows_lie_exactly_on_the_line():
    x, y = linfit.GroundTruth(w=[2.0, -1.0], b=0.5).sample(10, seed=1)
    assert x.shape == (10, 2)
    assert y.shape == (10, 1)
    np.testing.assert_array_equal(y, x @ [[2.0], [-1.0]] + 0.5)


def test_features_are_uniform_between_low_and_high():
    x, _ = linfit.GroundTruth(w=[1.0, 1.0]).sample(10_000, seed=1, low=[0.0, -5.0], high=[3.0, 5.0])
    np.testing.assert_allclose(x.min(axis=0), [0, -5], atol=0.01)
    np.testing.assert_allclose(x.max(axis=0), [3, 5], atol=0.01)
    np.testing.assert_allclose(x.std(axis=0), np.array([3, 10]) / np.sqrt(12), rtol=0.02)


def test_the_noise_has_its_standard_deviation_and_no_mean():
    truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
    x, y = truth.sample(100_000, seed=1)
    residuals = y - (0.1 * x + 0.5)
    assert abs(residuals.mean()) < 4 * 0.05 / np.sqrt(100_000)
    assert residuals.std() == pytest.approx(0.05, rel=0.01)


def test_a_seed_draws_the_same_rows_again_and_no_seed_other_ones():
    truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
    first, again = truth.sample(20, seed=3), truth.sample(20, seed=3)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, truth.sample(20, seed=4))
    assert not np.array_equal(truth.sample(20), truth.sample(20))


def test_own_features_are_used_as_they_are():
    x = np.arange(6.0).reshape(3, 2)
    drawn, y = linfit.GroundTruth(w=[1.0, 10.0], b=[0.5]).sample(features=x)
    np.testing.assert_array_equal(drawn, x)
    np.testing.assert_array_equal(y, [[10.5], [32.5], [54.5]])


def test_the_loss_at_the_truth_is_that_of_the_noise():
    truth = linfit.GroundTruth(w=2.0, b=1.0)
    assert truth.loss([0.0, 1.0], [1.5, 2.0]) == (0.5**2 + 1.0**2) / 2
    assert truth.loss([0.0, 1.0], [1.5, 2.0], sample_weight=[4.0, 0.0]) == 4 * 0.5**2 / 2


def test_several_targets_have_a_column_each():
    truth = linfit.GroundTruth(w=[[1.0, 2.0]], b=[0.0, 1.0])
    np.testing.assert_array_equal(truth.predict([3.0]), [[3.0, 7.0]])
    assert (truth.features, truth.targets) == (1, 2)
