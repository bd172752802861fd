"""A model with normalize=True descends on standardized features and reports in the units of the data."""

import re

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from nist_problems import built_in
from sklearn.datasets import load_diabetes
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import StepCallback, StopAtOptimum, TensorBoardLogger
from linfit.keras_utils.float_policy import computing_in

ROWS = 64


def table(targets=1, seed=3):
    """Return rows with columns far from 0 and of very different scales: a year, an income, a share."""
    random = np.random.default_rng(seed)
    x = np.column_stack([random.normal(1985, 17, ROWS), random.normal(4e5, 1e5, ROWS), random.uniform(0, 1e-3, ROWS)])
    w = np.array([[0.5, -1.0], [2e-5, 1e-5], [3e3, -2e3]])[:, :targets]
    return x, x @ w - 950 + random.normal(0, 1, (ROWS, targets))


X, Y = table()


def fitted(x=X, y=Y, rate="auto", epochs=400, batch_size=ROWS, callbacks=(), sample_weight=None, **options):
    model = linfit.LinearRegression(**{"normalize": True, "dtype": "float64", **options})
    model.compile(learning_rate=rate)
    model.fit(
        x, y, batch_size, epochs, verbose=0, shuffle=False, callbacks=list(callbacks), sample_weight=sample_weight
    )
    return model


def solution(x, y, weight=None, l2=0.0):
    """Return w and b in closed form, from the normal equations of the centred, scaled columns."""
    weight = np.ones(len(x)) if weight is None else np.asarray(weight)
    mean, middle = np.average(x, axis=0, weights=weight), np.average(y, axis=0, weights=weight)
    scale = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight))
    u = (x - mean) / scale
    penalty = l2 * len(x) * y.shape[1] * np.eye(x.shape[1])
    v = np.linalg.solve(u.T @ (weight[:, np.newaxis] * u) + penalty, u.T @ (weight[:, np.newaxis] * (y - middle)))
    w = v / scale[:, np.newaxis]
    return w, middle - mean @ w


def test_one_step_by_hand():
    # x = 1, 3 becomes u = -1, 1. From the line y = 0: dL/dv = 2/2 Σ u (0 - y) = -(−2 + 6) = -4, dL/dc = -(2 + 6) = -8.
    # A step of 0.1: v = 0.4, c = 0.8; in x: w = v / 1 = 0.4, b = c - 2 w = 0.
    model = fitted([1.0, 3.0], [2.0, 6.0], rate=0.1, epochs=1, batch_size=2)
    w, b = model.coefficients()
    np.testing.assert_allclose([w.item(), b.item()], [0.4, 0.0], atol=1e-15)
    np.testing.assert_allclose(model.trajectory.values, [[0.0, 0.0], [0.4, 0.0]], atol=1e-15)
    assert model.trajectory.loss[0] == pytest.approx((4 + 36) / 2)
    assert model.predict([2.0], verbose=0).item() == pytest.approx(0.8)


@pytest.mark.parametrize("batch_size", [ROWS, 24])
def test_it_takes_the_steps_of_a_keras_normalization_before_a_dense_layer(batch_size):
    y = Y - Y.mean()
    with computing_in("float64"):
        penalty = keras.regularizers.L2(0.0078125)
        normalization = keras.layers.Normalization(mean=X.mean(axis=0), variance=X.var(axis=0), dtype="float64")
        dense = keras.layers.Dense(1, kernel_initializer="zeros", kernel_regularizer=penalty, dtype="float64")
        stock = keras.Sequential([keras.Input((3,)), normalization, dense])
        stock.compile(keras.optimizers.SGD(0.05), "mse")
        stock.fit(X, y, batch_size=batch_size, epochs=6, shuffle=False, verbose=0)
    model = fitted(y=y, rate=0.05, epochs=6, batch_size=batch_size, kernel_regularizer=keras.regularizers.L2(0.0078125))
    np.testing.assert_allclose(model.w.numpy(), dense.kernel.numpy(), rtol=1e-9)
    np.testing.assert_allclose(model.history.history["loss"], stock.history.history["loss"], rtol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"targets": 2},
        {"weight": np.r_[np.zeros(4), np.linspace(0.2, 3, ROWS - 4)]},
        {"l2": 0.1},
        {"l2": 0.1, "targets": 2},
    ],
    ids=str,
)
def test_the_coefficients_are_those_of_the_closed_form(options):
    targets, weight, l2 = options.get("targets", 1), options.get("weight"), options.get("l2", 0.0)
    x, y = table(targets)
    model = fitted(x, y, sample_weight=weight, kernel_regularizer=keras.regularizers.L2(l2) if l2 else None)
    expected = solution(x, y, weight, l2)
    for found, wanted in zip(model.coefficients(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-7)
    comparison = linfit.compare(model, x, y, sample_weight=weight)
    np.testing.assert_allclose(comparison.optimum, np.concatenate([np.ravel(part) for part in expected]), rtol=1e-7)
    assert comparison.verdict.startswith("Converged")
    assert comparison.losses["fitted"] == pytest.approx(model.trajectory.loss[-1], rel=1e-7)


def test_without_a_bias_the_columns_are_only_scaled():
    model = fitted(use_bias=False, epochs=3000)
    expected, *_ = np.linalg.lstsq(X / X.max(axis=0), Y, rcond=None)
    np.testing.assert_allclose(model.coefficients()[0], expected / X.max(axis=0)[:, np.newaxis], rtol=1e-6)
    assert not model.coefficients()[1].any()
    assert not model.mean.numpy().any()


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_the_statistics_of_a_stream_descend_as_their_rows_do(l2):
    statistics = linfit.SufficientStatistics.from_batches([(X[:20], Y[:20]), (X[20:], Y[20:])])
    streamed = linfit.LinearRegression(
        normalize=True, dtype="float64", kernel_regularizer=keras.regularizers.L2(l2) if l2 else None
    )
    streamed.compile(learning_rate="auto")
    streamed.fit(statistics, epochs=400, verbose=0)
    whole = fitted(kernel_regularizer=keras.regularizers.L2(l2) if l2 else None)
    np.testing.assert_allclose(streamed.trajectory.values, whole.trajectory.values, rtol=1e-9, atol=1e-12)
    mine, other = linfit.compare(streamed, statistics), linfit.compare(whole, X, Y)
    np.testing.assert_allclose(mine.standard_error, other.standard_error, rtol=1e-9)
    assert mine.verdict.startswith("Converged")


def test_the_start_is_the_line_that_was_asked_for():
    start = np.array([[2.0], [-1e-5], [7.0]])
    model = fitted(rate=0.1, epochs=5, w_initializer=start, b_initializer=-1.0)
    np.testing.assert_allclose(model.trajectory.values[0], [2.0, -1e-5, 7.0, -1.0], rtol=1e-9)
    assert model.trajectory.loss[0] == pytest.approx(np.mean((X @ start - 1.0 - Y) ** 2), rel=1e-9)


def test_in_float32_it_finds_what_float64_finds():
    model = fitted(dtype="float32")
    error = linfit.least_squares(X, Y).standard_error_w
    assert np.all(np.abs(model.coefficients()[0] - solution(X, Y)[0]) < 0.01 * error)
    assert linfit.compare(model, X, Y).verdict.startswith("Converged")


def test_raw_columns_diverge_where_these_converge_and_are_told_so():
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.1)
    with pytest.warns(UserWarning, match=r"With LinearRegression\(normalize=True\) the limit rises to 0\.\d") as caught:
        model.fit(X, Y, batch_size=ROWS, epochs=400, verbose=0)
    limit = float(str(caught[0].message).split("rises to ")[1].split(". ")[0])
    u = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(ROWS)])
    assert limit == pytest.approx(2 / np.linalg.eigvalsh(2 / ROWS * u.T @ u)[-1], rel=0.01)


def test_nist_longley_to_six_digits_in_the_steps_that_are_predicted():
    longley = next(problem for problem in built_in() if problem.name == "Longley")
    statistics = linfit.SufficientStatistics.from_rows(longley.x, longley.y)
    assert 4.8e9 < statistics.curvature().condition_number ** 0.5 < 5e9
    curvature = statistics.standardized().curvature()
    steps = curvature.steps_to(1e-7, curvature.usable_learning_rate)
    model = fitted(longley.x, longley.y, epochs=int(steps), batch_size=len(longley.x))
    w, b = model.coefficients()
    np.testing.assert_allclose([*b, *w[:, 0]], longley.estimates, rtol=1e-6)


@pytest.mark.parametrize("name", ["Norris", "diabetes", "raw diabetes", "table"])
def test_well_posed_tables_converge_at_the_rate_it_finds(name):
    tables = {problem.name: (problem.x, problem.y) for problem in built_in()}
    tables["diabetes"] = load_diabetes(return_X_y=True)
    tables["raw diabetes"] = load_diabetes(return_X_y=True, scaled=False)
    x, y = {**tables, "table": (X, Y)}[name]
    curvature = linfit.SufficientStatistics.from_rows(x, y).standardized().curvature()
    steps = int(curvature.steps_to(1e-6, curvature.usable_learning_rate))
    model = fitted(x, y, epochs=steps, batch_size=len(x))
    assert linfit.compare(model, x, y).verdict.startswith("Converged")
    expected = np.linalg.lstsq(np.column_stack([x - x.mean(axis=0), np.ones(len(x))]), y)[0].ravel()
    np.testing.assert_allclose(model.coefficients()[0].ravel(), expected[:-1], rtol=1e-3)


def test_the_verdict_asks_for_as_many_steps_as_it_takes():
    model = fitted(rate=0.02, epochs=10)
    verdict = linfit.compare(model, X, Y).verdict
    steps = int(verdict.split("about ")[1].split(" ")[0].replace(",", ""))
    history = fitted(rate=0.02, epochs=20 + 2 * steps, callbacks=[StopAtOptimum(0.1)]).trajectory
    assert verdict.startswith("Not converged")
    assert abs(history.step[-1] - 10 - steps) <= 0.005 * steps  # the verdict states three digits


def test_a_fit_has_not_converged_before_the_whole_line_lies_right():
    year = np.random.default_rng(1).integers(1950, 2021, 300).astype(float)
    heat = 13.5 + 0.018 * (year - 1950) + np.random.default_rng(2).normal(0, 0.12, 300)
    model = fitted(year, heat, rate=0.1, epochs=32, batch_size=300)
    comparison = linfit.compare(model, year, heat)
    w, b = comparison.fitted - comparison.optimum
    assert np.all(np.abs([w, b]) < 0.1 * comparison.standard_error)  # each of them is close, but not both together
    height = (b + year.mean() * w) / (np.sqrt(comparison.losses["optimum"] * 300 / 298) / np.sqrt(300))
    assert abs(height) > 1
    assert f"Not converged: {abs(height):.2g} standard errors (of b at the mean of x)" in comparison.verdict
    steps = int(comparison.verdict.split("about ")[1].split(" ")[0])
    model.fit(year, heat, batch_size=300, epochs=steps, verbose=0)
    assert linfit.compare(model, year, heat).verdict.startswith("Converged")


def test_the_critical_rate_of_mini_batches_is_that_of_the_standardized_rows():
    model = fitted(batch_size=8, epochs=1)
    u = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(ROWS)])
    sharpest, largest = 2 * np.max(np.sum(u**2, axis=1)), np.linalg.eigvalsh(2 / ROWS * u.T @ u)[-1]
    assert model.optimizer.learning_rate.numpy() == pytest.approx(8 / (sharpest + 7 * largest))


class StopAt(StepCallback):
    def stop_at(self, trajectory):
        found = np.flatnonzero(trajectory.step == 7)
        return int(found[0]) if len(found) else None


@pytest.mark.parametrize("compiled", [True, False], ids=["in blocks", "by Keras"])
def test_a_fit_that_is_ended_at_a_step_is_left_just_there(compiled):
    whole, stopped = (linfit.LinearRegression(normalize=True) for _ in range(2))
    for model, epochs, callbacks in ((whole, 7, []), (stopped, 20, [StopAt()])):
        model.compile(learning_rate=0.05, jit_compile="auto" if compiled else False)
        model.fit(X, Y, batch_size=ROWS, epochs=epochs, verbose=0, shuffle=False, callbacks=callbacks)
    assert stopped.optimizer.iterations.numpy() == 7
    np.testing.assert_array_equal(stopped.w.numpy(), whole.w.numpy())
    np.testing.assert_array_equal(stopped.b.numpy(), whole.b.numpy())


def test_a_saved_model_goes_on_as_if_it_had_not_been_saved(tmp_path):
    model = fitted(rate=0.05, epochs=30)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    bare = linfit.LinearRegression(normalize=True, dtype="float64")
    bare.compile(learning_rate=0.05)
    bare.build((None, 3))
    bare.load_weights(tmp_path / "model.weights.h5")
    for other in (loaded, bare):
        for mine, theirs in zip(model.coefficients(), other.coefficients(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    for each in (model, loaded, bare):
        each.fit(X, Y, batch_size=ROWS, epochs=10, verbose=0)
    for other in (loaded, bare):
        np.testing.assert_array_equal(other.w.numpy(), model.w.numpy())


def test_the_units_are_those_of_the_first_fit():
    model = fitted(rate=0.1, epochs=3)
    mean, line = model.mean.numpy(), model.coefficients()
    x, y = table(seed=9)
    model.fit(x, y, batch_size=ROWS, epochs=1, verbose=0)
    np.testing.assert_array_equal(model.mean.numpy(), mean)
    np.testing.assert_allclose(model.trajectory.values[3], np.concatenate([np.ravel(part) for part in line]))
    # One step on the new rows, in the units of the first rows.
    u = np.column_stack([(x - X.mean(axis=0)) / X.std(axis=0), np.ones(ROWS)])
    before = np.vstack([line[0] * X.std(axis=0)[:, np.newaxis], line[1] + X.mean(axis=0) @ line[0]])
    after = before - 0.1 * 2 / ROWS * u.T @ (u @ before - y)
    np.testing.assert_allclose(np.vstack([model.w.numpy(), model.b.numpy()]), after, rtol=1e-8)


def test_a_stream_needs_the_means_first():
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    model = linfit.LinearRegression(normalize=True, dtype="float64", b_initializer=-1.0)
    model.compile(learning_rate=0.05)
    with pytest.raises(linfit.InputError, match=r"Try model\.adapt\(linfit\.SufficientStatistics\.from_batches"):
        model.fit(batches, verbose=0)
    model.adapt(linfit.SufficientStatistics.from_batches(batches))
    w, b = model.coefficients()
    np.testing.assert_allclose([*w.ravel(), *b], [0, 0, 0, -1], atol=1e-12)
    model.fit(batches, epochs=3, verbose=0)
    other = fitted(rate=0.05, batch_size=16, epochs=3, b_initializer=-1.0)
    np.testing.assert_allclose(model.w.numpy(), other.w.numpy(), rtol=1e-9)


def test_what_does_not_fit_the_model_is_refused():
    statistics = linfit.SufficientStatistics.from_rows(X, Y)
    with pytest.raises(linfit.InputError, match=r"Create the model with normalize=True"):
        linfit.LinearRegression().adapt(statistics)
    with pytest.raises(linfit.InputError, match="use_bias=False"):
        linfit.LinearRegression(normalize=True, use_bias=False).adapt(statistics)
    named = linfit.SufficientStatistics.from_rows(pd.DataFrame(X, columns=["year", "income", "share"]), Y)
    with pytest.raises(linfit.InputError, match="must have the features"):
        linfit.LinearRegression(normalize=True, feature_names=["income", "year", "share"]).adapt(named)
    with pytest.raises(linfit.InputError, match="no w and b yet"):
        linfit.LinearRegression(normalize=True).coefficients()


def test_a_column_that_floats_cannot_tell_apart_is_named():
    seconds = 1.7e9 + np.arange(ROWS) * 60.0
    model = linfit.LinearRegression(normalize=True, feature_names=["time"])
    model.compile(learning_rate="auto")
    with pytest.warns(UserWarning, match=r"time is around 1\.7e\+09 and varies by 1\.1e\+03: float32 rounds"):
        model.fit(seconds, np.arange(ROWS), batch_size=ROWS, epochs=1, verbose=0)
    exact = fitted(seconds, np.arange(ROWS), epochs=50)
    assert exact.coefficients()[0].item() == pytest.approx(1 / 60)


def test_a_column_that_never_changes_stays_out_of_it():
    x = np.column_stack([X[:, 0], np.full(ROWS, 12.5)])
    model = fitted(x, Y, w_initializer=[[0.0], [2.0]])
    optimum = linfit.least_squares(X[:, 0], Y)
    w, b = model.coefficients()
    np.testing.assert_allclose(w, [[optimum.w.item()], [2.0]], rtol=1e-9)
    np.testing.assert_allclose(b, optimum.b - 25, rtol=1e-9)
    with pytest.warns(UserWarning, match="x1"):
        verdict = linfit.compare(model, x, Y).verdict
    assert re.match(
        r"Converged: \S+ standard errors? \(of .*\) from the optimum; more steps make no difference\.", verdict
    )


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    truth = linfit.GroundTruth(w=[0.5, 2e-5, 3e3], b=-950.0)
    return folder, fitted(rate=0.2, epochs=30, callbacks=[TensorBoardLogger(folder, truth=truth)])


def test_the_logs_are_in_the_units_of_the_data(logged):
    folder, model = logged
    best = solution(X, Y)
    with TensorBoard(folder) as board:

        def curve(run, tag):
            return board.scalars(run, tag)[1]

        for i, name in enumerate(["w/x0", "w/x1", "w/x2", "b"]):
            np.testing.assert_allclose(curve("fit", name), model.trajectory.values[:, i], rtol=1e-6, atol=1e-7)
            expected = [*best[0].ravel(), *best[1]][i]
            np.testing.assert_allclose(curve("optimum", name), expected, rtol=1e-6)
            np.testing.assert_allclose(curve("truth", name), [0.5, 2e-5, 3e3, -950.0][i], rtol=1e-6)
        error = np.linalg.norm(model.trajectory.values - [*best[0].ravel(), *best[1]], axis=1)
        np.testing.assert_allclose(curve("fit", "error/optimization"), error, rtol=1e-5)
        np.testing.assert_allclose(curve("fit", "loss"), model.trajectory.loss, rtol=1e-6)


def test_columns_that_depend_on_each_other_do_so_in_any_units():
    a, b = np.random.default_rng(3).normal(1e6, 1, (2, ROWS))
    x = np.column_stack([a, b, a - 0.3 * b])
    model = fitted(x, Y, epochs=50)
    curvature = linfit.SufficientStatistics.from_rows(x, Y).standardized().curvature()
    assert curvature.eigenvalues[0] == 0.0
    assert curvature.condition_number < 100
    u = np.column_stack([(x[:, :2] - x[:, :2].mean(axis=0)) / x[:, :2].std(axis=0), np.ones(ROWS)])
    expected = u @ np.linalg.lstsq(u, Y)[0]
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6 * np.ptp(Y))


class Restore(keras.callbacks.Callback):
    """Restores weights at the start of a fit, as a backup does."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def on_train_begin(self, logs=None):
        self.model.set_weights(self.weights)


def test_what_is_brought_back_at_the_start_of_a_fit_is_recorded_in_its_own_units():
    earlier = fitted(rate=0.05, epochs=3)
    line = np.concatenate([np.ravel(part) for part in earlier.coefficients()])
    x, y = table(seed=9)
    other = fitted(np.add(x, [30, 1e5, 0]), y, rate=0.05, epochs=2, callbacks=[Restore(earlier.get_weights())])
    np.testing.assert_allclose(other.trajectory.values[0], line, rtol=1e-9)
    end = np.concatenate([np.ravel(part) for part in other.coefficients()])
    np.testing.assert_allclose(other.trajectory.values[-1], end, rtol=1e-9)


def test_rows_of_another_scale_than_the_first_are_told_how_to_be_standardized_anew():
    model = fitted(rate=0.4, epochs=3)
    model.fit(X * [1, 1, 1e5], Y, batch_size=ROWS, epochs=1, verbose=0)
    verdict = linfit.compare(model, X * [1, 1, 1e5], Y).verdict
    assert verdict.endswith("Try model.adapt(linfit.SufficientStatistics.from_rows(x, y)) before the next fit.")
    model.adapt(linfit.SufficientStatistics.from_rows(X * [1, 1, 1e5], Y))
    model.fit(X * [1, 1, 1e5], Y, batch_size=ROWS, epochs=2000, verbose=0)
    assert linfit.compare(model, X * [1, 1, 1e5], Y).verdict.startswith("Converged")


def test_a_model_with_a_call_of_its_own_is_not_standardized():
    class Own(linfit.LinearRegression):
        def call(self, x):
            return 2 * super().call(x)

    with pytest.raises(
        linfit.InputError, match=r"normalize=True standardizes x in LinearRegression\.call, but Own overrides"
    ):
        Own(normalize=True)
