"""SufficientStatistics: any number of rows, condensed to what the squared loss depends on."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from linfit.data.array_input import as_rows, column_names
from linfit.data.rows import Rows
from linfit.statistics.curvature import Curvature
from linfit.statistics.r_factor import RFactor
from linfit.statistics.reduction import reduce_batches
from linfit.statistics.solution import LeastSquares
from linfit.statistics.standardization import Standardization
from linfit.statistics.worker_parts import reduce_parts

# The R factors of rows that have been reduced before, by use_bias.
_known_factors: WeakKeyDictionary[Rows, dict[bool, RFactor]] = WeakKeyDictionary()


@dataclass(frozen=True)
class SufficientStatistics(RFactor):
    """Everything that the squared loss needs from n rows, as a k × k triangle with k = 1 + features + targets.

    The squared loss of any (w, b) depends on the rows only through RᵀR = AᵀA, where A = [1, x, y] has each row
    multiplied by the square root of its weight. The loss, its gradient, its minimum and its curvature all follow from
    R. R is kept instead of AᵀA, which would square the condition number (Golub & Van Loan, "Matrix Computations", 2013,
    section 5.3).

    Create it with `from_rows`, `from_batches` or `from_parts`. Statistics of different rows can be added: `a + b` are
    those of the rows of both, and `sum(parts)` those of all blocks, files or workers. The order of the parts changes
    only rounding errors.

    Attributes:
        rows, weighted_rows: the number of rows, n, and of those with a weight above 0.
        features, targets: the number of columns of x and of y.
        use_bias: whether A has a column of ones, for a model with a bias; k is 1 less without it.
        feature_names: a name for each feature, or None.
        mean: the (weighted) means of x and y, shape (features + targets,); zeros without a bias.
        triangle: R of x and y measured from `origin`, a point near their means; float64, shape (k, k).

    The base class, `linfit.statistics.r_factor.RFactor`, documents the other attributes.

    Example:
        >>> import linfit
        >>> x, y = linfit.GroundTruth(w=2.0, b=1.0).sample(1000, seed=7)
        >>> first = SufficientStatistics.from_rows(x[:400], y[:400])
        >>> both = first + SufficientStatistics.from_rows(x[400:], y[400:])
        >>> optimum = both.least_squares()
        >>> print(both.rows, round(optimum.w.item(), 6), round(optimum.b.item(), 6))
        1000 2.0 1.0
    """

    @classmethod
    def from_rows(cls, x: Any, y: Any = None, sample_weight: Any = None, use_bias: bool = True) -> Self:
        """Reduce rows in memory, a block at a time; apart from the rows, only a few blocks take memory.

        Args:
            x: features, shape (rows, features) or (rows,); float32 and float64 arrays are not copied. Or a `Table`,
                which includes y.
            y: targets, shape (rows, targets) or (rows,).
            sample_weight: shape (rows,), not negative, or None.
            use_bias: False for a model y = x w.

        Raises:
            InputError: lengths differ, there are no rows, or a value is not finite.
        """
        rows = as_rows(x, y, sample_weight, dtype=None)
        return cls.of(rows, use_bias, column_names(x))

    @classmethod
    def of(cls, rows: Rows, use_bias: bool = True, feature_names: tuple[str, ...] | None = None) -> Self:
        """Reduce validated rows; each rows object is reduced only once."""
        known = _known_factors.setdefault(rows, {})
        if use_bias not in known:
            known[use_bias] = super().of(rows, use_bias)
        return cls.from_r_factor(replace(known[use_bias], feature_names=feature_names))

    @classmethod
    def from_r_factor(cls, factor: RFactor) -> Self:
        """Return an R factor as statistics."""
        return cls(*(getattr(factor, field.name) for field in fields(RFactor)))

    @classmethod
    def from_batches(cls, batches: Iterable[Any], use_bias: bool = True, verbose: Any = "auto") -> Self:
        """Reduce a stream of batches, such as a `tf.data.Dataset`, with one batch in memory at a time.

        Feature names come from `batches.feature_names` if it exists, or from the columns of DataFrames among the
        batches.

        Args:
            batches: the result of `read_batches`, or tuples (x, y) or (x, y, sample_weight) with the shapes that
                `from_rows` takes. Batches of about 50,000 rows are fastest.
            use_bias: False for a model y = x w.
            verbose: "auto" shows a progress bar in a terminal or notebook, with rows per second, and with the time left
                if `batches.rows` gives the number of rows. 1 always shows it, 0 never.

        Raises:
            InputError: there are no batches, or `from_rows` refuses one (the message gives its number, from 0). All
                rows of a batch may have weight 0, but not all rows of the stream.
        """
        return cls.from_r_factor(reduce_batches(batches, use_bias, verbose))

    @classmethod
    def from_parts(
        cls,
        parts: Iterable[Any],
        load: Callable[[Any], Iterable[Any]] | None = None,
        *,
        executor: Any = None,
        use_bias: bool = True,
        verbose: Any = "auto",
    ) -> Self:
        """Reduce parts that workers read; only the parts and their triangles are sent between processes, never rows.

        The triangles are added in the order of the parts, so the result does not depend on which worker finishes first.
        Parts without rows add nothing. Afterwards the attribute `dropped` of each part of `read_batches` holds the
        number of rows that were left out.

        Args:
            parts: for example `read_batches(...).parts(8)`, or paths. Each is sent to a worker, so it should be small.
            load: returns the batches of a part, as `from_batches` takes them; None if each part is an iterable of
                batches. Worker processes must be able to import it: a lambda or a function from a notebook cell does
                not work.
            executor: any object with a `map` method: a pool of `concurrent.futures` or `multiprocessing` for the cores
                of one machine, a `dask.distributed.Client` for many machines. None reduces one part after another in
                this process.
            use_bias: False for a model y = x w.
            verbose: as in `from_batches`; the bar counts parts.

        Raises:
            InputError: there are no parts, or none with a row; or `from_batches` refuses one, in which case the
                worker's error is raised.

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
        return cls.from_r_factor(reduce_parts(parts, load, executor, use_bias, verbose))

    def pseudo_observations(self) -> tuple[np.ndarray, ...]:
        """Return k rows that have the mean squared error and the gradient of all n rows at every (w, b).

        Q R has the same squared loss as R for every orthogonal Q. The first column of R is (√W, 0, 0, ...), where W is
        the sum of the weights. A reflection Q (Householder, 1958) spreads it evenly over the k rows, so that it becomes
        a multiple of a column of ones. The other columns are then the x and y of an ordinary data set.

        Returns:
            x of shape (k, features) and y of shape (k, targets), as Keras's `fit` takes them. With a bias and weights
            whose mean is not 1 there is a third array: the weight of each row, W/n.

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
        """Return the optimum and its standard errors; `l2` is the factor of Keras's `regularizers.L2`."""
        return LeastSquares.from_statistics(self, l2)

    def curvature(self, l2: float = 0.0) -> Curvature:
        """Return the curvature of the loss, which determines the learning rates it allows."""
        return Curvature.from_statistics(self, l2)

    def standardized(self, units: Standardization | None = None) -> Self:
        """Return the statistics of the same rows with standardized features.

        Args:
            units: the units of the features; by default those in which each feature has mean 0 and standard deviation
                1, or mean square 1 without a bias.
        """
        units = Standardization.of(self) if units is None else units
        first, p = int(self.use_bias), self.features
        r, origin = self.triangle.copy(), self.origin.copy()
        r[:, first : first + p] /= units.scale
        if self.use_bias:
            origin[:p] = (origin[:p] - units.mean) / units.scale
        size = (self.root_mean_square[:p] if self.size is None else self.size) / units.scale
        return replace(self, origin=origin, triangle=r, longest_row=math.nan, size=size)
