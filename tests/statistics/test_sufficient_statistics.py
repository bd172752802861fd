"""Rows condensed to a triangle have the loss, gradient and optimum of the rows themselves."""

import itertools
import tracemalloc

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statistics_checks import assert_same, assert_same_triangle, data, draw, refusal

import linfit
from linfit import SufficientStatistics
from linfit.data.array_input import as_rows
from linfit.statistics.qr import BLOCK_ROWS

FEW, MANY = 300, 9000  # one block, reduced by Householder's QR; three blocks, reduced by a Gram matrix in a new basis
CASES = ["plain", "weights", "targets", "no bias", "no bias, weights", "scaled", "scaled, weights, targets", "far"]
WEIGHTED = ["weights", "scaled, weights, targets"]  # without a bias, the weights are included in x and y
EXAMPLES = settings(derandomize=True, deadline=None, max_examples=100, database=None)


def loss_and_gradient(rows, w, b):
    """Return Keras's loss mean(weight (x w + b - y)²) over rows and targets, and its derivatives by w and b."""
    x, y, *weight = rows
    weight = np.reshape(weight[0], (-1, 1)) if weight and weight[0] is not None else np.ones((len(x), 1))
    residual = x @ w + (0 if b is None else b) - y
    return (
        np.mean(weight * residual**2),
        2 / y.size * x.T @ (weight * residual),
        2 / y.size * np.sum(weight * residual, axis=0),
    )


def assert_same_loss_and_gradient(few, rows, w, b, size=None):
    """Compare to 12 digits of the loss, and of the largest derivatives at a loss of `size`; b=None means no bias."""
    (loss, by_w, by_b), (expected, expected_by_w, expected_by_b) = (loss_and_gradient(r, w, b) for r in (few, rows))
    size = expected if size is None else size
    assert loss == pytest.approx(expected, rel=0, abs=1e-12 * size)
    weight = np.ones(len(rows[0])) if len(rows) < 3 or rows[2] is None else rows[2]
    length = np.sqrt(np.mean(weight[:, np.newaxis] * rows[0] ** 2, axis=0))[:, np.newaxis]
    assert np.all(np.abs(by_w - expected_by_w) <= 2e-12 * np.sqrt(size) * length)  # Cauchy's inequality
    if b is not None:
        np.testing.assert_allclose(by_b, expected_by_b, rtol=0, atol=2e-12 * np.sqrt(size * weight.mean()))


@pytest.fixture
def gram(monkeypatch):
    """The results of all calls of `_from_gram`."""
    results = []
    original = linfit.statistics.qr._from_gram

    def spy(*arguments):
        results.append(original(*arguments))
        return results[-1]

    monkeypatch.setattr(linfit.statistics.qr, "_from_gram", spy)
    return results


@pytest.mark.parametrize("rows", [FEW, MANY])
@pytest.mark.parametrize("case", CASES)
def test_pseudo_observations_have_the_loss_and_gradient_of_all_rows(case, rows, gram):
    x, y, weight, use_bias = data(case, rows)
    few = SufficientStatistics.from_rows(x, y, weight, use_bias).pseudo_observations()
    assert [result is not None for result in gram] == [True] * (rows == MANY)
    k = use_bias + x.shape[1] + y.shape[1]
    assert [part.shape for part in few] == [(k, x.shape[1]), (k, y.shape[1]), (k,)][: 2 + (case in WEIGHTED)]
    random = np.random.default_rng(3)
    for _ in range(100):
        w = random.normal(size=(x.shape[1], y.shape[1])) / x.std(axis=0)[:, np.newaxis]
        b = random.normal(size=y.shape[1]) if use_bias else None
        assert_same_loss_and_gradient(few, (x, y, weight), w, b)


@pytest.mark.parametrize("rows", [FEW, MANY])
@pytest.mark.parametrize("case", [case for case in CASES if case != "far"])
def test_so_they_have_around_the_optimum(case, rows):
    x, y, weight, use_bias = data(case, rows)
    statistics = SufficientStatistics.from_rows(x, y, weight, use_bias)
    optimum = statistics.least_squares()
    few = statistics.pseudo_observations()
    random = np.random.default_rng(3)
    for _ in range(100):
        w = optimum.w + 0.1 * random.normal(size=optimum.w.shape) / x.std(axis=0)[:, np.newaxis]
        b = optimum.b - x.mean(axis=0) @ (w - optimum.w) + 0.1 * random.normal() if use_bias else None
        assert_same_loss_and_gradient(few, (x, y, weight), w, b)


@pytest.mark.parametrize("case", CASES)
def test_the_fast_way_to_the_triangle_keeps_all_digits_of_the_slow_one(case, gram, monkeypatch):
    rows = data(case, MANY)
    fast = SufficientStatistics.from_rows(*rows)
    assert gram[0] is not None
    monkeypatch.setattr(linfit.statistics.qr, "_from_gram", lambda *_: None)
    assert_same_triangle(fast.triangle, SufficientStatistics.from_rows(*rows).triangle, rtol=1e-13)


def test_columns_that_live_on_a_small_difference_are_left_to_householder(gram):
    x, _ = draw(MANY)
    difference, other = np.random.default_rng(4).normal(size=(2, MANY))
    near = np.column_stack([x, x[:, 0] + 1e-6 * difference, difference + other])
    w = SufficientStatistics.from_rows(near, near @ np.ones((5, 1))).least_squares().w
    np.testing.assert_allclose(w, 1, rtol=1e-8)
    assert gram == [None]


def test_a_last_column_that_nearly_or_wholly_depends_on_others_loses_nothing(gram):
    x, _ = draw(MANY)
    near = np.column_stack([x, x[:, 0] + 1e-6 * np.random.default_rng(4).normal(size=MANY)])
    w = SufficientStatistics.from_rows(near, near @ np.ones((4, 1))).least_squares().w
    np.testing.assert_allclose(w, 1, rtol=1e-8)
    exact = SufficientStatistics.from_rows(x, x @ np.ones((3, 1)) + 2).least_squares()
    assert all(r is not None for r in gram)
    np.testing.assert_allclose(exact.w, 1, rtol=1e-13)
    assert exact.residual_std < 1e-14
    with pytest.warns(UserWarning, match="depend linearly on each other"):
        SufficientStatistics.from_rows(np.column_stack([x, x[:, 0] + x[:, 1]]), x[:, :1]).least_squares()


def test_a_sample_that_does_not_show_what_the_rows_are_like_is_found_out(gram):
    x, y = draw(MANY)
    hidden = np.arange(MANY) % 9 == 4  # the sample takes every ninth row, from the first on
    x[hidden] = 1e6 * x[hidden, :1] + 1e-3 * x[hidden]
    statistics = SufficientStatistics.from_rows(x, y)
    assert gram == [None]
    centred = np.column_stack([x, y]) - np.column_stack([x, y]).mean(axis=0)
    assert_same_triangle(statistics.deviations, np.linalg.qr(centred, mode="r"), rtol=1e-9)


def test_the_triangle_is_that_of_a_whole_qr_decomposition():
    x, y = draw(MANY, features=5, targets=2)
    expected = np.linalg.qr(np.column_stack([x, y]), mode="r")
    assert_same_triangle(SufficientStatistics.from_rows(x, y, use_bias=False).triangle, expected, rtol=1e-13)


@pytest.mark.parametrize("case", ["plain", "weights", "no bias", "scaled, weights, targets"])
def test_stock_keras_takes_the_same_path_on_pseudo_observations_as_on_all_rows(case):
    x, y, weight, use_bias = data(case, FEW)
    x = (x - x.mean(axis=0)) / x.std(axis=0) + 0.5
    few = SufficientStatistics.from_rows(x, y, weight, use_bias).pseudo_observations()
    path = keras_path((x, y, weight), use_bias)
    np.testing.assert_allclose(keras_path(few, use_bias), path, rtol=1e-10)
    assert np.all(np.abs(path[-1] - path[0]) > 1e-3)


def keras_path(rows, use_bias):
    """Return the parameters of a Dense layer at each of 20 full-batch steps, shape (20, parameters)."""
    layer = keras.layers.Dense(rows[1].shape[1], use_bias=use_bias, kernel_initializer="zeros", dtype="float64")
    model = keras.Sequential([keras.Input((rows[0].shape[1],), dtype="float64"), layer])
    model.compile(keras.optimizers.SGD(0.05), keras.losses.MeanSquaredError(dtype="float64"))
    path = []
    remember = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: path.append(np.concatenate([value.ravel() for value in model.get_weights()]))
    )
    batches = tf.data.Dataset.from_tensors(tuple(values for values in rows if values is not None))  # stays float64
    model.fit(batches, epochs=20, shuffle=False, verbose=0, callbacks=[remember])
    return np.array(path)


@pytest.mark.parametrize("cut", [1, 2, 100, FEW - 1, 5000])
@pytest.mark.parametrize("case", CASES)
def test_the_sum_of_two_is_that_of_the_rows_of_both(case, cut):
    x, y, weight, use_bias = data(case, MANY if cut > FEW else FEW)
    if weight is not None:
        weight[0] = 0.5
    parts = [slice(0, cut), slice(cut, None)]
    first, second = (
        SufficientStatistics.from_rows(x[p], y[p], None if weight is None else weight[p], use_bias) for p in parts
    )
    assert_same(first + second, SufficientStatistics.from_rows(x, y, weight, use_bias))


def test_rows_around_very_different_means_add_up():
    x, y = draw(FEW)
    far, high = x + np.array([0, 1e6, -1e9]), y + 1e3
    both = SufficientStatistics.from_rows(x, y) + SufficientStatistics.from_rows(far, high)
    whole = SufficientStatistics.from_rows(np.vstack([x, far]), np.vstack([y, high]))
    np.testing.assert_allclose(both.mean, whole.mean, rtol=1e-14)
    assert_same_triangle(both.deviations, whole.deviations, rtol=1e-14)


def test_adding_up_does_not_wear_out_a_large_offset():
    x, y = draw(FEW)
    x = x + 2**30
    total = sum(SufficientStatistics.from_rows(x[i : i + 1], y[i : i + 1]) for i in range(FEW))
    reference = np.linalg.lstsq(np.column_stack([x - 2**30, np.ones(FEW)]), y[:, 0])[0][:3]
    np.testing.assert_allclose(total.least_squares().w[:, 0], reference, rtol=1e-6)


@pytest.mark.parametrize("case", ["plain", "scaled, weights, targets", "no bias, weights"])
def test_the_order_in_which_parts_are_added_makes_no_difference(case):
    x, y, weight, use_bias = data(case, FEW)
    cuts = [slice(0, 20), slice(20, 25), slice(25, 220), slice(220, FEW)]
    parts = [SufficientStatistics.from_rows(x[p], y[p], None if weight is None else weight[p], use_bias) for p in cuts]
    expected = SufficientStatistics.from_rows(x, y, weight, use_bias)
    for order in itertools.permutations(parts):
        assert_same(sum(order), expected)
    a, b, c, d = parts
    assert_same(a + (b + (c + d)), expected)
    assert_same((a + b) + (c + d), expected)


def test_parts_remain_what_they_were_when_they_are_added():
    x, y = draw(FEW)
    first, second = SufficientStatistics.from_rows(x[:100], y[:100]), SufficientStatistics.from_rows(x[100:], y[100:])
    before = first.triangle.copy(), first.origin.copy(), second.triangle.copy(), second.origin.copy()
    first + second
    for was, array in zip(before, (first.triangle, first.origin, second.triangle, second.origin), strict=True):
        np.testing.assert_array_equal(array, was)


@pytest.mark.parametrize("case", ["plain", "scaled, weights, targets", "no bias"])
@pytest.mark.parametrize("kind", ["generator", "list", "tf.data", "tensors"])
def test_batches_are_condensed_as_the_rows_they_hold(case, kind):
    x, y, weight, use_bias = data(case, FEW)
    rows = (x, y) if weight is None else (x, y, weight)
    cuts = [slice(i, i + 64) for i in range(0, FEW, 64)]
    batches = {
        "generator": (tuple(values[cut] for values in rows) for cut in cuts),
        "list": [[values[cut] for values in rows] for cut in cuts],
        "tf.data": tf.data.Dataset.from_tensor_slices(rows).batch(64),
        "tensors": [tuple(tf.constant(values[cut]) for values in rows) for cut in cuts],
    }[kind]
    expected = SufficientStatistics.from_rows(x, y, weight, use_bias)
    assert_same(SufficientStatistics.from_batches(batches, use_bias), expected)


@st.composite
def tables(draw, features=None, targets=None, use_bias=None):
    """Draw tables with up to 4 decimals, including ties, constant and dependent columns, and too few rows."""
    features = features or draw(st.integers(1, 4))
    targets = targets or draw(st.integers(1, 2))
    rows = draw(st.integers(1, 12))
    size = 10.0 ** draw(st.integers(0, 6))
    numbers = st.floats(-size, size, allow_nan=False).map(lambda value: round(value, 4))
    x, y = (draw(arrays("float64", (rows, columns), elements=numbers)) for columns in (features, targets))
    weight = None
    if draw(st.booleans()):
        weight = draw(arrays("float64", rows, elements=st.sampled_from([0.0, 0.25, 1.0, 3.0])))
        weight[draw(st.integers(0, rows - 1))] = 0.5
    return x, y, weight, draw(st.booleans()) if use_bias is None else use_bias


@EXAMPLES
@given(tables(), st.integers(0, 2**32 - 1))
def test_any_rows_have_the_loss_and_gradient_of_their_pseudo_observations(table, seed):
    x, y, weight, use_bias = table
    few = SufficientStatistics.from_rows(x, y, weight, use_bias).pseudo_observations()
    random = np.random.default_rng(seed)
    w = random.normal(size=(x.shape[1], y.shape[1]))
    b = random.normal(size=y.shape[1]) if use_bias else None
    terms = (np.abs(x) @ np.abs(w) + np.abs(b if use_bias else 0) + np.abs(y)) ** 2
    size = np.mean(terms if weight is None else terms * weight[:, np.newaxis])  # residuals may cancel to 0
    assert_same_loss_and_gradient(few, (x, y, weight), w, b, size)


@EXAMPLES
@given(st.data())
def test_any_two_parts_add_up_to_the_whole(data):
    first = data.draw(tables())
    second = data.draw(tables(first[0].shape[1], first[1].shape[1], first[3]))
    use_bias = first[3]
    weight = None
    if first[2] is not None or second[2] is not None:
        weight = np.concatenate([np.ones(len(part[0])) if part[2] is None else part[2] for part in (first, second)])
    both = SufficientStatistics.from_rows(*first) + SufficientStatistics.from_rows(*second)
    rows = np.vstack([first[0], second[0]]), np.vstack([first[1], second[1]])
    whole = SufficientStatistics.from_rows(*rows, weight, use_bias)
    assert (both.rows, both.weighted_rows) == (whole.rows, whole.weighted_rows)
    assert both.longest_row == whole.longest_row
    size = np.abs(np.hstack(rows)).max(axis=0)
    assert np.all(np.abs(both.mean - whole.mean) <= 1e-14 * size)
    # RᵀR is compared because R is not unique if columns depend on each other.
    squares, expected = (s.deviations.T @ s.deviations for s in (both, whole))
    assert np.all(np.abs(squares - expected) <= 1e-13 * whole.weight * np.outer(size, size))


@pytest.mark.parametrize("rows", [FEW, MANY])
def test_means_and_deviations_are_those_of_the_columns(rows):
    x, y, weight, _ = data("scaled, weights, targets", rows)
    statistics = SufficientStatistics.from_rows(x, y, weight)
    columns = np.column_stack([x, y])
    np.testing.assert_allclose(statistics.mean, np.average(columns, axis=0, weights=weight), rtol=1e-13)
    assert statistics.weight == pytest.approx(weight.sum(), rel=1e-13)
    covariance = np.cov(columns.T, aweights=weight, ddof=0)
    deviation = np.sqrt(np.diag(covariance))
    r = statistics.deviations / deviation
    np.testing.assert_allclose(
        r.T @ r / weight.sum(), covariance / np.outer(deviation, deviation), rtol=1e-11, atol=1e-12
    )
    assert np.all(np.tril(statistics.deviations, -1) == 0)


@pytest.mark.parametrize("use_bias", [True, False])
def test_root_mean_squares_count_from_0_and_divide_by_the_rows(use_bias):
    x, y, weight, _ = data("scaled, weights", FEW)
    expected = np.sqrt(np.mean(weight[:, np.newaxis] * np.column_stack([x, y]) ** 2, axis=0))
    statistics = SufficientStatistics.from_rows(x, y, weight, use_bias)
    np.testing.assert_allclose(statistics.root_mean_square, expected, rtol=1e-13)


def test_without_a_bias_means_are_not_taken_off():
    x, y = draw(FEW)
    statistics = SufficientStatistics.from_rows(x, y, use_bias=False)
    np.testing.assert_array_equal(statistics.mean, np.zeros(4))
    np.testing.assert_array_equal(statistics.deviations, statistics.triangle)


@pytest.mark.parametrize("case", ["plain", "weights", "targets", "scaled, weights"])
def test_standardized_statistics_are_those_of_standardized_rows(case):
    x, y, weight, _ = data(case, FEW)
    mean = np.average(x, axis=0, weights=weight)
    really = (x - mean) / np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight))
    statistics = SufficientStatistics.from_rows(x, y, weight).standardized()
    expected = SufficientStatistics.from_rows(really, y, weight)
    np.testing.assert_allclose(statistics.mean, expected.mean, rtol=1e-12, atol=1e-12)
    assert_same_triangle(statistics.deviations, expected.deviations, rtol=1e-11)
    np.testing.assert_allclose(statistics.least_squares().w, expected.least_squares().w, rtol=1e-9)
    np.testing.assert_allclose(statistics.least_squares().b, expected.least_squares().b, rtol=1e-9)
    for few in (statistics.pseudo_observations(), expected.pseudo_observations()):
        np.testing.assert_allclose(np.average(few[0] ** 2, axis=0), 1, rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_without_a_bias_standardized_means_a_mean_square_of_1(weighted):
    x, y, weight, _ = data("plain, weights" if weighted else "plain", FEW)
    size = np.sqrt(np.mean(x**2 * (weight[:, np.newaxis] if weighted else 1), axis=0))
    statistics = SufficientStatistics.from_rows(x, y, weight, use_bias=False).standardized()
    expected = SufficientStatistics.from_rows(x / size, y, weight, use_bias=False)
    assert_same_triangle(statistics.triangle, expected.triangle, rtol=1e-12)


def test_a_feature_that_never_changes_is_standardized_to_0():
    x, y = draw(FEW)
    x[:, 1] = 7.3
    statistics = SufficientStatistics.from_rows(x, y).standardized()
    np.testing.assert_array_equal(statistics.design()[:, 1], 0)


@pytest.mark.parametrize("rows", [2, FEW, MANY])
@pytest.mark.parametrize("case", ["plain", "weights", "no bias", "targets"])
def test_the_design_has_the_singular_values_and_vectors_of_the_rows(case, rows):
    x, y, weight, use_bias = data(case, rows)
    design = np.column_stack([x, np.ones(rows)]) if use_bias else x
    design = design if weight is None else design * np.sqrt(weight)[:, np.newaxis]
    r = SufficientStatistics.from_rows(x, y, weight, use_bias).design()
    np.testing.assert_allclose(r.T @ r, design.T @ design, rtol=1e-11, atol=1e-11 * np.linalg.norm(design) ** 2)
    expected = np.linalg.svd(design, compute_uv=False)
    singular = np.linalg.svd(r, compute_uv=False)
    np.testing.assert_allclose(singular[: len(expected)], expected, rtol=1e-11, atol=1e-13 * expected[0])
    np.testing.assert_allclose(singular[len(expected) :], 0, atol=1e-13 * expected[0])


@pytest.mark.parametrize("rows", [FEW, MANY])
@pytest.mark.parametrize("case", ["plain", "weights", "no bias, weights", "targets"])
def test_the_longest_row_is_that_of_x_and_the_bias_times_its_weight(case, rows):
    x, y, weight, use_bias = data(case, rows)
    lengths = (np.sum(x**2, axis=1) + use_bias) * (1 if weight is None else weight)
    statistics = SufficientStatistics.from_rows(x, y, weight, use_bias)
    assert statistics.longest_row == pytest.approx(lengths.max(), rel=1e-14)


def test_rows_of_weight_0_are_counted_but_not_as_weighted():
    x, y, weight, _ = data("weights", FEW)
    statistics = SufficientStatistics.from_rows(x, y, weight)
    assert (statistics.rows, statistics.weighted_rows) == (FEW, FEW * 9 // 10)
    assert SufficientStatistics.from_rows(x, y).weighted_rows == FEW


def test_weights_of_1_are_as_no_weights():
    x, y = draw(FEW)
    weighted, plain = SufficientStatistics.from_rows(x, y, np.ones(FEW)), SufficientStatistics.from_rows(x, y)
    assert_same(weighted, plain)
    assert len(weighted.pseudo_observations()) == 2


def test_features_keep_their_names():
    x, y = draw(FEW)
    frame = pd.DataFrame(x, columns=["area", "rooms", "age"])
    statistics = SufficientStatistics.from_rows(frame, y) + SufficientStatistics.from_rows(x, y)
    assert statistics.feature_names == ("area", "rooms", "age")
    assert SufficientStatistics.from_batches([(x, y), (frame, y)]).feature_names == ("area", "rooms", "age")


def test_float32_rows_are_not_copied_and_summed_in_float64():
    x, y = (values.astype("float32") for values in draw(MANY))
    rows = as_rows(x, y, dtype=None)
    assert rows.x is x
    assert rows.y is y
    wide = SufficientStatistics.from_rows(x.astype("float64"), y.astype("float64"))
    assert_same_triangle(SufficientStatistics.from_rows(x, y).triangle, wide.triangle, rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_beside_the_rows_only_a_few_blocks_take_memory(dtype, gram):
    x = np.random.default_rng(1).standard_normal((400_000, 50), dtype)
    y = np.random.default_rng(2).standard_normal(len(x), dtype)
    weight = np.linspace(0.5, 1.5, len(x), dtype=dtype)
    SufficientStatistics.from_rows(x[:10_000], y[:10_000], weight[:10_000])  # first-time imports and caches
    tracemalloc.start()
    try:
        SufficientStatistics.from_rows(x, y, weight)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert gram[-1] is not None
    block = BLOCK_ROWS * 52 * 8
    assert peak < 5 * block < x.nbytes / 9


def test_an_origin_is_no_guess_of_the_last_digit():
    """For a column of years, the differences to the origin are exact."""
    years = np.arange(1947.0, 1963.0)
    statistics = SufficientStatistics.from_rows(years, years)
    assert np.all(statistics.origin == np.round(statistics.origin * 8) / 8)
    assert statistics.mean[0] == 1954.5


def test_the_origin_of_a_sum_is_the_mean_of_both():
    x, y = np.arange(1000.0)[:, np.newaxis], np.zeros((1000, 1))
    both = SufficientStatistics.from_rows(x[:10], y[:10]) + SufficientStatistics.from_rows(x[10:], y[10:])
    np.testing.assert_allclose(both.origin, [499.5, 0.0], rtol=1e-12)


def test_columns_that_depend_on_each_other_but_for_float32_are_dependent():
    x = np.random.default_rng(2).normal(size=(500, 2)).astype("float32")
    x = np.column_stack([x, x[:, 0] + x[:, 1]])
    statistics = SufficientStatistics.from_rows(x, x[:, :1])
    assert statistics.independent_columns()[1].shape == (3, 1)
    assert len(SufficientStatistics.from_rows(x.astype("float64"), x[:, :1]).independent_columns()[0]) == 3


def test_no_batches_are_refused():
    message = "batches must include at least one (x, y) with a row, got no batches."
    assert refusal(lambda: SufficientStatistics.from_batches([])) == message
    assert refusal(lambda: SufficientStatistics.from_batches(iter(()))) == message


@pytest.mark.parametrize("batch", [np.ones((4, 2)), (1, 2, 3, 4), {"x": [1.0]}, ([[1.0]],)])
def test_a_batch_that_is_no_tuple_is_named(batch):
    batches = [([1.0, 2.0], [1.0, 2.0]), batch]
    message = "batch 1 must be a tuple (x, y) or (x, y, sample_weight)."
    assert refusal(lambda: SufficientStatistics.from_batches(batches)) == message


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (([1.0], [np.nan]), "y must hold finite numbers of type float64, got nan in column 0, row 0 (counted from 0) "
         "(1 such value in all). Fill those values or remove their rows."),
        (([1.0, 2.0], [1.0]), "x and y must have the same length, got 2 and 1."),
        (([[1.0, 2.0]], [1.0]), "statistics must agree in features to be added, got 1 and 2."),
        (([1.0], [1.0], [-1.0]), "sample_weight must be 0 or more in every row and above 0 in at least one, "
         "got -1 to -1."),
    ],
)  # fmt: skip
def test_a_batch_that_is_refused_is_named(batch, message):
    batches = [([1.0, 2.0], [1.0, 2.0]), ([3.0], [4.0]), batch]
    assert refusal(lambda: SufficientStatistics.from_batches(batches)) == f"batch 2 (counted from 0): {message}"


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"x": np.ones((5, 2))}, "features to be added, got 3 and 2"),
        ({"y": np.ones((5, 2))}, "targets to be added, got 1 and 2"),
        ({"use_bias": False}, "use_bias to be added, got True and False"),
        (
            {"x": pd.DataFrame(np.ones((5, 3)), columns=["a", "b", "z"])},
            "feature_names to be added, got ('a', 'b', 'c') and ('a', 'b', 'z')",
        ),
    ],
)
def test_statistics_of_other_models_are_not_added(other, difference):
    rows = {"x": pd.DataFrame(np.eye(5, 3), columns=["a", "b", "c"]), "y": np.ones(5)}
    one, two = SufficientStatistics.from_rows(**rows), SufficientStatistics.from_rows(**rows | other)
    assert refusal(lambda: one + two) == f"statistics must agree in {difference}."


@pytest.mark.parametrize("other", [1, 1.0, None, "1", np.eye(2)])
def test_only_statistics_are_added(other):
    statistics = SufficientStatistics.from_rows([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(TypeError):
        statistics + other


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x", "y", "sample_weight"])
def test_what_is_no_finite_number_is_named(name, bad):
    rows = {"x": np.ones((4, 1)), "y": np.ones((4, 1)), "sample_weight": np.ones((4, 1))}
    rows[name][2] = bad
    assert refusal(lambda: SufficientStatistics.from_rows(**rows)) == (
        f"{name} must hold finite numbers of type float64, got {bad} in column 0, row 2 (counted from 0) "
        "(1 such value in all). Fill those values or remove their rows."
    )


@pytest.mark.parametrize(("weight", "got"), [([1.0, -0.5, 2.0], "-0.5 to 2"), ([0.0, 0.0, 0.0], "0 to 0")])
def test_negative_weights_and_none_above_0_are_refused(weight, got):
    assert refusal(lambda: SufficientStatistics.from_rows([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], weight)) == (
        f"sample_weight must be 0 or more in every row and above 0 in at least one, got {got}."
    )
