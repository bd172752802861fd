"""The triangular factor of many rows: R of QR(A), a block of rows at a time, in float64."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from linfit.statistics.blas_threads import one_thread_if_narrow
from linfit.statistics.pairwise_sum import PairwiseSum

BLOCK_ROWS = 4096
"""Rows that are worked on at a time: a block of ten columns stays in a processor's second-level cache."""

_IN_A_ROW = 2  # blocks: the rounding errors of a row of additions grow with its length
_MOST_AMPLIFICATION = 1000.0  # of rounding errors by the change of basis: three digits of sixteen at the very worst
_LEAST_EIGENVALUE = 0.01  # of the correlations in the new basis: one more digit
_MANY_COLUMNS = 15  # more than these multiplies BLAS's dsyrk as fast as dgemm, of fewer it takes twice as long


def triangle(blocks: Callable[[], Iterator[np.ndarray]], sample: np.ndarray, rows: int) -> np.ndarray:
    """R of the QR decomposition of all rows: RᵀR = AᵀA, without forming AᵀA in the basis of the data.

    Householder's QR is the reference, and several times slower than a product of matrices. A Gram matrix is fast, but
    squares the condition number: of data with 1e8 it keeps nothing. In a basis in which the columns are nearly
    orthonormal there is nothing to square. The R of a sample of the rows leads to such a basis (Q₁ = A R₁⁻¹), the
    Cholesky factor R₂ of Q₁ᵀQ₁ is as good as a QR of Q₁, and R = R₂ R₁: CholeskyQR2 (Fukaya, Nakatsukasa, Yanagisawa &
    Yamamoto, "CholeskyQR2: a simple and communication-avoiding algorithm", 2014) with its first half done on the
    sample. Where the basis would amplify rounding errors, as columns that nearly depend on each other do, or where the
    sample has not shown what the data are like, all is done by Householder.

    Args:
        blocks: gives the rows anew at each call, as matrices of shape (up to BLOCK_ROWS, columns).
        sample: some of the rows, shape (sampled, columns), spread over all.
        rows: how many there are in all.

    Returns:
        Upper triangular, shape (columns, columns), with zeros below if there are fewer rows than that.
    """
    columns = sample.shape[1]
    if rows > max(BLOCK_ROWS, 10 * columns):
        with one_thread_if_narrow(columns):
            product = _from_gram(blocks(), sample)
        if product is not None:
            return product
    return from_blocks(blocks(), columns)


def from_blocks(blocks: Iterable[np.ndarray], columns: int) -> np.ndarray:
    """The same by Householder's QR: one block after another below the triangle of a few, and these in pairs."""
    triangles: PairwiseSum[np.ndarray] = PairwiseSum(_below)
    r = np.zeros((columns, columns))
    with one_thread_if_narrow(columns):
        for number, block in enumerate(blocks, 1):
            r = _below(r, block)
            if number % _IN_A_ROW == 0:
                triangles.append(r)
                r = np.zeros((columns, columns))
        total = triangles.total()
        return r if total is None else _below(total, r)


def _below(r: np.ndarray, block: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(np.vstack([r, block]), mode="r"))


def _from_gram(blocks: Iterator[np.ndarray], sample: np.ndarray) -> np.ndarray | None:
    """R by way of the Gram matrix in a basis that is nearly orthonormal; None where there is no such basis."""
    basis = Basis.of(np.asarray(np.linalg.qr(sample, mode="r")))
    return None if basis is None else basis.triangle(basis.gram(blocks))


class Basis:
    """Makes the columns of rows A nearly orthonormal, as B = R₁⁻¹ does with the R₁ of rows like them.

    Gram matrices BᵀAᵀAB of several parts add up to that of all rows. Make it with `of`.
    """

    def __init__(self, r: np.ndarray, inverse: np.ndarray):
        self._r, self._inverse = r, inverse
        self._transposed = np.ascontiguousarray(inverse.T)
        self._room = np.empty((len(r), BLOCK_ROWS))

    @classmethod
    def of(cls, r: np.ndarray) -> "Basis | None":
        """That of an R₁; None where it would amplify rounding errors too much."""
        if len(r) < r.shape[1] or not np.all(np.diag(r)):
            return None
        basis = cls(r, np.linalg.inv(r))
        return basis if basis._keeps_digits(r) else None

    def gram(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """The Gram matrix of these rows in this basis."""
        gram = np.zeros_like(self._r)
        for block in blocks:
            q = np.matmul(self._transposed, block.T, out=self._room[:, : len(block)])
            if len(q) > _MANY_COLUMNS:
                gram += q @ q.T
                continue
            gram[1:] += q[1:] @ q.T  # not of q and itself, of which NumPy makes a dsyrk
            gram[0, 0] += q[0] @ q[0]
            gram[0, 1:] = gram[1:, 0]
        return gram

    def triangle(self, gram: np.ndarray) -> np.ndarray | None:
        """R of the rows with this Gram matrix; None where the basis does not fit them, and digits would be lost."""
        size = np.diag(gram)
        if not (np.isfinite(gram).all() and np.all(size > 0)):
            return None
        scale = 1 / np.sqrt(size)
        if not np.linalg.eigvalsh(gram * scale * scale[:, np.newaxis])[0] > _LEAST_EIGENVALUE:
            return None
        r = np.asarray(np.linalg.cholesky(gram).T @ self._r)
        return r if self._keeps_digits(r) else None

    def _keeps_digits(self, r: np.ndarray) -> bool:
        """Whether rounding errors stay small, for rows with this R, whose columns are as long as theirs.

        B is applied with errors of eps |A| |B|, which come back as eps |A| |B| |R|: so much for each column, in units
        of the column (after Skeel, "Scaling for numerical stability in Gaussian elimination", 1979).
        """
        with np.errstate(over="ignore", invalid="ignore"):  # of sizes whose squares overflow
            size = np.linalg.norm(r, axis=0)
            return bool(np.max(size @ np.abs(self._inverse) @ np.abs(self._r) / size) < _MOST_AMPLIFICATION)
