"""Rows: the rows of a fit in memory, as validated matrices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)  # each is its own: two are not compared value by value
class Rows:
    """The rows of a fit as matrices; see `as_rows`.

    Attributes:
        x: features, shape (rows, features).
        y: targets, shape (rows, targets).
        sample_weight: shape (rows,), or None where all rows weigh the same.
    """

    x: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def count(self) -> int:
        """How many rows of data these stand for."""
        return len(self)

    @property
    def weighted(self) -> int:
        """How many rows weigh more than 0."""
        return len(self) if self.sample_weight is None else int(np.count_nonzero(self.sample_weight))

    def as_tuple(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """x, y and sample_weight, as Keras takes them."""
        return self.x, self.y, self.sample_weight

    def as_type(self, dtype: str) -> Self:
        """The same rows in a float type; not copied if it is theirs."""
        weight = None if self.sample_weight is None else self.sample_weight.astype(dtype, copy=False)
        x, y = self.x.astype(dtype, copy=False), self.y.astype(dtype, copy=False)
        return replace(self, x=x, y=y, sample_weight=weight)

    def mean_squared_error(self, w: np.ndarray, b: np.ndarray | float = 0.0) -> float:
        """The mean over rows and targets of (y - x w - b)² in float64, as Keras's "mse" weighs it."""
        with np.errstate(over="ignore", invalid="ignore"):  # the loss of a diverged fit is infinite
            squared = (self.y - self.x @ np.asarray(w, "float64") - b) ** 2
            weight = 1.0 if self.sample_weight is None else self.sample_weight[:, np.newaxis]
            squared *= weight
            if np.isfinite(mean := np.mean(squared)):
                return float(mean)
            return float(np.sum(squared / squared.size))  # the sum alone may overflow

    def copied(self) -> "Rows":
        """The same rows in arrays of their own."""
        return Rows(self.x.copy(), self.y.copy(), None if self.sample_weight is None else self.sample_weight.copy())

    @staticmethod
    def joined(parts: Sequence["Rows"]) -> "Rows":
        """The rows of all parts; those without weights weigh 1 where others have any."""
        weight = None
        if any(part.sample_weight is not None for part in parts):
            weights = (np.ones(len(part)) if part.sample_weight is None else part.sample_weight for part in parts)
            weight = np.concatenate(list(weights))
        return Rows(np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts]), weight)

    def first(self, count: int) -> "Rows":
        """The first `count` rows."""
        return self._slice(slice(0, count))

    def part(self, start: int, end: int) -> "Rows":
        """The rows from `start` to before `end`."""
        return self._slice(slice(start, end))

    def evenly_spaced(self, count: int) -> "Rows":
        """About `count` rows, spread evenly over all."""
        return self._slice(slice(None, None, max(1, len(self) // count)))

    def _slice(self, which: slice) -> "Rows":
        weight = None if self.sample_weight is None else self.sample_weight[which]
        return Rows(self.x[which], self.y[which], weight)
