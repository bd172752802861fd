"""The options of recover.py: the lesson's defaults, the truth, and the checks."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from train_options import LESSON, Parser, check_name, free_name

from linfit import GroundTruth, InputError, checks

FEWEST = 100  # data sets: of fewer, the coverage is known to no better than 2 %
_FREEDOM = 3  # degrees of freedom of each data set: with fewer, the mean square of the standard errors is unbounded


def parse(arguments: Sequence[str] | None, description: str) -> argparse.Namespace:
    """The checked options; `truth` is the law to recover, `law` says it, `folder` takes the picture.

    Raises:
        InputError: an option that cannot be used, with what to type instead.
    """
    options = _parser(description).parse_args(arguments)
    check_name(options)
    if checks.count(options.sets, "--sets") < FEWEST:
        raise InputError(f"--sets must be at least {FEWEST}, got {options.sets}: fewer say too little.")
    checks.count(options.rows, "--rows")
    checks.count(options.steps, "--steps")
    checks.positive(options.noise, "--noise")
    checks.seed(options.seed, "--seed")
    w = options.w or LESSON["w"]
    options.law = f"w = {w}, b = {options.b}"
    if options.features is not None:
        if options.w is not None:
            raise InputError("--features draws a w, --w gives one. Leave one of them out.")
        w = np.random.default_rng(options.seed).normal(size=checks.count(options.features, "--features"))
        options.law = f"{options.features:,} standard normal w, b = {options.b}"
    options.truth = GroundTruth(w, options.b, options.noise)
    features = options.truth.features
    fewest = features + 1 + _FREEDOM
    if options.rows < fewest:
        raise InputError(
            f"--rows must be at least {fewest} for {features} feature{'s' * (features > 1)} and a bias, got "
            f"{options.rows}: fewer do not tell how large the noise is."
        )
    options.folder = Path(options.logs, free_name(options.logs, options.name))
    return options


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """Makes the folder before a minute of fitting, not after, and removes it if nothing was saved."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}. Choose another --logs.") from None
    try:
        yield
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()


def _parser(description: str) -> argparse.ArgumentParser:
    parser = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--sets", type=int, default=1000, help="how many data sets to draw and fit (1000)")
    add("--rows", type=int, default=LESSON["rows"], help="rows in each (120)")
    add("--w", type=float, nargs="+", help="true weights, one for each feature (0.1)")
    add("--b", type=float, default=LESSON["b"], help="true bias (0.5)")
    add("--features", type=int, metavar="COUNT", help="instead of --w: draw that many true weights")
    add("--noise", type=float, default=LESSON["noise"], help="standard deviation of the noise (0.05)")
    add(
        "--noise-distribution",
        choices=["normal", "heavy"],
        default="normal",
        help="heavy: log-normal, with rare large values, which standard errors do not expect (normal)",
    )
    add("--steps", type=int, default=1000, help="the most steps of a fit (1000)")
    add("--name", default="recovery", help="the picture's folder in logs/ (recovery; numbered if it is taken)")
    add("--seed", type=int, default=7, help="seed of the truth and of the data sets (7)")
    add("--logs", default="logs", metavar="FOLDER", help="where runs land (logs)")
    return parser
