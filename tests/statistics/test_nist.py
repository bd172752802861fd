"""Coefficients certified to 15 digits by NIST: https://www.itl.nist.gov/div898/strd/lls/lls.shtml."""

import json
import re
from pathlib import Path

import digits
import numpy as np
import pytest
from nist_problems import built_in, from_folder
from sklearn.linear_model import LinearRegression

import linfit

FOLDER = Path(__file__).parents[3] / "shared" / "nist"
# The fewest correct digits required: of coefficients by least_squares, of coefficients in one pass, of standard errors.
FEWEST = {
    "Norris": (12, 12, 7),
    "Pontius": (12.5, 12, 7),
    "NoInt1": (14, 14, 7),
    "NoInt2": (14, 14, 7),
    "Filip": (7.4, 7, 5),  # rounding the powers of x to float64 changes the solution from its eighth digit on
    "Longley": (13, 13, 7),
    "Wampler1": (9, 9, 7),
    "Wampler2": (12.5, 12.5, 7),
    "Wampler3": (9, 9, 7),
    "Wampler4": (7.5, 7.5, 7),
    "Wampler5": (5.5, 5.5, 7),
}
BUILT_IN = {problem.name: problem for problem in built_in()}
R_SQUARED = {
    "Longley": 0.995479004577296,
    "Norris": 0.999993745883712,
    "Wampler1": 1.0,
    "Wampler2": 1.0,
    "Wampler3": 0.999995559025820,
    "Wampler4": 0.957478440825662,
    "Wampler5": 0.224668921574940e-2,
}


@pytest.fixture(scope="module")
def folder():
    if not FOLDER.is_dir():
        pytest.skip(f"{FOLDER} does not exist")
    return {problem.name: problem for problem in from_folder(FOLDER)}


def assert_digits(problem):
    """Check that least_squares and one pass reach the digits of FEWEST on this problem."""
    x, y, use_bias = problem.x, problem.y, problem.use_bias
    refined = linfit.least_squares(x, y, use_bias=use_bias)
    one_pass = linfit.SufficientStatistics.from_rows(x, y, use_bias=use_bias).least_squares()
    *fewest, fewest_of_errors = FEWEST[problem.name]
    for optimum, digits_of_w in zip((refined, one_pass), fewest, strict=True):
        estimates, errors = optimum.w[:, 0], optimum.standard_error_w[:, 0]
        if use_bias:
            estimates, errors = np.append(optimum.b, estimates), np.append(optimum.standard_error_b, errors)
        np.testing.assert_allclose(estimates, problem.estimates, rtol=10**-digits_of_w, atol=0)
        if problem.standard_errors.any():
            np.testing.assert_allclose(errors, problem.standard_errors, rtol=10**-fewest_of_errors, atol=0)
        else:
            assert np.all(errors < 1e-7 * np.abs(estimates))
        assert optimum.degrees_of_freedom == len(x) - len(estimates)
        assert optimum.dependent == ()


@pytest.mark.parametrize("name", BUILT_IN)
def test_optimum_and_standard_errors_are_those_that_are_certified(name):
    assert_digits(BUILT_IN[name])


@pytest.mark.parametrize("name", R_SQUARED)
def test_the_share_of_explained_variance_is_that_which_is_certified(name):
    problem = BUILT_IN[name]
    assert linfit.least_squares(problem.x, problem.y).r_squared.item() == pytest.approx(R_SQUARED[name], abs=1e-12)


@pytest.mark.parametrize("name", FEWEST)
def test_so_they_are_on_all_linear_problems_of_nist(name, folder):
    assert_digits(folder[name])
    certified = json.loads((FOLDER / f"{name}.json").read_text())["certified"]
    problem = folder[name]
    optimum = linfit.least_squares(problem.x, problem.y, use_bias=problem.use_bias)
    assert optimum.r_squared.item() == pytest.approx(float(certified["r_squared"]), abs=1e-9)
    assert optimum.residual_std.item() == pytest.approx(float(certified["residual_sd"]), rel=1e-7, abs=1e-8)
    assert optimum.loss * len(problem.x) == pytest.approx(float(certified["anova"]["residual_ss"]), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_problems_are_those_of_the_folder(name, folder):
    for ours, theirs in zip(BUILT_IN[name], folder[name], strict=True):
        if isinstance(ours, np.ndarray):
            np.testing.assert_allclose(ours, theirs, rtol=1e-15)
        else:
            assert ours == theirs


@pytest.mark.parametrize(
    ("value", "certified", "expected"),
    [
        ([1.0001, 2.0], [1.0, 2.0], 4.0),
        ([1.0, -2.02], [1.0, -2.0], 2.0),
        ([1.0, 2.0], [1.0, 2.0], 15.0),
        ([1.0, -30.0], [1.0, 2.0], 0.0),
        ([np.nan, 2.0], [1.0, 2.0], 0.0),
        ([0.1, 2.0], [0.0, 2.0], 15.0),
    ],
)
def test_correct_digits_are_those_of_the_worst_value_that_is_not_0(value, certified, expected):
    assert digits.correct_digits(np.array(value), np.array(certified)) == pytest.approx(expected, abs=1e-4)


def test_where_all_is_certified_as_0_no_digits_are_counted():
    assert np.isnan(digits.correct_digits(np.array([1e-9]), np.zeros(1)))


def cells(text):
    """Return the table's entries by solver and problem."""
    titles, _, *lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines())
    return {(line[0], problem): cell for line in lines for problem, cell in zip(titles[1:], line[1:], strict=True)}


def test_the_table_of_digits_says_what_each_solver_returns(capsys):
    assert digits.main([]) == 0
    text = capsys.readouterr().out
    assert len({len(line) for line in text.splitlines()}) == 1
    table = cells(text)
    assert {problem for _, problem in table} == set(BUILT_IN)
    for name, problem in BUILT_IN.items():
        design = np.column_stack([np.ones(len(problem.x)), problem.x])
        sklearn = LinearRegression().fit(problem.x, problem.y)
        optimum = linfit.least_squares(problem.x, problem.y)
        for solver, values in {
            "linfit": np.append(optimum.b, optimum.w),
            "numpy lstsq": np.linalg.lstsq(design, problem.y)[0],
            "normal equations": np.linalg.solve(design.T @ design, design.T @ problem.y),
            "scikit-learn": np.append(sklearn.intercept_, sklearn.coef_),
        }.items():
            error = np.max(np.abs(values / problem.estimates - 1))
            # The last digit depends on the order of summation, and so on the alignment of the arrays in memory.
            assert float(table[solver, name]) == pytest.approx(min(15, max(0, -np.log10(error))), abs=1)
    assert table["linfit: errors", "Wampler1"] == "-"
    assert float(table["linfit: errors", "Longley"]) >= 7


def test_problems_of_a_folder_are_added_to_the_table(tmp_path, capsys):
    certified = {"estimates": ["2.0"], "standard_deviations": ["0.0"]}
    problem = {"name": "Line", "x": [[1.0], [2.0]], "y": [2.0, 4.0], "intercept": False, "polynomial_degree": 0}
    (tmp_path / "line.json").write_text(json.dumps(problem | {"certified": certified}))
    assert digits.main(["--nist", str(tmp_path)]) == 0
    assert cells(capsys.readouterr().out)["linfit", "Line"] == "15.0"


def test_a_folder_without_problems_is_refused(tmp_path, capsys):
    assert digits.main(["--nist", str(tmp_path / "none")]) == 2
    said = "must be a folder with problems as JSON files, and has none. Choose another --nist."
    assert capsys.readouterr().err == f"digits.py: error: {tmp_path / 'none'} {said}\n"


@pytest.mark.parametrize(
    ("text", "why"), [("{", "JSONDecodeError"), ('{"x": [[1.0]]}', "KeyError"), ("[]", "TypeError")]
)
def test_a_file_that_holds_no_problem_is_named(tmp_path, capsys, text, why):
    (tmp_path / "odd.json").write_text(text)
    assert digits.main(["--nist", str(tmp_path)]) == 2
    message = re.escape(f"digits.py: error: {tmp_path / 'odd.json'} does not describe a problem: {why}")
    assert re.fullmatch(message + r"\(.*\)\.\n", capsys.readouterr().err)
