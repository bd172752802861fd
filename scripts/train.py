"""The lesson: gradient descent moves w and b to the values that generated the data.

By default: 120 points around y = 0.1 x + 0.5, starting at w = 0 and b = -1, 200 steps at learning rate 0.05.
With --csv: your own files, with standardized columns and the fastest learning rate; --stream reads files of any size.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import argparse
import math
import sys
import warnings

import keras
import saved_run
import tensorboard_page
import train_options
import train_stream
import training_data
from option_words import as_option
from rich.console import Console
from stop_at_step import EndAt

import linfit
from linfit.arguments import arguments_worded_as
from linfit.callbacks import (
    FitAnimation,
    FitFigure,
    HyperParameters,
    StatusPrinter,
    TensorBoardLogger,
)


def main(arguments: list[str] | None = None) -> int:
    """Train one run. Return the exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    warnings.formatwarning = lambda message, *_: f"train.py: warning: {message}\n"
    with arguments_worded_as(as_option):
        try:
            return train(train_options.parse(arguments, __doc__))
        except linfit.InputError as error:
            print(f"train.py: error: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:  # before the first step, or a second Ctrl-C
            return 130


def train(options: argparse.Namespace) -> int:
    """Fit the chosen data, log the steps, save the run, and print how far the fit is from the optimum."""
    data, truth = train_stream.load(options) if options.stream else training_data.load(options)
    rows = data["x"].rows if options.stream else len(data["x"])
    if options.name_taken:
        print(
            f"{options.name_taken} already holds a run, so this one is {options.name} (--continue continues a run).\n"
        )
    folder, batch_size = options.folder, options.batch_size or rows
    epochs = math.ceil(options.steps / math.ceil(rows / batch_size))
    if options.resume:
        epochs += 1  # the first epoch may be half done
    keras.utils.set_random_seed(options.seed)
    model = saved_model(options) if options.resume else new_model(options)
    last_step = int(model.optimizer.iterations) + options.steps
    watching = callbacks(options, truth, last_step)
    if options.animate:
        print("The pictures and the film are made after the last step, in about 15 seconds.\n", flush=True)
    if options.tensorboard:
        tensorboard_page.serve(folder)
    interrupted = False
    try:
        model.fit(**data, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=watching)
    except KeyboardInterrupt:  # every step up to here is recorded, logged and drawn
        if not folder.exists():
            raise
        interrupted = True
    comparison = linfit.compare(model, **data, truth=truth)
    Console().print("", comparison, "", sep="\n", soft_wrap=True)
    saved_run.save(options, model)
    print(f"Picture:      {folder / 'fit' / 'fit.png'}")
    if options.animate and not interrupted:
        print(f"Film:         {folder / 'fit' / 'fit.gif'}")
    if not options.tensorboard or interrupted:
        print(f"TensorBoard:  {tensorboard_page.command(folder)}")
    if interrupted or int(model.optimizer.iterations) == last_step:
        print(f"Continue:     {saved_run.continue_command(options)}")
    if options.tensorboard and not interrupted:  # Ctrl-C ends both
        tensorboard_page.wait()
    return 130 if interrupted else 0


def new_model(options: argparse.Namespace) -> linfit.LinearRegression:
    """Return a compiled model at the start of the lesson."""
    model = linfit.LinearRegression(
        w_initializer=0.0,
        b_initializer=-1.0,
        normalize=options.normalize,
        dtype="float64" if options.csv else "float32",
    )
    model.compile(learning_rate=options.learning_rate)
    return model


def saved_model(options: argparse.Namespace) -> keras.Model:
    """Return the saved model, compiled with the learning rate of the options, at its saved step."""
    model = saved_run.load_model(options)
    steps = int(model.optimizer.iterations)
    model.compile(learning_rate=options.learning_rate)
    model.optimizer.iterations.assign(steps)
    return model


def callbacks(
    options: argparse.Namespace, truth: linfit.GroundTruth | None, last_step: int
) -> list[keras.callbacks.Callback]:
    """Return the callbacks that print, log and draw the fit, and end it at its last step."""
    folder, label = options.folder, options.target or "y"
    every = tensorboard_page.log_every(options.steps)
    watching: list[keras.callbacks.Callback] = [
        StatusPrinter(every=options.every, truth=truth),
        TensorBoardLogger(folder, truth=truth, every=every),
        HyperParameters(folder, "fit", truth, {"seed": options.seed}, every=every),
        FitFigure(folder, truth=truth, y_label=label),
        EndAt(last_step),
    ]
    if options.animate:
        watching.append(FitAnimation(folder, truth=truth, y_label=label))
    return watching


if __name__ == "__main__":
    sys.exit(main())
