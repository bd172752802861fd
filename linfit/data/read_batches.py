"""read_batches: files of any size, a block of rows at a time."""

from collections.abc import Sequence
from typing import Any

from linfit import checks
from linfit.data.plan_columns import plan_columns
from linfit.data.sources import sources_of
from linfit.data.table_batches import BATCH_ROWS, TableBatches


def read_batches(
    paths: Any,
    target: str | Sequence[str],
    features: Sequence[str] | None = None,
    *,
    categorical: Any = (),
    sample_weight: str | None = None,
    missing: str = "error",
    batch_rows: int = BATCH_ROWS,
) -> "TableBatches":
    r"""Reads CSV or Parquet files of any size as blocks (x, y); see `read_table` for what is read, and refused.

    In memory are a few blocks at a time. The levels of categorical columns are best given, as a mapping: those of
    columns in a list are learnt by reading all files once more, before the first block.

    Args:
        paths: a path, a pattern such as "data/\*.parquet", or a list of them.
        target: the column to be predicted, or a list of columns.
        features: the columns to predict it from; all others by default.
        categorical: the features whose cells are levels: a list, or a mapping of columns to levels, the first of
            which is the reference.
        sample_weight: a column of weights, 0 or more; the blocks are then (x, y, sample_weight).
        missing: "error", or "drop" to leave out rows with a missing cell.
        batch_rows: how many rows a block has at most.

    Raises:
        InputError: no such file or column, or one that cannot be read; while the blocks are read, a cell that cannot
            be used, by file, column and line.

    Example:
        >>> import linfit
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for month in (1, 2):
        ...         _ = Path(folder, f"{month}.csv").write_text("area,rent\n50,600\n80,900\n")
        ...     batches = linfit.read_batches(f"{folder}/*.csv", target="rent")
        ...     statistics = linfit.SufficientStatistics.from_batches(batches)
        >>> print(statistics.rows, statistics.least_squares().w)
        4 [[10.]]
    """
    checks.count(batch_rows, "batch_rows")
    sources = sources_of(paths)
    return TableBatches.learnt(
        sources, plan_columns(sources, target, features, categorical, sample_weight, missing), batch_rows
    )
