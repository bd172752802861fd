"""Reduction: the R factor of a stream of batches, in bounded memory."""

from collections.abc import Iterable
from dataclasses import replace
from operator import add
from typing import Any

import numpy as np

from linfit.checks import InputError, NoRows
from linfit.data.array_input import as_rows, column_names
from linfit.data.rows import Rows
from linfit.statistics.blas_threads import one_thread_if_narrow
from linfit.statistics.design_matrix import design_blocks, rounded_to_spread
from linfit.statistics.pairwise_sum import PairwiseSum
from linfit.statistics.qr import BLOCK_ROWS, Basis
from linfit.statistics.r_factor import RFactor, must_agree
from linfit.text.rows_bar import RowsBar

_CHUNK_VALUES = 2**18  # batches with fewer values are collected first: each addition takes about 0.1 ms


class Reduction:
    """Accumulates the R factor of batches in bounded memory, at the speed of a matrix product.

    The first rows are reduced to a triangle. It gives a basis in which the columns of similar rows are nearly
    orthonormal. In this basis the Gram matrix of the following rows is accumulated without loss of digits: see
    `linfit.statistics.qr`. Rows of a different kind, such as those late in a sorted file, are reduced to a triangle of
    their own, and a new basis is computed from all rows so far.

    A batch whose rows all have weight 0 only adds to the number of rows, by which the mean squared error is divided.

    Attributes:
        rows: the number of rows added so far.

    Args:
        use_bias: whether there is a column of ones.
        feature_names: a name for each feature, or None.
    """

    def __init__(self, use_bias: bool = True, feature_names: tuple[str, ...] | None = None):
        self.rows = 0
        self._use_bias, self._names = use_bias, feature_names
        self._shape: tuple[int, int] | None = None
        self._small_batches: list[Rows] = []  # collected until they have `_min_rows`
        self._rows_in_gram = self._weighted_in_gram = 0
        self._longest_row = self._eps = 0.0  # each the largest so far
        self._gram: np.ndarray = np.empty(0)
        self._origin: np.ndarray = np.empty(0)
        self._parts: PairwiseSum[RFactor] = PairwiseSum(add)
        self._basis_factor: RFactor | None = None  # of the rows that the basis was computed from
        self._basis: Basis | None = None

    def add(self, x: Any, y: Any, sample_weight: Any = None) -> None:
        """Add the rows of one batch.

        Raises:
            InputError: `SufficientStatistics.from_rows` refuses the batch, or its columns differ from earlier ones.
        """
        weightless = _all_zero(sample_weight)
        if weightless:
            sample_weight = np.ones_like(sample_weight)  # zeros would be refused; everything else is still checked
        rows = _unchecked_rows(x, y, sample_weight)
        if rows is None or len(rows) < self._min_rows(rows):
            rows = as_rows(x, y, sample_weight, dtype=None)
        features, targets = rows.x.shape[1], rows.y.shape[1]
        self._shape = self._shape or (features, targets)
        must_agree("features", self._shape[0], features)
        must_agree("targets", self._shape[1], targets)
        must_agree("feature_names", self._names, column_names(x))
        self._names = self._names or column_names(x)
        self.rows += len(rows)
        if weightless:
            return
        self._eps = max(self._eps, float(np.finfo(rows.x.dtype).eps))
        if len(rows) >= self._min_rows(rows):
            self._add_small_batches()
            self._add_rows(rows)
            return
        self._small_batches.append(rows.copied())  # a stream may reuse its arrays
        if sum(map(len, self._small_batches)) >= self._min_rows(rows):
            self._add_small_batches()

    def statistics(self) -> RFactor:
        """Return the R factor of all rows so far.

        Raises:
            NoRows: there are no rows, or none with a weight above 0.
        """
        self._add_small_batches()
        if self._basis_factor is None and self.rows:
            raise NoRows(f"sample_weight must be above 0 in at least one row, got 0 in all {self.rows:,} rows.")
        if self._basis_factor is None:
            raise NoRows("batches must include at least one (x, y) with a row, got no batches.")
        return replace(self._with_gram(self._basis_factor), rows=self.rows, eps=self._eps)

    def _min_rows(self, rows: Rows) -> int:
        """Return the number of rows that are worth an addition; fewer are collected first."""
        columns = rows.x.shape[1] + rows.y.shape[1] + 1
        return 1 + max(BLOCK_ROWS, 10 * columns, _CHUNK_VALUES // columns)

    def _add_small_batches(self) -> None:
        if self._small_batches:
            batches, self._small_batches = self._small_batches, []
            self._add_rows(Rows.joined(batches))

    def _add_rows(self, rows: Rows) -> None:
        """Add rows to the Gram matrix if its basis fits them, otherwise as a triangle of their own."""
        longest_rows: list[float] = []
        if self._basis is not None:
            ignore_overflow = np.errstate(over="ignore", invalid="ignore")  # non-finite values do not fit any basis
            with ignore_overflow, one_thread_if_narrow(len(self._gram)):
                gram = self._gram + self._basis.gram(design_blocks(rows, self._origin, self._use_bias, longest_rows))
                fits = self._basis.triangle(gram) is not None
            if fits:
                self._gram = gram
                self._rows_in_gram += len(rows)
                self._weighted_in_gram += rows.weighted
                self._longest_row = max(self._longest_row, *longest_rows)
                return
        part = RFactor.of(as_rows(*rows.as_tuple(), dtype=None), self._use_bias, self._names)
        if self._rows_in_gram:
            assert self._basis_factor is not None
            self._parts = PairwiseSum(add)
            self._parts.append(self._with_gram(self._basis_factor))
        self._parts.append(part)
        self._rebuild_basis()

    def _rebuild_basis(self) -> None:
        """Compute the basis from all rows so far; in it their Gram matrix is the identity."""
        total = self._parts.total()
        assert total is not None
        self._basis_factor, self._origin = total, _rounded_mean(total)
        self._basis = Basis.of(total.counted_from(self._origin))
        self._gram = np.eye(len(total.triangle))
        self._rows_in_gram = self._weighted_in_gram = 0
        self._longest_row = total.longest_row

    def _with_gram(self, factor: RFactor) -> RFactor:
        """Return the R factor of the rows that the basis was computed from and those added to the Gram matrix."""
        if not self._rows_in_gram:
            return replace(factor, feature_names=self._names)
        assert self._basis is not None
        r = self._basis.triangle(self._gram)
        assert r is not None  # checked at each addition
        return replace(
            factor,
            rows=factor.rows + self._rows_in_gram,
            weighted_rows=factor.weighted_rows + self._weighted_in_gram,
            origin=self._origin,
            triangle=r,
            longest_row=self._longest_row,
            feature_names=self._names,
        )


def reduce_batches(batches: Iterable[Any], use_bias: bool, verbose: Any) -> RFactor:
    """Return the R factor of all batches; see `SufficientStatistics.from_batches`."""
    reduction = Reduction(use_bias, getattr(batches, "feature_names", None))
    add_batches(reduction, batches, verbose)
    return replace(reduction.statistics(), categories=getattr(batches, "categories", None))


def add_batches(reduction: Reduction, batches: Iterable[Any], verbose: Any) -> None:
    """Add batches to a reduction and show the progress."""
    with RowsBar(verbose, "rows", getattr(batches, "rows", None)) as bar:
        for number, batch in enumerate(batches):
            if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
                raise InputError(f"batch {number} must be a tuple (x, y) or (x, y, sample_weight).")
            try:
                reduction.add(*batch)
            except InputError as error:
                raise InputError(f"batch {number} (counted from 0): ", *error.args) from None
            bar.show(reduction.rows, reduction.rows)


def _all_zero(sample_weight: Any) -> bool:
    """Return whether there are weights and all are 0; weights that are not numbers are refused later."""
    if sample_weight is None:
        return False
    weight = np.asarray(sample_weight)
    return weight.dtype.kind in "biuf" and weight.size > 0 and not weight.any()


def _unchecked_rows(x: Any, y: Any, sample_weight: Any) -> Rows | None:
    """Return plain float arrays without weights as `Rows`, their values unchecked; None for other input."""
    if not all(type(part) is np.ndarray and part.dtype in ("float32", "float64") for part in (x, y)):
        return None
    if sample_weight is not None or x.ndim != 2 or y.ndim not in (1, 2) or len(x) != len(y) or not x.size * y.size:
        return None
    return Rows(x, y.reshape(len(y), -1))


def _rounded_mean(factor: RFactor) -> np.ndarray:
    """Return the means with so few digits that subtracting them is exact for most values; zeros without a bias."""
    if not factor.use_bias:
        return factor.origin
    spread = np.abs(factor.deviations).max(axis=0) / np.sqrt(factor.weight)
    return np.where(spread > 0, rounded_to_spread(factor.mean, spread), factor.mean)
