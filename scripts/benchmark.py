"""Condensing many rows takes less time than to solve for their optimum, and little memory beside them.

The claim: of 1,000,000 rows with 10 and with 100 features, `SufficientStatistics.from_rows` takes less than 5 times
the product xᵀx that it cannot do without, less than `numpy.linalg.lstsq`, less than scikit-learn's `LinearRegression`,
keeps at least as many digits, and allocates a few blocks of 4,096 rows. The rows are hard: features that correlate,
100 standard deviations away from 0. All are measured side by side, in turns; the fastest of all turns counts.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from markdown_table import markdown_table
from sklearn.linear_model import LinearRegression
from train_options import Parser

from linfit import InputError, SufficientStatistics
from linfit.triangle import BLOCK_ROWS

ROWS, FEATURES = 1_000_000, (10, 100)
LINFIT, LSTSQ, SKLEARN, GRAM = "linfit", "numpy lstsq", "scikit-learn tol=0", "normal equations"


class Result(NamedTuple):
    """The fastest time in seconds, correct digits of w, and the most memory in bytes beside the rows."""

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
    """x, y with noise, and the w of their optimum. All values are whole, so that their sums of products are exact."""
    random = np.random.default_rng(seed)
    near = np.round(1e4 * random.standard_normal((rows, features)))
    near += np.round(1e4 * random.standard_normal((rows, 1)))  # common to all: they correlate with 0.5
    above = near @ (1.0 + np.arange(features) % 7) + np.round(1e4 * random.standard_normal(rows))
    sums = np.zeros((features + 2, features + 2), np.int64)
    for start in range(0, rows, 1024):  # of few rows, that stay below 2⁵³
        part = slice(start, start + 1024)
        block = np.column_stack([np.ones(len(near[part])), near[part], above[part]])
        sums += (block.T @ block).astype(np.int64)
    exact = sums.astype(np.longdouble)
    w = np.zeros(features + 1, np.longdouble)
    for _ in range(4):  # iterative refinement
        w += np.linalg.solve(sums[:-1, :-1].astype(float), (exact[:-1, -1] - exact[:-1, :-1] @ w).astype(float))
    return near + 1e6, above + 3, w[1:].astype(float)


def measure(rows: int, features: int, repeats: int) -> tuple[float, dict[str, Result]]:
    """The time of xᵀx, and the results of all solvers."""
    x, y, w = hard_rows(rows, features)
    work: dict[str, Callable[[], np.ndarray]] = {"xᵀx": lambda: x.T @ x}
    work |= {name: partial(solve, x, y) for name, solve in SOLVERS.items()}
    seconds = dict.fromkeys(work, float("inf"))
    for turn in range(repeats + 1):  # the first warms up
        for name, call in work.items():
            start = time.perf_counter()
            call()
            if turn:
                seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds.pop("xᵀx"), {name: Result(seconds[name], *quality(work[name], w)) for name in SOLVERS}


def quality(call: Callable[[], np.ndarray], w: np.ndarray) -> tuple[float, int]:
    """Correct digits of the worst w, and the most memory that was allocated at a time."""
    tracemalloc.start()
    try:
        error = float(np.max(np.abs(call() / w - 1)))
        return -np.log10(max(error, 1e-16)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def broken(features: int, product: float, results: dict[str, Result]) -> list[str]:
    """The claims that these results contradict, a sentence each."""
    ours, block = results[LINFIT], BLOCK_ROWS * (features + 2) * 8
    claims = {f"takes less than 5 times xᵀx: {ours.seconds / product:.1f}": ours.seconds < 5 * product}
    for name in (LSTSQ, SKLEARN):
        other = results[name]
        claims[f"is faster than {name}: {ours.seconds:.3f} s, {other.seconds:.3f} s"] = ours.seconds < other.seconds
        claims[f"keeps the digits of {name}: {ours.digits:.1f}, {other.digits:.1f}"] = ours.digits > other.digits - 1
    claims[f"allocates less than 5 blocks: {ours.memory / block:.1f}"] = ours.memory < 5 * block
    return [
        f"With {features} features it is not true that linfit {claim}." for claim, true in claims.items() if not true
    ]


def main(arguments: list[str] | None = None) -> int:
    """Prints the table. Returns the exit code: 0, 1 where a claim does not hold, 2 for bad input."""
    try:
        parser = Parser(description=__doc__.splitlines()[0])
        parser.add_argument("--rows", type=int, default=ROWS)
        parser.add_argument("--features", type=int, nargs="+", default=list(FEATURES))
        parser.add_argument("--repeats", type=int, default=5)
        options = parser.parse_args(arguments)
        if min(options.rows, *options.features, options.repeats) < 1 or options.rows < max(options.features) + 2:
            raise InputError("--rows, --features and --repeats must be 1 or more, and rows more than features + 1.")
    except InputError as error:
        print(f"benchmark.py: error: {error}", file=sys.stderr)
        return 2
    lines, failures = [["rows × features", "solver", "ms", "× xᵀx", "digits", "extra MB"]], []
    for features in options.features:
        product, results = measure(options.rows, features, options.repeats)
        for name, of in results.items():
            numbers = (1e3 * of.seconds, of.seconds / product, of.digits, of.memory / 1e6)
            lines.append([f"{options.rows:,} × {features}", name, *(f"{value:.1f}" for value in numbers)])
        failures += broken(features, product, results)
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn"))
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(f"{markdown_table(lines)}\n\n{machine}, {packages}.")
    if options.rows < ROWS:
        print(f"The claims are about {ROWS:,} rows, and not checked with {options.rows:,}.")
        return 0
    print("\n".join(failures) or "All claims hold.")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
