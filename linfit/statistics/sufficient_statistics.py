"""SufficientStatistics: everything that the squared loss needs to know of any number of rows."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from linfit.data.array_input import as_rows, column_names
from linfit.data.rows import Rows
from linfit.statistics.curvature import Curvature
from linfit.statistics.parts import of_parts
from linfit.statistics.r_factor import RFactor
from linfit.statistics.solution import LeastSquares
from linfit.statistics.solve import solve
from linfit.statistics.standardization import Standardization
from linfit.statistics.streaming import of_batches

# The R factor of rows that are reduced already, by use_bias.
_reduced: WeakKeyDictionary[Rows, dict[bool, RFactor]] = WeakKeyDictionary()


@dataclass(frozen=True)
class SufficientStatistics(RFactor):
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

    @classmethod
    def from_rows(cls, x: Any, y: Any = None, sample_weight: Any = None, use_bias: bool = True) -> Self:
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
    def of(cls, rows: Rows, use_bias: bool = True, feature_names: tuple[str, ...] | None = None) -> Self:
        """Reduce validated rows; the same rows are reduced only once."""
        known = _reduced.setdefault(rows, {})
        if use_bias not in known:
            known[use_bias] = super().of(rows, use_bias)
        return cls.from_r_factor(replace(known[use_bias], feature_names=feature_names))

    @classmethod
    def from_r_factor(cls, factor: RFactor) -> Self:
        """Return these statistics for an R factor that is known already."""
        return cls(*(getattr(factor, field.name) for field in fields(RFactor)))

    @classmethod
    def from_batches(cls, batches: Iterable[Any], use_bias: bool = True, verbose: Any = "auto") -> Self:
        """Condenses a stream of batches, such as a `tf.data.Dataset`; in memory is one batch at a time.

        The names of the features are those of `batches.feature_names`, where there are any, or of DataFrames in it.

        Args:
            batches: what `read_batches` returns, or any tuples (x, y) or (x, y, sample_weight), each of the shapes
                that `from_rows` takes. Minibatches of some 50,000 rows are quickest.
            use_bias: False for a model y = x w.
            verbose: "auto" shows a bar with rows per second, and the time left where `batches.rows` says how many
                there are, if somebody sees it; 1 always, 0 never.

        Raises:
            InputError: no batches, or one that `from_rows` refuses; it is counted from 0. The rows of a batch may all
                weigh 0, those of the whole stream may not.
        """
        return cls.from_r_factor(of_batches(batches, use_bias, verbose))

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
        return cls.from_r_factor(of_parts(parts, load, executor, use_bias, verbose))

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
        return solve(self, l2)

    def curvature(self, l2: float = 0.0) -> Curvature:
        """The curvature of the loss, and with it the learning rates it allows."""
        return Curvature.from_r_factor(self, l2)

    def standardized(self, units: Standardization | None = None) -> Self:
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
