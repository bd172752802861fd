"""The triangular factor of many rows: R of QR(A), a block of rows at a time, in float64."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

BLOCK_ROWS = 4096
"""Rows that are worked on at a time: a block of ten columns stays in a processor's second-level cache."""

_MOST_AMPLIFICATION = 1000.0  # of rounding errors by the change of basis: three digits of sixteen at the very worst
_LEAST_EIGENVALUE = 0.01  # of the correlations in the new basis: one more digit


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
        product = _from_gram(blocks(), sample)
        if product is not None:
            return product
    return from_blocks(blocks(), columns)


def from_blocks(blocks: Iterable[np.ndarray], columns: int) -> np.ndarray:
    """The same by Householder's QR, one block after another below the triangle so far."""
    r: np.ndarray = np.zeros((columns, columns))
    for block in blocks:
        r = np.asarray(np.linalg.qr(np.vstack([r, block]), mode="r"))
    return r


def _from_gram(blocks: Iterator[np.ndarray], sample: np.ndarray) -> np.ndarray | None:
    """R by way of the Gram matrix in a basis that is nearly orthonormal; None where there is no such basis."""
    r = np.linalg.qr(sample, mode="r")
    if len(r) < sample.shape[1] or not np.all(np.diag(r)):
        return None
    basis = np.linalg.inv(r)
    # A basis B is applied with errors of eps |A| |B|, which come back as eps |A| |B| |R|: so much for each column, in
    # units of the column (after Skeel, "Scaling for numerical stability in Gaussian elimination", 1979).
    size = np.linalg.norm(sample, axis=0)
    if not np.max(size @ np.abs(basis) @ np.abs(r) / size) < _MOST_AMPLIFICATION:
        return None
    gram = np.zeros_like(r)
    room = np.empty((BLOCK_ROWS, len(r)))
    for block in blocks:
        q = np.matmul(block, basis, out=room[: len(block)])
        gram += q.T @ q
    scale = 1 / np.sqrt(np.diag(gram))
    if not np.linalg.eigvalsh(gram * scale * scale[:, np.newaxis])[0] > _LEAST_EIGENVALUE:
        return None
    return np.linalg.cholesky(gram).T @ r
