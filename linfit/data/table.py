"""Table: the rows of a fit in memory, with the names of their columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_SHOWN = 10  # number of features that a table's repr lists


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of files or of a DataFrame that a fit needs: `model.fit(table)`.

    The arrays of a table from `read_table` are read-only, so that fits and comparisons of the table share one reduction
    of its rows. Copy an array to change it, as in `table.x.copy()`.

    Attributes:
        x: the features, float64, shape (rows, features).
        y: the targets, float64, shape (rows, targets).
        feature_names: the columns of x. `city=Paris` is 1.0 where the column city has the level Paris, else 0.0.
        target_name: the column of y, or a tuple if there are several targets.
        categories: the levels of each categorical column. The first is the reference level. It has no feature; the
            weights of the other levels are differences from it.
        dropped: the number of rows that were left out because a cell is missing.
        sample_weight: the weight of each row, shape (rows,); None if all rows have the same weight.
    """

    x: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_name: str | tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: int = 0
    sample_weight: np.ndarray | None = None
    _owns_arrays: bool = field(default=False, repr=False)

    @property
    def is_constant(self) -> bool:
        """Return whether nobody can change the arrays, so that values computed from them can be kept.

        A read-only array may be a view of memory that its owner still changes, as in pandas. So only a table that was
        created with arrays of its own can be constant.
        """
        arrays = (self.x, self.y, self.sample_weight)
        return self._owns_arrays and not any(array.flags.writeable for array in arrays if array is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The feature names, under the name that a DataFrame uses."""
        return self.feature_names

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        """Return one line, such as `Table of 2,916 rows: price from year, income, city=Oslo (84 rows dropped)`."""
        target = self.target_name if isinstance(self.target_name, str) else ", ".join(self.target_name)
        features = ", ".join(self.feature_names[:_SHOWN])
        if len(self.feature_names) > _SHOWN:
            features += f", ... ({len(self.feature_names):,} features)"
        dropped = f" ({_rows(self.dropped)} dropped)" if self.dropped else ""
        return f"Table of {_rows(len(self))}: {target} from {features}{dropped}"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return x, wherever NumPy converts a table to an array."""
        return np.array(self.x, dtype, copy=copy)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
