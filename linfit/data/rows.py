"""Rows: the rows of a fit in memory, as validated matrices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)  # compared and hashed by identity, not by value
class Rows:
    """The rows of a fit as matrices, validated by `as_rows`.

    Attributes:
        x: features, shape (rows, features).
        y: targets, shape (rows, targets).
        sample_weight: shape (rows,), or None if all rows have the same weight.
    """

    x: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def count(self) -> int:
        """The number of data rows that these rows represent."""
        return len(self)

    @property
    def weighted(self) -> int:
        """The number of rows with a weight above 0."""
        return len(self) if self.sample_weight is None else int(np.count_nonzero(self.sample_weight))

    def as_tuple(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return (x, y, sample_weight), as Keras takes them."""
        return self.x, self.y, self.sample_weight

    def as_type(self, dtype: str) -> Self:
        """Return the rows in a float type; arrays that have it are not copied."""
        weight = None if self.sample_weight is None else self.sample_weight.astype(dtype, copy=False)
        x, y = self.x.astype(dtype, copy=False), self.y.astype(dtype, copy=False)
        return replace(self, x=x, y=y, sample_weight=weight)

    def mean_squared_error(self, w: np.ndarray, b: np.ndarray | float = 0.0) -> float:
        """Return the mean over rows and targets of (y - x w - b)² in float64, weighted as in Keras's "mse"."""
        with np.errstate(over="ignore", invalid="ignore"):  # the loss of a diverged fit is infinite
            squared = (self.y - self.x @ np.asarray(w, "float64") - b) ** 2
            weight = 1.0 if self.sample_weight is None else self.sample_weight[:, np.newaxis]
            squared *= weight
            if np.isfinite(mean := np.mean(squared)):
                return float(mean)
            return float(np.sum(squared / squared.size))  # the sum alone may overflow

    def copied(self) -> "Rows":
        """Return a copy of the rows."""
        return Rows(self.x.copy(), self.y.copy(), None if self.sample_weight is None else self.sample_weight.copy())

    @staticmethod
    def joined(parts: Sequence["Rows"]) -> "Rows":
        """Return the rows of all parts; where only some parts have weights, the other rows get the weight 1."""
        weight = None
        if any(part.sample_weight is not None for part in parts):
            weights = (np.ones(len(part)) if part.sample_weight is None else part.sample_weight for part in parts)
            weight = np.concatenate(list(weights))
        return Rows(np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts]), weight)

    def first(self, count: int) -> "Rows":
        """Return the first `count` rows."""
        return self._slice(slice(0, count))

    def part(self, start: int, end: int) -> "Rows":
        """Return the rows from `start` up to, but not including, `end`."""
        return self._slice(slice(start, end))

    def evenly_spaced(self, count: int) -> "Rows":
        """Return `count` rows, or up to twice as many, at even distances; all rows if there are fewer."""
        return self._slice(slice(None, None, max(1, len(self) // count)))

    def _slice(self, which: slice) -> "Rows":
        weight = None if self.sample_weight is None else self.sample_weight[which]
        return Rows(self.x[which], self.y[which], weight)
