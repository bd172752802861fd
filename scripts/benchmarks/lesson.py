"""The lesson's 120 rows, full batch: the cost of a step that is unrecorded, recorded, or recorded and logged."""

import importlib.util
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import keras

import linfit
from benchmarks.peers import (
    RATE,
    START_B,
    START_W,
    EagerLoop,
    ModelFit,
    NumpyLoop,
    Peer,
    SummaryWriter,
    TorchLoop,
    XlaLoop,
    seconds,
    stock_keras,
)
from benchmarks.report import Claim, Section, at_least, at_most, number
from benchmarks.timing import fastest
from linfit.callbacks import StepCallback, TensorBoardLogger

TITLE = "The lesson's 120 rows, full batch: µs per step"
KERAS_LOGGED = "stock Keras, w, b and loss logged"
KERAS_TENSORBOARD = "stock Keras, its TensorBoard callback"
KERAS = "stock Keras"
EAGER = "eager loop with a tape"
TORCH = "PyTorch loop"
NUMPY = "NumPy loop"
BARE = "bare XLA loop"
BARE_CONDENSED = "bare XLA loop, 3 condensed rows"
NOTHING = "linfit"
RECORDED = "linfit, recorded"
LOGGED = "linfit, recorded and logged"
EVERY_100TH = "linfit, every 100th logged"
KERAS_STOPPING, STOPPING = "stock Keras, EarlyStopping", "linfit, EarlyStopping"
KERAS_VALIDATED, VALIDATED = "stock Keras, validation_split", "linfit, validation_split"
Results = dict[tuple[str, int], float]  # seconds by contestant and steps


class Size(NamedTuple):
    """The number of timed steps of each contestant, and of turns."""

    steps: tuple[int, int, int] = (2_000, 20_000, 2_000_000)
    keras: int = 200
    keras_epochwise: int = 25
    linfit_epochwise: int = 2_000
    eager: int = 300
    torch: int = 2_000
    loop: int = 20_000
    turns: int = 5
    slow_turns: int = 2


QUICK = Size(
    (4, 8, 16), keras=2, keras_epochwise=2, linfit_epochwise=3, eager=2, torch=2, loop=10, turns=1, slow_turns=1
)


def peers(folder: Path) -> dict[str, Peer]:
    """Return all contestants by name. They log into this folder."""
    truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
    x, y = (array.astype("float32") for array in truth.sample(120, seed=7))
    condensed = linfit.SufficientStatistics.from_rows(x, y).pseudo_observations()
    stock, model = stock_keras(), linfit.LinearRegression(START_W, START_B)
    model.compile(learning_rate=RATE)

    def empty() -> str:
        shutil.rmtree(folder, ignore_errors=True)
        return str(folder)

    def logger(every: int) -> list[keras.callbacks.Callback]:
        return [TensorBoardLogger(empty(), truth=truth, every=every)]

    def stopping() -> list[keras.callbacks.Callback]:
        return [keras.callbacks.EarlyStopping("loss", patience=10**9)]

    all_peers: dict[str, Peer] = {
        KERAS_LOGGED: ModelFit(stock, x, y, lambda: [SummaryWriter(empty())]),
        KERAS_TENSORBOARD: ModelFit(stock, x, y, lambda: [keras.callbacks.TensorBoard(empty())]),
        KERAS: ModelFit(stock, x, y),
        EAGER: EagerLoop(x, y),
        NUMPY: NumpyLoop(x, y),
        BARE: XlaLoop(x, y),
        BARE_CONDENSED: XlaLoop(*condensed),
        NOTHING: ModelFit(model, x, y),
        RECORDED: ModelFit(model, x, y, lambda: [StepCallback()]),
        LOGGED: ModelFit(model, x, y, partial(logger, 1)),
        EVERY_100TH: ModelFit(model, x, y, partial(logger, 100)),
        KERAS_STOPPING: ModelFit(stock, x, y, stopping),
        STOPPING: ModelFit(model, x, y, stopping),
        KERAS_VALIDATED: ModelFit(stock, x, y, validation_split=0.2),
        VALIDATED: ModelFit(model, x, y, validation_split=0.2),
    }
    if importlib.util.find_spec("torch"):
        all_peers[TORCH] = TorchLoop(x, y)
    for name in (STOPPING, KERAS_STOPPING):  # compiles the steps for a callback that runs every epoch
        all_peers[name].start()
        all_peers[name].run(2)
    return all_peers


def timed_steps(size: Size) -> dict[str, tuple[int, ...]]:
    """Return the step counts at which each contestant is timed; a single count is scaled to all others."""
    return {
        **dict.fromkeys((KERAS_LOGGED, KERAS_TENSORBOARD, KERAS), (size.keras,)),
        EAGER: (size.eager,),
        TORCH: (size.torch,),
        NUMPY: (size.loop,),
        **dict.fromkeys((BARE, BARE_CONDENSED, NOTHING, RECORDED, LOGGED, EVERY_100TH), size.steps),
        KERAS_STOPPING: (size.keras_epochwise,),
        STOPPING: (size.linfit_epochwise,),
        KERAS_VALIDATED: (size.keras_epochwise,),
        VALIDATED: (size.linfit_epochwise,),
    }


def measure(size: Size) -> Results:
    with tempfile.TemporaryDirectory() as temporary:
        all_peers = peers(Path(temporary, "logs"))
        contestants = {
            (name, steps): partial(seconds, all_peers[name], steps)
            for name, each in timed_steps(size).items()
            if name in all_peers
            for steps in each
        }
        slow = {key: contestants.pop(key) for key in list(contestants) if key[0].startswith(KERAS)}
        return fastest(slow, size.slow_turns) | fastest(contestants, size.turns)


def per_step(results: Results, name: str, steps: int | None = None) -> float:
    """Return the seconds per step in a fit of this many steps, or in the only fit that was timed."""
    timed = {made: taken / made for (each, made), taken in results.items() if each == name}
    if len(timed) == 1:
        return next(iter(timed.values()))
    assert steps is not None
    return timed[steps]


def table(results: Results, size: Size) -> list[list[str]]:
    _, more, most = size.steps
    bare, condensed = (per_step(results, name, most) for name in (BARE, BARE_CONDENSED))
    logged = per_step(results, KERAS_LOGGED)
    compared = ["× bare XLA loop", "× the same, condensed", f"× faster than the first, {more:,} steps"]
    lines = [["what", "steps timed", *(f"µs, {steps:,} steps" for steps in size.steps), *compared]]
    for name, steps in timed_steps(size).items():
        if (name, steps[0]) not in results:
            lines.append([name, "not installed", *["-"] * 6])
            continue
        each = [per_step(results, name, of) for of in size.steps]
        figures = [*(1e6 * value for value in each), each[-1] / bare, each[-1] / condensed, logged / each[1]]
        lines.append([name, f"{steps[0]:,}, scaled" if len(steps) == 1 else "all", *map(number, figures)])
    return lines


def claims(results: Results, size: Size) -> list[Claim]:
    few, more, most = size.steps
    keras_logged, bare = per_step(results, KERAS_LOGGED), per_step(results, BARE, most)
    found = [
        at_least(
            f"{steps:,} steps recorded and logged, times faster than stock Keras logging w, b and loss",
            keras_logged / per_step(results, LOGGED, steps),
            bound,
        )
        for steps, bound in ((few, 4_000), (more, 10_000))
    ]
    found += [
        at_most(
            f"{name}, {most:,} steps, × the bare XLA loop on the same rows", per_step(results, name, most) / bare, b
        )
        for name, b in ((NOTHING, 1.2), (RECORDED, 3.5), (LOGGED, 6.0))
    ]
    found.append(
        at_most(
            f"{most:,} steps, every 100th logged, × the time of {size.keras} epochs of stock Keras",
            results[EVERY_100TH, most] / results[KERAS, size.keras],
            1.0,
        )
    )
    found += [
        at_least(
            f"{ours}, times faster per epoch than {theirs}", per_step(results, theirs) / per_step(results, ours), 40
        )
        for ours, theirs in ((STOPPING, KERAS_STOPPING), (VALIDATED, KERAS_VALIDATED))
    ]
    return found


def bars(results: Results, size: Size) -> dict[str, float]:
    """Return the seconds per step of the longest fits, for the chart."""
    drawn = (KERAS_LOGGED, KERAS, EAGER, TORCH, NUMPY, LOGGED, RECORDED, NOTHING, BARE)
    timed = {name for name, _ in results}
    return {name: per_step(results, name, size.steps[-1]) for name in drawn if name in timed}


def section(quick: bool) -> Section:
    size = QUICK if quick else Size()
    results = measure(size)
    return Section(TITLE, table(results, size), claims(results, size), bars(results, size))
