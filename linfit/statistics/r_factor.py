"""RFactor: the triangular factor R of the rows [1, x, y], and what follows from it directly."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from linfit.checks import InputError
from linfit.data.categories import Categories
from linfit.data.rows import Rows
from linfit.statistics.design_matrix import design_blocks, design_matrix, origin_of
from linfit.statistics.qr import from_blocks, triangle
from linfit.statistics.rank import independent_columns


@dataclass(frozen=True)
class RFactor:
    """The factor R of the QR decomposition of A = [1, x, y], each row times the square root of its weight.

    x and y are measured from an origin near their means. Subtracting it is exact or nearly so: a column such as a year
    keeps the digits that a leading 19 or 20 would take.

    Attributes:
        rows: how many rows there are, n.
        weighted_rows: how many of them weigh more than 0.
        origin: what x and y are counted from, float64, shape (features + targets,); zeros without a bias.
        triangle: R of [1, x - origin, y - origin], or of [x, y] without a bias; upper triangular, shape (k, k).
        features: how many columns of x there are.
        use_bias: whether there is a column of ones.
        longest_row: the largest squared length of a row [1, x], times its weight; it decides how large a step a
            small batch allows.
        eps: the spacing of the rows' floats at 1; columns that depend on each other do so but for such rounding.
        feature_names: a name for each feature, or None.
        categories: the levels of each categorical column that features were made of, or None.
        size: how large the features were, in their present units, when they were counted from 0, shape (features,): so
            their values were rounded. None where they still are.
    """

    rows: int
    weighted_rows: int
    origin: np.ndarray
    triangle: np.ndarray
    features: int
    use_bias: bool
    longest_row: float
    eps: float
    feature_names: tuple[str, ...] | None = None
    categories: Categories | None = None
    size: np.ndarray | None = None

    @classmethod
    def of(cls, rows: Rows, use_bias: bool = True, feature_names: tuple[str, ...] | None = None) -> Self:
        """Reduce validated rows, a block at a time."""
        chosen = rows.evenly_spaced(max(1000, 10 * (rows.x.shape[1] + rows.y.shape[1] + 1)))
        origin = origin_of(chosen) if use_bias else np.zeros(rows.x.shape[1] + rows.y.shape[1])
        lengths: list[float] = []

        def blocks() -> Iterator[np.ndarray]:
            lengths.clear()
            return design_blocks(rows, origin, use_bias, lengths)

        r = triangle(blocks, design_matrix(chosen, origin, use_bias), len(rows))
        eps = float(np.finfo(rows.x.dtype).eps)
        return cls(len(rows), rows.weighted, origin, r, rows.x.shape[1], use_bias, max(lengths), eps, feature_names)

    def __add__(self, other: Any) -> Self:
        """The statistics of the rows of both."""
        if not isinstance(other, RFactor):
            return NotImplemented
        for what in ("features", "targets", "use_bias", "feature_names", "categories"):
            must_agree(what, getattr(self, what), getattr(other, what))
        origin = self.origin
        if self.use_bias:
            ones = np.hypot(self.triangle[0, 0], other.triangle[0, 0])
            shares = [(s.triangle[0, 0] / ones) ** 2 for s in (self, other)]
            offsets = [s.triangle[0, 1:] / s.triangle[0, 0] + (s.origin - self.origin) for s in (self, other)]
            origin = self.origin + (shares[0] * offsets[0] + shares[1] * offsets[1])  # the mean of both
        return type(self)(
            rows=self.rows + other.rows,
            weighted_rows=self.weighted_rows + other.weighted_rows,
            origin=origin,
            triangle=from_blocks((part.counted_from(origin) for part in (self, other)), len(self.triangle)),
            features=self.features,
            use_bias=self.use_bias,
            longest_row=max(self.longest_row, other.longest_row),
            eps=max(self.eps, other.eps),
            feature_names=self.feature_names or other.feature_names,
            categories=self.categories or other.categories,
        )

    def __radd__(self, other: Any) -> Self:
        """Lets `sum` start at 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    @property
    def targets(self) -> int:
        """How many columns y has."""
        return len(self.origin) - self.features

    @property
    def labels(self) -> tuple[str, ...]:
        """What to call the features in a sentence: their names, or x0, x1, ...; x for a single one."""
        numbered = tuple(f"x{i}" for i in range(self.features))
        return self.feature_names or (numbered if self.features > 1 else ("x",))

    @property
    def weight(self) -> float:
        """The sum of the weights, n where there are none; without a bias, which alone needs it, always n."""
        return float(self.triangle[0, 0] ** 2) if self.use_bias else float(self.rows)

    @property
    def mean(self) -> np.ndarray:
        """The (weighted) means of the columns of x and y, shape (features + targets,); zeros without a bias."""
        return self.origin + self.triangle[0, 1:] / self.triangle[0, 0] if self.use_bias else self.origin

    @property
    def root_mean_square(self) -> np.ndarray:
        """How large x and y are, counted from 0, shape (features + targets,)."""
        return np.sqrt((np.sum(self.deviations**2, axis=0) + self.weight * self.mean**2) / self.rows)

    @property
    def deviations(self) -> np.ndarray:
        """R of [x - mean, y - mean], shape (features + targets, features + targets); without a bias of [x, y]."""
        return self.triangle[1:, 1:] if self.use_bias else self.triangle

    def independent_columns(self) -> tuple[np.ndarray, np.ndarray]:
        """The indices of the features that do not depend on those before, and a basis of what they leave open.

        The basis has the shape (features, dependent): combinations of features that never change.
        """
        p = self.features
        length = (self.root_mean_square[:p] if self.size is None else self.size) * math.sqrt(self.rows)
        return independent_columns(self.deviations[:p, :p], length, self.eps)

    def design(self) -> np.ndarray:
        """R of [x, 1] (of x without a bias) as the columns are, shape (features + 1, features + 1).

        The order is that of a model's parameters. It has the singular values and right singular vectors of all
        rows together.
        """
        p = self.features
        if not self.use_bias:
            return self.triangle[:p, :p]
        ones = self.triangle[0, 0]
        return np.block([[self.deviations[:p, :p], np.zeros((p, 1))], [ones * self.mean[:p], ones]])

    def counted_from(self, origin: np.ndarray) -> np.ndarray:
        """The triangle with another origin: x - new = (x - old) + (old - new), which only the first row feels."""
        r = self.triangle.copy()
        if self.use_bias:
            r[0, 1:] += r[0, 0] * (self.origin - origin)
        return r


def must_agree(what: str, mine: Any, theirs: Any) -> None:
    """Refuses to add up what is not of one kind; None stands for what is not known."""
    if mine != theirs and None not in (mine, theirs):
        raise InputError(f"statistics can be added where {what} agree, got {mine} and {theirs}.")
