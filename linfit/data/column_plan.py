"""Columns of a table as a block of finite numbers, or the first cell that is none."""

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
    """What is to be read from a table, and what its rows become.

    Attributes:
        features, targets: the columns.
        categories: the levels of the categorical features; None where they are to be learnt.
        drop: whether rows with a missing cell are left out.
        weight: the column of the rows' weights, if there is one.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    categories: dict[str, tuple[str, ...] | None]
    drop: bool
    weight: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are needed."""
        return self.features + self.targets + (() if self.weight is None else (self.weight,))

    def nothing(self) -> Block:
        """A block without rows."""
        return Block(np.empty((len(self._owners), 0)))

    def split(self, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """The values of a block as x and y, of shapes (rows, ...), and the weights where there are any."""
        features, targets = len(self.feature_names), len(self.targets)
        parts = values[:features].T, values[features : features + targets].T
        return parts if self.weight is None else (*parts, values[-1])

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, those of the levels among them."""
        return tuple(name for column in self.features for name in self._names(column))

    def block(
        self,
        table: str,
        arrays: "Sequence[pa.Array]",
        place: Callable[[int], str],
        cell: Callable[[int, str], str] | None = None,
    ) -> Block | BadCell:
        """Makes numbers of some rows.

        Args:
            table: what to call the table.
            arrays: the columns that are wanted, as Arrow arrays of one length.
            place: says where a row of them is.
            cell: says what a cell holds that is neither missing nor usable.
        """
        values = np.empty((len(self._owners), len(arrays[0])))
        for column, array in zip(self.columns, arrays, strict=True):
            at = self._rows_of[column]
            levels = self.categories.get(column)
            if levels is not None:
                np.take(self._encoded[column], categories.codes(array, levels), axis=1, out=values[at], mode="wrap")
            elif column in self.categories:
                values[at] = np.where(_is_missing(array), np.nan, 0.0)
            else:
                values[at] = _numbers(array)
        kept: np.ndarray | None = None
        negative = values[-1] < 0 if self.weight is not None else np.False_
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.isfinite(values.sum())  # one quick pass, though a sum may overflow by itself
        if not finite or negative.any():
            bad = ~np.isfinite(values)
            bad[-1] |= negative
            if self.drop:
                kept = np.asarray(~np.isnan(values).any(axis=0))
                bad &= kept
            if bad.any():
                return self._fault(table, arrays, values, bad, place, cell)
        seen = {
            column: categories.seen(arrays[self.columns.index(column)], kept)
            for column, levels in self.categories.items()
            if levels is None
        }
        return Block(values, 0, seen) if kept is None else Block(values[:, kept], int(np.sum(~kept)), seen)

    def _fault(
        self,
        table: str,
        arrays: "Sequence[pa.Array]",
        values: np.ndarray,
        bad: np.ndarray,
        place: Callable[[int], str],
        cell: Callable[[int, str], str] | None,
    ) -> BadCell:
        """The first cell in reading order that is bad."""
        row = int(np.argmax(bad.any(axis=0)))
        value = int(np.argmax(bad[:, row]))
        column = self._owners[value]
        counts = {name: int(np.sum(bad[self._rows_of[name]].any(axis=0))) for name in self.columns}
        missing = bool(np.isnan(values[value, row]))
        if missing:
            got = "a missing value"
        elif cell is not None:
            got = cell(row, column)
        else:
            content = arrays[self.columns.index(column)][row].as_py()
            got = repr(content) if column in self.categories else str(content)
        known = (self.categories[column] or ()) if column in self.categories else None
        wanted = BadCell.wanted if column != self.weight else "a weight of 0 or more"
        return BadCell(table, place(row), column, got, known, missing, counts, wanted)

    def refuse_equal_names(self) -> None:
        """Refuses features of one name: of a column city with a level Rome, and of a column `city=Rome`."""
        owners: dict[str, str] = {}
        for column in self.features:
            for name in self._names(column):
                if name in owners:
                    raise InputError(
                        f"the columns {owners[name]!r} and {column!r} would both give a feature called {name!r}. "
                        "Rename one of them, or leave it out of the features."
                    )
                owners[name] = column

    def _names(self, column: str) -> tuple[str, ...]:
        if column not in self.categories:
            return (column,)
        levels = self.categories[column]
        return (column,) if levels is None else categories.feature_names(column, levels)

    @cached_property
    def _owners(self) -> list[str]:
        """The column that each value of a row comes from."""
        return [column for column in self.columns for _ in self._names(column)]

    @cached_property
    def _rows_of(self) -> dict[str, slice]:
        """Where the values of a column stand in a block."""
        first = {column: self._owners.index(column) for column in self.columns}
        return {column: slice(begin, begin + len(self._names(column))) for column, begin in first.items()}

    @cached_property
    def _encoded(self) -> dict[str, np.ndarray]:
        """The values for each code of a categorical column: of the levels, of UNKNOWN (infinite) and MISSING (NaN)."""
        tables = {}
        for column, levels in self.categories.items():
            if levels is not None:
                known = categories.one_hot(levels).T
                tables[column] = np.hstack([known, np.full((len(known), 2), [np.inf, np.nan])])
        return tables


def _numbers(array: "pa.Array") -> np.ndarray:
    """A column of numbers; what is missing is NaN."""
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not pa.types.is_floating(array.type) and not pa.types.is_integer(array.type):
        array = array.cast(pa.float64())  # booleans, decimals, and columns without any value
    return array.to_numpy(zero_copy_only=False)


def _is_missing(array: "pa.Array") -> np.ndarray:
    return categories.texts(array).is_null().to_numpy(zero_copy_only=False)
