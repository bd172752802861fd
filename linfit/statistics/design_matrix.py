"""Rows as the matrix [1, x, y] that least squares decomposes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from linfit.data.rows import Rows
from linfit.statistics.qr import BLOCK_ROWS


def origin_of(rows: Rows) -> np.ndarray:
    """A first guess of the means, with so few digits that subtracting it is exact for most values."""
    values = np.hstack([rows.x, rows.y]).astype("float64")
    spread = np.ptp(values, axis=0)
    weight = rows.sample_weight if rows.sample_weight is not None and rows.sample_weight.any() else None
    mean = np.average(values, axis=0, weights=weight)
    return np.where(spread > 0, rounded(mean, spread), values[0])


def rounded(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Means to an eighth of the power of two below each column's spread: few digits, far fewer than its values have."""
    grid = np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0))) - 3)
    return np.round(mean / grid) * grid


def design_matrix(rows: Rows, origin: np.ndarray, use_bias: bool, dtype: Any = "float64") -> np.ndarray:
    """[1, x - origin, y - origin], or [x, y] without a bias, each row times the root of its weight.

    Each column lies in one piece, which is what products of such matrices like.

    Returns:
        Of this float type, shape (rows, columns).
    """
    a = np.empty((use_bias + len(origin), len(rows)), dtype)
    _write(rows.x.T, rows.y.T, rows.sample_weight, origin.astype(dtype)[:, np.newaxis], a)
    return a.T


def design_blocks(rows: Rows, origin: np.ndarray, use_bias: bool, lengths: list[float]) -> Iterator[np.ndarray]:
    """The same in blocks, each written over the one before.

    Args:
        rows: all of them.
        origin: what x and y are counted from.
        use_bias: whether there is a column of ones.
        lengths: gets that of each block's `longest_row_of`.
    """
    x, y, weight, origin = rows.x.T, rows.y.T, rows.sample_weight, origin[:, np.newaxis]
    room = np.empty((use_bias + len(origin), min(BLOCK_ROWS, len(rows))))
    for start in range(0, len(rows), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        some, weights = x[:, part], None if weight is None else weight[part]
        lengths.append(_longest(some, weights, use_bias))
        a = room[:, : some.shape[1]]
        _write(some, y[:, part], weights, origin, a)
        yield a.T


def longest_row_of(rows: Rows, use_bias: bool) -> float:
    """The largest squared length of a row [1, x], or x without a bias, times its weight."""
    return _longest(rows.x.T, rows.sample_weight, use_bias)


def _longest(x: np.ndarray, weight: np.ndarray | None, use_bias: bool) -> float:
    lengths = np.einsum("ij,ij->j", x, x, dtype="float64")
    return float(lengths.max()) + use_bias if weight is None else float(np.max((lengths + use_bias) * weight))


def _write(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None, origin: np.ndarray, a: np.ndarray) -> None:
    """Writes the columns, which are rows here; there are ones in front where there is room for them."""
    features, first = len(x), len(a) - len(origin)
    a[:first] = 1.0
    np.subtract(x, origin[:features], out=a[first : first + features])
    np.subtract(y, origin[features:], out=a[first + features :])
    if weight is not None:
        a *= np.sqrt(weight, dtype=a.dtype)
