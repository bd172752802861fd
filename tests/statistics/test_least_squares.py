"""The optimum, its standard errors and its rank, compared with other packages and explicit matrix formulas."""

import math
import warnings
from fractions import Fraction
from operator import mul

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import linfit
from linfit import InputError, SufficientStatistics

UNDETERMINED = (
    ": many w fit equally well. The w of smallest norm is used, and the standard errors of these features are "
    "infinite. Leave out the redundant features."
)


def draw(rows=60, features=3, targets=1, seed=1):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features)) @ (np.eye(features) + 0.5 * random.normal(size=(features, features))) + 2
    y = x @ random.normal(size=(features, targets)) + 0.7 * random.normal(size=(rows, targets)) - 1
    return x, y, random.uniform(0.2, 3.0, rows)


def one_pass(x, y, sample_weight=None, use_bias=True, l2=0.0):
    return SufficientStatistics.from_rows(x, y, sample_weight, use_bias).least_squares(l2)


def with_ones(x, use_bias=True):
    return np.column_stack([np.ones(len(x)), x]) if use_bias else x


def estimates(optimum, use_bias=True):
    return np.vstack([optimum.b, optimum.w]) if use_bias else optimum.w


def errors(optimum, use_bias=True):
    return np.vstack([optimum.standard_error_b, optimum.standard_error_w]) if use_bias else optimum.standard_error_w


both_ways = pytest.mark.parametrize("solve", [linfit.least_squares, one_pass])


@both_ways
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_all_that_is_said_of_the_optimum_is_what_statsmodels_says(solve, use_bias, weighted):
    x, y, weight = draw(targets=2)
    optimum = solve(x, y, weight if weighted else None, use_bias=use_bias)
    low, high = optimum.confidence_interval(0.9)
    for target in range(2):
        a = with_ones(x, use_bias)
        reference = sm.WLS(y[:, target], a, weight).fit() if weighted else sm.OLS(y[:, target], a).fit()
        np.testing.assert_allclose(estimates(optimum, use_bias)[:, target], reference.params, rtol=1e-10)
        np.testing.assert_allclose(errors(optimum, use_bias)[:, target], reference.bse, rtol=1e-10)
        ends = np.column_stack([estimates(end, use_bias)[:, target] for end in (low, high)])
        np.testing.assert_allclose(ends, reference.conf_int(0.1), rtol=1e-9)
        assert optimum.r_squared[target] == pytest.approx(reference.rsquared, rel=1e-10)
        assert optimum.residual_std[target] == pytest.approx(math.sqrt(reference.scale), rel=1e-10)
        assert optimum.degrees_of_freedom == reference.df_resid
    residual = (y - x @ optimum.w - optimum.b) ** 2 * (weight[:, np.newaxis] if weighted else 1)
    assert optimum.loss == pytest.approx(residual.mean(), rel=1e-12)
    assert optimum.rank == 3
    assert optimum.dependent == ()
    if not use_bias:
        np.testing.assert_array_equal([*optimum.b, *optimum.standard_error_b, *low.b, *high.b], 0)


@both_ways
def test_three_points_worked_by_hand(solve):
    optimum = solve([0.0, 1.0, 2.0], [1.0, 4.0, 4.0])
    # The line 1.5 x + 1.5 has the residuals -0.5, 1 and -0.5: the sum of squares is 1.5, with one degree of freedom.
    assert optimum.w.item() == pytest.approx(1.5, rel=1e-14)
    assert optimum.b.item() == pytest.approx(1.5, rel=1e-14)
    assert optimum.loss == pytest.approx(0.5, rel=1e-14)
    assert optimum.degrees_of_freedom == 1
    assert optimum.residual_std.item() == pytest.approx(math.sqrt(1.5), rel=1e-14)
    assert optimum.unit_error_w.item() == pytest.approx(math.sqrt(1 / 2), rel=1e-14)
    assert optimum.unit_error_b == pytest.approx(math.sqrt(1 / 3 + 1 / 2), rel=1e-14)
    assert optimum.r_squared.item() == pytest.approx(1 - 1.5 / 6, rel=1e-14)
    # Student's t with one degree of freedom is the Cauchy distribution, whose quantiles are tangents.
    low, high = optimum.confidence_interval(0.5)
    assert high.w.item() - 1.5 == pytest.approx(math.tan(math.pi / 4) * math.sqrt(1.5 / 2), rel=1e-12)
    assert 1.5 - low.b.item() == pytest.approx(math.tan(math.pi / 4) * math.sqrt(1.5 * 5 / 6), rel=1e-12)
    # The Gram matrix of [x, 1] has 5 and 3 on the diagonal and 3 beside it: its eigenvalues are 4 ± √10.
    expected = math.sqrt((4 + math.sqrt(10)) / (4 - math.sqrt(10)))
    assert optimum.condition_number == pytest.approx(expected, rel=1e-13)


@both_ways
def test_the_default_interval_is_that_of_95_percent(solve):
    optimum = solve(*draw()[:2])
    for end, other in zip(optimum.confidence_interval(), optimum.confidence_interval(0.95), strict=True):
        np.testing.assert_array_equal(end.w, other.w)
        np.testing.assert_array_equal(end.b, other.b)


def test_rows_and_their_statistics_have_the_same_optimum():
    x, y, weight = draw(targets=2)
    for use_bias in (True, False):
        exact, once = (solve(x, y, weight, use_bias=use_bias) for solve in (linfit.least_squares, one_pass))
        np.testing.assert_allclose(once.w, exact.w, rtol=1e-12)
        np.testing.assert_allclose(once.b, exact.b, rtol=1e-12)
        for what in ("loss", "rank", "condition_number", "degrees_of_freedom", "dependent"):
            assert getattr(once, what) == getattr(exact, what)


@both_ways
def test_columns_of_any_size_and_offset_keep_their_digits(solve):
    x, y, _ = draw()
    reference = linfit.least_squares(x - 2, y)
    scales, offsets = np.array([2.0**-80, 1.0, 2.0**90]), np.array([0.0, 2.0**17, 0.0])
    x = np.round((x - 2) * 2**20) / 2**20
    reference = linfit.least_squares(x, y)
    optimum = solve((x + offsets) * scales, y)
    np.testing.assert_allclose(optimum.w * scales[:, np.newaxis], reference.w, rtol=1e-11)
    np.testing.assert_allclose(optimum.unit_error_w * scales, reference.unit_error_w, rtol=1e-11)


# Tests with a penalty.


def penalized(x, y, weight, use_bias, l2):
    """Return Keras's loss mean(weight (x w + b - y)²) + l2 Σ w² as a sum of squares: design, y and row factors."""
    share = np.sqrt((np.ones(len(x)) if weight is None else weight) / y.size)[:, np.newaxis]
    penalty = math.sqrt(l2) * np.eye(x.shape[1])
    a = np.vstack([share * with_ones(x, use_bias), np.column_stack([np.zeros((len(penalty), int(use_bias))), penalty])])
    return a, np.vstack([share * y, np.zeros((len(penalty), y.shape[1]))]), share


@pytest.mark.parametrize("l2", [1e-6, 0.03, 50.0])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("targets", [1, 3])
def test_with_a_penalty_it_is_the_minimum_of_the_penalized_loss(l2, use_bias, weighted, targets):
    x, y, weight = draw(targets=targets)
    weight = weight if weighted else None
    a, right, share = penalized(x, y, weight, use_bias, l2)
    expected, *_ = np.linalg.lstsq(a, right)
    optimum = linfit.least_squares(x, y, weight, use_bias, l2)
    np.testing.assert_allclose(estimates(optimum, use_bias), expected, rtol=1e-9, atol=1e-12)
    assert optimum.loss == pytest.approx(np.sum((right - a @ expected) ** 2), rel=1e-12)
    # w = H₁ y, with whitened rows of independent noise: the covariance of w is H₁ H₁ᵀ.
    whitened = a[: len(x)] * math.sqrt(y.size)
    inverse = np.linalg.inv(a.T @ a * y.size) @ whitened.T
    unit_errors = np.sqrt(np.diag(inverse @ inverse.T))
    np.testing.assert_allclose(optimum.unit_error_w, unit_errors[use_bias:], rtol=1e-9)
    assert optimum.unit_error_b == pytest.approx(unit_errors[0] if use_bias else 0, rel=1e-9)
    hat = whitened @ inverse
    assert optimum.degrees_of_freedom == pytest.approx(len(x) - np.trace(2 * hat - hat @ hat.T), rel=1e-10)
    residual = np.sum(((y - with_ones(x, use_bias) @ expected) * share) ** 2, axis=0) * y.size
    np.testing.assert_allclose(optimum.residual_std, np.sqrt(residual / optimum.degrees_of_freedom), rtol=1e-9)


@pytest.mark.parametrize("targets", [1, 2])
def test_descent_on_the_penalized_loss_ends_at_its_optimum(targets):
    x, y, weight = draw(targets=targets)
    x = x - 1.5
    w, b = np.zeros((3, targets)), np.zeros(targets)
    for _ in range(20_000):
        residual = weight[:, np.newaxis] * (x @ w + b - y)
        w, b = w - 0.05 * (2 / y.size * x.T @ residual + 2 * 0.1 * w), b - 0.05 * 2 / y.size * residual.sum(axis=0)
    optimum = linfit.least_squares(x, y, weight, l2=0.1)
    np.testing.assert_allclose(optimum.w, w, rtol=1e-9)
    np.testing.assert_allclose(optimum.b, b, rtol=1e-9)


def test_standard_errors_with_a_penalty_are_those_of_repeated_experiments():
    x, y, _ = draw(rows=12)
    random = np.random.default_rng(5)
    repeated = y + random.normal(size=(12, 400))  # one experiment in each column
    optimum = linfit.least_squares(x, repeated, l2=0.2 / 400)
    # 0.15 is four times the error of a standard deviation that is estimated from 400 experiments.
    np.testing.assert_allclose(optimum.w.std(axis=1), optimum.unit_error_w, rtol=0.15)
    assert optimum.b.std() == pytest.approx(optimum.unit_error_b, rel=0.15)
    np.testing.assert_allclose(optimum.unit_error_w, linfit.least_squares(x, y, l2=0.2).unit_error_w, rtol=1e-10)


def test_a_penalty_makes_dependent_columns_a_problem_with_one_answer():
    x, y, _ = draw()
    optimum = linfit.least_squares(np.column_stack([x, x[:, 0]]), y, l2=0.1)  # no warning
    a, right, _ = penalized(np.column_stack([x, x[:, 0]]), y, None, True, 0.1)
    np.testing.assert_allclose(estimates(optimum), np.linalg.lstsq(a, right)[0], rtol=1e-9)
    assert optimum.w[0] == pytest.approx(optimum.w[3], rel=1e-10)
    assert np.all(np.isfinite(optimum.standard_error_w))


@pytest.mark.parametrize("l2", [-0.1, math.nan, math.inf, "0.1", True, None])
def test_a_penalty_that_is_no_number_of_0_or_more_is_refused(l2):
    with pytest.raises(InputError) as error:
        linfit.least_squares([0.0, 1.0], [0.0, 1.0], l2=l2)
    assert str(error.value) == f"l2 must be a finite number of 0 or more, got {l2!r}."


# Tests with columns that depend on each other.


def solve_with_warning(solve, *rows, **options):
    """Return the optimum and the text of the only warning."""
    with warnings.catch_warnings(record=True, action="always") as caught:
        optimum = solve(*rows, **options)
    assert len(caught) == 1
    return optimum, str(caught[0].message)


def smallest(x, y, use_bias=True, weight=None):
    """Return the w of smallest norm, by the pseudo-inverse of the deviations."""
    root = np.ones((len(x), 1)) if weight is None else np.sqrt(weight)[:, np.newaxis]
    mean = [np.average(values, axis=0, weights=root[:, 0] ** 2) if use_bias else 0.0 for values in (x, y)]
    return np.linalg.pinv((x - mean[0]) * root, rcond=1e-9) @ ((y - mean[1]) * root)


def independent_part():
    x, y, _ = draw()
    return x[:, 0], x[:, 1], x[:, 2], y


DEPENDENT = {
    "a copy": (lambda a, b, c: [a, b, a, c], [(0, 2)], "x0 and x2 depend linearly on each other"),
    "a multiple with an offset": (
        lambda a, b, c: [a, 4 - 3 * a, b],
        [(0, 1)],
        "x0 and x1 depend linearly on each other",
    ),
    "a constant": (lambda a, b, c: [a, 0 * a + 7.3, b], [(1,)], "x1 never changes"),
    "zeros": (lambda a, b, c: [0 * a, a, b], [(0,)], "x0 never changes"),
    "constants": (lambda a, b, c: [0 * a + 1, a, 0 * a + 1 / 3], [(0,), (2,)], "x0 and x2 never change"),
    "a sum": (lambda a, b, c: [a, c, b, a + b], [(0, 2, 3)], "x0, x2 and x3 depend linearly on each other"),
    "a sum of far columns": (
        lambda a, b, c: [a + 1e6, b - 1e5, c, (a + 1e6) + (b - 1e5)],
        [(0, 1, 3)],
        "x0, x1 and x3 depend linearly on each other",
    ),
    "a sum of columns of all sizes": (
        lambda a, b, c: [1e-9 * a, 1e9 * b, c, 2e-3 * a + 3e-3 * b],
        [(0, 1, 3)],
        "x0, x1 and x3 depend linearly on each other",
    ),
    "shares of a whole": (
        lambda a, b, c: [0.1 * abs(a), 0.2 * abs(b), 1 - 0.1 * abs(a) - 0.2 * abs(b)],
        [(0, 1, 2)],
        "x0, x1 and x2 depend linearly on each other",
    ),
    "two pairs": (
        lambda a, b, c: [a, b, a / 3, b / 7, c],
        [(0, 2), (1, 3)],
        "x0 and x2 depend linearly on each other; x1 and x3 depend linearly on each other",
    ),
    "a constant and a copy": (
        lambda a, b, c: [a, 0 * a + 3, a, b],
        [(0, 2), (1,)],
        "x1 never changes; x0 and x2 depend linearly on each other",
    ),
    "three of a kind": (
        lambda a, b, c: [a, a, b, 2 * a],
        [(0, 1, 3)],
        "x0, x1 and x3 depend linearly on each other",
    ),
}


@both_ways
@pytest.mark.parametrize("case", DEPENDENT)
def test_columns_that_depend_on_each_other_are_named_and_get_the_smallest_w(solve, case):
    *columns, y = independent_part()
    columns, dependent, finding = DEPENDENT[case][0](*columns), DEPENDENT[case][1], DEPENDENT[case][2]
    x = np.column_stack(columns)
    optimum, text = solve_with_warning(solve, x, y)
    assert text == finding + UNDETERMINED
    assert list(optimum.dependent) == dependent
    redundant = 2 if case == "three of a kind" else len(dependent)
    assert optimum.rank == x.shape[1] - redundant
    assert optimum.degrees_of_freedom == len(x) - optimum.rank - 1
    assert optimum.condition_number == math.inf
    size = np.linalg.norm(x - x.mean(axis=0), axis=0)
    if case != "a sum of columns of all sizes":  # too ill-conditioned for the pseudo-inverse
        expected = smallest(x, y)
        np.testing.assert_allclose(optimum.w, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())
    # Predictions, and the known standard errors, are the same as without the redundant columns.
    keep = [i for i in range(x.shape[1]) if size[i] > 1e-9 and i not in {group[-1] for group in dependent}]
    if case == "three of a kind":
        keep.remove(1)
    reference = sm.OLS(y[:, 0], with_ones(x[:, keep] / size[keep])).fit()
    np.testing.assert_allclose(x @ optimum.w[:, 0] + optimum.b, reference.fittedvalues, rtol=1e-7, atol=1e-7)
    assert optimum.loss == pytest.approx(reference.ssr / len(y), rel=1e-8)
    affected = {i for group in dependent for i in group}
    for i in range(x.shape[1]):
        known = math.inf if i in affected else reference.bse[1 + keep.index(i)] / size[i]
        assert optimum.standard_error_w[i, 0] == pytest.approx(known, rel=1e-6)


@both_ways
@pytest.mark.parametrize(
    ("case", "known"),
    [
        ("a copy", True),
        ("a sum", True),
        ("a sum of far columns", True),
        ("zeros", True),
        ("a constant", False),
        ("a multiple with an offset", False),
        ("shares of a whole", False),
    ],
)
def test_b_is_known_where_no_combination_of_the_columns_is_a_constant_but_0(solve, case, known):
    *columns, y = independent_part()
    x = np.column_stack(DEPENDENT[case][0](*columns))
    optimum, _ = solve_with_warning(solve, x, y)
    if not known:
        assert optimum.standard_error_b.item() == math.inf
        return
    drop = DEPENDENT[case][1][0][-1]
    reference = sm.OLS(y[:, 0], with_ones(np.delete(x, drop, axis=1))).fit()
    assert optimum.standard_error_b.item() == pytest.approx(reference.bse[0], rel=1e-6)


@both_ways
def test_without_a_bias_a_constant_is_a_feature_like_others(solve):
    x, y, _ = draw()
    x[:, 1] = 7.3
    optimum = solve(x, y, use_bias=False)  # no warning
    np.testing.assert_allclose(optimum.standard_error_w[:, 0], sm.OLS(y[:, 0], x).fit().bse, rtol=1e-10)
    x[:, 2] = -3.1
    optimum, text = solve_with_warning(solve, x, y, use_bias=False)
    assert text == "x1 and x2 depend linearly on each other" + UNDETERMINED
    np.testing.assert_allclose(optimum.w, smallest(x, y, use_bias=False), rtol=1e-10)


@both_ways
def test_weights_decide_what_depends_on_each_other(solve):
    x, y, weight = draw()
    x[:, 2] = np.where(np.arange(60) < 20, x[:, 2], x[:, 0])  # a copy in the rows with a weight above 0
    weight[:20] = 0
    optimum, text = solve_with_warning(solve, x, y, weight)
    assert text == "x0 and x2 depend linearly on each other" + UNDETERMINED
    np.testing.assert_allclose(optimum.w, smallest(x, y, weight=weight), rtol=1e-9)
    assert optimum.degrees_of_freedom == 40 - 3


@both_ways
def test_the_warning_calls_columns_by_their_names(solve):
    x, y, _ = draw()
    frame = pd.DataFrame(x, columns=["area", "rooms", "age"]).assign(m2=x[:, 0] * 10.764, year=2024)
    _, text = solve_with_warning(solve, frame, y)
    assert text == "year never changes; area and m2 depend linearly on each other" + UNDETERMINED


@both_ways
@pytest.mark.parametrize(("rows", "use_bias", "parameters"), [(3, True, 6), (1, True, 6), (4, False, 5), (5, True, 6)])
def test_fewer_rows_than_parameters_are_said_to_be_too_few(solve, rows, use_bias, parameters):
    x, y, _ = draw(rows=rows, features=5, targets=2)
    optimum, text = solve_with_warning(solve, x, y, use_bias=use_bias)
    assert text == (
        f"there are fewer rows ({rows}) than parameters ({parameters}): many w fit equally well, and their standard "
        "errors are unknown. Add rows, or leave out features."
    )
    np.testing.assert_allclose(optimum.w, smallest(x, y, use_bias), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(x @ optimum.w + optimum.b, y, rtol=1e-9)
    assert optimum.degrees_of_freedom == 0
    assert optimum.rank == rows - use_bias
    assert not np.any(np.isfinite(optimum.standard_error_w))
    low, high = optimum.confidence_interval()
    assert not np.any(np.isfinite([low.w, high.w]))


@both_ways
def test_rows_without_weight_do_not_count_against_the_parameters(solve):
    x, y, weight = draw(rows=10, features=5)
    weight[3:] = 0
    optimum, text = solve_with_warning(solve, x, y, weight)
    assert text.startswith("there are fewer rows (3) than parameters (6): ")
    np.testing.assert_allclose(optimum.w, smallest(x, y, weight=weight), rtol=1e-9)


@both_ways
@pytest.mark.parametrize("use_bias", [True, False])
def test_as_many_rows_as_parameters_fit_exactly_and_leave_standard_errors_unknown(solve, use_bias):
    x, y, _ = draw(rows=3 + use_bias)
    optimum = solve(x, y, use_bias=use_bias)
    np.testing.assert_allclose(estimates(optimum, use_bias), np.linalg.solve(with_ones(x, use_bias), y), rtol=1e-9)
    assert optimum.degrees_of_freedom == 0
    assert optimum.rank == 3
    for values in (optimum.residual_std, errors(optimum, use_bias)):
        assert np.all(np.isnan(values))
    low, high = optimum.confidence_interval()
    assert np.all(np.isnan([low.w, high.w]))
    inverse = np.linalg.inv(with_ones(x, use_bias))
    np.testing.assert_allclose(optimum.unit_error_w, np.linalg.norm(inverse, axis=1)[use_bias:], rtol=1e-9)


NEARLY = {
    "one part in 10⁹": lambda a, b: [a, a + 1e-9 * b],
    "one part in 10¹²": lambda a, b: [a, a + 1e-12 * b],
    "in front of a large offset": lambda a, b: [a + 1e6, a + 1e6 + 1e-7 * b],
    "a constant but for little": lambda a, b: [a, 5 + 1e-11 * b],
    "powers": lambda a, b: list(np.vander(abs(a) / 4 + 1, 9, increasing=True).T[1:]),
    "very small": lambda a, b: [a, 1e-150 * b],
    "very large": lambda a, b: [a, 1e150 * b],
    "a year and its square": lambda a, b: [np.round(1950 + 10 * a), np.round(1950 + 10 * a) ** 2],
}


@both_ways
@pytest.mark.parametrize("case", NEARLY)
def test_columns_that_nearly_depend_on_each_other_are_not_said_to(solve, case):
    a, b, _, y = independent_part()
    x = np.column_stack(NEARLY[case](a, b))
    optimum = solve(x, y)  # no warning
    assert optimum.dependent == ()
    assert optimum.rank == x.shape[1]
    assert np.all(np.isfinite(optimum.standard_error_w))
    w, loss = exact(x, y[:, 0])
    np.testing.assert_allclose(optimum.w[:, 0], w, rtol=0.03)  # w is about 10¹² in one case
    assert optimum.loss == pytest.approx(loss, rel=1e-3)


def exact(x, y):
    """Return w and the smallest loss, computed in rational numbers without rounding."""
    a, right = [[Fraction(v) for v in row] for row in with_ones(x).tolist()], [Fraction(v) for v in y.tolist()]
    columns = list(zip(*a, strict=True))
    equations = [[sum(map(mul, c, d)) for d in (*columns, right)] for c in columns]
    for i, pivot in enumerate(equations):
        equations[i] = pivot = [value / pivot[i] for value in pivot]
        for j, other in enumerate(equations):
            if j != i:
                equations[j] = [value - other[i] * p for value, p in zip(other, pivot, strict=True)]
    solution = [equation[-1] for equation in equations]
    residuals = [v - sum(map(mul, row, solution)) for row, v in zip(a, right, strict=True)]
    return [float(value) for value in solution[1:]], float(sum(map(mul, residuals, residuals)) / len(y))


@both_ways
def test_an_exact_combination_of_nearly_dependent_columns_is_found_again(solve):
    a, b, _, _ = independent_part()
    x = np.column_stack([a, a + 1e-6 * b])
    optimum = solve(x, x @ [[2.0], [-1.0]] + 3)
    np.testing.assert_allclose(estimates(optimum)[:, 0], [3, 2, -1], rtol=1e-8)


@both_ways
@pytest.mark.parametrize("use_bias", [True, False])
def test_rows_of_weight_0_are_as_left_out_but_for_the_mean_in_the_loss(solve, use_bias):
    x, y, weight = draw(targets=2)
    weight[::3] = 0
    kept = weight > 0
    optimum, without = solve(x, y, weight, use_bias), solve(x[kept], y[kept], weight[kept], use_bias)
    np.testing.assert_allclose(estimates(optimum), estimates(without), rtol=1e-11)
    np.testing.assert_allclose(errors(optimum), errors(without), rtol=1e-11)
    np.testing.assert_allclose(optimum.r_squared, without.r_squared, rtol=1e-11)
    np.testing.assert_allclose(optimum.residual_std, without.residual_std, rtol=1e-11)
    assert optimum.degrees_of_freedom == without.degrees_of_freedom == 40 - 3 - use_bias
    assert optimum.condition_number == pytest.approx(without.condition_number, rel=1e-11)
    assert optimum.loss == pytest.approx(without.loss * 40 / 60, rel=1e-12)


@both_ways
def test_what_a_row_of_weight_0_holds_does_not_matter(solve):
    x, y, weight = draw()
    weight[:5] = 0
    expected = solve(x, y, weight)
    x[:5], y[:5] = 1e8, -1e9
    np.testing.assert_allclose(estimates(solve(x, y, weight)), estimates(expected), rtol=1e-9)


@both_ways
def test_all_weights_times_a_factor_change_the_loss_but_not_the_optimum(solve):
    x, y, weight = draw()
    optimum, heavier = solve(x, y, weight), solve(x, y, 1000 * weight)
    np.testing.assert_allclose(estimates(heavier), estimates(optimum), rtol=1e-11)
    np.testing.assert_allclose(errors(heavier), errors(optimum), rtol=1e-11)
    assert heavier.loss == pytest.approx(1000 * optimum.loss, rel=1e-11)


@both_ways
def test_the_condition_number_is_that_of_the_features_and_the_ones(solve):
    x, y, _ = draw()
    assert solve(x, y).condition_number == pytest.approx(np.linalg.cond(with_ones(x)), rel=1e-11)
    assert solve(x, y, use_bias=False).condition_number == pytest.approx(np.linalg.cond(x), rel=1e-11)


@both_ways
def test_y_that_never_changes_has_no_variance_to_explain(solve):
    x, _, _ = draw()
    optimum = solve(x, np.full(60, 4.0))
    np.testing.assert_allclose(optimum.w, 0, atol=1e-14)
    assert optimum.b.item() == pytest.approx(4, rel=1e-14)
    assert not optimum.r_squared.item() <= 1


@pytest.mark.parametrize("level", [0, 1, 0.0, 1.0, -0.5, 95, math.nan, "0.95", None, True])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(InputError) as error:
        linfit.least_squares([0.0, 1.0, 2.0], [1.0, 4.0, 4.0]).confidence_interval(level)
    assert str(error.value) == f"level must be a fraction between 0 and 1, got {level!r}. Try level=0.95."


def test_units_far_from_1_neither_overflow_nor_vanish():
    x, y, _ = draw()
    expected = linfit.least_squares(x, y)
    for size in (1e-100, 1e100):
        optimum = linfit.least_squares(x * size, y * size)
        np.testing.assert_allclose(optimum.w, expected.w, rtol=1e-10)
        np.testing.assert_allclose(optimum.b, expected.b * size, rtol=1e-10)


def test_a_warning_names_the_line_that_asked_for_the_optimum():
    x, y = np.ones((5, 1)), np.arange(5.0)
    with pytest.warns(UserWarning, match="never changes") as caught:
        linfit.least_squares(x, y)
    assert caught[0].filename == __file__


def test_weights_of_0_wherever_one_might_look_change_nothing():
    x, y = linfit.GroundTruth(w=2.0, b=1.0, noise=0.5).sample(2000, seed=1)
    weight = np.tile([0.0, 1.0], 1000)
    np.testing.assert_allclose(
        linfit.least_squares(x, y, weight).w, linfit.least_squares(x[1::2], y[1::2]).w, rtol=1e-12
    )
