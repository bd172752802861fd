"""Rows as the matrix [1, x, y] that least squares decomposes."""

from typing import Any

import numpy as np

from linfit.rows import Rows


def origin_of(rows: Rows) -> np.ndarray:
    """A first guess of the means, with so few digits that subtracting it is exact for most values."""
    values = np.hstack([rows.x, rows.y]).astype("float64")
    spread = np.ptp(values, axis=0)
    grid = np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0))) - 3)
    weight = rows.sample_weight if rows.sample_weight is not None and rows.sample_weight.any() else None
    mean = np.average(values, axis=0, weights=weight)
    return np.where(spread > 0, np.round(mean / grid) * grid, values[0])


def design_of(rows: Rows, origin: np.ndarray, use_bias: bool, dtype: Any = "float64") -> np.ndarray:
    """[1, x - origin, y - origin], or [x, y] without a bias, each row times the root of its weight."""
    features, first = rows.x.shape[1], int(use_bias)
    origin = origin.astype(dtype)
    a = np.ones((len(rows), first + len(origin)), dtype)
    np.subtract(rows.x, origin[:features], out=a[:, first : first + features])
    np.subtract(rows.y, origin[features:], out=a[:, first + features :])
    if rows.sample_weight is not None:
        a *= np.sqrt(rows.sample_weight, dtype=dtype)[:, np.newaxis]
    return a


def longest_of(rows: Rows, use_bias: bool) -> float:
    """The largest squared length of a row [1, x], or x without a bias, times its weight."""
    lengths = np.einsum("ij,ij->i", rows.x, rows.x, dtype="float64") + use_bias
    return float(np.max(lengths if rows.sample_weight is None else lengths * rows.sample_weight))
