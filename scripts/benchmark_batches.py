"""Mini-batches, and the way to the optimum, beside stock Keras and scikit-learn's SGDRegressor."""

from functools import partial
from itertools import count
from typing import NamedTuple

import numpy as np
from benchmark_peers import ModelFit, Peer, SgdFit, seconds, stock_keras
from benchmark_rows import FEATURES, RATE, TYPES, regression, rows_of
from benchmark_timing import Claim, Section, at_least, fastest, number

import linfit

LINFIT, KERAS, SGD = "linfit", "stock Keras", "SGDRegressor"
BATCH = 32
SGD_RATES = (0.0003, 0.001, 0.003, 0.01)  # the last one is scikit-learn's own

Results = dict[tuple[str, str], float]  # seconds by contestant and the rows' float type


class Size(NamedTuple):
    """The rows, and how many turns there are."""

    rows: int = 100_000
    turns: int = 15
    slow_turns: int = 2


QUICK = Size(rows=20 * BATCH, turns=1, slow_turns=1)


def epochs(size: Size) -> Results:
    """One epoch of mini-batches; for SGDRegressor, of single rows."""
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


def to_the_optimum(size: Size) -> tuple[Results, dict[tuple[str, str], str]]:
    """Fits that reach the optimum's loss within 0.1 %, and their settings; finding these is not timed."""
    results: Results = {}
    settings: dict[tuple[str, str], str] = {}
    for dtype in TYPES:
        x, y = rows_of(size.rows, dtype)
        optimum = linfit.least_squares(x, y)
        most = 1.001 * mean_square(x, y, optimum.w, optimum.b)
        ours = ModelFit(regression("auto"), x, y)
        steps, _ = first_to_reach(most, x, y, {0.0: ours})
        epochs, rate = first_to_reach(most, x, y, {rate: SgdFit(x, y, eta0=rate) for rate in SGD_RATES})
        theirs = SgdFit(x, y, eta0=rate)
        contestants = {LINFIT: partial(seconds, ours, steps), SGD: partial(seconds, theirs, epochs)}
        results |= {(name, dtype): taken for name, taken in fastest(contestants, size.turns).items()}
        settings[LINFIT, dtype] = f'learning_rate="auto", {steps} full-batch steps'
        settings[SGD, dtype] = f"its own schedule from eta0={rate:g}, epochs: {epochs}"
    return results, settings


def first_to_reach(most: float, x: np.ndarray, y: np.ndarray, peers: dict[float, Peer]) -> tuple[int, float]:
    """How many steps or epochs are enough, and for which of the peers."""
    for steps in count(1):
        for name, peer in peers.items():
            peer.start()
            peer.run(steps)
            if mean_square(x, y, *peer.point()) <= most:
                return steps, name
    raise AssertionError


def mean_square(x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean((x.astype(float) @ w.astype(float) + b - y) ** 2))


def table(epoch: Results, optimum: Results, settings: dict[tuple[str, str], str]) -> list[list[str]]:
    lines = [["what", "rows", "settings", "ms", "× linfit"]]
    for what, results in (("an epoch", epoch), ("to the optimum's loss, within 0.1 %", optimum)):
        for (name, dtype), taken in results.items():
            batch = "one row an update" if name == SGD else f"batches of {BATCH}"
            how = batch if results is epoch else settings[name, dtype]
            ratio = taken / results[LINFIT, dtype]
            lines.append([f"{what}: {name}", dtype, how, number(1e3 * taken), number(ratio)])
    return lines


def claims(epoch: Results, optimum: Results) -> list[Claim]:
    def ratio(results: Results, name: str) -> float:
        """Of the faster float types of both."""
        return min(results[name, dtype] for dtype in TYPES) / min(results[LINFIT, dtype] for dtype in TYPES)

    return [
        at_least(f"An epoch in batches of {BATCH}, times faster than stock Keras", ratio(epoch, KERAS), 20),
        at_least("An epoch, times faster than SGDRegressor's", ratio(epoch, SGD), 1),
        at_least("To the optimum's loss within 0.1 %, times faster than SGDRegressor", ratio(optimum, SGD), 2),
    ]


def section(quick: bool) -> Section:
    size = QUICK if quick else Size()
    epoch = epochs(size)
    optimum, settings = to_the_optimum(size)
    title = f"{size.rows:,} rows with {FEATURES} features"
    return Section(title, table(epoch, optimum, settings), claims(epoch, optimum))
