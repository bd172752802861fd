"""DataFrameSource: a DataFrame of pandas or polars, or an Arrow table, as a source of rows."""

import math
from collections.abc import Iterator
from numbers import Real
from typing import TYPE_CHECKING, Any

from linfit import checks
from linfit.data.array_input import column_names
from linfit.data.arrow_kinds import kind_of_type
from linfit.data.bad_cell import BadCell
from linfit.data.block import Block
from linfit.data.categories import level_name
from linfit.data.column_plan import ColumnPlan

if TYPE_CHECKING:
    import pyarrow as pa


class DataFrameSource:
    """A DataFrame of pandas or polars, or an Arrow table.

    Attributes:
        name: what messages call it.
        columns: the names of its columns.
        rows: the number of its rows.

    Raises:
        InputError: two columns have the same name.
    """

    def __init__(self, frame: Any, name: str = "the DataFrame"):
        self.name, self._frame = name, frame
        self.columns = checks.names(column_names(frame) or (), f"the columns of {name}")
        self.rows = len(frame)
        self._arrays: dict[tuple[str, bool], pa.Array] = {}

    def kind(self, column: str) -> str:
        """Return the kind of a column, as returned by `arrow_kinds.kind_of_type`."""
        return kind_of_type(self._array(column, False).type)

    def example(self, column: str) -> str:
        """Return a column's first value that is not missing, as text, or ""."""
        import pyarrow as pa

        array = self._array(column, False)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary
        return str(next(iter(array.drop_null()[:1].to_pylist()), ""))

    def read_blocks(self, plan: ColumnPlan, batch_rows: int) -> Iterator[Block | BadCell]:
        """Yield the rows in order, in blocks of at most `batch_rows` rows, or a block's first bad cell."""
        arrays = [self._array(column, column in plan.categories) for column in plan.columns]
        for first_row in range(0, self.rows, batch_rows):
            parts = [array[first_row : first_row + batch_rows] for array in arrays]

            def content(row: int, column: str, first_row: int = first_row) -> str:
                cell = self._cells(column)[first_row + row]
                return repr(cell) if isinstance(cell, str) else str(cell)

            def place(row: int, first_row: int = first_row) -> str:
                return f"row {first_row + row}, counted from 0"

            yield plan.convert(self.name, parts, place, content)

    def _cells(self, column: str) -> Any:
        """Return the cells of a column, to be indexed by row number."""
        pandas = hasattr(self._frame, "iloc")
        return self._frame.iloc[:, self.columns.index(column)].array if pandas else self._frame[column]

    def _array(self, column: str, as_text: bool) -> "pa.Array":
        """Return a column as one Arrow array."""
        import pyarrow as pa

        if (column, as_text) not in self._arrays:
            cells = self._cells(column)
            if isinstance(cells, pa.ChunkedArray):
                array = cells
            elif hasattr(cells, "to_arrow"):
                array = cells.to_arrow()
            else:
                try:
                    array = pa.array(cells, from_pandas=True)
                except (pa.ArrowInvalid, pa.ArrowTypeError):  # objects of mixed types
                    array = _object_array(cells, as_text)
            self._arrays[column, as_text] = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        return self._arrays[column, as_text]


def _object_array(cells: Any, as_text: bool) -> "pa.Array":
    """Return objects of mixed types as text, or as numbers with infinity for anything else."""
    import pandas as pd
    import pyarrow as pa

    present = [(cell, not pd.isna(cell)) for cell in cells]
    if as_text:
        return pa.array([level_name(cell) if known else None for cell, known in present], pa.string())
    numbers = [(float(cell) if isinstance(cell, Real) else math.inf) if known else None for cell, known in present]
    return pa.array(numbers, pa.float64())
