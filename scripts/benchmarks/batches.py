"""Mini-batches, and the time to reach the optimum, beside stock Keras and scikit-learn's SGDRegressor."""

from bisect import bisect_left
from functools import partial
from itertools import count
from typing import NamedTuple

import numpy as np

import linfit
from benchmarks.peers import ModelFit, Peer, SgdFit, seconds, stock_keras
from benchmarks.report import Claim, Section, at_least, number
from benchmarks.rows import FEATURES, RATE, TYPES, regression, rows_of
from benchmarks.timing import fastest

LINFIT, KERAS, SGD = "linfit", "stock Keras", "SGDRegressor"
BATCH = 32
MOST_STEPS = 10_000
SGD_RATES = (0.001, 0.003, 0.01, 0.03)  # scikit-learn's default is 0.01
STANDARDIZED, UNIFORM = "standardized", "uniform 0 to 3"  # the lesson's rows are uniform

Results = dict[tuple[str, str], float]  # seconds by contestant and the rows' float type
Settings = dict[tuple[str, str], str]


class Size(NamedTuple):
    """The number of rows and of turns."""

    rows: int = 100_000
    turns: int = 15
    slow_turns: int = 2


QUICK = Size(rows=20 * BATCH, turns=1, slow_turns=1)


def epochs(size: Size) -> Results:
    """Time one epoch of mini-batches; SGDRegressor updates after each row."""
    results: Results = {}
    for dtype in TYPES:
        rows = rows_of(size.rows, dtype)
        results[KERAS, dtype] = fastest(
            {KERAS: partial(seconds, ModelFit(stock_keras(FEATURES, RATE), *rows, batch_size=BATCH), 1)},
            size.slow_turns,
        )[KERAS]
        contestants = {
            LINFIT: partial(seconds, ModelFit(regression(), *rows, batch_size=BATCH), 1),
            SGD: partial(seconds, SgdFit(*rows, learning_rate="constant", eta0=0.001), 1),
        }
        results |= {(name, dtype): taken for name, taken in fastest(contestants, size.turns).items()}
    return results


def to_the_optimum(size: Size, features: str) -> tuple[Results, Settings]:
    """Time fits to within 0.1 % of the optimum's loss. The search for each fit's settings is not timed."""
    results: Results = {}
    settings: Settings = {}
    for dtype in TYPES:
        x, y = rows_of(size.rows, dtype) if features == STANDARDIZED else uniform_rows(size.rows, dtype)
        optimum = linfit.least_squares(x, y)
        most = 1.001 * mean_square(x, y, optimum.w, optimum.b)

        def arrives(peer: Peer, steps: int, x: np.ndarray = x, y: np.ndarray = y, most: float = most) -> bool:
            peer.start()
            peer.run(steps)
            return mean_square(x, y, *peer.point()) <= most

        ours = ModelFit(regression("auto"), x, y)
        steps = bisect_left(range(MOST_STEPS), True, key=partial(arrives, ours), lo=1)
        theirs = {rate: SgdFit(x, y, eta0=rate) for rate in SGD_RATES}
        epochs, rate = next((n, rate) for n in count(1) for rate, peer in theirs.items() if arrives(peer, n))
        contestants = {LINFIT: partial(seconds, ours, steps), SGD: partial(seconds, theirs[rate], epochs)}
        results |= {(name, dtype): taken for name, taken in fastest(contestants, size.turns).items()}
        settings[LINFIT, dtype] = f'learning_rate="auto", {steps} full-batch steps'
        settings[SGD, dtype] = f"its own schedule from eta0={rate:g}, epochs: {epochs}"
    return results, settings


def uniform_rows(count: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = linfit.GroundTruth(w=np.arange(1.0, FEATURES + 1), b=0.5, noise=1.0).sample(count, seed=7)
    return x.astype(dtype), y.astype(dtype)


def mean_square(x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean((x.astype(float) @ w.astype(float) + b - y) ** 2))


def table(epoch: Results, optimum: dict[str, tuple[Results, Settings]]) -> list[list[str]]:
    lines = [["what", "rows", "settings", "ms", "× linfit"]]

    def add(what: str, results: Results, settings: Settings) -> None:
        for (name, dtype), taken in results.items():
            ratio = taken / results[LINFIT, dtype]
            lines.append([f"{what}: {name}", dtype, settings[name, dtype], number(1e3 * taken), number(ratio)])

    batches = {key: "one row an update" if key[0] == SGD else f"batches of {BATCH}" for key in epoch}
    add("an epoch", epoch, batches)
    for features, (results, settings) in optimum.items():
        add(f"to the optimum, {features}", results, settings)
    return lines


def claims(epoch: Results, optimum: dict[str, Results]) -> list[Claim]:
    def ratio(results: Results, name: str) -> float:
        """Compare the faster float type of each."""
        return min(results[name, dtype] for dtype in TYPES) / min(results[LINFIT, dtype] for dtype in TYPES)

    return [
        at_least(f"An epoch in batches of {BATCH}, times faster than stock Keras", ratio(epoch, KERAS), 20),
        # SGDRegressor's updates, one per row, are compiled C and record no loss.
        at_least("An epoch, times as fast as SGDRegressor's", ratio(epoch, SGD), 0.67),
        # On standardized features SGDRegressor arrives in its first epoch, so nothing can be twice as fast.
        at_least(
            f"To the optimum's loss within 0.1 %, features {UNIFORM}, times faster than SGDRegressor",
            ratio(optimum[UNIFORM], SGD),
            2,
        ),
    ]


def section(quick: bool) -> Section:
    size = QUICK if quick else Size()
    epoch = epochs(size)
    optimum = {features: to_the_optimum(size, features) for features in (STANDARDIZED, UNIFORM)}
    title = f"{size.rows:,} rows with {FEATURES} features, and the way to the optimum's loss within 0.1 %"
    found = claims(epoch, {features: results for features, (results, _) in optimum.items()})
    return Section(title, table(epoch, optimum), found)
