"""Parameter recovery: do the estimates of gradient descent scatter around the truth as theory predicts?

Draws many data sets from one truth, fits each by gradient descent from the same start, and counts how often the 95 %
intervals hold the truth. If the standard errors are right, they do so in 95 % of the data sets.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import argparse
import math
import signal
import sys
import textwrap
import threading
import warnings

import numpy as np
import recover_options
from recovery import Recovery
from recovery_report import picture, table, verdict

import linfit
from linfit.callbacks import StopAtOptimum
from linfit.keras_utils.variables import named_parameters
from linfit.parameter_names import flat, scalar_names

START = {"w": 0.0, "b": -1.0}  # as in the lesson
NEAR = 0.01  # standard errors from the optimum, too few to matter
UNIT = math.sqrt(3)  # x uniform from -√3 to √3 has mean 0 and variance 1, so few steps suffice


def main(arguments: list[str] | None = None) -> int:
    """Run one study. Return the exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    warnings.formatwarning = lambda message, *_: f"recover.py: warning: {message}\n"
    interrupted = threading.Event()
    usual = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        options = recover_options.parse(arguments, __doc__)
        with recover_options.new_folder(options.folder):
            study(options, interrupted)
    except linfit.InputError as error:
        print(f"recover.py: error: {error}", file=sys.stderr)
        return 2
    finally:
        signal.signal(signal.SIGINT, usual)
    return 130 if interrupted.is_set() else 0


def study(options: argparse.Namespace, interrupted: threading.Event) -> None:
    """Fit the data sets, one after another, and report on the fits that reached their optimum."""
    truth, heavy = options.truth, options.noise_distribution == "heavy"
    noise = f"{'heavy-tailed' if heavy else 'normal'} noise {truth.noise:g}"
    print(f"{options.sets:,} data sets of {options.rows:,} rows, drawn from {options.law} with {noise}.")
    start = ", ".join(f"{name} = {value:g}" for name, value in START.items())
    print(
        f"Each is fitted by gradient descent from {start} to within {NEAR} standard errors of its optimum.\n",
        flush=True,
    )
    model = linfit.LinearRegression(dtype="float64")
    model.build((None, truth.features))
    model.compile()
    found = []
    for seed in np.random.SeedSequence(options.seed).generate_state(options.sets):
        if interrupted.is_set():
            break
        found.append(estimate(model, *draw(truth, options.rows, seed, heavy), options.steps))
    reached = [fit for fit in found if fit is not None]
    if interrupted.is_set():
        print(f"Stopped by Ctrl-C after {len(found):,} of {options.sets:,} data sets.\n")
    if missed := len(found) - len(reached):
        print(
            f"Excluded: {missed:,} of {len(found):,} fits, which did not reach their optimum in {options.steps:,} "
            f"steps. Try --steps {10 * options.steps}.\n"
        )
    if len(reached) < recover_options.FEWEST:
        print(f"No verdict: it needs {recover_options.FEWEST} fits at their optimum, got {len(reached):,}.")
        return
    names = scalar_names({"w": truth.w.shape, "b": truth.b.shape})
    true, values = flat({"w": truth.w, "b": truth.b}), np.array(reached)
    result = Recovery(names, true, values[:, 0], values[:, 1], options.rows - truth.features - 1)
    print(f"{table(result)}\n\n{textwrap.fill(verdict(result, options.rows, heavy), 100)}\n")
    picture(result).savefig(options.folder / "recovery.png")
    print(f"Picture: {options.folder / 'recovery.png'}")


def draw(truth: linfit.GroundTruth, rows: int, seed: int, heavy: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Draw one data set. Heavy-tailed noise is log-normal, shifted and scaled to mean 0 and the truth's noise level."""
    x, y = truth.sample(rows, seed=seed, low=-UNIT, high=UNIT)
    if heavy:
        noise = np.random.default_rng([seed, 1]).lognormal(size=y.shape)
        y = truth.predict(x) + truth.noise * (noise - math.exp(0.5)) / math.sqrt(math.e * (math.e - 1))
    return x, y


def estimate(
    model: linfit.LinearRegression, x: np.ndarray, y: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the estimates of gradient descent and their standard errors; None if it does not reach the optimum.

    All data sets have the same shapes, so the steps are compiled once.
    """
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    optimum = statistics.least_squares()
    parameters = named_parameters(model)
    for name, variable in parameters.items():
        variable.assign(np.full(variable.shape, START[name]))
    model.optimizer.iterations.assign(0)
    model.optimizer.learning_rate = statistics.curvature().usable_learning_rate
    stop = StopAtOptimum(NEAR, optimum)
    model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0, callbacks=[stop])
    if stop.stopped_at is None:
        return None
    return flat({name: variable.numpy() for name, variable in parameters.items()}), optimum.standard_error(parameters)


if __name__ == "__main__":
    sys.exit(main())
