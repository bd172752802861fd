"""linfit.compare shows fitted values, optimum and truth side by side, and states a verdict."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import linfit

TRUTH = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.3, feature_names=["area", "rooms"])
X, Y = TRUTH.sample(80, seed=1)


def model_at(w, b=0.0, learning_rate=0.05, **options):
    """Return an untrained model whose parameters are w and b."""
    compiled = {"learning_rate": learning_rate, "loss": options.pop("loss", "mse")}
    model = linfit.LinearRegression(w, b, **options)
    model.compile(**compiled)
    model.build((None, np.size(w)))
    return model


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
    # The noise is √(1.5 / 1 degree of freedom); its variance is multiplied by 1 / Σ (x - 1)² = 1/2 for w and by
    # 1/3 + 1/2 for b.
    assert text.splitlines()[:7] == [
        "                          standard            optimization  estimation",
        "        fitted   optimum     error     truth         error       error",
        "----------------------------------------------------------------------",
        "w     1.000000  1.500000  0.866025  2.000000     -0.500000   -0.500000",
        "b     0.000000  1.500000  1.118034  1.000000     -1.500000   +0.500000",
        "----------------------------------------------------------------------",
        "loss  4.666667  0.500000            0.666667",
    ]


def test_the_markdown_holds_the_same_table_and_escapes_names():
    model = model_at([1.0], feature_names=["a|b"])
    lines = linfit.compare(model, [0.0, 1.0, 2.0], [1.0, 4.0, 4.0]).to_markdown().splitlines()
    assert lines[0] == "| parameter | fitted | optimum | standard error | optimization error |"
    assert lines[2] == r"| w/a\|b | 1.000000 | 1.500000 | 0.866025 | -0.500000 |"


def test_the_frame_holds_the_same_numbers_unrounded():
    comparison = linfit.compare(model_at([1.0, -1.0]), X, Y, truth=TRUTH)
    frame = comparison.to_frame()
    assert list(frame.index) == ["w/area", "w/rooms", "b"]
    assert list(frame) == ["fitted", "optimum", "standard_error", "truth", "optimization_error", "estimation_error"]
    for column in frame:
        np.testing.assert_array_equal(frame[column], getattr(comparison, column))


def test_without_a_truth_its_columns_are_left_out():
    comparison = linfit.compare(model_at([1.0, -1.0]), X, Y)
    assert comparison.truth is None
    assert comparison.estimation_error is None
    assert "truth" not in str(comparison)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "mae"},
        {"kernel_regularizer": keras.regularizers.L1(0.1)},
        {"kernel_regularizer": keras.regularizers.OrthogonalRegularizer()},
        {"kernel_regularizer": keras.regularizers.L1L2(0.1, 0.1)},
    ],
)
def test_where_least_squares_is_not_the_goal_no_optimum_is_shown(options):
    comparison = linfit.compare(model_at([1.0, -1.0], **options), X, Y, truth=TRUTH)
    assert comparison.optimum is None
    assert comparison.standard_error is None
    assert comparison.verdict == (
        "There is no optimum in closed form to compare with: that requires the mean squared error, without a penalty "
        "or with an L2 penalty on w."
    )
    assert "truth" in str(comparison)


@pytest.mark.parametrize("penalty", [keras.regularizers.L2(0.1), keras.regularizers.L1L2(0.0, 0.1)])
def test_a_model_with_an_l2_penalty_descends_to_the_optimum_of_ridge(penalty):
    model = linfit.LinearRegression(dtype="float64", kernel_regularizer=penalty)
    model.compile(learning_rate="auto")
    history = model.fit(X, Y, batch_size=80, epochs=200, verbose=0).history["loss"]
    comparison = linfit.compare(model, X, Y, truth=TRUTH)
    centred = X - X.mean(axis=0)
    w = np.linalg.solve(centred.T @ centred + 0.1 * 80 * np.eye(2), centred.T @ Y)
    np.testing.assert_allclose(comparison.optimum, [*w[:, 0], Y.mean() - X.mean(axis=0) @ w[:, 0]], rtol=1e-10)
    assert comparison.losses["optimum"] == pytest.approx(history[-1], rel=1e-6)
    assert comparison.losses["fitted"] == pytest.approx(history[-1], rel=1e-6)
    assert comparison.verdict.endswith(
        "The penalty on w moves the optimum away from the truth; the standard errors do not include this bias."
    )


def test_a_stock_keras_model_is_compared_too():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    model.set_weights([np.array([[1.0], [-1.0]]), np.array([0.25])])
    ours = linfit.compare(model_at([1.0, -1.0], 0.25), X, Y, truth=TRUTH)
    assert str(linfit.compare(model, X, Y, truth=TRUTH)) == str(ours)


def moved(parameter, standard_errors):
    """Return a model at the optimum except for one parameter, which is off by a number of standard errors."""
    optimum = linfit.least_squares(X, Y)
    w, b = optimum.w.copy(), optimum.b.copy()
    if parameter == "b":
        b += standard_errors * optimum.standard_error_b
    else:
        w[parameter] += standard_errors * optimum.standard_error_w[parameter]
    return model_at(w, b, dtype="float64")


def test_converged_and_the_truth_is_within_the_noise():
    assert linfit.compare(moved("b", 0.05), X, Y, truth=TRUTH).verdict == (
        "Converged: 0.05 standard errors (of b) from the optimum; more steps make no difference. "
        "The truth is within the noise, 2 standard errors (of w/rooms) away."
    )
    comparison = linfit.compare(moved("b", 0.05), X, Y, truth=TRUTH)
    assert np.max(np.abs(comparison.estimation_error / comparison.standard_error)) == pytest.approx(2.0, abs=0.05)
    assert linfit.compare(moved("b", 0.05), X, Y).verdict.endswith(
        "The remaining error is noise; its size is the standard error."
    )


@pytest.mark.parametrize(("far", "often"), [(2.0, "one of "), (12.0, "fewer than one of a million")])
def test_converged_and_the_truth_is_not_within_the_noise(far, often):
    optimum = linfit.least_squares(X, Y)
    wrong = linfit.GroundTruth(w=optimum.w[:, 0], b=optimum.b + far * optimum.standard_error_b)
    assert (
        f"But the truth is not within the noise: it is {far:.2g} standard errors (of b) away. For all parameters "
        f"together, noise causes a distance this large in {often}"
    ) in linfit.compare(moved("b", 0.0), X, Y, truth=wrong).verdict


def test_how_often_noise_is_as_large_is_the_f_test_of_statsmodels():
    from statsmodels.api import OLS

    optimum = linfit.least_squares(X, Y)
    wrong = np.array([*optimum.w[:, 0], *(optimum.b + 2 * optimum.standard_error_b)])
    test = OLS(Y[:, 0], np.column_stack([X, np.ones(80)])).fit().f_test((np.eye(3), wrong))
    truth = linfit.GroundTruth(w=wrong[:2], b=wrong[2])
    assert (
        f"one of {1 / float(test.pvalue):,.0f} data sets" in linfit.compare(moved("b", 0.0), X, Y, truth=truth).verdict
    )


def test_a_line_through_data_that_bend_does_not_hold_the_truth():
    x, _ = linfit.GroundTruth(w=1.0).sample(200, seed=1)
    y = x + 0.5 + 0.2 * x**2 + 0.05 * np.random.default_rng(1).normal(size=(200, 1))
    model = model_at(linfit.least_squares(x, y).w, linfit.least_squares(x, y).b, dtype="float64")
    assert (
        "Either the model is wrong (a bend, a missing feature), or the given truth did not generate this data."
        in linfit.compare(model, x, y, truth=linfit.GroundTruth(1.0, 0.5)).verdict
    )


def test_not_converged_says_how_far_and_how_many_steps_at_which_rate():
    model = moved(0, 3.0)
    curvature = linfit.SufficientStatistics.from_rows(X, Y).curvature()
    verdict = linfit.compare(model, X, Y, truth=TRUTH).verdict
    assert verdict.startswith("Not converged: 3 standard errors (of w/area) from the optimum. The fit needs about ")
    assert verdict.endswith(f" at {curvature.usable_learning_rate:.3g}.")


def test_not_converged_with_batches_says_that_they_jump():
    model = moved(0, 3.0)
    model.fit(X, Y, batch_size=8, epochs=1, verbose=0)
    assert (
        "Steps of 8 rows approach the optimum, then jump around it. With all rows in each step, the fit needs about "
        in linfit.compare(model, X, Y).verdict
    )


def test_of_another_optimizer_no_steps_are_foretold():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.5), loss="mse")
    model.set_weights([np.array([[100.0], [0.0]]), np.zeros(1)])
    verdict = linfit.compare(model, X, Y).verdict
    assert verdict.startswith("Not converged: ")
    assert verdict.endswith(
        "The loss is above that of a constant prediction: if it does not fall, try a smaller learning rate."
    )
    optimum = linfit.least_squares(X, Y)
    model.set_weights([optimum.w, optimum.b + optimum.standard_error_b])
    assert linfit.compare(model, X, Y).verdict.endswith("from the optimum. More steps may bring it closer.")


@pytest.mark.filterwarnings("ignore:x0, x1 and x2 depend linearly on each other")  # the dependence is intended
def test_dependent_columns_are_judged_by_what_the_loss_sees():
    x = np.column_stack([X, X[:, 0] + X[:, 1]])
    model = linfit.LinearRegression([3.0, 0.0, 0.0], dtype="float64")
    model.compile(learning_rate="auto")
    model.fit(x, Y, batch_size=80, epochs=3, verbose=0)
    far = linfit.compare(model, x, Y)
    model.fit(x, Y, batch_size=80, epochs=600, verbose=0)
    near = linfit.compare(model, x, Y)
    assert far.verdict.startswith("Not converged: ")
    assert near.verdict.startswith("Converged: ")
    assert list(np.isinf(near.standard_error)) == [True, True, True, False]
    assert near.losses["fitted"] == pytest.approx(linfit.least_squares(X, Y).loss, rel=1e-4)
    assert np.abs(near.optimization_error[0]) > 0.1  # the start remains where the loss is constant


def test_no_more_rows_than_parameters_give_no_standard_errors():
    model = model_at(np.zeros(2), dtype="float64", learning_rate=0.1)
    model.fit(X[:3], Y[:3], batch_size=3, epochs=2, verbose=0)
    comparison = linfit.compare(model, X[:3], Y[:3], truth=TRUTH)
    assert np.isnan(comparison.standard_error).all()
    assert comparison.verdict.startswith("Not converged: the loss can still fall from ")
    steps = int(comparison.verdict.split("about ")[1].split(" more")[0].replace(",", ""))
    batches = tf.data.Dataset.from_tensors((X[:3], Y[:3])).repeat(steps + 10)  # rounding costs a few steps
    model.fit(batches, verbose=0)
    after = linfit.compare(model, X[:3], Y[:3], truth=TRUTH)
    assert after.verdict == (
        "Converged: the fit is as close to the optimum as float64 rounding allows. There are no more rows than "
        "parameters, so the size of the noise is unknown."
    )


def test_a_rate_that_has_fallen_to_0_is_told():
    model = moved(0, 3.0)
    model.compile(learning_rate=keras.optimizers.schedules.CosineDecay(1e-3, 5))
    model.fit(X, Y, batch_size=80, epochs=5, verbose=0)
    verdict = linfit.compare(model, X, Y).verdict
    assert "from the optimum. The learning rate has fallen to 0; about " in verdict


def test_a_rate_at_which_updates_round_to_nothing_has_not_converged():
    random = np.random.default_rng(0)
    x = random.normal(size=(20000, 1))
    model = model_at([0.98], learning_rate=1e-6)
    assert linfit.compare(model, x, x + 0.05 * random.normal(size=(20000, 1))).verdict.startswith("Not converged: 5")


def test_mini_batches_above_their_critical_rate_that_explode_are_diverging():
    x, y = X.copy(), Y
    x[0] = 200.0
    curvature = linfit.SufficientStatistics.from_rows(x, y).curvature()
    model = model_at([0.0, 0.0], learning_rate=0.9 * curvature.stability_limit, dtype="float64")
    model.fit(x, y, batch_size=2, epochs=3, verbose=0)
    verdict = linfit.compare(model, x, y).verdict
    assert verdict.startswith("Diverging. ")
    critical = f"{curvature.critical_learning_rate(2):.3g}"
    assert f"above {critical}, a rate below which steps of 2 rows are sure to converge" in verdict


def test_float32_rows_are_compared_as_they_were_fitted():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2)).astype("float32")
    x = np.column_stack([x, x[:, 0] + x[:, 1]])
    with pytest.warns(UserWarning, match="x0, x1 and x2 depend linearly"):
        comparison = linfit.compare(model_at(np.zeros(3)), x, x @ np.array([1, 2, 0], "float32"))
    np.testing.assert_allclose(comparison.optimum, [0, 1, 1, 0], atol=1e-5)


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.Dense(1, activation="relu")],
        [keras.layers.Normalization(), keras.layers.Dense(1)],
    ],
)
def test_a_stock_model_that_is_more_than_a_line_has_no_closed_form(layers):
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile(optimizer="sgd", loss="mse")
    assert linfit.compare(model, X, Y).optimum is None


def test_advice_for_a_model_without_bias_keeps_it_right():
    x = np.add(X, [50.0, 0.0])
    verdict = linfit.compare(model_at([0.0, 0.0], learning_rate=1.0, use_bias=False), x, Y).verdict
    scaled = x / np.sqrt(np.mean(x**2, axis=0))
    limit = 2 / np.linalg.eigvalsh(2 / 80 * scaled.T @ scaled)[-1]
    assert verdict.endswith(f"With LinearRegression(normalize=True) the limit rises to {limit:.2g}.")


def test_the_steps_that_the_verdict_asks_for_are_enough():
    model = model_at([0.0, 0.0], learning_rate=0.05)
    verdict = linfit.compare(model, X, Y).verdict
    steps = int(verdict.split("about ")[1].split(" more")[0].replace(",", ""))
    assert verdict.startswith("Not converged")
    model.fit(X, Y, batch_size=len(X), epochs=steps, verbose=0)
    assert linfit.compare(model, X, Y).verdict.startswith("Converged")


def test_the_verdict_names_the_stability_limit_above_it():
    verdict = linfit.compare(model_at([0.0, 0.0], learning_rate=1.0), X, Y).verdict
    hessian = 2 / 80 * np.column_stack([X, np.ones(80)]).T @ np.column_stack([X, np.ones(80)])
    limit = 2 / np.linalg.eigvalsh(hessian)[-1]
    assert f"The learning rate 1 is above this data's stability limit {limit:.3g} (2/λmax)" in verdict


def test_columns_of_very_different_scale_are_told_to_be_standardized():
    x = np.column_stack([X[:, 0], 1e5 * X[:, 1]])
    verdict = linfit.compare(model_at([0.0, 0.0], learning_rate=1e-11), x, Y).verdict
    assert "The features differ too much in scale or are nearly linearly dependent." in verdict
    assert verdict.endswith("Try LinearRegression(normalize=True).")


def test_an_offset_of_y_does_not_make_a_fit_look_converged():
    x, y = linfit.GroundTruth(w=0.1, b=1000.0, noise=0.05).sample(120, seed=7)
    verdict = linfit.compare(model_at([0.0], y.mean(), learning_rate=0.05), x, y).verdict
    assert verdict.startswith("Not converged")


def test_without_noise_a_fit_converges_to_rounding():
    x, y = linfit.GroundTruth(w=0.1, b=0.5).sample(120, seed=7)
    model = model_at([0.1], 0.3, learning_rate=0.2)
    assert linfit.compare(model, x, y).verdict.startswith("Not converged")
    model.fit(x, y, batch_size=120, epochs=400, verbose=0)
    assert "as close to the optimum as float32 rounding allows" in linfit.compare(model, x, y).verdict


def test_the_verdict_and_the_table_fit_into_any_terminal(monkeypatch):
    names = ["number_of_rooms_in_the_whole_house", "area_of_the_garden_around_it"]
    truth = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, feature_names=names)
    comparison = linfit.compare(model_at([1.0, -1.0], 0.25, feature_names=names), X, Y, truth=truth)
    for columns, width in {"40": 40, "80": 80, "100": 100, "200": 120}.items():
        monkeypatch.setenv("COLUMNS", columns)
        table, verdict = str(comparison).split("\n\n")
        assert " ".join(verdict.split()) == comparison.verdict
        assert max(map(len, verdict.splitlines())) < min(width, 100)
        assert max(map(len, table.splitlines())) < width
    assert names[0] in table
