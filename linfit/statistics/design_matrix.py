"""The matrix [1, x, y] that least squares decomposes, in one piece or in blocks of rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from linfit.data.rows import Rows
from linfit.statistics.qr import BLOCK_ROWS


def origin_of(rows: Rows) -> np.ndarray:
    """Return rough means of the columns, with so few digits that subtracting them is exact for most values."""
    values = np.hstack([rows.x, rows.y]).astype("float64")
    spread = np.ptp(values, axis=0)
    weight = rows.sample_weight if rows.sample_weight is not None and rows.sample_weight.any() else None
    mean = np.average(values, axis=0, weights=weight)
    return np.where(spread > 0, rounded_to_spread(mean, spread), values[0])


def rounded_to_spread(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Round means to an eighth of the power of two below each column's spread: to far fewer digits than values have."""
    grid = np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0))) - 3)
    return np.round(mean / grid) * grid


def design_matrix(rows: Rows, origin: np.ndarray, use_bias: bool, dtype: Any = "float64") -> np.ndarray:
    """Return [1, x - origin, y - origin], or [x, y] without a bias, each row times the square root of its weight.

    The matrix is column-major, which makes matrix products fast.

    Returns:
        An array of this float type, shape (rows, columns).
    """
    a = np.empty((use_bias + len(origin), len(rows)), dtype)
    _write(rows.x.T, rows.y.T, rows.sample_weight, origin.astype(dtype)[:, np.newaxis], a)
    return a.T


def design_blocks(rows: Rows, origin: np.ndarray, use_bias: bool, longest_rows: list[float]) -> Iterator[np.ndarray]:
    """Yield the design matrix in blocks of rows; each overwrites the one before.

    Args:
        rows: all rows.
        origin: the point from which x and y are measured.
        use_bias: whether there is a column of ones.
        longest_rows: a list to which `longest_row_of` each block is appended.
    """
    x, y, weight, origin = rows.x.T, rows.y.T, rows.sample_weight, origin[:, np.newaxis]
    buffer = np.empty((use_bias + len(origin), min(BLOCK_ROWS, len(rows))))
    for start in range(0, len(rows), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        block_x, block_weight = x[:, block], None if weight is None else weight[block]
        longest_rows.append(_longest_row(block_x, block_weight, use_bias))
        a = buffer[:, : block_x.shape[1]]
        _write(block_x, y[:, block], block_weight, origin, a)
        yield a.T


def longest_row_of(rows: Rows, use_bias: bool) -> float:
    """Return the largest squared length of a row [1, x], or x without a bias, times its weight."""
    return _longest_row(rows.x.T, rows.sample_weight, use_bias)


def _longest_row(x: np.ndarray, weight: np.ndarray | None, use_bias: bool) -> float:
    lengths = np.einsum("ij,ij->j", x, x, dtype="float64")
    return float(lengths.max()) + use_bias if weight is None else float(np.max((lengths + use_bias) * weight))


def _write(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None, origin: np.ndarray, a: np.ndarray) -> None:
    """Write the transposed design matrix into `a`; if `a` has one row more than x and y, its first row becomes ones."""
    features, first = len(x), len(a) - len(origin)
    a[:first] = 1.0
    np.subtract(x, origin[:features], out=a[first : first + features])
    np.subtract(y, origin[features:], out=a[first + features :])
    if weight is not None:
        a *= np.sqrt(weight, dtype=a.dtype)
