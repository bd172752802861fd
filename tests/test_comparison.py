"""Fitted, optimum and truth side by side."""

import keras
import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression as SklearnRegression

import linfit
from linfit.curvature import Curvature
from linfit.rows import as_rows

TRUTH = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.3, feature_names=["area", "rooms"])
X, Y = TRUTH.sample(80, seed=1)


def model_at(w, b=0.0, learning_rate=0.05, **options):
    """A model that stands at w and b, untrained."""
    compiled = {"learning_rate": learning_rate, "loss": options.pop("loss", "mse")}
    model = linfit.LinearRegression(w, b, **options)
    model.compile(**compiled)
    model.build((None, np.size(w)))
    return model


def test_the_optimum_is_the_closed_form_of_scipy():
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
    line = stats.linregress(x[:, 0], y[:, 0])
    optimum = linfit.least_squares(x, y)
    assert optimum.w.item() == pytest.approx(line.slope, rel=1e-12)
    assert optimum.b.item() == pytest.approx(line.intercept, rel=1e-12)
    assert optimum.loss == pytest.approx(np.mean((y[:, 0] - line.slope * x[:, 0] - line.intercept) ** 2), rel=1e-12)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 3.0, 80)])
def test_the_optimum_is_that_of_scikit_learn(use_bias, weight):
    y = np.column_stack([Y[:, 0], X[:, 0] ** 2])
    reference = SklearnRegression(fit_intercept=use_bias).fit(X, y, sample_weight=weight)
    optimum = linfit.least_squares(X, y, sample_weight=weight, use_bias=use_bias)
    np.testing.assert_allclose(optimum.w, reference.coef_.T, rtol=1e-10)
    np.testing.assert_allclose(optimum.b, reference.intercept_ * np.ones(2), rtol=1e-10)
    squared = (y - reference.predict(X)) ** 2 * (1 if weight is None else weight[:, np.newaxis])
    assert optimum.loss == pytest.approx(squared.mean(), rel=1e-10)


def test_a_large_offset_costs_no_digits():
    x = np.arange(100.0) + 1e8
    optimum = linfit.least_squares(x, 2 * (x - 1e8) + 1)
    assert optimum.w.item() == pytest.approx(2, rel=1e-12)


def test_the_errors_are_the_gaps_between_the_three_points():
    comparison = linfit.compare(model_at([1.0, -1.0], 0.25), X, Y, truth=TRUTH)
    solution, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(80)]), Y[:, 0], rcond=None)
    assert comparison.names == ("w/area", "w/rooms", "b")
    np.testing.assert_allclose(comparison.fitted, [1.0, -1.0, 0.25])
    np.testing.assert_allclose(comparison.optimum, solution, rtol=1e-10)
    np.testing.assert_allclose(comparison.truth, [1.5, -2.0, 0.5])
    np.testing.assert_allclose(comparison.optimization_error, [1.0, -1.0, 0.25] - solution, rtol=1e-10)
    np.testing.assert_allclose(comparison.estimation_error, solution - [1.5, -2.0, 0.5], rtol=1e-10)
    residuals = Y[:, 0] - X @ [1.0, -1.0] - 0.25
    assert comparison.losses["fitted"] == pytest.approx(np.mean(residuals**2))
    assert comparison.losses["truth"] == pytest.approx(TRUTH.loss(X, Y))


def test_the_printed_table_is_this():
    model = model_at(1.0)
    text = str(linfit.compare(model, [0.0, 1.0, 2.0], [1.0, 4.0, 4.0], truth=linfit.GroundTruth(w=2.0, b=1.0)))
    # By hand: the optimum is 1.5 x + 1.5, with residuals -0.5, 1, -0.5.
    assert text.splitlines()[:7] == [
        "                                    optimization  estimation",
        "        fitted   optimum     truth         error       error",
        "------------------------------------------------------------",
        "w     1.000000  1.500000  2.000000     -0.500000   -0.500000",
        "b     0.000000  1.500000  1.000000     -1.500000   +0.500000",
        "------------------------------------------------------------",
        "loss  4.666667  0.500000  0.666667",
    ]


def test_the_markdown_holds_the_same_table_and_escapes_names():
    model = model_at([1.0], feature_names=["a|b"])
    lines = linfit.compare(model, [0.0, 1.0, 2.0], [1.0, 3.0, 5.0]).to_markdown().splitlines()
    assert lines[0] == "| parameter | fitted | optimum | optimization error |"
    assert lines[2] == r"| w/a\|b | 1.000000 | 2.000000 | -1.000000 |"


def test_without_a_truth_its_columns_are_left_out():
    comparison = linfit.compare(model_at([1.0, -1.0]), X, Y)
    assert comparison.truth is None
    assert comparison.estimation_error is None
    assert "truth" not in str(comparison)


@pytest.mark.parametrize("options", [{"loss": "mae"}, {"kernel_regularizer": keras.regularizers.L2(0.1)}])
def test_where_least_squares_is_not_the_goal_no_optimum_is_shown(options):
    comparison = linfit.compare(model_at([1.0, -1.0], **options), X, Y, truth=TRUTH)
    assert comparison.optimum is None
    assert "no closed-form optimum" in str(comparison)
    assert "truth" in str(comparison)


def test_a_stock_keras_model_is_compared_too():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    model.set_weights([np.array([[1.0], [-1.0]]), np.array([0.25])])
    ours = linfit.compare(model_at([1.0, -1.0], 0.25), X, Y, truth=TRUTH)
    assert str(linfit.compare(model, X, Y, truth=TRUTH)) == str(ours)


def test_the_verdict_says_converged_at_the_optimum():
    optimum = linfit.least_squares(X, Y)
    assert linfit.compare(model_at(optimum.w, optimum.b), X, Y).verdict.startswith("Converged")


def test_the_steps_that_the_verdict_asks_for_are_enough():
    model = model_at([0.0, 0.0], learning_rate=0.05)
    verdict = linfit.compare(model, X, Y).verdict
    steps = int(verdict.split("About ")[1].split(" more")[0].replace(",", ""))
    assert verdict.startswith("Not converged")
    model.fit(X, Y, batch_size=len(X), epochs=steps, verbose=0)
    assert linfit.compare(model, X, Y).verdict.startswith("Converged")


def test_the_verdict_names_the_stability_limit_above_it():
    verdict = linfit.compare(model_at([0.0, 0.0], learning_rate=1.0), X, Y).verdict
    hessian = 2 / 80 * np.column_stack([X, np.ones(80)]).T @ np.column_stack([X, np.ones(80)])
    limit = 2 / np.linalg.eigvalsh(hessian)[-1]
    assert f"The learning rate 1 is above these data's stability limit {limit:.3g} (2/λmax)" in verdict


def test_columns_of_very_different_scale_are_told_to_be_standardized():
    x = np.column_stack([X[:, 0], 1e5 * X[:, 1]])
    verdict = linfit.compare(model_at([0.0, 0.0], learning_rate=1e-11), x, Y).verdict
    assert "more than 1,000,000 full-batch steps" in verdict
    assert "divide it by its standard deviation" in verdict


@pytest.mark.parametrize(("factor", "converges"), [(0.98, True), (1.02, False)])
def test_the_stability_limit_is_sharp(factor, converges):
    limit = Curvature.from_rows(as_rows(X, Y)).stability_limit
    model = model_at([5.0, 5.0], learning_rate=factor * limit, dtype="float64")
    losses = model.fit(X, Y, batch_size=len(X), epochs=150, verbose=0).history["loss"]
    assert (losses[-1] < losses[75]) == converges


def test_an_offset_of_y_does_not_make_a_fit_look_converged():
    x, y = linfit.GroundTruth(w=0.1, b=1000.0, noise=0.05).sample(120, seed=7)
    verdict = linfit.compare(model_at([0.0], y.mean(), learning_rate=0.05), x, y).verdict
    assert verdict.startswith("Not converged")


def test_without_noise_a_fit_converges_to_rounding():
    x, y = linfit.GroundTruth(w=0.1, b=0.5).sample(120, seed=7)
    model = model_at([0.1], 0.3, learning_rate=0.2)
    assert linfit.compare(model, x, y).verdict.startswith("Not converged")
    model.fit(x, y, batch_size=120, epochs=400, verbose=0)
    assert "rounding of float32" in linfit.compare(model, x, y).verdict
