"""The rows of a stream, or of many files, condensed as they come."""

from collections.abc import Iterable
from dataclasses import replace
from operator import add
from typing import Any

import numpy as np

from linfit.checks import InputError, NoRows
from linfit.data.array_input import as_rows, column_names
from linfit.data.rows import Rows
from linfit.statistics.blas_threads import one_thread_if_narrow
from linfit.statistics.design_matrix import design_blocks, rounded
from linfit.statistics.pairwise_sum import PairwiseSum
from linfit.statistics.qr import BLOCK_ROWS, Basis
from linfit.statistics.r_factor import RFactor, must_agree
from linfit.text.rows_bar import RowsBar

_CHUNK_VALUES = 2**18  # batches with fewer are gathered: each look at the numbers so far takes some 0.1 ms


class Reduction:
    """Adds rows up in a memory that does not grow, and at the speed of a product of matrices.

    The first rows are condensed by themselves. Their triangle leads to a basis in which the columns of rows like them
    are nearly orthonormal; there the Gram matrix of those that follow is added up, and keeps their digits: see
    `linfit.statistics.qr`. Rows of another kind, as come late in a sorted file, are condensed by themselves as well,
    and the basis is made anew from all rows up to there.

    Of a batch whose rows all weigh 0 only their number is kept, which the mean squared error is divided by.

    Attributes:
        rows: how many have been added.

    Args:
        use_bias: whether there is a column of ones.
        feature_names: a name for each feature, or None.
    """

    def __init__(self, use_bias: bool = True, feature_names: tuple[str, ...] | None = None):
        self.rows = 0
        self._use_bias, self._names = use_bias, feature_names
        self._shape: tuple[int, int] | None = None
        self._few: list[Rows] = []  # small batches, until they are worth a look
        self._rows_in_gram = self._weighted = 0
        self._longest = self._eps = 0.0  # the eps is the largest of all batches'
        self._gram: np.ndarray = np.empty(0)
        self._origin: np.ndarray = np.empty(0)
        self._parts: PairwiseSum[RFactor] = PairwiseSum(add)
        self._total: RFactor | None = None  # of the rows that the basis was made from
        self._basis: Basis | None = None

    def add(self, x: Any, y: Any, sample_weight: Any = None) -> None:
        """Adds the rows of one batch.

        Raises:
            InputError: what `from_rows` refuses, or another number of columns than before.
        """
        weightless = _all_zero(sample_weight)
        if weightless:
            sample_weight = np.ones_like(sample_weight)  # with which all else about them is checked
        rows = _as_they_are(x, y, sample_weight)
        if rows is None or len(rows) < self._worth_a_look(rows):
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
        if len(rows) >= self._worth_a_look(rows):
            self._take_few()
            self._take(rows)
            return
        self._few.append(rows.copied())  # a stream may fill the same arrays anew
        if sum(map(len, self._few)) >= self._worth_a_look(rows):
            self._take_few()

    def statistics(self) -> RFactor:
        """What is known of all rows so far.

        Raises:
            NoRows: there are none, or none that weighs more than 0.
        """
        self._take_few()
        if self._total is None and self.rows:
            raise NoRows(f"sample_weight must be above 0 in at least one row, got 0 in all {self.rows:,} of them.")
        if self._total is None:
            raise NoRows("there are no batches: at least one (x, y) with a row was expected.")
        return replace(self._summed_up(self._total), rows=self.rows, eps=self._eps)

    def _worth_a_look(self, rows: Rows) -> int:
        """The number of rows from which on they are added at once."""
        columns = rows.x.shape[1] + rows.y.shape[1] + 1
        return 1 + max(BLOCK_ROWS, 10 * columns, _CHUNK_VALUES // columns)

    def _take_few(self) -> None:
        if self._few:
            few, self._few = self._few, []
            self._take(Rows.joined(few))

    def _take(self, rows: Rows) -> None:
        """Adds rows to the Gram matrix, if its basis fits them; else by themselves."""
        lengths: list[float] = []
        if self._basis is not None:
            overflowing = np.errstate(over="ignore", invalid="ignore")  # what is no finite number fits no basis
            with overflowing, one_thread_if_narrow(len(self._gram)):
                gram = self._gram + self._basis.gram(design_blocks(rows, self._origin, self._use_bias, lengths))
                fits = self._basis.triangle(gram) is not None
            if fits:
                self._gram = gram
                self._rows_in_gram += len(rows)
                self._weighted += rows.weighted
                self._longest = max(self._longest, *lengths)
                return
        part = RFactor.of(as_rows(*rows.as_tuple(), dtype=None), self._use_bias, self._names)
        if self._rows_in_gram:
            assert self._total is not None
            self._parts = PairwiseSum(add)
            self._parts.append(self._summed_up(self._total))
        self._parts.append(part)
        self._start_again()

    def _start_again(self) -> None:
        """Makes the basis from all rows so far: there, their own Gram matrix is the unit matrix."""
        total = self._parts.total()
        assert total is not None
        self._total, self._origin = total, _rounded_mean(total)
        self._basis = Basis.of(total.counted_from(self._origin))
        self._gram = np.eye(len(total.triangle))
        self._rows_in_gram = self._weighted = 0
        self._longest = total.longest_row

    def _summed_up(self, total: RFactor) -> RFactor:
        """The rows that the basis was made from, and those that were added up in it."""
        if not self._rows_in_gram:
            return replace(total, feature_names=self._names)
        assert self._basis is not None
        r = self._basis.triangle(self._gram)
        assert r is not None  # which was seen when it grew
        return replace(
            total,
            rows=total.rows + self._rows_in_gram,
            weighted_rows=total.weighted_rows + self._weighted,
            origin=self._origin,
            triangle=r,
            longest_row=self._longest,
            feature_names=self._names,
        )


def of_batches(batches: Iterable[Any], use_bias: bool, verbose: Any) -> RFactor:
    """See `SufficientStatistics.from_batches`."""
    reduction = Reduction(use_bias, getattr(batches, "feature_names", None))
    add_batches(reduction, batches, verbose)
    return replace(reduction.statistics(), categories=getattr(batches, "categories", None))


def add_batches(reduction: Reduction, batches: Iterable[Any], verbose: Any) -> None:
    """Adds the batches up, and shows how far it is."""
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
    """Whether there are weights, and none is above 0; what is no number is for others to refuse."""
    if sample_weight is None:
        return False
    weight = np.asarray(sample_weight)
    return weight.dtype.kind in "biuf" and weight.size > 0 and not weight.any()


def _as_they_are(x: Any, y: Any, sample_weight: Any) -> Rows | None:
    """Matrices of floats as `Rows` that nobody has looked through; None for all that needs a closer look."""
    if not all(type(part) is np.ndarray and part.dtype in ("float32", "float64") for part in (x, y)):
        return None
    if sample_weight is not None or x.ndim != 2 or y.ndim not in (1, 2) or len(x) != len(y) or not x.size * y.size:
        return None
    return Rows(x, y.reshape(len(y), -1))


def _rounded_mean(total: RFactor) -> np.ndarray:
    """The means with so few digits that their subtraction is exact for most values; zeros without a bias."""
    if not total.use_bias:
        return total.origin
    spread = np.abs(total.deviations).max(axis=0) / np.sqrt(total.weight)
    return np.where(spread > 0, rounded(total.mean, spread), total.mean)
