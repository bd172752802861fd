"""Tables in memory, from files or a DataFrame."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from linfit.checks import warn
from linfit.data.plan_columns import plan_columns
from linfit.data.sources import sources_of
from linfit.data.table import Table
from linfit.data.table_batches import TableBatches


def read_table(
    source: Any,
    target: str | Sequence[str],
    features: Sequence[str] | None = None,
    *,
    categorical: Any = (),
    sample_weight: str | None = None,
    missing: str = "error",
) -> Table:
    r"""Reads CSV or Parquet files, or takes a DataFrame; needs pyarrow (`pip install linfit[tables]`).

    A CSV file, plain or gzip, has a header line, commas, decimal points and UTF-8. Only the columns that are needed are
    read. Columns of several files are matched by name.

    Args:
        source: a path, a pattern such as "data/\*.parquet", a list of them, a DataFrame of pandas or polars,
            or a pyarrow table.
        target: the column to be predicted, or a list of columns.
        features: the columns to predict it from; all others by default.
        categorical: the features whose cells are levels: a list of columns, whose levels are learnt and sorted, or a
            mapping of columns to their levels. The first level is the reference: it has no feature of its own, since
            the features of all levels would add up to the bias, and the optimum would not be unique.
        sample_weight: a column of weights, 0 or more, by which each row counts in a fit.
        missing: "error" refuses missing cells, "drop" leaves their rows out. An empty cell of a CSV file is
            missing, and one that pandas takes for missing: NA, N/A, NaN, nan, null, NULL, None and the like; in a
            Parquet file or a DataFrame what is null or NaN.

    Raises:
        InputError: no such file or column, no rows, text or dates without `categorical`, a cell that is missing or no
            finite number (by file, column, and line or row), lines of different lengths, two columns of one name.

    Warns:
        UserWarning: a level that was given occurs in no row: a fit of these rows leaves its weight open.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "flats.csv")
        ...     _ = file.write_text("area,city,rent\n50,Rome,600\n80,Paris,900\n60,Rome,700\n")
        ...     read_table(file, target="rent", categorical=["city"]).feature_names
        ('area', 'city=Rome')
    """
    sources = sources_of(source)
    batches = TableBatches.learnt(sources, plan_columns(sources, target, features, categorical, sample_weight, missing))
    blocks = list(batches.blocks(counting=True))
    names = batches.feature_names
    x = np.empty((sum(block.values.shape[1] for block in blocks), len(names)))
    y = np.empty((len(x), len(batches.wanted.targets)))
    weights = () if sample_weight is None else (np.empty(len(x)),)
    end = len(x)
    while blocks:  # what is copied needs no memory twice
        values = blocks.pop().values
        begin = end - values.shape[1]
        for whole, part in zip((x, y, *weights), batches.wanted.split(values), strict=True):
            whole[begin:end] = part
        end = begin
    for array in (x, y, *weights):
        array.flags.writeable = False  # so that one reduction serves every fit and comparison of the table
    _warn_of_absent_levels(x, names, batches)
    return Table(x, y, names, batches.target_name, batches.categories, batches.dropped or 0, *weights)


def _warn_of_absent_levels(x: np.ndarray, names: tuple[str, ...], batches: TableBatches) -> None:
    position = 0
    for column in batches.wanted.features:
        levels = batches.categories.get(column)
        width = 1 if levels is None else len(levels) - 1
        if levels is not None:
            counts = x[:, position : position + width].sum(axis=0)
            absent = [level for level, count in zip(levels[1:], counts, strict=True) if not count]
            if counts.sum() == len(x):
                absent.insert(0, levels[0])
            if absent:
                warn(
                    f"no row has {', '.join(f'{column}={level}' for level in absent)}: these rows do not "
                    "determine the weight of such a level. That is fine for predictions; for a fit leave the level out."
                )
        position += width
