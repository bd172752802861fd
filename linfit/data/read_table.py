"""read_table: a table in memory, from files or a DataFrame."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from linfit.checks import warn
from linfit.data.block import Block
from linfit.data.column_plan import ColumnPlan
from linfit.data.make_column_plan import make_column_plan
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
    r"""Read CSV or Parquet files or a DataFrame into a table; needs pyarrow (`pip install linfit[tables]`).

    A CSV file, plain or gzip, must have a header line, commas, decimal points and UTF-8 text. Only the needed columns
    are read. The columns of several files are matched by name. The arrays of the table are read-only.

    Args:
        source: a path, a pattern such as "data/\*.parquet", a list of them, a DataFrame of pandas or polars,
            or a pyarrow table.
        target: the column to predict, or a list of columns.
        features: the columns from which to predict it; all others by default.
        categorical: the features whose cells are levels: a list of columns, whose levels are learnt and sorted, or a
            mapping of columns to their levels. The first level is the reference level. It has no feature of its own:
            the features of all levels would add up to the bias, and the optimum would not be unique.
        sample_weight: a column of row weights, 0 or more.
        missing: "error" refuses missing cells, "drop" leaves out their rows. A cell of a CSV file is missing if it is
            empty or if pandas treats it as missing (NA, N/A, NaN, nan, null, NULL, None and similar texts). A cell of
            a Parquet file or a DataFrame is missing if it is null or NaN.

    Raises:
        InputError: a file or column does not exist, there are no rows, a column holds text or dates and is not
            categorical, a cell is missing or not a finite number (the message names the file, column, and line or
            row), a line has more cells than the header, or two columns have the same name.

    Warns:
        UserWarning: no row has one of the given levels, so these rows do not determine its weight.

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
    batches = TableBatches.learnt(
        sources, make_column_plan(sources, target, features, categorical, sample_weight, missing)
    )
    x, y, *weights = _arrays_of(list(batches.blocks(counting=True)), batches.plan)
    for array in (x, y, *weights):
        array.flags.writeable = False  # so that a single reduction serves all fits and comparisons of the table
    _warn_of_absent_levels(x, batches)
    names = batches.feature_names
    weight = weights[0] if weights else None
    dropped = batches.dropped or 0
    return Table(x, y, names, batches.target_name, batches.categories, dropped, weight, _owns_arrays=True)


def _arrays_of(blocks: list[Block], plan: ColumnPlan) -> list[np.ndarray]:
    """Return x, y and any weights of all blocks; empties the list, so that each block is freed once it is copied."""
    end = sum(block.values.shape[1] for block in blocks)
    arrays = [np.empty((end, len(plan.feature_names))), np.empty((end, len(plan.targets)))]
    if plan.weight is not None:
        arrays.append(np.empty(end))
    while blocks:
        values = blocks.pop().values
        begin = end - values.shape[1]
        for array, part in zip(arrays, plan.split(values), strict=True):
            array[begin:end] = part
        end = begin
    return arrays


def _warn_of_absent_levels(x: np.ndarray, batches: TableBatches) -> None:
    position = 0
    for column in batches.plan.features:
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
