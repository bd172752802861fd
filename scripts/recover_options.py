"""The options of recover.py, with their checks, and the folder of its picture."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from command_line import Parser
from data_options import LESSON, check_name, free_name

from linfit import GroundTruth, InputError, checks

FEWEST = 100  # data sets: with fewer, the standard error of the coverage exceeds 2 %
_FREEDOM = 3  # degrees of freedom of each data set: with fewer, the squared standard errors have no mean


def parse(arguments: Sequence[str] | None, description: str) -> argparse.Namespace:
    """Return the checked options, with the `truth` to recover, `law`, its description, and the picture's `folder`.

    Raises:
        InputError: an option is invalid; the message says what to type instead.
    """
    options = _parser(description).parse_args(arguments)
    check_name(options)
    if checks.count(options.sets, "--sets") < FEWEST:
        raise InputError(
            f"--sets must be at least {FEWEST}, got {options.sets}: fewer give no clear result. Try --sets 1000."
        )
    checks.count(options.rows, "--rows")
    checks.count(options.steps, "--steps")
    checks.positive(options.noise, "--noise")
    checks.seed(options.seed, "--seed")
    w = options.w or LESSON["w"]
    options.law = f"w = {w}, b = {options.b}"
    if options.features is not None:
        if options.w is not None:
            raise InputError("--features draws the weights, --w gives them. Leave one of them out.")
        w = np.random.default_rng(options.seed).normal(size=checks.count(options.features, "--features"))
        options.law = f"{options.features:,} standard normal w, b = {options.b}"
    options.truth = GroundTruth(w, options.b, options.noise)
    features = options.truth.features
    fewest = features + 1 + _FREEDOM
    if options.rows < fewest:
        raise InputError(
            f"--rows must be at least {fewest} for {features} feature{'s' * (features > 1)} and a bias, got "
            f"{options.rows}: fewer do not determine the size of the noise."
        )
    options.folder = Path(options.logs, free_name(options.logs, options.name))
    return options


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Create the folder now, so that an error comes before a minute of fitting; remove it if nothing was saved."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be created: {error.strerror}. Choose another --logs.") from None
    try:
        yield
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()


def _parser(description: str) -> argparse.ArgumentParser:
    parser = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--sets", type=int, default=1000, help="number of data sets to draw and fit (1000)")
    add("--rows", type=int, default=LESSON["rows"], help="rows in each data set (120)")
    add("--w", type=float, nargs="+", help="true weights, one for each feature (0.1)")
    add("--b", type=float, default=LESSON["b"], help="true bias (0.5)")
    add("--features", type=int, metavar="COUNT", help="draw this many true weights, instead of --w")
    add("--noise", type=float, default=LESSON["noise"], help="standard deviation of the noise (0.05)")
    add(
        "--noise-distribution",
        choices=["normal", "heavy"],
        default="normal",
        help="heavy is log-normal: standard errors do not account for its rare large values (normal)",
    )
    add("--steps", type=int, default=1000, help="most steps of each fit (1000)")
    add("--name", default="recovery", help="folder of the picture in logs/ (recovery; gets a number if it exists)")
    add("--seed", type=int, default=7, help="random seed of the truth and of the data sets (7)")
    add("--logs", default="logs", metavar="FOLDER", help="parent folder of all runs (logs)")
    return parser
