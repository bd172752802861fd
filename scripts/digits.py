"""Count the correct digits of least-squares solutions by linfit and other solvers, on NIST's certified problems.

NIST certifies the coefficients to 15 digits: https://www.itl.nist.gov/div898/strd/lls/lls.shtml. The correct digits of
a value are -log10(|value - certified| / |certified|). An entry of the table is the smallest number among all
coefficients. For linfit another line counts the digits of the standard errors, unless they are certified as 0.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import scipy.linalg
import statsmodels.api
from command_line import Parser
from markdown_table import markdown_table
from nist_problems import Problem, built_in, from_folder
from sklearn.linear_model import LinearRegression

import linfit
from linfit import LeastSquares, SufficientStatistics


def correct_digits(values: np.ndarray, certified: np.ndarray) -> float:
    """Return the fewest correct digits of all values, 0 to 15; NaN if all certified values are 0."""
    counted = certified != 0
    if not counted.any():
        return float("nan")
    error = np.max(np.abs(values[counted] - certified[counted]) / np.abs(certified[counted]))
    return float(np.clip(-np.log10(np.maximum(error, 1e-15)), 0, 15)) if error == error else 0.0


def linfit_values(optimum: LeastSquares, use_bias: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients and their standard errors, the bias first."""
    b, errors_b = (optimum.b, optimum.standard_error_b) if use_bias else (np.empty(0), np.empty(0))
    return np.append(b, optimum.w[:, 0]), np.append(errors_b, optimum.standard_error_w[:, 0])


def refined(problem: Problem) -> LeastSquares:
    return linfit.least_squares(problem.x, problem.y, use_bias=problem.use_bias)


def one_pass(problem: Problem) -> LeastSquares:
    return SufficientStatistics.from_rows(problem.x, problem.y, use_bias=problem.use_bias).least_squares()


def scikit_learn(problem: Problem, **options: float) -> np.ndarray:
    fitted = LinearRegression(fit_intercept=problem.use_bias, **options).fit(problem.x, problem.y)
    return np.append(fitted.intercept_, fitted.coef_)[0 if problem.use_bias else 1 :]


# Solvers that take the design [1, x] and y.
SOLVERS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "numpy lstsq": lambda a, y: np.linalg.lstsq(a, y)[0],
    "scipy lstsq": lambda a, y: scipy.linalg.lstsq(a, y)[0],
    "statsmodels pinv": lambda a, y: statsmodels.api.OLS(y, a).fit().params,
    "statsmodels qr": lambda a, y: statsmodels.api.OLS(y, a).fit(method="qr").params,
    "normal equations": lambda a, y: np.linalg.solve(a.T @ a, a.T @ y),
}


def digits_of(problem: Problem) -> dict[str, float]:
    """Return the column of a problem: the fewest correct digits of each solver."""
    found = {}
    for name, solve in (("linfit", refined), ("linfit, one pass", one_pass)):
        estimates, errors = linfit_values(solve(problem), problem.use_bias)
        found[name] = correct_digits(estimates, problem.estimates)
        found[f"{name}: errors"] = correct_digits(errors, problem.standard_errors)
    a = np.column_stack([np.ones(len(problem.x)), problem.x]) if problem.use_bias else problem.x
    with warnings.catch_warnings(action="ignore"):  # statsmodels warns that it loses all digits of Filip
        found |= {name: correct_digits(solve(a, problem.y), problem.estimates) for name, solve in SOLVERS.items()}
    for name, options in (("scikit-learn", {}), ("scikit-learn tol=0", {"tol": 0.0})):
        found[name] = correct_digits(scikit_learn(problem, **options), problem.estimates)
    return found


def table(problems: Iterable[Problem]) -> str:
    """Return a line for each solver and a column for each problem; "-" where all certified values are 0."""
    columns = {problem.name: digits_of(problem) for problem in problems}
    solvers = list(next(iter(columns.values())))
    lines = [[name, *(f"{of[name]:.1f}".replace("nan", "-") for of in columns.values())] for name in solvers]
    return markdown_table([["correct digits", *columns], *lines])


def main(arguments: list[str] | None = None) -> int:
    """Print the table. Return the exit code: 0, or 2 for bad input."""
    try:
        parser = Parser(description=__doc__.splitlines()[0])
        parser.add_argument("--nist", metavar="FOLDER", help="more problems: a folder of JSON files")
        folder = parser.parse_args(arguments).nist
        problems = built_in() + (from_folder(Path(folder)) if folder else [])
        print(table({problem.name: problem for problem in problems}.values()))
    except linfit.InputError as error:
        print(f"digits.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
