"""What if the learning rate is too small, or too large? One fit each, from one to the other.

A run ends where each parameter is within a fraction of its standard error of the optimum, or after --steps, or where
it has diverged: its loss is a million times its lowest. Below the stability limit no step raises the loss.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import argparse
import math
import sys
import warnings

import numpy as np
import sweep_report
import train
import train_options
from sweep_report import Rise, Run

import linfit
from linfit import checks
from linfit.callbacks import HyperParameters, StopAtOptimum, TensorBoardLogger

W, B = 0.0, -1.0  # where each fit starts
SLOWEST, LARGEST, NEAR = 1 / 300, 1.3, (0.9, 0.99, 1.01, 1.1)  # in units of the stability limit


def main(arguments: list[str] | None = None) -> int:
    """Sweeps over learning rates. Returns the exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    warnings.formatwarning = lambda message, *_: f"sweep.py: warning: {message}\n"
    try:
        return sweep(parse(arguments))
    except linfit.InputError as error:
        print(f"sweep.py: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The checked options."""
    parser = train_options.Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, default=12, metavar="N", help="how many learning rates (12)")
    parser.add_argument("--steps", type=int, default=3000, help="updates of w and b in each run, at most (3000)")
    parser.add_argument("--fraction", type=float, default=0.1, help="of a standard error, to converge to (0.1)")
    train_options.add_data(parser, "sweep")
    options = parser.parse_args(arguments)
    if checks.count(options.rates, "--rates") < 2:
        raise linfit.InputError("--rates must be at least 2, got 1. Try --rates 12.")
    checks.count(options.steps, "--steps")
    checks.positive(options.fraction, "--fraction")
    train_options.check_data(options)
    return options


def sweep(options: argparse.Namespace) -> int:
    """Fits at each rate, and shows the runs that have ended: all of them, or those before Ctrl-C."""
    data, truth = train.load(options)
    if options.name_taken:
        print(f"{options.name_taken} is there already; this sweep is {options.name}.\n")
    optimum, statistics = linfit.least_squares(**data), linfit.SufficientStatistics.from_rows(**data)
    if np.all(optimum.residual_std < 1e-12 * statistics.root_mean_square[statistics.features :]):
        raise linfit.InputError("a sweep measures by standard errors, and these data have no noise. Try --noise 0.05.")
    folder = options.folder
    model = linfit.LinearRegression(
        feature_names=statistics.feature_names, normalize=options.normalize, dtype="float64"
    )
    model.build((None, statistics.features))
    model.compile()  # once for all rates
    if options.normalize:
        model.adapt(statistics)
        statistics = statistics.standardized()
        optimum = statistics.least_squares()
    curvature = statistics.curvature()
    error = np.vstack([W - optimum.w, B - optimum.b])  # in the units of the descent, where the start is the same
    tolerance = options.fraction * np.vstack([optimum.standard_error_w, optimum.standard_error_b])

    def predict(rate: float) -> float:
        return curvature.steps_from(error, tolerance, rate)

    def fit(rate: float) -> Run:
        model.w.assign(np.full(model.w.shape, W))
        model.b.assign(np.full(model.b.shape, B))
        model.optimizer.iterations.assign(0)
        model.optimizer.learning_rate = rate
        stop, rise, predicted = StopAtOptimum(options.fraction), Rise(), predict(rate)
        every = train.log_every(options.steps)
        if predicted < math.inf:
            every = math.ceil((1 + min(predicted, options.steps)) / 1001)  # 1,000 points
        name = f"rate-{rate:g}"
        logger = TensorBoardLogger(folder, name, truth, every=every)
        hparams = HyperParameters(folder, name, truth, {"seed": options.seed}, options.fraction)
        watching = [stop, logger, hparams, rise]  # it refuses data without noise, before anything is written
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
    except KeyboardInterrupt:  # the fit that was running is left out
        interrupted = True
    sweep_report.show(runs, curvature, predict, options)
    return 130 if interrupted else 0


def ending(stop: StopAtOptimum, rise: Rise) -> str:
    """How a fit has ended, as in `Run`."""
    return rise.ending if stop.stopped_at is None else "converged"


def rates(curvature: linfit.Curvature, count: int) -> list[float]:
    """Rates from far too small to too large, some of them near the limit, rounded to the four digits shown."""
    limit = curvature.stability_limit
    near = [min(curvature.fastest_learning_rate, 0.999 * limit), *(s * limit for s in NEAR)][: max(0, count - 4)]
    spread = np.geomspace(SLOWEST * limit, LARGEST * limit, count - len(near))
    return sorted(float(f"{rate:.4g}") for rate in [*near, *spread])


if __name__ == "__main__":
    sys.exit(main())
