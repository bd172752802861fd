"""The triangular factor of many rows: R of QR(A), computed from blocks of rows in float64."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from linfit.statistics.blas_threads import one_thread_if_narrow
from linfit.statistics.pairwise_sum import PairwiseSum

BLOCK_ROWS = 4096
"""Rows in a block: a block of ten columns fits into a processor's second-level cache."""

_CHAIN_BLOCKS = 2  # added one after another: the rounding errors of such a chain grow with its length
_MAX_AMPLIFICATION = 1000.0  # of rounding errors by the change of basis: at worst, three digits of sixteen are lost
_MIN_EIGENVALUE = 0.01  # of the correlations in the new basis: at worst, one more digit is lost
_SYRK_COLUMNS = 15  # with more columns than this BLAS's dsyrk is as fast as dgemm, with fewer it takes twice as long


def triangle(blocks: Callable[[], Iterator[np.ndarray]], sample: np.ndarray, rows: int) -> np.ndarray:
    """Return R of the QR decomposition of all rows: RᵀR = AᵀA, without forming AᵀA in the basis of the data.

    Householder's QR is the reference, but several times slower than a matrix product. A Gram matrix is fast, but it
    squares the condition number: at 1e8 no digits are left. In a basis in which the columns are nearly orthonormal,
    the condition number is about 1, so squaring it costs nothing. The factor R₁ of a sample of the rows gives such a
    basis (Q₁ = A R₁⁻¹). There the Cholesky factor R₂ of Q₁ᵀQ₁ is as accurate as a QR of Q₁, and R = R₂ R₁. This is
    CholeskyQR2 (Fukaya, Nakatsukasa, Yanagisawa & Yamamoto, "CholeskyQR2: a simple and communication-avoiding
    algorithm", 2014) with its first half computed from the sample.

    All rows go through Householder's QR instead if the basis would amplify rounding errors, as it does for columns that
    nearly depend on each other, or if the sample does not represent the data.

    Args:
        blocks: starts a new pass over the rows at each call and yields matrices of shape (up to BLOCK_ROWS, columns).
        sample: some of the rows, spread over all of them, shape (sampled, columns).
        rows: the total number of rows.

    Returns:
        An upper triangular matrix, shape (columns, columns); its last rows are 0 if there are fewer rows than columns.
    """
    columns = sample.shape[1]
    if rows > max(BLOCK_ROWS, 10 * columns):
        with one_thread_if_narrow(columns):
            r = _from_gram(blocks(), sample)
        if r is not None:
            return r
    return triangle_of_blocks(blocks(), columns)


def triangle_of_blocks(blocks: Iterable[np.ndarray], columns: int) -> np.ndarray:
    """Return R of all rows by Householder's QR: of short chains of blocks, whose triangles are added in pairs."""
    triangles: PairwiseSum[np.ndarray] = PairwiseSum(_stacked)
    r = np.zeros((columns, columns))
    with one_thread_if_narrow(columns):
        for number, block in enumerate(blocks, 1):
            r = _stacked(r, block)
            if number % _CHAIN_BLOCKS == 0:
                triangles.append(r)
                r = np.zeros((columns, columns))
        total = triangles.total()
        return r if total is None else _stacked(total, r)


def _stacked(r: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return R of a triangle with more rows below it."""
    return np.asarray(np.linalg.qr(np.vstack([r, block]), mode="r"))


def _from_gram(blocks: Iterator[np.ndarray], sample: np.ndarray) -> np.ndarray | None:
    """Return R by way of the Gram matrix in a nearly orthonormal basis; None if the sample gives no such basis."""
    basis = Basis.of(np.asarray(np.linalg.qr(sample, mode="r")))
    return None if basis is None else basis.triangle(basis.gram(blocks))


class Basis:
    """A change of basis B = R₁⁻¹ that makes the columns of A nearly orthonormal, with R₁ from similar rows.

    The Gram matrices BᵀAᵀAB of several parts add up to that of all rows. Create it with `of`.
    """

    def __init__(self, r: np.ndarray, inverse: np.ndarray):
        self._r, self._inverse = r, inverse
        self._transposed = np.ascontiguousarray(inverse.T)
        self._buffer = np.empty((len(r), BLOCK_ROWS))

    @classmethod
    def of(cls, r: np.ndarray) -> "Basis | None":
        """Return the basis of an R₁; None if it would amplify rounding errors too much."""
        if len(r) < r.shape[1] or not np.all(np.diag(r)):
            return None
        basis = cls(r, np.linalg.inv(r))
        return basis if basis._keeps_digits(r) else None

    def gram(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """Return the Gram matrix of these rows in this basis."""
        gram = np.zeros_like(self._r)
        for block in blocks:
            q = np.matmul(self._transposed, block.T, out=self._buffer[:, : len(block)])
            if len(q) > _SYRK_COLUMNS:
                gram += q @ q.T
                continue
            gram[1:] += q[1:] @ q.T  # q @ q.T would make NumPy call dsyrk
            gram[0, 0] += q[0] @ q[0]
            gram[0, 1:] = gram[1:, 0]
        return gram

    def triangle(self, gram: np.ndarray) -> np.ndarray | None:
        """Return R of the rows with this Gram matrix; None if the basis does not fit them and digits would be lost."""
        size = np.diag(gram)
        if not (np.isfinite(gram).all() and np.all(size > 0)):
            return None
        scale = 1 / np.sqrt(size)
        if not np.linalg.eigvalsh(gram * scale * scale[:, np.newaxis])[0] > _MIN_EIGENVALUE:
            return None
        r = np.asarray(np.linalg.cholesky(gram).T @ self._r)
        return r if self._keeps_digits(r) else None

    def _keeps_digits(self, r: np.ndarray) -> bool:
        """Return whether rounding errors stay small for rows with this R, whose columns have the lengths of theirs.

        Applying B makes errors of eps |A| |B|. Multiplying by R₁ turns them into eps |A| |B| |R₁|, here per column and
        relative to its length (after Skeel, "Scaling for numerical stability in Gaussian elimination", 1979).
        """
        with np.errstate(over="ignore", invalid="ignore"):  # squares of very large values overflow
            size = np.linalg.norm(r, axis=0)
            return bool(np.max(size @ np.abs(self._inverse) @ np.abs(self._r) / size) < _MAX_AMPLIFICATION)
