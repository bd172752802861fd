"""The predictions of the loss's curvature, checked on real descents."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import linfit
from linfit.analysis.advice import explain_low_limit
from linfit.analysis.squared_error import SquaredError
from linfit.data.rows import Rows

RANDOM = np.random.default_rng(5)


def problem(features, rows=60, targets=1, seed=0):
    """Return random rows whose columns differ in mean and scale and are correlated."""
    random = np.random.default_rng([features, seed])
    mix = np.eye(features) + 0.3 * random.normal(size=(features, features))
    x = random.normal(size=(rows, features)) @ mix + random.uniform(-1, 1, features)
    y = x @ random.normal(size=(features, targets)) + 0.5 + 0.1 * random.normal(size=(rows, targets))
    return x, y


def curvature_of(x, y, **options):
    return linfit.SufficientStatistics.from_rows(x, y, **options).curvature()


def descend(x, y, rate, steps, w=5.0, b=0.0, **options):
    """Fit by linfit's train_step and return the model with its loss before and after."""
    model = linfit.LinearRegression(w, b, dtype="float64", **options)
    model.compile(learning_rate=rate)
    before = model.evaluate(x, y, verbose=0)
    batches = tf.data.Dataset.from_tensors((x, y)).repeat(steps)  # one epoch: each costs Keras extra time
    model.fit(batches, verbose=0, divergence_guard=False)
    return model, before, model.evaluate(x, y, verbose=0)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("weight", [None, RANDOM.uniform(0, 3, 60)])
def test_the_eigenvalues_are_those_of_the_hessian(use_bias, targets, weight):
    x, y = problem(4, targets=targets)
    a = np.column_stack([x, np.ones(60)]) if use_bias else x
    hessian = 2 / y.size * (a.T * (1 if weight is None else weight)) @ a
    curvature = curvature_of(x, y, sample_weight=weight, use_bias=use_bias)
    np.testing.assert_allclose(curvature.eigenvalues, np.linalg.eigvalsh(hessian), rtol=1e-10)
    vectors = curvature.eigenvectors
    np.testing.assert_allclose(vectors * curvature.eigenvalues @ vectors.T, hessian, rtol=1e-10, atol=1e-12)


def test_a_penalty_adds_to_the_curvature_of_w_alone():
    x, y = problem(3)
    a = np.column_stack([x, np.ones(60)])
    hessian = 2 / 60 * a.T @ a + 2 * 0.7 * np.diag([1, 1, 1, 0])
    curvature = linfit.SufficientStatistics.from_rows(x, y).curvature(l2=0.7)
    np.testing.assert_allclose(curvature.eigenvalues, np.linalg.eigvalsh(hessian), rtol=1e-10)


@pytest.mark.parametrize("features", [1, 2, 3, 5, 10, 20])
def test_the_stability_limit_is_sharp(features):
    x, y = problem(features)
    curvature = curvature_of(x, y)
    # Start along the stiffest direction: only there do 0.99 and 1.01 of the limit soon differ.
    start = linfit.least_squares(x, y).w + 5 * curvature.eigenvectors[:-1, -1:]
    offset = linfit.least_squares(x, y).b + 5 * curvature.eigenvectors[-1, -1:]
    for factor, grows in [(0.99, False), (1.01, True)]:
        _, before, after = descend(x, y, factor * curvature.stability_limit, 100, start, offset)
        assert (after > before) == grows
        assert math.isfinite(after)


@pytest.mark.parametrize("features", [1, 4, 20])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_each_step_contracts_the_slowest_error_as_predicted(features, share):
    x, y = problem(features)
    curvature = curvature_of(x, y)
    rate = share * curvature.stability_limit
    slowest = np.argmax(np.abs(1 - rate * curvature.eigenvalues))
    direction = curvature.eigenvectors[:, slowest : slowest + 1]
    optimum = linfit.least_squares(x, y)
    model, *_ = descend(x, y, rate, 5, optimum.w + 3 * direction[:-1], optimum.b + 3 * direction[-1])
    remaining = np.vstack([model.w.numpy() - optimum.w, model.b.numpy() - optimum.b])
    measured = (np.linalg.norm(remaining) / 3) ** (1 / 5)
    assert measured == pytest.approx(curvature.contraction(rate), rel=0.01)
    assert curvature.contraction(rate) < 1


@pytest.mark.parametrize("features", [1, 2, 5, 20])
@pytest.mark.parametrize("share", [0.1, 0.6, 0.95])
def test_the_steps_from_a_point_are_right_to_the_step(features, share):
    x, y = problem(features)
    curvature, optimum = curvature_of(x, y), linfit.least_squares(x, y)
    best, tolerance = (
        np.vstack([optimum.w, optimum.b]),
        0.1 * np.vstack([optimum.standard_error_w, optimum.standard_error_b]),
    )
    point, rate = np.zeros_like(best), share * curvature.stability_limit
    predicted = curvature.steps_from(point - best, tolerance, rate)
    a, steps = np.column_stack([x, np.ones(60)]), 0
    while np.any(np.abs(point - best) > tolerance):  # the lesson's loop, in NumPy
        point = point - rate * 2 / 60 * a.T @ (a @ point - y)
        steps += 1
    assert abs(predicted - steps) <= 1


def test_a_long_way_is_found_by_bisection():
    x, y = problem(3)
    curvature = curvature_of(x, y)
    rate = 1e-5 * curvature.stability_limit
    error = curvature.eigenvectors[:, :1]  # the flattest direction, in which all steps have the same factor
    steps = curvature.steps_from(error, 0.01 * np.abs(error), rate)
    assert steps > 1e5
    assert steps == math.ceil(math.log(0.01) / math.log(1 - rate * curvature.eigenvalues[0]))


def test_steps_to_bounds_every_start_and_is_reached_by_the_worst():
    x, y = problem(5)
    curvature = curvature_of(x, y)
    rate = 0.7 * curvature.fastest_learning_rate
    steps = curvature.steps_to(1e-3, rate)
    powers = (1 - rate * curvature.eigenvalues) ** steps
    assert np.max(np.abs(powers)) <= 1e-3 < np.max(np.abs((1 - rate * curvature.eigenvalues) ** (steps - 1)))
    assert curvature.steps_to(1.0, rate) == 0
    assert curvature.steps_to(0.5, 1.01 * curvature.stability_limit) == math.inf


def test_an_error_of_one_axis_is_refused():
    with pytest.raises(linfit.InputError) as error:
        curvature_of(*problem(2)).steps_from([1.0, 2.0, 3.0], 0.1, 0.05)
    assert str(error.value) == "error must have the shape (3, targets), got (3,)."


def test_rows_without_curvature_take_the_default_rate():
    model = linfit.LinearRegression(use_bias=False)
    model.compile(learning_rate="auto")
    model.fit(np.zeros((10, 1)), np.ones(10), verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_no_rate_is_faster_than_the_fastest():
    curvature = curvature_of(*problem(4))
    best = curvature.fastest_learning_rate
    assert all(curvature.contraction(best) < curvature.contraction(factor * best) for factor in (0.9, 0.99, 1.01, 1.1))
    assert best < curvature.stability_limit


def test_the_critical_rate_of_single_rows_is_sharp_for_rows_of_one_length():
    # Rows of equal length in two directions, without noise: each step with one row multiplies the error along it by
    # 1 - η β. If the mean square of that factor is 1 or more, the descent never converges (Ma, Bassily & Belkin, 2018,
    # theorem 3).
    x = np.array([[3.0, 0.0], [0.0, 3.0]])
    curvature = curvature_of(x, [[3.0], [3.0]], use_bias=False)
    assert curvature.critical_learning_rate(1) == pytest.approx(2 / (2 * 9))
    for factor, shrinks in [(0.98, True), (1.02, False)]:
        error = np.ones(2)
        for row in np.random.default_rng(3).integers(2, size=400):
            error[row] -= factor * curvature.critical_learning_rate(1) * 2 * 9 * error[row]
        assert (np.linalg.norm(error) < 1) == shrinks


def test_the_critical_rate_grows_from_one_row_towards_the_stability_limit():
    x, y = problem(3, rows=500)
    curvature = curvature_of(x, y)
    rates = [curvature.critical_learning_rate(m) for m in (1, 2, 8, 64, 10**6)]
    sharpest = np.max(2 * (np.sum(x**2, axis=1) + 1))
    assert rates[0] == pytest.approx(2 / sharpest)
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(curvature.stability_limit, rel=1e-3)
    m = 8
    assert rates[2] == pytest.approx(2 * m / (sharpest + (m - 1) * curvature.eigenvalues[-1]))


def test_mini_batches_at_the_critical_rate_converge_where_there_is_no_noise():
    x, _ = problem(3, rows=64)
    y = x @ np.array([[1.0], [-2.0], [0.5]]) + 0.3
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate="auto")
    model.fit(x, y, batch_size=4, epochs=20, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(curvature_of(x, y).critical_learning_rate(4) / 2)
    assert model.evaluate(x, y, verbose=0) < 1e-3


def test_the_feature_of_the_largest_scale_dominates():
    x, y = problem(4)
    x[:, 2] *= 100
    curvature = curvature_of(x, y)
    assert curvature.dominating_feature == 2
    np.testing.assert_allclose(curvature.scales, np.sqrt(np.mean(x**2, axis=0)))


def test_dependent_columns_leave_directions_without_curvature():
    x, y = problem(2)
    curvature = curvature_of(np.column_stack([x, x[:, 0] + x[:, 1], np.full(60, 0.1)]), y)
    assert list(curvature.eigenvalues[:2]) == [0, 0]
    assert curvature.eigenvalues[2] > 0
    assert curvature.contraction(curvature.fastest_learning_rate) < 1


def test_5_percent_below_the_limit_costs_at_most_5_percent_more_steps():
    for scale in (1e-1, 1e-2, 1e-3):
        x, y = problem(2)
        x[:, 1] *= scale
        curvature = curvature_of(x, y)
        fastest = curvature.steps_to(1e-3, curvature.fastest_learning_rate)
        assert curvature.steps_to(1e-3, curvature.usable_learning_rate) <= 1.06 * fastest


def test_auto_takes_the_fastest_rate_of_each_fit():
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate="auto")
    for seed in (1, 2):
        x, y = problem(1, seed=seed)
        model.fit(x, y, batch_size=60, epochs=1, verbose=0)
        assert float(model.optimizer.learning_rate) == pytest.approx(curvature_of(x, y).fastest_learning_rate)


def test_auto_stays_5_percent_below_the_limit_of_ill_conditioned_rows():
    x, y = problem(2)
    x[:, 1] *= 1e-4
    model = linfit.LinearRegression()
    model.compile(learning_rate="auto")
    losses = model.fit(x, y, batch_size=60, epochs=20, verbose=0).history["loss"]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.95 * curvature_of(x, y).stability_limit)
    assert losses[-1] < losses[0]


def test_auto_follows_the_penalty_and_survives_saving(tmp_path):
    x, y = problem(2)
    model = linfit.LinearRegression(kernel_regularizer=keras.regularizers.L2(0.5), dtype="float64")
    model.compile(learning_rate="auto")
    model.fit(x, y, batch_size=60, epochs=1, verbose=0)
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    assert float(model.optimizer.learning_rate) == pytest.approx(statistics.curvature(0.5).fastest_learning_rate)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(loaded.optimizer.learning_rate) == float(model.optimizer.learning_rate)
    loaded.fit(2 * x, y, batch_size=60, epochs=1, verbose=0)
    statistics = linfit.SufficientStatistics.from_rows(2 * x, y)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(statistics.curvature(0.5).fastest_learning_rate)


@pytest.mark.parametrize("seed", range(40))
def test_the_scale_of_a_column_is_blamed_just_where_standardizing_would_raise_the_limit_tenfold(seed):
    rng = np.random.default_rng(seed)
    features, targets = int(rng.integers(1, 5)), int(rng.integers(1, 3))
    x = rng.normal(rng.normal(0, 3, features), 10.0 ** rng.uniform(-2, 2), (30, features))
    y, weight = rng.normal(size=(30, targets)), rng.uniform(0.1, 4, 30)
    rows = Rows(x, y, weight)
    objective = SquaredError(rows, linfit.SufficientStatistics.of(rows, bool(seed % 2)), 0.0, None)
    raised = objective.statistics.standardized().curvature().stability_limit / objective.curvature.stability_limit
    assert (explain_low_limit(objective) is not None) == (raised > 10)
