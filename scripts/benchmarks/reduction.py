"""Condensing many rows takes less time than solving for their optimum, and little memory.

The claims are for 1,000,000 rows with 10 and with 100 features. `SufficientStatistics.from_rows` takes at most 5 times
as long as the product xᵀx alone, and less time than `numpy.linalg.lstsq` and scikit-learn's `LinearRegression`. It
keeps as many digits as they do and allocates a few blocks of 4,096 rows. The rows are difficult: their features are
correlated, and their means are 100 standard deviations away from 0.
"""

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LinearRegression

from benchmarks.report import Claim, Section, at_least, at_most
from benchmarks.timing import fastest, timed
from linfit import SufficientStatistics
from linfit.statistics.qr import BLOCK_ROWS

LINFIT, LSTSQ, SKLEARN, GRAM = "linfit", "numpy lstsq", "scikit-learn tol=0", "normal equations"
PRODUCT = "xᵀx"


class Size(NamedTuple):
    """The number of rows, and pairs of (features, turns)."""

    rows: int = 1_000_000
    turns: tuple[tuple[int, int], ...] = ((10, 5), (100, 2))


QUICK = Size(rows=5_000, turns=((2, 1), (3, 1)))


class Result(NamedTuple):
    """The fastest time in seconds, the correct digits of w, and the peak memory in bytes, without the rows."""

    seconds: float
    digits: float
    memory: int


def condense(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return SufficientStatistics.from_rows(x, y).least_squares().w[:, 0]


def lstsq(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y)[0][:-1]


def scikit_learn(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return LinearRegression(tol=0.0).fit(x, y).coef_


def normal_equations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    a = np.column_stack([x, np.ones(len(x))])
    return np.linalg.solve(a.T @ a, a.T @ y)[:-1]


SOLVERS = {LINFIT: condense, LSTSQ: lstsq, SKLEARN: scikit_learn, GRAM: normal_equations}


def hard_rows(rows: int, features: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y with noise, and the w of their optimum. All values are integers, so sums of products are exact."""
    random = np.random.default_rng(seed)
    near = np.round(1e4 * random.standard_normal((rows, features)))
    near += np.round(1e4 * random.standard_normal((rows, 1)))  # shared by all features, which gives correlations of 0.5
    above = near @ (1.0 + np.arange(features) % 7) + np.round(1e4 * random.standard_normal(rows))
    sums = np.zeros((features + 2, features + 2), np.int64)
    for start in range(0, rows, 1024):  # few rows at a time: their sums stay below 2⁵³
        part = slice(start, start + 1024)
        block = np.column_stack([np.ones(len(near[part])), near[part], above[part]])
        sums += (block.T @ block).astype(np.int64)
    exact = sums.astype(np.longdouble)
    w = np.zeros(features + 1, np.longdouble)
    for _ in range(4):  # iterative refinement
        w += np.linalg.solve(sums[:-1, :-1].astype(float), (exact[:-1, -1] - exact[:-1, :-1] @ w).astype(float))
    return near + 1e6, above + 3, w[1:].astype(float)


def measure(rows: int, features: int, turns: int) -> tuple[float, dict[str, Result]]:
    """Return the time of xᵀx, and the results of all solvers."""
    x, y, w = hard_rows(rows, features)
    work: dict[str, Callable[[], np.ndarray]] = {PRODUCT: lambda: x.T @ x}
    work |= {name: partial(solve, x, y) for name, solve in SOLVERS.items()}
    found = {name: quality(work[name], w) for name in SOLVERS}  # also warms up
    seconds = fastest({name: partial(timed, call) for name, call in work.items()}, turns)
    return seconds[PRODUCT], {name: Result(seconds[name], *found[name]) for name in SOLVERS}


def quality(call: Callable[[], np.ndarray], w: np.ndarray) -> tuple[float, int]:
    """Return the correct digits of the worst w, and the peak of allocated memory in bytes."""
    tracemalloc.start()
    try:
        error = float(np.max(np.abs(call() / w - 1)))
        return -np.log10(max(error, 1e-16)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def table(measured: dict[int, tuple[float, dict[str, Result]]], size: Size) -> list[list[str]]:
    lines = [["rows × features", "solver", "ms", f"× {PRODUCT}", "digits", "extra MB"]]
    for features, (product, results) in measured.items():
        for name, of in results.items():
            numbers = (1e3 * of.seconds, of.seconds / product, of.digits, of.memory / 1e6)
            lines.append([f"{size.rows:,} × {features}", name, *(f"{value:.1f}" for value in numbers)])
    return lines


def claims(features: int, product: float, results: dict[str, Result]) -> list[Claim]:
    ours, block = results[LINFIT], BLOCK_ROWS * (features + 2) * 8
    what = f"Condensing rows with {features} features"
    found = [at_most(f"{what}, × the time of {PRODUCT}", ours.seconds / product, 5)]
    for name in (LSTSQ, SKLEARN):
        other = results[name]
        found.append(at_most(f"{what}, × the time of {name}", ours.seconds / other.seconds, 1))
        found.append(at_least(f"{what}, digits more than {name}", ours.digits - other.digits, -1))
    return [*found, at_most(f"{what}, memory in blocks of {BLOCK_ROWS:,} rows", ours.memory / block, 5)]


def section(quick: bool) -> Section:
    size = QUICK if quick else Size()
    measured = {features: measure(size.rows, features, turns) for features, turns in size.turns}
    found = [claim for features, (product, results) in measured.items() for claim in claims(features, product, results)]
    return Section("Many rows condensed, beside other solvers", table(measured, size), found)
