"""Fit the same data at learning rates from too small to too large, and compare measured with predicted steps.

A run converges when each parameter is within a fraction of its standard error of the optimum, diverges when its loss is
a million times its lowest loss, and otherwise ends after --steps. Below the stability limit no step raises the loss.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import argparse
import math
import sys
import warnings

import numpy as np
import sweep_report
import tensorboard_page
import training_data
from command_line import Parser
from data_options import add_data, check_data
from sweep_report import Rise, Run

import linfit
from linfit import checks
from linfit.callbacks import HyperParameters, StopAtOptimum, TensorBoardLogger

W, B = 0.0, -1.0  # the start of each fit
SLOWEST, LARGEST, NEAR = 1 / 300, 1.3, (0.9, 0.99, 1.01, 1.1)  # in units of the stability limit


def main(arguments: list[str] | None = None) -> int:
    """Sweep over learning rates. Return the exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    warnings.formatwarning = lambda message, *_: f"sweep.py: warning: {message}\n"
    try:
        return sweep(parse(arguments))
    except linfit.InputError as error:
        print(f"sweep.py: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the checked options."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, default=12, metavar="N", help="number of learning rates (12)")
    parser.add_argument("--steps", type=int, default=3000, help="most updates of w and b in each run (3000)")
    parser.add_argument("--fraction", type=float, default=0.1, help="standard errors that count as converged (0.1)")
    add_data(parser, "sweep")
    options = parser.parse_args(arguments)
    if checks.count(options.rates, "--rates") < 2:
        raise linfit.InputError("--rates must be at least 2, got 1. Try --rates 12.")
    checks.count(options.steps, "--steps")
    checks.positive(options.fraction, "--fraction")
    check_data(options)
    return options


def sweep(options: argparse.Namespace) -> int:
    """Fit at each rate, and report the runs that have ended: all of them, or the runs before Ctrl-C."""
    data, truth = training_data.load(options)
    if options.name_taken:
        print(f"{options.name_taken} already exists, so this sweep is {options.name}.\n")
    statistics = linfit.SufficientStatistics.from_rows(**data)
    optimum = statistics.least_squares()
    if np.all(optimum.residual_std < 1e-12 * statistics.root_mean_square[statistics.features :]):
        raise linfit.InputError(
            "a sweep measures distances in standard errors, and these data have no noise. Try --noise 0.05."
        )
    folder = options.folder
    model = linfit.LinearRegression(
        feature_names=statistics.feature_names, normalize=options.normalize, dtype="float64"
    )
    model.build((None, statistics.features))
    model.compile()  # once: all rates share the compiled steps
    if options.normalize:
        model.adapt(statistics)
        statistics = statistics.standardized()
        optimum = statistics.least_squares()
    curvature = statistics.curvature()
    error = np.vstack([W - optimum.w, B - optimum.b])  # on the scale of the descent, where all fits start at W and B
    tolerance = options.fraction * np.vstack([optimum.standard_error_w, optimum.standard_error_b])

    def predict(rate: float) -> float:
        return curvature.steps_from(error, tolerance, rate)

    def fit(rate: float) -> Run:
        model.w.assign(np.full(model.w.shape, W))
        model.b.assign(np.full(model.b.shape, B))
        model.optimizer.iterations.assign(0)
        model.optimizer.learning_rate = rate
        stop, rise, predicted = StopAtOptimum(options.fraction), Rise(), predict(rate)
        every = tensorboard_page.log_every(options.steps)
        if predicted < math.inf:
            every = math.ceil((1 + min(predicted, options.steps)) / 1001)  # about 1,000 logged points
        name = f"rate-{rate:g}"
        logger = TensorBoardLogger(folder, name, truth, every=every)
        hparams = HyperParameters(folder, name, truth, {"seed": options.seed}, options.fraction)
        watching = [stop, logger, hparams, rise]  # `stop` comes first: it rejects bad data before files exist
        model.fit(
            **data,
            batch_size=statistics.rows,
            epochs=options.steps,
            verbose=0,
            callbacks=watching,
            divergence_guard=False,
        )
        return Run(rate, predicted, int(model.optimizer.iterations), ending(stop, rise))

    runs: list[Run] = []
    interrupted = False
    try:
        for rate in rates(curvature, options.rates):
            runs.append(fit(rate))
    except KeyboardInterrupt:  # the unfinished run is not reported
        interrupted = True
    sweep_report.show(runs, curvature, predict, options)
    return 130 if interrupted else 0


def ending(stop: StopAtOptimum, rise: Rise) -> str:
    """Return the ending of a fit, as in `Run`."""
    return rise.ending if stop.stopped_at is None else "converged"


def rates(curvature: linfit.Curvature, count: int) -> list[float]:
    """Return rates from far too small to too large, some near the limit, rounded to the four digits shown."""
    limit = curvature.stability_limit
    near = [min(curvature.fastest_learning_rate, 0.999 * limit), *(s * limit for s in NEAR)][: max(0, count - 4)]
    spread = np.geomspace(SLOWEST * limit, LARGEST * limit, count - len(near))
    return sorted(float(f"{rate:.4g}") for rate in [*near, *spread])


if __name__ == "__main__":
    sys.exit(main())
