"""A run's folder between two calls of train.py: it holds the model and the settings that --continue needs."""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

import keras
import numpy as np
from data_options import LESSON

from linfit import InputError, SufficientStatistics

DATA = [*LESSON, "seed", "csv", "target", "features", "categorical", "missing", "normalize", "stream"]
SAVED = [*DATA, "learning_rate", "batch_size", "found"]
LATER = {"categorical": None, "missing": "error", "stream": False, "found": None}  # absent in older files


def load_settings(folder: Path) -> dict[str, Any]:
    """Return the saved settings of a run.

    Raises:
        InputError: the folder holds no finished run, or its file is damaged.
    """
    if not (folder / "model.keras").is_file() or not (folder / "run.json").is_file():
        known = sorted(path.parent.name for path in folder.parent.glob("*/model.keras"))
        hint = f"Runs that can be continued: {', '.join(known)}." if known else "Start it without --continue."
        raise InputError(f"--continue found no finished run in {folder}. {hint}")
    try:
        saved = LATER | json.loads((folder / "run.json").read_text())
        return {name: saved[name] for name in SAVED}
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{folder / 'run.json'} is damaged. Start a new run without --continue.") from None


def check_same_data(options: argparse.Namespace, saved: dict[str, Any]) -> None:
    """Raise an InputError if an option chooses other data than the run began with."""
    for name in DATA:
        if getattr(options, name) != saved[name]:
            raise InputError(
                f"--continue needs the data that the run began with: {options.folder} has {name}={saved[name]}, "
                f"got {getattr(options, name)}. Leave --{name} out, or start a new run with --name."
            )


def check_found(options: argparse.Namespace, statistics: SufficientStatistics) -> None:
    """Check that the files still hold the rows that the run began with, and record what they hold in `found`.

    Raises:
        InputError: the number of rows or the mean of a column has changed.
    """
    found = [statistics.rows, *statistics.mean.tolist()]
    before = getattr(options, "found", None)
    if before is not None and (found[0] != before[0] or not np.allclose(found, before, rtol=1e-9)):
        now = f"has {found[0]:,} now" if found[0] != before[0] else "has other values now"
        raise InputError(
            f"--continue needs the data that the run began with: {options.folder} began with {before[0]:,} rows, "
            f"the file {now}. Start a new run with another --name."
        )
    options.found = found


def save(options: argparse.Namespace, model: keras.Model) -> None:
    """Save the model and the settings. Each file is replaced as a whole, so an interruption damages neither."""
    settings = {name: getattr(options, name, None) for name in SAVED}
    options.folder.mkdir(parents=True, exist_ok=True)  # it may have been deleted during the fit
    model.save(options.folder / "half.keras")
    (options.folder / "half.json").write_text(json.dumps(settings, indent=2))
    (options.folder / "half.keras").replace(options.folder / "model.keras")
    (options.folder / "half.json").replace(options.folder / "run.json")


def load_model(options: argparse.Namespace) -> keras.Model:
    """Return the saved model of a run.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return keras.models.load_model(options.folder / "model.keras")
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise InputError(f"{options.folder / 'model.keras'} cannot be read: {error}. Start a new run.") from None


def continue_command(options: argparse.Namespace) -> str:
    """Return the command that continues this run."""
    elsewhere = "" if options.logs == "logs" else f" --logs {shlex.quote(options.logs)}"
    return f'make train ARGS="--name {shlex.quote(options.name)}{elsewhere} --continue"'
