"""A CSV file as named features and a target."""

import csv
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit import checks
from linfit.checks import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Table:
    """The columns of a file that a fit needs.

    Attributes:
        x: features, float64, shape (rows, features).
        y: target, float64, shape (rows, 1).
        feature_names: the columns of x.
        target_name: the column of y.
    """

    x: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_name: str


def read_table(path: str | Path, target: str, features: Sequence[str] | None = None) -> Table:
    r"""Reads a CSV file with a header line; needs pandas (`pip install linfit[tables]`).

    Args:
        path: the file.
        target: the column to be predicted.
        features: the columns to predict it from; all others by default.

    Raises:
        InputError: no such file or column, no rows, a cell that is missing or not a finite number (its column
            and row are named), lines of different lengths, two columns of one name.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "flats.csv")
        ...     _ = file.write_text("area,rooms,rent\n50,2,600\n80,3,900\n")
        ...     read_table(file, target="rent").feature_names
        ('area', 'rooms')
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the path; it is looked up from {Path.cwd()}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a line longer than the header
            header = pd.read_csv(path, header=None, nrows=1, dtype=str, skipinitialspace=True)
            frame = pd.read_csv(path, index_col=False, skipinitialspace=True)
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} is empty: a header line and at least one row were expected.") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise InputError(f"{path} has lines of different lengths: {_longest_line(path) or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file in UTF-8. Save it as CSV in UTF-8.") from None
    if header.iloc[0].isna().any():
        raise InputError(
            f"{path} has a column without a name in its header line, number {int(header.iloc[0].isna().argmax()) + 1}. "
            "Name it, or leave it out (pandas: to_csv(..., index=False))."
        )
    columns = checks.names([str(name) for name in header.iloc[0]], f"the columns of {path}")
    frame.columns = pd.Index(columns)
    if isinstance(features, str):
        features = [features]

    feature_names = tuple(name for name in columns if name != target) if features is None else tuple(features)
    for role, names in {"target column": [target], "feature column": feature_names}.items():
        for name in names:
            if name not in columns:
                hint = " Are they separated by semicolons? Save them with commas." if ";" in columns[0] else ""
                raise InputError(f"{path} has no {role} {name!r}. Its columns are: {', '.join(columns)}.{hint}")
    if target in feature_names:
        raise InputError(f"{target!r} is the target and cannot be a feature too. Leave it out of the features.")
    if not feature_names:
        raise InputError(f"{path} has no column beside the target {target!r}: a fit needs at least one feature.")
    checks.names(feature_names, "features")
    if frame.empty:
        raise InputError(f"{path} has a header but no rows.")
    x = np.column_stack([_numbers(frame[name], path) for name in feature_names])
    return Table(x, _numbers(frame[target], path)[:, np.newaxis], feature_names, target)


def _numbers(column: "pd.Series[Any]", path: Path) -> np.ndarray:
    """A column as float64, or the first cell that is not a finite number."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        cell = column.iloc[bad[0]]
        what = "a missing value" if pd.isna(cell) else repr(cell) if isinstance(cell, str) else f"{cell}"
        raise InputError(
            f"{path} must hold a finite number in every row of column {str(column.name)!r}, got {what} in row "
            f"{bad[0] + 1} under the header ({len(bad)} such rows). Fill or drop those rows, or choose other columns."
        )
    return values


def _longest_line(path: Path) -> str | None:
    """Where a line has more cells than the header, in words."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file, skipinitialspace=True)
        expected = len(next(lines))
        for cells in lines:
            if len(cells) > expected:
                return (
                    f"the header has {expected} cells, line {lines.line_num} has {len(cells)}. "
                    "Quote cells that hold commas."
                )
    return None
