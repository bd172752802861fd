"""The options of the programs: the lesson's defaults, the checks, and what train.py --continue takes over."""

import argparse
import json
import shlex
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, NoReturn

import keras
import numpy as np
import tensorboard_page

from linfit import InputError, SufficientStatistics, checks

LESSON = {"w": [0.1], "b": 0.5, "noise": 0.05, "rows": 120}
TABLE = ["csv", "target", "features", "categorical", "missing", "normalize", "stream"]
DATA = [*LESSON, "seed", *TABLE]  # a run that is continued keeps its data
SAVED = [*DATA, "learning_rate", "batch_size", "found"]


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Ends the program as argparse does, without the page of usage in front."""
        raise InputError(f"{message}. See {self.prog} --help.")


def parse(arguments: Sequence[str] | None, description: str) -> argparse.Namespace:
    """The checked options; `folder` is the run's folder.

    Raises:
        InputError: an option that cannot be used, with what to type instead.
    """
    parser = _parser(description)
    options = parser.parse_args(arguments)
    if options.resume:
        check_name(options)
        options.folder = Path(options.logs, options.name)
        saved = _saved(options.folder)
        parser.set_defaults(**saved)
        options = parser.parse_args(arguments, argparse.Namespace(folder=options.folder, name_taken=None))
        for name in DATA:
            if getattr(options, name) != saved[name]:
                raise InputError(
                    f"--continue goes on with the same data: {options.folder} has {name}={saved[name]}, "
                    f"got {getattr(options, name)}. Leave --{name} out, or start a new run with --name."
                )
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


def add_data(parser: argparse.ArgumentParser, name: str) -> None:
    """Adds the options of a program that fits the lesson's data, or a file's, into a folder of its own."""
    add = parser.add_argument
    add("--name", default=name, help=f"the folder in logs/ ({name}; numbered if it is taken)")
    add("--seed", type=int, default=7, help="seed of the data and of the order of batches (7)")
    add("--logs", default="logs", metavar="FOLDER", help="where folders land (logs)")
    drawn = parser.add_argument_group("data drawn from a known truth")
    drawn.add_argument("--w", type=float, nargs="+", help="true weights, one for each feature (0.1)")
    drawn.add_argument("--b", type=float, help="true bias (0.5)")
    drawn.add_argument("--noise", type=float, help="standard deviation of the noise (0.05)")
    drawn.add_argument("--rows", type=int, help="how many rows to draw (120)")
    file = parser.add_argument_group("or data of your own")
    file.add_argument(
        "--csv",
        nargs="+",
        metavar="FILE",
        type=lambda path: str(Path(path).absolute()),
        help="CSV files with a header line, gzip or not, or Parquet files; patterns such as 'data/*.parquet', too",
    )
    file.add_argument(
        "--normalize",
        action=argparse.BooleanOptionalAction,
        help="descend on standardized features, as by default only those of a file; what is told is in their own units",
    )
    file.add_argument("--target", metavar="COLUMN", help="the column to predict")
    file.add_argument("--features", nargs="+", metavar="COLUMN", help="the columns to predict it from (all others)")
    file.add_argument(
        "--categorical", nargs="+", metavar="COLUMN", help="features of text, or codes: a weight for each level"
    )
    file.add_argument(
        "--missing", choices=["error", "drop"], default="error", help="what becomes of rows with missing cells (error)"
    )


def check_data(options: argparse.Namespace) -> None:
    """Checks those options and fills them in; `folder` is then a new folder, `name_taken` one it stands in for.

    Raises:
        InputError: an option that cannot be used, with what to type instead.
    """
    check_name(options)
    _fill(options)
    if options.normalize is None:
        options.normalize = options.csv is not None
    free = free_name(options.logs, options.name)
    options.name_taken = Path(options.logs, options.name) if free != options.name else None
    options.name, options.folder = free, Path(options.logs, free)
    checks.seed(options.seed, "--seed")
    if options.csv is None:
        checks.count(options.rows, "--rows")


def check_name(options: argparse.Namespace) -> None:
    """Refuses a --name that is no folder's name."""
    if options.name in ("", ".", "..") or options.name != Path(options.name).name:
        raise InputError(
            f"--name must be the name of a folder in {options.logs}, got {options.name!r}. Try --name lesson."
        )


def free_name(logs: str, name: str) -> str:
    """This name, or with a number after it if a run has it already: no run overwrites another."""
    numbered = (f"{name}-{number}" for number in count(2))
    return next(free for free in chain([name], numbered) if not Path(logs, free).exists())


def check_found(options: argparse.Namespace, statistics: SufficientStatistics) -> None:
    """Refuses files that hold other rows than those that the run began with; takes down what they hold.

    Raises:
        InputError: the number of rows, or a mean of a column, is another.
    """
    found = [statistics.rows, *statistics.mean.tolist()]
    before = getattr(options, "found", None)
    if before is not None and (found[0] != before[0] or not np.allclose(found, before, rtol=1e-9)):
        now = f"has {found[0]:,} now" if found[0] != before[0] else "has other values now"
        raise InputError(
            f"--continue goes on with the same data: {options.folder} began with {before[0]:,} rows, the file {now}. "
            "Start a new run with another --name."
        )
    options.found = found


def save(options: argparse.Namespace, model: keras.Model) -> None:
    """Keeps the model and what else --continue needs in the run's folder; each file is replaced as a whole."""
    settings = {name: getattr(options, name, None) for name in SAVED}
    options.folder.mkdir(parents=True, exist_ok=True)  # someone may have removed it in the meantime
    model.save(options.folder / "half.keras")
    (options.folder / "half.json").write_text(json.dumps(settings, indent=2))
    (options.folder / "half.keras").replace(options.folder / "model.keras")
    (options.folder / "half.json").replace(options.folder / "run.json")


def load_model(options: argparse.Namespace) -> keras.Model:
    """The model of a run that is continued."""
    try:
        return keras.models.load_model(options.folder / "model.keras")
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise InputError(f"{options.folder / 'model.keras'} cannot be read: {error}. Start a new run.") from None


def continue_command(options: argparse.Namespace) -> str:
    """What to type to go on with this run."""
    elsewhere = "" if options.logs == "logs" else f" --logs {shlex.quote(options.logs)}"
    return f'make train ARGS="--name {shlex.quote(options.name)}{elsewhere} --continue"'


def tensorboard_command(options: argparse.Namespace, page: str = tensorboard_page.DESCENT) -> str:
    """What to type to look at this run, and the address of a page."""
    command = f'make tensorboard ARGS="--logdir {shlex.quote(str(options.folder))}"'
    return f"{command}, then http://localhost:6006/{page}"


def _parser(description: str) -> argparse.ArgumentParser:
    parser = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--steps", type=int, default=200, help="updates of w and b (200); TensorBoard gets up to 100,000 of them")
    add("--learning-rate", type=_rate, metavar="RATE", help="how far each update goes (0.05), or auto, as for --csv")
    add("--every", type=int, default=20, metavar="N", help="print a line every N steps (20)")
    add("--batch-size", type=int, metavar="ROWS", help="rows in each step (all)")
    add("--animate", action="store_true", help="make a film of the fit, fit.gif, in its folder")
    add("--tensorboard", action="store_true", help="show the fit in TensorBoard while it trains, until Ctrl-C")
    add("--continue", dest="resume", action="store_true", help="go on from where the run of this name stopped")
    add_data(parser, "lesson")
    stream = parser.add_argument_group("or more of it than fits into memory")
    stream.add_argument(
        "--stream", action="store_true", help="read the files of --csv, as in 'data/*.parquet', a block at a time"
    )
    stream.add_argument("--workers", type=int, metavar="N", help="in so many processes, for the cores of this machine")
    stream.add_argument("--scheduler", metavar="ADDRESS", help="by the workers of a Dask scheduler, for many machines")
    return parser


def _check_stream(options: argparse.Namespace) -> None:
    """Refuses what --stream cannot do, and what needs it."""
    if not options.stream:
        for name in ("workers", "scheduler"):
            if getattr(options, name) is not None:
                raise InputError(f"--{name} reads the files of a stream. Add --stream.")
        return
    if options.csv is None:
        raise InputError("--stream reads files. Add --csv 'data/*.parquet' --target COLUMN.")
    if options.batch_size is not None:
        raise InputError(
            "--stream condenses all rows to a few with the same loss, and each step takes all: leave --batch-size out."
        )
    if options.workers is not None:
        checks.count(options.workers, "--workers")
        if options.scheduler is not None:
            raise InputError("--workers are processes of this machine, --scheduler has its own. Leave one of them out.")


def _rate(text: str) -> float | str:
    try:
        return text if text == "auto" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number or auto, got {text!r}") from None


def _fill(options: argparse.Namespace) -> None:
    """The lesson's data where no file is given; a file has no known truth."""
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


def _saved(folder: Path) -> dict[str, Any]:
    if not (folder / "model.keras").is_file() or not (folder / "run.json").is_file():
        known = sorted(path.parent.name for path in folder.parent.glob("*/model.keras"))
        hint = f"Runs that can go on: {', '.join(known)}." if known else "Start it without --continue."
        raise InputError(f"--continue found no finished run in {folder}. {hint}")
    try:
        saved = {"categorical": None, "missing": "error", "stream": False, "found": None} | json.loads(
            (folder / "run.json").read_text()
        )
        return {name: saved[name] for name in SAVED}
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{folder / 'run.json'} is damaged. Start a new run without --continue.") from None
