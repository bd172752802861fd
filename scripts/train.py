"""The lesson: gradient descent walks w and b to the values that generated the data.

Without options: 120 points around y = 0.1 x + 0.5, a start at w = 0 and b = -1, 200 steps at learning rate 0.05.
With --csv: the columns of your own files, standardized, at the rate that is fastest for them; --stream for any size.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import argparse
import itertools
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorboard_page
import train_options
import train_stream
from option_words import as_option
from rich.console import Console

import linfit
from linfit.arguments import arguments_worded_as
from linfit.callbacks import (
    FitAnimation,
    FitFigure,
    HyperParameters,
    StatusPrinter,
    StepCallback,
    TensorBoardLogger,
)

NORMALIZED = "The descent is on standardized columns, all numbers are in their own units (--no-normalize: not so)."
RAW = "The descent is on the columns as they are."
MOST_LOGGED = 100_000  # steps in TensorBoard, of about 150 bytes each


def main(arguments: list[str] | None = None) -> int:
    """Trains one run. Returns the exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    warnings.formatwarning = lambda message, *_: f"train.py: warning: {message}\n"
    with arguments_worded_as(as_option):
        try:
            return train(train_options.parse(arguments, __doc__))
        except linfit.InputError as error:
            print(f"train.py: error: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:  # before there is anything to keep, or a second one
            return 130


def train(options: argparse.Namespace) -> int:
    """Fits the data of the options, logs the steps, and says where the fit stands."""
    data, rows, truth = what_to_fit(options)
    if options.name_taken:
        print(
            f"{options.name_taken} holds a run already; this one is {options.name} (--continue goes on with a run).\n"
        )
    folder = options.folder
    batch_size = options.batch_size or rows
    epochs = math.ceil(options.steps / math.ceil(rows / batch_size))
    keras.utils.set_random_seed(options.seed)
    if options.resume:
        model = train_options.load_model(options)
        steps = int(model.optimizer.iterations)
        model.compile(learning_rate=options.learning_rate)
        model.optimizer.iterations.assign(steps)
        epochs += 1  # the first of them may have begun already
    else:
        model = linfit.LinearRegression(
            w_initializer=0.0,
            b_initializer=-1.0,
            normalize=options.normalize,
            dtype="float64" if options.csv else "float32",
        )
        model.compile(learning_rate=options.learning_rate)

    last_step = int(model.optimizer.iterations) + options.steps
    label = options.target or "y"
    watching: list[keras.callbacks.Callback] = [
        StatusPrinter(every=options.every, truth=truth),
        TensorBoardLogger(folder, truth=truth, every=log_every(options.steps)),
        HyperParameters(folder, "fit", truth, {"seed": options.seed}, every=log_every(options.steps)),
        FitFigure(folder, truth=truth, y_label=label),
        EndAt(last_step),
    ]
    if options.animate:
        print("Pictures and film are made after the last step, in about 15 seconds.\n", flush=True)
        watching.append(FitAnimation(folder, truth=truth, y_label=label))
    if options.tensorboard:
        tensorboard_page.serve(folder)
    interrupted = False
    try:
        model.fit(**data, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=watching)
    except KeyboardInterrupt:  # all steps up to here are made, logged and drawn
        if not folder.exists():
            raise
        interrupted = True
    comparison = linfit.compare(model, **data, truth=truth)
    Console().print("", comparison, "", sep="\n", soft_wrap=True)
    train_options.save(options, model)
    print(f"Picture:      {folder / 'fit' / 'fit.png'}")
    if options.animate and not interrupted:
        print(f"Film:         {folder / 'fit' / 'fit.gif'}")
    if not options.tensorboard or interrupted:
        print(f"TensorBoard:  {train_options.tensorboard_command(options)}")
    if interrupted or int(model.optimizer.iterations) == last_step:
        print(f"Go on:        {train_options.continue_command(options)}")
    if options.tensorboard and not interrupted:  # Ctrl-C ends both
        tensorboard_page.wait()
    return 130 if interrupted else 0


def what_to_fit(options: argparse.Namespace) -> tuple[dict[str, Any], int, linfit.GroundTruth | None]:
    """What `fit` takes for x and y, how many rows they have, and the truth behind them."""
    if not options.stream:
        data, truth = load(options)
        return data, len(data["x"]), truth
    statistics = train_stream.condense(options)
    train_options.check_found(options, statistics)
    print(f"{NORMALIZED if options.normalize else RAW}\n")
    return {"x": statistics}, statistics.rows, None


def load(options: argparse.Namespace) -> tuple[dict[str, Any], linfit.GroundTruth | None]:
    """A table that is read from files, as x; or x and y, drawn from a truth, and that."""
    if options.csv:
        table = linfit.read_table(
            options.csv, options.target, options.features, categorical=options.categorical, missing=options.missing
        )
        files, columns = ", ".join(Path(file).name for file in options.csv), ", ".join(table.feature_names)
        dropped = f" Rows dropped for a missing cell: {table.dropped:,}." if options.missing == "drop" else ""
        references = ", ".join(f"{column} against {levels[0]}" for column, levels in table.categories.items())
        columns += f" ({references})" if references else ""
        print(f"{len(table):,} rows of {files}: {options.target} from {columns}.{dropped}")
        train_options.check_found(options, linfit.SufficientStatistics.from_rows(table))
        print(f"{NORMALIZED if options.normalize else RAW}\n")
        return {"x": table}, None
    truth = linfit.GroundTruth(w=options.w, b=options.b, noise=options.noise)
    print(f"{options.rows:,} rows drawn from w = {options.w}, b = {options.b}, with noise {options.noise}.\n")
    x, y = truth.sample(options.rows, seed=options.seed)
    return {"x": x, "y": y}, truth


def log_every(steps: int) -> int:
    """1, 2, 5, 10, 20, ...: logging every so many of these steps makes no more than MOST_LOGGED."""
    round_numbers = (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))
    return next(every for every in round_numbers if steps <= every * MOST_LOGGED)


class EndAt(StepCallback):
    """Ends a fit at a step, also within an epoch of mini-batches."""

    def __init__(self, last_step: int):
        super().__init__(every=last_step)
        self.last_step = last_step

    def stop_at(self, trajectory: linfit.Trajectory) -> int | None:
        """The row of that step."""
        rows = np.flatnonzero(trajectory.step == self.last_step)
        return int(rows[0]) if len(rows) else None


if __name__ == "__main__":
    sys.exit(main())
