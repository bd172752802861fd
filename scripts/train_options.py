"""The options of train.py, with their checks."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from command_line import Parser
from data_options import add_data, check_data, check_name
from saved_run import check_same_data, load_settings

from linfit import InputError, checks


def parse(arguments: Sequence[str] | None, description: str) -> argparse.Namespace:
    """Return the checked options; `folder` is the run's folder.

    Raises:
        InputError: an option is invalid; the message says what to type instead.
    """
    parser = _parser(description)
    options = parser.parse_args(arguments)
    if options.resume:
        check_name(options)
        options.folder = Path(options.logs, options.name)
        saved = load_settings(options.folder)
        parser.set_defaults(**saved)
        options = parser.parse_args(arguments, argparse.Namespace(folder=options.folder, name_taken=None))
        check_same_data(options, saved)
    else:
        check_data(options)
        if options.learning_rate is None:
            options.learning_rate = "auto" if options.csv else 0.05

    _check_stream(options)
    checks.count(options.steps, "--steps")
    checks.count(options.every, "--every")
    if options.learning_rate != "auto":
        checks.learning_rate(options.learning_rate, "--learning-rate")
    if options.batch_size is not None:
        checks.count(options.batch_size, "--batch-size")
    return options


def _parser(description: str) -> argparse.ArgumentParser:
    parser = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--steps", type=int, default=200, help="number of updates of w and b (200); up to 100,000 go to TensorBoard")
    add("--learning-rate", type=_rate, metavar="RATE", help="learning rate (0.05), or auto, the default for --csv")
    add("--every", type=int, default=20, metavar="N", help="print a line every N steps (20)")
    add("--batch-size", type=int, metavar="ROWS", help="rows in each step (all)")
    add("--animate", action="store_true", help="save a film of the fit, fit.gif, in its folder")
    add("--tensorboard", action="store_true", help="show the fit in TensorBoard while it trains, until Ctrl-C")
    add("--continue", dest="resume", action="store_true", help="continue the run of this name where it stopped")
    add_data(parser, "lesson")
    stream = parser.add_argument_group("or files that do not fit into memory")
    stream.add_argument("--stream", action="store_true", help="read the files of --csv one block of rows at a time")
    stream.add_argument("--workers", type=int, metavar="N", help="read with N processes on this machine")
    stream.add_argument("--scheduler", metavar="ADDRESS", help="read with the workers of a Dask scheduler")
    return parser


def _check_stream(options: argparse.Namespace) -> None:
    """Raise an InputError if --stream is missing, or does not go together with another option."""
    if not options.stream:
        for name in ("workers", "scheduler"):
            if getattr(options, name) is not None:
                raise InputError(f"--{name} reads the files of --stream. Add --stream, or leave --{name} out.")
        return
    if options.csv is None:
        raise InputError("--stream reads files. Add --csv 'data/*.parquet' --target COLUMN.")
    if options.batch_size is not None:
        raise InputError(
            "--stream condenses all rows to a few with the same loss, so each step uses all rows. "
            "Leave --batch-size out."
        )
    if options.workers is not None:
        checks.count(options.workers, "--workers")
        if options.scheduler is not None:
            raise InputError(
                "--workers starts processes on this machine, --scheduler has workers of its own. Leave one of them out."
            )


def _rate(text: str) -> float | str:
    try:
        return text if text == "auto" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number or auto, got {text!r}") from None
