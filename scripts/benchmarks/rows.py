"""Many rows, full batch: they are condensed once, then the cost of a step does not depend on their number."""

from functools import partial
from typing import NamedTuple

import numpy as np

import linfit
from benchmarks.peers import ModelFit, NumpyLoop, seconds
from benchmarks.report import Claim, Section, at_least, at_most, number
from benchmarks.timing import fastest

FEATURES, RATE = 10, 0.01
TYPES = ("float32", "float64")
LINFIT, NUMPY = "linfit", "NumPy loop"

Results = dict[tuple[str, str], float]  # seconds by contestant and the rows' float type
Slopes = dict[int, float]  # seconds per step by rows


class Size(NamedTuple):
    """The number of rows, steps and turns."""

    rows: int = 1_000_000
    steps: int = 10_000
    numpy_steps: int = 20
    slope_steps: int = 1_000_000
    turns: int = 3
    slope_turns: int = 9


QUICK = Size(rows=500, steps=20, numpy_steps=2, slope_steps=10, turns=1, slope_turns=1)


def rows_of(count: int, dtype: str, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Draw standardized features, and y with noise that is 1/386 of its variance."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((count, FEATURES)).astype(dtype)
    y = x @ np.arange(1, FEATURES + 1, dtype=dtype)[:, np.newaxis] + 0.5
    return x, y + random.standard_normal((count, 1)).astype(dtype)


def regression(rate: float | str = RATE) -> linfit.LinearRegression:
    model = linfit.LinearRegression()
    model.compile(learning_rate=rate)
    return model


def measure(size: Size) -> Results:
    """Time the whole fit, including the condensing of the rows, and NumPy's, scaled to the same number of steps."""
    results: Results = {}
    for dtype in TYPES:
        rows = rows_of(size.rows, dtype)
        contestants = {
            LINFIT: partial(seconds, ModelFit(regression(), *rows), size.steps),
            NUMPY: partial(seconds, NumpyLoop(*rows, RATE), size.numpy_steps),
        }
        results |= {(name, dtype): taken for name, taken in fastest(contestants, size.turns).items()}
        results[NUMPY, dtype] *= size.steps / size.numpy_steps
    return results


def slopes(size: Size) -> Slopes:
    """Return the seconds per extra step, on the rows and on twice as many: the fixed costs cancel."""
    model, few, many = regression(), size.steps, size.steps + size.slope_steps
    fits = {rows: ModelFit(model, *rows_of(rows, "float32")) for rows in (size.rows, 2 * size.rows)}
    contestants = {(rows, steps): partial(seconds, fit, steps) for steps in (few, many) for rows, fit in fits.items()}
    least = fastest(contestants, size.slope_turns)
    return {rows: (least[rows, many] - least[rows, few]) / size.slope_steps for rows in fits}


def table(results: Results, per_step: Slopes, size: Size) -> list[list[str]]:
    title = f"s, {size.steps:,} steps"
    lines = [["what", "rows", title, "µs per step", "× linfit"]]
    for (name, dtype), taken in results.items():
        what = f"{name}, {size.numpy_steps} steps timed" if name == NUMPY else f"{name}, all steps"
        ratio = taken / results[LINFIT, dtype]
        lines.append([what, f"{size.rows:,} {dtype}", number(taken), number(1e6 * taken / size.steps), number(ratio)])
    for rows, step in per_step.items():
        ratio = step / per_step[size.rows]
        lines.append(["linfit, once condensed", f"{rows:,} float32", "-", f"{1e6 * step:.4f}", f"{ratio:.3f}"])
    return lines


def claims(results: Results, per_step: Slopes, size: Size) -> list[Claim]:
    what = f"{size.rows:,} rows × {FEATURES} features"
    found = [
        at_least(
            f"{what}, {dtype}, {size.steps:,} steps, times faster than NumPy's loop",
            results[NUMPY, dtype] / results[LINFIT, dtype],
            100,
        )
        for dtype in TYPES
    ]
    change = 100 * abs(per_step[2 * size.rows] / per_step[size.rows] - 1)
    return [*found, at_most(f"{what} or twice as many, change of the cost of a step in %", change, 5)]


def section(quick: bool) -> Section:
    size = QUICK if quick else Size()
    results, per_step = measure(size), slopes(size)
    title = f"Many rows with {FEATURES} features, full batch"
    return Section(title, table(results, per_step, size), claims(results, per_step, size))
