"""Checks of the x, y and weights that a user passes, and their conversion to matrices."""

from numbers import Real
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from linfit.checks import InputError, same_length
from linfit.data.rows import Rows
from linfit.data.table import Table

NO_Y = "y is missing: each batch must be a tuple (x, y) or (x, y, sample_weight)."

_rows_by_table: WeakKeyDictionary[Table, Rows] = WeakKeyDictionary()  # validated rows of read-only tables


def are_rows(values: Any) -> bool:
    """Return whether `values` are rows in memory (array, tensor, DataFrame, list), not a stream of batches."""
    return hasattr(values, "__array__") or isinstance(values, list | tuple)


def refuse_blocks(values: Any) -> None:
    """Refuse the result of `read_batches`: its blocks are neither rows in memory nor batches of one size.

    Raises:
        InputError: `values` come from `read_batches`.
    """
    if hasattr(values, "dataset") and hasattr(values, "parts"):
        raise InputError(
            "rows in memory or a data set are required, got the batches of read_batches. Try batches.dataset(32), or, "
            "for the squared loss of all rows at once, linfit.SufficientStatistics.from_batches(batches)."
        )


def as_rows(x: Any, y: Any, sample_weight: Any = None, dtype: str | None = "float64", fits: str = "float64") -> Rows:
    """Return x, y and weights, in any form a user may pass, as validated matrices.

    A read-only `Table` yields the same `Rows` object each time, if `sample_weight` and `dtype` are None.

    Args:
        x: shape (rows, features), or (rows,) for one feature: an array, tensor, DataFrame or nested list. Or a
            `Table`, which contains y.
        y: shape (rows, targets), or (rows,) for one target; None if x is a `Table`.
        sample_weight: shape (rows,), not negative, or None.
        dtype: the float type of the result; None keeps float32 and converts all other types to float64.
        fits: the float type whose range all values must fit.

    Raises:
        InputError: lengths differ, there are no rows, or a value is not a finite number (the message names its column
            and row).
    """
    refuse_blocks(x)
    if isinstance(x, Table):
        if y is not None:
            raise InputError("a Table has y already, got another y beside it. Pass the table alone, or table.x and y.")
        if sample_weight is not None and x.sample_weight is not None:
            raise InputError("the Table has a sample_weight already, got another one. Pass the table alone.")
        if sample_weight is None and dtype is None and x.is_constant:
            return _rows_of_table(x, fits)
        y, sample_weight = x.y, x.sample_weight if sample_weight is None else sample_weight
    return _checked_rows(x, y, sample_weight, dtype, fits)


def _rows_of_table(table: Table, fits: str) -> Rows:
    """Return the rows of a read-only table: the same object each time, so that they are reduced only once."""
    if table not in _rows_by_table or fits != "float64":
        rows = _checked_rows(table, table.y, table.sample_weight, None, fits)
        _rows_by_table.setdefault(table, rows)
    return _rows_by_table[table]


def _checked_rows(x: Any, y: Any, sample_weight: Any, dtype: str | None, fits: str) -> Rows:
    if y is None:
        raise InputError("y is missing: a fit needs targets as well as features. Try model.fit(x, y).")
    x, y = as_matrix(x, "x", dtype, fits), as_matrix(y, "y", dtype, fits)
    same_length(x, "x", y, "y")
    if sample_weight is not None:
        sample_weight = as_matrix(sample_weight, "sample_weight", dtype, fits)
        if sample_weight.shape[1] != 1:
            raise InputError(
                f"sample_weight must have the shape (rows,), got {sample_weight.shape}. Pass one weight per row."
            )
        sample_weight = sample_weight[:, 0]
        same_length(x, "x", sample_weight, "sample_weight")
        if sample_weight.min() < 0 or not sample_weight.any():
            raise InputError(
                "sample_weight must be 0 or more in every row and above 0 in at least one, "
                f"got {sample_weight.min():g} to {sample_weight.max():g}."
            )
    return Rows(x, y, sample_weight)


def as_matrix(values: Any, name: str, dtype: str | None = "float64", fits: str = "float64") -> np.ndarray:
    """Return `values` as a matrix of finite numbers, shape (rows, columns); shape (rows,) becomes one column.

    Args:
        values: an array, tensor, DataFrame or nested list.
        name: what messages call the values, such as "x".
        dtype: the float type of the matrix; None keeps float32 and converts all other types to float64.
        fits: the float type whose range all values must fit.

    Raises:
        InputError: `values` do not have one or two axes, have no rows, or contain text or a missing or infinite value.
    """
    columns = column_names(values)
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(
            f"{name} must be a table of numbers, got rows of different lengths. Give all rows the same length."
        ) from None
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2:
        raise InputError(f"{name} must have the shape (rows, columns), got shape {array.shape}.")
    if array.size == 0:
        raise InputError(
            f"{name} has no values: its shape is {array.shape}. At least one row and one column are required."
        )

    if array.dtype == object and columns:
        array = _object_columns(array, columns, name)
    if array.dtype.kind not in "biuf":
        _check_numbers(array, columns, name)
    with np.errstate(over="ignore"):  # a value beyond the type's range becomes infinite and is reported below
        try:
            matrix = array.astype(dtype or (array.dtype if array.dtype == "float32" else "float64"), copy=False)
        except OverflowError:  # a Python integer beyond the range of all floats
            raise InputError(
                f"{name} must hold numbers that fit into {dtype or 'float64'}, got larger ones. Rescale them."
            ) from None
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(matrix.sum())  # one quick pass; the sum of finite values may overflow
    if finite and np.finfo(fits).max < np.finfo(matrix.dtype).max:
        finite = max(matrix.max(), -matrix.min()) <= np.finfo(fits).max
    if not finite:
        with np.errstate(over="ignore"):
            matrix = matrix.astype(fits) if dtype is None else matrix
    bad = np.argwhere(~np.isfinite(matrix)) if not finite else np.empty((0, 2), int)
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"{name} must hold finite numbers of type {matrix.dtype}, got {array[row, column]} "
            f"in {_cell_place(columns, row, column)} ({len(bad):,} such value{'s' * (len(bad) != 1)} in all). "
            "Fill those values or remove their rows."
        )
    return matrix


def _check_numbers(array: np.ndarray, columns: tuple[str, ...] | None, name: str) -> None:
    for (row, column), value in np.ndenumerate(array):
        if not isinstance(value, Real):
            shown = value.item() if isinstance(value, np.generic) else value
            raise InputError(
                f"{name} must hold numbers only, got {shown!r} in {_cell_place(columns, row, column)}. "
                "Leave that column out or encode it as numbers."
            )


def column_names(values: Any) -> tuple[str, ...] | None:
    """Return the column names of a DataFrame or an Arrow table; None for values without names."""
    # A DataFrame may have a column called column_names.
    is_arrow = type(values).__module__.split(".")[0] == "pyarrow"
    names = getattr(values, "column_names" if is_arrow else "columns", None)
    return None if names is None else tuple(str(name) for name in names)


def _object_columns(array: np.ndarray, columns: tuple[str, ...], name: str) -> np.ndarray:
    """Return the columns of a DataFrame with mixed types as numbers; the array unchanged if a cell is not a number.

    Raises:
        InputError: a column's first cell that is not missing is text.
    """
    present = (next((cell for cell in cells if cell is not None and cell == cell), None) for cells in array.T)
    text = [column for column, cell in zip(columns, present, strict=True) if isinstance(cell, str)]
    if text:
        one = len(text) == 1
        raise InputError(
            f"{name} must hold numbers, got text in column{'' if one else 's'} {', '.join(map(repr, text))}. "
            f"Leave {'it' if one else 'them'} out, or encode {'it' if one else 'them'}: table = "
            f"linfit.read_table(frame, target=..., categorical={text}), then model.fit(table)."
        )
    if any(isinstance(cell, str) for cell in array.flat):
        return array
    try:
        return array.astype("float64")
    except (TypeError, ValueError):  # a missing value of pandas, a date
        return array


def shape_of_batches(batches: Any) -> tuple[int | None, int | None]:
    """Return the numbers of features and targets in a data set's element_spec; None for a number that is not in it.

    Args:
        batches: a `tf.data.Dataset`.

    Raises:
        InputError: its elements are not tuples (x, y) or (x, y, sample_weight), or they are single rows.
    """
    spec = batches.element_spec
    if not isinstance(spec, tuple) or len(spec) not in (2, 3):
        raise InputError(NO_Y)
    x, y = spec[0].shape, spec[1].shape
    if x.rank is None or y.rank is None:
        return None, None
    if x.rank != 2:
        raise InputError(f"a data set must yield x of shape (rows, features), got {tuple(x)}. Try dataset.batch(32).")
    return x[1], y[1] if y.rank > 1 else 1


def _cell_place(columns: tuple[str, ...] | None, row: int, column: int) -> str:
    label = repr(columns[column]) if columns else str(column)
    return f"column {label}, row {row} (counted from 0)"
