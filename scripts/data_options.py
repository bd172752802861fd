"""The options that choose a program's data: drawn from a known truth, or read from files."""

import argparse
from itertools import chain, count
from pathlib import Path

from linfit import InputError, checks

LESSON = {"w": [0.1], "b": 0.5, "noise": 0.05, "rows": 120}


def add_data(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the options for the data and for the folder of the results; `name` is the folder's default."""
    add = parser.add_argument
    add("--name", default=name, help=f"folder in logs/ ({name}; gets a number if it exists)")
    add("--seed", type=int, default=7, help="random seed of the data and of the order of batches (7)")
    add("--logs", default="logs", metavar="FOLDER", help="parent folder of all runs (logs)")
    drawn = parser.add_argument_group("data drawn from a known truth")
    drawn.add_argument("--w", type=float, nargs="+", help="true weights, one for each feature (0.1)")
    drawn.add_argument("--b", type=float, help="true bias (0.5)")
    drawn.add_argument("--noise", type=float, help="standard deviation of the noise (0.05)")
    drawn.add_argument("--rows", type=int, help="number of rows to draw (120)")
    file = parser.add_argument_group("or your own data")
    file.add_argument(
        "--csv",
        nargs="+",
        metavar="FILE",
        type=lambda path: str(Path(path).absolute()),
        help="CSV files with a header line, plain or gzip, or Parquet files; also patterns such as 'data/*.parquet'",
    )
    file.add_argument(
        "--normalize",
        action=argparse.BooleanOptionalAction,
        help="descend on standardized features (default for files only); reported values stay in the data's units",
    )
    file.add_argument("--target", metavar="COLUMN", help="the column to predict")
    file.add_argument("--features", nargs="+", metavar="COLUMN", help="the columns to predict it from (all others)")
    file.add_argument(
        "--categorical", nargs="+", metavar="COLUMN", help="features that hold text or codes: one weight for each level"
    )
    file.add_argument(
        "--missing", choices=["error", "drop"], default="error", help="how to treat rows with missing cells (error)"
    )


def check_data(options: argparse.Namespace) -> None:
    """Check these options and fill in their defaults.

    Sets `folder`, a new folder for the results, and `name_taken`, the existing folder that the number avoids, or None.

    Raises:
        InputError: an option is invalid; the message says what to type instead.
    """
    check_name(options)
    _fill_in(options)
    if options.normalize is None:
        options.normalize = options.csv is not None
    free = free_name(options.logs, options.name)
    options.name_taken = Path(options.logs, options.name) if free != options.name else None
    options.name, options.folder = free, Path(options.logs, free)
    checks.seed(options.seed, "--seed")
    if options.csv is None:
        checks.count(options.rows, "--rows")


def check_name(options: argparse.Namespace) -> None:
    """Raise an InputError if --name is not the name of a folder."""
    if options.name in ("", ".", "..") or options.name != Path(options.name).name:
        raise InputError(
            f"--name must be the name of a folder in {options.logs}, got {options.name!r}. Try --name lesson."
        )


def free_name(logs: str, name: str) -> str:
    """Return this name, with a number appended if its folder exists, so that no run overwrites another."""
    numbered = (f"{name}-{number}" for number in count(2))
    return next(free for free in chain([name], numbered) if not Path(logs, free).exists())


def _fill_in(options: argparse.Namespace) -> None:
    """Fill in the lesson's data unless files are given; files have no known truth."""
    given = [name for name in LESSON if getattr(options, name) is not None]
    if options.csv is None:
        if options.target or options.features:
            raise InputError("--target and --features choose columns of a file. Add --csv FILE.")
        if options.categorical or options.missing != "error":
            raise InputError("--categorical and --missing are for columns of a file. Add --csv FILE.")
        for name, value in LESSON.items():
            if name not in given:
                setattr(options, name, value)
    elif given:
        raise InputError(f"--{given[0]} describes drawn data, --csv reads a file. Leave one of them out.")
    elif options.target is None:
        raise InputError("--csv needs the column to predict. Add --target COLUMN.")
