"""All that the squared loss knows of the rows: how many there are, and the triangle R of [1, x, y]."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from linfit.categories import Categories
from linfit.checks import InputError
from linfit.curvature import Curvature
from linfit.design import design_blocks, design_of, origin_of
from linfit.least_squares import LeastSquares
from linfit.rank import independent_columns
from linfit.rows import Rows, as_rows, column_names
from linfit.standardization import Standardization
from linfit.triangle import from_blocks, triangle


@dataclass(frozen=True)
class SufficientStatistics:
    """One pass over n rows, condensed to k = 1 + features + targets numbers squared.

    The squared loss of any (w, b) depends on the rows only through RᵀR = AᵀA, with A = [1, x, y] (each row times
    the root of its weight): the loss, its gradient, its minimum and its curvature all follow from R. R is kept,
    not AᵀA, which would square the condition number (Golub & Van Loan, "Matrix Computations", 2013, section 5.3).
    x and y are counted from an origin near their means, whose subtraction is exact or nearly so: a column
    like a year then loses no digits to the 19 or 20 in front.

    Make it with `from_rows` or `from_batches`. Statistics of different rows add up: `a + b` is that of both, and
    `sum(parts)` that of all blocks, files or workers, in any order, to rounding.

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

    Example:
        >>> import linfit
        >>> x, y = linfit.GroundTruth(w=2.0, b=1.0).sample(1000, seed=7)
        >>> first = SufficientStatistics.from_rows(x[:400], y[:400])
        >>> both = first + SufficientStatistics.from_rows(x[400:], y[400:])
        >>> optimum = both.least_squares()
        >>> print(both.rows, round(optimum.w.item(), 6), round(optimum.b.item(), 6))
        1000 2.0 1.0
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
    def from_rows(
        cls, x: Any, y: Any = None, sample_weight: Any = None, use_bias: bool = True
    ) -> "SufficientStatistics":
        """Condenses rows in memory, a block at a time: beside the rows only a block takes memory.

        Args:
            x: features, shape (rows, features) or (rows,); float32 or float64 arrays are not copied. Or a `Table`,
                which has y, too.
            y: targets, shape (rows, targets) or (rows,).
            sample_weight: shape (rows,), not negative, or None.
            use_bias: False for a model y = x w.

        Raises:
            InputError: lengths differ, no rows, a value that is no finite number.
        """
        rows = as_rows(x, y, sample_weight, dtype=None)
        return cls.of(rows, use_bias, column_names(x))

    @classmethod
    def of(
        cls, rows: Rows, use_bias: bool = True, feature_names: tuple[str, ...] | None = None
    ) -> "SufficientStatistics":
        """The same of rows that are checked already."""
        chosen = rows.some(max(1000, 10 * (rows.x.shape[1] + rows.y.shape[1] + 1)))
        origin = origin_of(chosen) if use_bias else np.zeros(rows.x.shape[1] + rows.y.shape[1])
        lengths: list[float] = []

        def blocks() -> Iterator[np.ndarray]:
            lengths.clear()
            return design_blocks(rows, origin, use_bias, lengths)

        r = triangle(blocks, design_of(chosen, origin, use_bias), len(rows))
        eps = float(np.finfo(rows.x.dtype).eps)
        return cls(len(rows), rows.weighted, origin, r, rows.x.shape[1], use_bias, max(lengths), eps, feature_names)

    @classmethod
    def from_batches(
        cls, batches: Iterable[Any], use_bias: bool = True, verbose: Any = "auto"
    ) -> "SufficientStatistics":
        """Condenses a stream of batches, such as a `tf.data.Dataset`; in memory is one batch at a time.

        The names of the features are those of `batches.feature_names`, where there are any, or of DataFrames in it.

        Args:
            batches: what `read_batches` returns, or any tuples (x, y) or (x, y, sample_weight), each of the shapes
                that `from_rows` takes. Batches of some 50,000 rows are quickest.
            use_bias: False for a model y = x w.
            verbose: "auto" shows a bar with rows per second, and the time left where `batches.rows` says how many
                there are, if somebody sees it; 1 always, 0 never.

        Raises:
            InputError: no batches, or one that `from_rows` refuses; it is counted from 0. The rows of a batch may all
                weigh 0, those of the whole stream may not.
        """
        from linfit.reduction import of_batches  # which stands on this file

        return of_batches(batches, use_bias, verbose)

    @classmethod
    def from_parts(
        cls,
        parts: Iterable[Any],
        load: Callable[[Any], Iterable[Any]] | None = None,
        *,
        executor: Any = None,
        use_bias: bool = True,
        verbose: Any = "auto",
    ) -> "SufficientStatistics":
        """Condenses parts that workers read by themselves: what travels are parts' names and triangles, never rows.

        The parts are added up in their own order, so that the result does not depend on who was first. Those without
        a row add nothing. Afterwards `part.dropped` of each part of `read_batches` says how many rows were left out.

        Args:
            parts: such as `read_batches(...).parts(8)`, or paths; each small, for it is sent to a worker.
            load: gives the batches of a part, as `from_batches` takes them; None where a part is that itself. For
                worker processes a function that they can import, not one of a notebook's cell or a lambda.
            executor: anything with a `map`: a pool of `concurrent.futures` or `multiprocessing` for the cores of one
                machine, a `dask.distributed.Client` for many machines. None condenses one part after another here.
            use_bias: False for a model y = x w.
            verbose: as in `from_batches`; the bar counts parts.

        Raises:
            InputError: no parts, none with a row, or one that `from_batches` refuses, as the worker raised it.

        Example:
            >>> import linfit
            >>> from concurrent.futures import ThreadPoolExecutor
            >>> truth = linfit.GroundTruth(w=2.0, b=1.0)
            >>> with ThreadPoolExecutor(2) as pool:
            ...     both = SufficientStatistics.from_parts(
            ...         [7, 8], lambda seed: [truth.sample(1000, seed=seed)], executor=pool
            ...     )
            >>> print(both.rows, round(both.least_squares().w.item(), 6))
            2000 2.0
        """
        from linfit.reduction import of_parts

        return of_parts(parts, load, executor, use_bias, verbose)

    def __add__(self, other: "SufficientStatistics") -> "SufficientStatistics":
        """The statistics of the rows of both."""
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        for what in ("features", "targets", "use_bias", "feature_names", "categories"):
            must_agree(what, getattr(self, what), getattr(other, what))
        origin = self.origin
        if self.use_bias:
            ones = np.hypot(self.triangle[0, 0], other.triangle[0, 0])
            shares = [(s.triangle[0, 0] / ones) ** 2 for s in (self, other)]
            offsets = [s.triangle[0, 1:] / s.triangle[0, 0] + (s.origin - self.origin) for s in (self, other)]
            origin = self.origin + (shares[0] * offsets[0] + shares[1] * offsets[1])  # the mean of both
        return SufficientStatistics(
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

    def __radd__(self, other: Any) -> "SufficientStatistics":
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

    def pseudo_observations(self) -> tuple[np.ndarray, ...]:
        """As few as k rows with the mean squared error, and the gradient, of all n rows at every (w, b).

        Q R with an orthogonal Q has the same squared loss as R. The reflection Q (Householder, 1958) that spreads
        the first column of R, (√W, 0, 0, ...) with the sum W of the weights, evenly over the k rows makes it a
        column of ones, up to a factor: what remains are rows x, y of an ordinary data set.

        Returns:
            x of shape (k, features) and y of shape (k, targets), as Keras's `fit` takes them. Where weights do not
            average 1 and there is a bias, a third array: the weight of each, W/n.

        Example:
            >>> import linfit
            >>> truth = linfit.GroundTruth(w=2.0, b=1.0, noise=0.5)
            >>> x, y = truth.sample(1_000_000, seed=7)
            >>> few = SufficientStatistics.from_rows(x, y).pseudo_observations()
            >>> print(few[0].shape, round(truth.loss(*few) / truth.loss(x, y), 12))
            (3, 1) 1.0
        """
        k = len(self.triangle)
        if not self.use_bias:
            values = self.triangle * math.sqrt(k / self.rows)
            return values[:, : self.features], values[:, self.features :]
        v = np.full((k, 1), -1 / math.sqrt(k))
        v[0] += 1
        spread = self.deviations - 2 / (v.T @ v) * v[1:] * (v[1:].T @ self.deviations)
        spread = np.vstack([-2 / (v.T @ v) * v[0] * (v[1:].T @ self.deviations), spread])
        values = self.mean + spread * math.sqrt(k / self.weight)
        rows = values[:, : self.features], values[:, self.features :]
        if not math.isclose(self.weight, self.rows, rel_tol=1e-12):
            return *rows, np.full(k, self.weight / self.rows)
        return rows

    def least_squares(self, l2: float = 0.0) -> LeastSquares:
        """The optimum and its standard errors; `l2` is the factor of Keras's `regularizers.L2`."""
        return LeastSquares.from_statistics(self, l2)

    def curvature(self, l2: float = 0.0) -> Curvature:
        """The curvature of the loss, and with it the learning rates it allows."""
        return Curvature.from_statistics(self, l2)

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

    def standardized(self, units: Standardization | None = None) -> "SufficientStatistics":
        """The statistics of the same rows with their features in other units; their own, if none are given.

        In their own each feature has the mean 0 and the standard deviation 1; without a bias the mean square 1.
        """
        units = Standardization.of(self) if units is None else units
        first, p = int(self.use_bias), self.features
        r, origin = self.triangle.copy(), self.origin.copy()
        r[:, first : first + p] /= units.scale
        if self.use_bias:
            origin[:p] = (origin[:p] - units.mean) / units.scale
        size = (self.root_mean_square[:p] if self.size is None else self.size) / units.scale
        return replace(self, origin=origin, triangle=r, longest_row=math.nan, size=size)

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
