"""Rows that a fit takes as they are, with the names of their columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_SHOWN = 10  # features that a table prints


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of files, or of a DataFrame, that a fit needs: `model.fit(table)`.

    Attributes:
        x: features, float64, shape (rows, features).
        y: target, float64, shape (rows, 1), or (rows, targets) of several.
        feature_names: the columns of x; `city=Paris` is 1.0 where the column city has the level Paris, else 0.0.
        target_name: the column of y; a tuple of several.
        categories: the levels of each categorical column. The first is the reference level, and has no feature: the
            weights of the others are differences to it.
        dropped: how many rows were left out for a missing cell.
        sample_weight: how much each row counts, shape (rows,); None where all count the same.
    """

    x: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_name: str | tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: int = 0
    sample_weight: np.ndarray | None = None

    @property
    def is_read_only(self) -> bool:
        """Return whether the arrays cannot be written, so that what is computed from them can be kept."""
        arrays = (self.x, self.y, self.sample_weight)
        return not any(array.flags.writeable for array in arrays if array is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The feature names, as a DataFrame's columns are called."""
        return self.feature_names

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        """Such as `Table of 2,916 rows: price from year, income, city=Oslo (84 rows dropped)`."""
        target = self.target_name if isinstance(self.target_name, str) else ", ".join(self.target_name)
        features = ", ".join(self.feature_names[:_SHOWN])
        if len(self.feature_names) > _SHOWN:
            features += f", ... ({len(self.feature_names):,} features)"
        dropped = f" ({_rows(self.dropped)} dropped)" if self.dropped else ""
        return f"Table of {_rows(len(self))}: {target} from {features}{dropped}"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The features, wherever an array is wanted."""
        return np.array(self.x, dtype, copy=copy)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
