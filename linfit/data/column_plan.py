"""ColumnPlan: the columns to read from a table, and their conversion to numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linfit.checks import InputError
from linfit.data import categories
from linfit.data.bad_cell import BadCell
from linfit.data.block import Block

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ColumnPlan:
    """The columns to read from a table and how to convert them to numbers.

    Attributes:
        features: the columns that become features.
        targets: the columns that become targets.
        categories: the levels of each categorical feature; None where they are to be learnt.
        drop_missing: whether rows with a missing cell are left out.
        weight: the column with the weights of the rows, if there is one.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    categories: dict[str, tuple[str, ...] | None]
    drop_missing: bool
    weight: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns to read: features, targets and weight."""
        return self.features + self.targets + (() if self.weight is None else (self.weight,))

    def empty_block(self) -> Block:
        """Return a block without rows."""
        return Block(np.empty((len(self._value_columns), 0)))

    def split(self, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return a block's values as x and y, and weights if there are any, each of shape (rows, ...)."""
        features, targets = len(self.feature_names), len(self.targets)
        parts = values[:features].T, values[features : features + targets].T
        return parts if self.weight is None else (*parts, values[-1])

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of all features, including those of levels."""
        return tuple(name for column in self.features for name in self._names_of(column))

    def convert(
        self,
        source: str,
        arrays: "Sequence[pa.Array]",
        place: Callable[[int], str],
        content: Callable[[int, str], str] | None = None,
    ) -> Block | BadCell:
        """Return some rows as numbers, or their first bad cell.

        Args:
            source: the name of the file or DataFrame, for a message.
            arrays: the plan's columns as Arrow arrays of equal length.
            place: returns the place of a row in words.
            content: returns the content of a bad cell in words, unless it is missing; by default, the array's.
        """
        values = np.empty((len(self._value_columns), len(arrays[0])))
        for column, array in zip(self.columns, arrays, strict=True):
            value_rows = self._value_rows[column]
            levels = self.categories.get(column)
            if levels is not None:
                codes = categories.level_codes(array, levels)
                np.take(self._one_hot_values[column], codes, axis=1, out=values[value_rows], mode="wrap")
            elif column in self.categories:
                values[value_rows] = np.where(_is_missing(array), np.nan, 0.0)
            else:
                values[value_rows] = _numbers(array)
        kept: np.ndarray | None = None
        negative = values[-1] < 0 if self.weight is not None else np.False_
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.isfinite(values.sum())  # one quick pass; the sum of finite values may overflow
        if not finite or negative.any():
            bad = ~np.isfinite(values)
            bad[-1] |= negative
            if self.drop_missing:
                kept = np.asarray(~np.isnan(values).any(axis=0))
                bad &= kept
            if bad.any():
                return self._first_bad_cell(source, arrays, values, bad, place, content)
        new_levels = {
            column: categories.distinct_levels(arrays[self.columns.index(column)], kept)
            for column, levels in self.categories.items()
            if levels is None
        }
        return Block(values, 0, new_levels) if kept is None else Block(values[:, kept], int(np.sum(~kept)), new_levels)

    def _first_bad_cell(
        self,
        source: str,
        arrays: "Sequence[pa.Array]",
        values: np.ndarray,
        bad: np.ndarray,
        place: Callable[[int], str],
        content: Callable[[int, str], str] | None,
    ) -> BadCell:
        """Return the first bad cell in reading order."""
        row = int(np.argmax(bad.any(axis=0)))
        index = int(np.argmax(bad[:, row]))
        column = self._value_columns[index]
        counts = {name: int(np.sum(bad[self._value_rows[name]].any(axis=0))) for name in self.columns}
        missing = bool(np.isnan(values[index, row]))
        if missing:
            got = "a missing value"
        elif content is not None:
            got = content(row, column)
        else:
            value = arrays[self.columns.index(column)][row].as_py()
            got = repr(value) if column in self.categories else str(value)
        levels = (self.categories[column] or ()) if column in self.categories else None
        required = BadCell.required if column != self.weight else "a weight of 0 or more"
        return BadCell(source, place(row), column, got, levels, missing, counts, required)

    def refuse_duplicate_names(self) -> None:
        """Refuse two features with the same name, such as level Rome of column `city` and a column `city=Rome`.

        Raises:
            InputError: two columns give features with the same name.
        """
        column_of: dict[str, str] = {}
        for column in self.features:
            for name in self._names_of(column):
                if name in column_of:
                    raise InputError(
                        f"the columns {column_of[name]!r} and {column!r} would both give a feature called {name!r}. "
                        "Rename one of them, or leave it out of the features."
                    )
                column_of[name] = column

    def _names_of(self, column: str) -> tuple[str, ...]:
        if column not in self.categories:
            return (column,)
        levels = self.categories[column]
        return (column,) if levels is None else categories.feature_names(column, levels)

    @cached_property
    def _value_columns(self) -> list[str]:
        """The column from which each value of a row comes."""
        return [column for column in self.columns for _ in self._names_of(column)]

    @cached_property
    def _value_rows(self) -> dict[str, slice]:
        """The rows of `Block.values` that belong to each column."""
        starts = {column: self._value_columns.index(column) for column in self.columns}
        return {column: slice(start, start + len(self._names_of(column))) for column, start in starts.items()}

    @cached_property
    def _one_hot_values(self) -> dict[str, np.ndarray]:
        """The values for each code of a categorical column: its levels, then UNKNOWN (infinite) and MISSING (NaN)."""
        tables = {}
        for column, levels in self.categories.items():
            if levels is not None:
                values = categories.one_hot(levels).T
                tables[column] = np.hstack([values, np.full((len(values), 2), [np.inf, np.nan])])
        return tables


def _numbers(array: "pa.Array") -> np.ndarray:
    """Return a column of numbers, with NaN for missing cells."""
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not pa.types.is_floating(array.type) and not pa.types.is_integer(array.type):
        array = array.cast(pa.float64())  # booleans, decimals and columns without a value
    return array.to_numpy(zero_copy_only=False)


def _is_missing(array: "pa.Array") -> np.ndarray:
    return categories.as_text(array).is_null().to_numpy(zero_copy_only=False)
