"""read_batches: files of any size, one block of rows at a time."""

from collections.abc import Sequence
from typing import Any

from linfit import checks
from linfit.data.make_column_plan import make_column_plan
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
    r"""Read CSV or Parquet files of any size as blocks (x, y). Formats and errors are those of `read_table`.

    Only a few blocks are in memory at a time. It is best to pass the levels of categorical columns as a mapping: the
    levels of columns in a list are learnt by reading all files an additional time, before the first block.

    Args:
        paths: a path, a pattern such as "data/\*.parquet", or a list of them.
        target: the column to predict, or a list of columns.
        features: the columns from which to predict it; all others by default.
        categorical: the features whose cells are levels: a list of columns, or a mapping of columns to their levels,
            the first of which is the reference level.
        sample_weight: a column of row weights, 0 or more; the blocks are then (x, y, sample_weight).
        missing: "error", or "drop" to leave out rows with a missing cell.
        batch_rows: the maximum number of rows in a block. Blocks of a CSV file may be larger.

    Raises:
        InputError: a file or column does not exist or cannot be read. Reading the blocks raises it for a cell that
            cannot be used; the message names the file, column and line.

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
        sources, make_column_plan(sources, target, features, categorical, sample_weight, missing), batch_rows
    )
