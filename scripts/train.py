"""The lesson: gradient descent walks w and b to the values that generated the data.

Without options: 120 points around y = 0.1 x + 0.5, a start at w = 0 and b = -1, 200 steps at learning rate 0.05.
With --csv: the columns of your own file.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import argparse
import math
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import train_options

import linfit
from linfit.callbacks import FitFigure, StatusPrinter, TensorBoardLogger


def main(arguments: list[str] | None = None) -> int:
    """Trains one run. Returns the exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    warnings.formatwarning = lambda message, *_: f"train.py: warning: {message}\n"
    try:
        return train(train_options.parse(arguments, __doc__))
    except linfit.InputError as error:
        print(f"train.py: error: {error}", file=sys.stderr)
        return 2


def train(options: argparse.Namespace) -> int:
    """Fits the data of the options, logs every step, and says where the fit stands."""
    x, y, truth, feature_names = load(options)
    if options.name_taken:
        print(
            f"{options.name_taken} holds a run already; this one is {options.name} (--continue goes on with a run).\n"
        )
    folder = options.folder
    batch_size = options.batch_size or len(x)
    keras.utils.set_random_seed(options.seed)
    if options.resume:
        model = train_options.load_model(options)
        steps = int(model.optimizer.iterations)
        model.compile(learning_rate=options.learning_rate)
        model.optimizer.iterations.assign(steps)
    else:
        model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0, feature_names=feature_names)
        model.compile(learning_rate=options.learning_rate)

    end = EndAfter(int(model.optimizer.iterations) + options.steps)
    figures_every = max(options.every, options.steps // 10)  # TensorBoard's slider shows ten
    model.fit(
        x,
        y,
        batch_size=batch_size,
        epochs=math.ceil(options.steps / math.ceil(len(x) / batch_size)),
        verbose=0,
        callbacks=[
            StatusPrinter(every=options.every, truth=truth),
            TensorBoardLogger(folder, truth=truth),
            FitFigure(folder, truth=truth, every=figures_every, y_label=options.target or "y"),
            end,
        ],
    )
    print(f"\n{linfit.compare(model, x, y, truth=truth)}\n")
    train_options.save(options, model)
    print(f"Picture:      {folder / 'fit' / 'fit.png'}")
    print(f"TensorBoard:  {train_options.tensorboard_command(options)}")
    if end.reached or end.interrupted:
        print(f"Go on:        {train_options.continue_command(options)}")
    return 130 if end.interrupted else 0


def load(options: argparse.Namespace) -> tuple[Any, Any, linfit.GroundTruth | None, tuple[str, ...] | None]:
    """x, y, the truth behind them and the names of the features: drawn from a truth, or read from a file."""
    if options.csv:
        table = linfit.read_table(options.csv, options.target, options.features)
        columns = ", ".join(table.feature_names)
        print(f"{len(table.x):,} rows of {Path(options.csv).name}: {options.target} from {columns}.\n")
        return table.x, table.y, None, table.feature_names
    truth = linfit.GroundTruth(w=options.w, b=options.b, noise=options.noise)
    print(f"{options.rows:,} rows drawn from w = {options.w}, b = {options.b}, with noise {options.noise}.\n")
    return *truth.sample(options.rows, seed=options.seed), truth, None


class EndAfter(keras.callbacks.Callback):
    """Ends a fit after a step, or at Ctrl-C, as if its epochs were over: all is saved and logged."""

    def __init__(self, last_step: int):
        super().__init__()
        self.last_step = last_step
        self.interrupted = self.reached = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Takes Ctrl-C over for the time of the fit."""
        self._usual = signal.signal(signal.SIGINT, self.interrupt)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Ends the fit after its last step, or at the step during which Ctrl-C came."""
        self.reached = int(self.model.optimizer.iterations) >= self.last_step
        if self.interrupted or self.reached:
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Gives Ctrl-C back."""
        signal.signal(signal.SIGINT, self._usual)

    def interrupt(self, *_: Any) -> None:
        """Called at Ctrl-C."""
        self.interrupted = True


if __name__ == "__main__":
    sys.exit(main())
