"""Rows as the matrix [1, x, y] that least squares decomposes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from linfit.rows import Rows
from linfit.triangle import BLOCK_ROWS


def origin_of(rows: Rows) -> np.ndarray:
    """A first guess of the means, with so few digits that subtracting it is exact for most values."""
    values = np.hstack([rows.x, rows.y]).astype("float64")
    spread = np.ptp(values, axis=0)
    grid = np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0))) - 3)
    weight = rows.sample_weight if rows.sample_weight is not None and rows.sample_weight.any() else None
    mean = np.average(values, axis=0, weights=weight)
    return np.where(spread > 0, np.round(mean / grid) * grid, values[0])


def design_of(
    rows: Rows, origin: np.ndarray, use_bias: bool, dtype: Any = "float64", room: np.ndarray | None = None
) -> np.ndarray:
    """[1, x - origin, y - origin], or [x, y] without a bias, each row times the root of its weight.

    Each column lies in one piece, which is what products of such matrices like.

    Args:
        rows: what is decomposed.
        origin: what x and y are counted from.
        use_bias: whether there is a column of ones.
        dtype: the float type of the result.
        room: an array of this type to write it into, shape (columns, at least as many as there are rows).

    Returns:
        Shape (rows, columns).
    """
    features, first = rows.x.shape[1], int(use_bias)
    room = np.empty((first + len(origin), len(rows)), dtype) if room is None else room[:, : len(rows)]
    origin = origin.astype(dtype)[:, np.newaxis]
    room[:first] = 1.0
    np.subtract(rows.x.T, origin[:features], out=room[first : first + features])
    np.subtract(rows.y.T, origin[features:], out=room[first + features :])
    if rows.sample_weight is not None:
        room *= np.sqrt(rows.sample_weight, dtype=dtype)
    return room.T


def design_blocks(rows: Rows, origin: np.ndarray, use_bias: bool, lengths: list[float]) -> Iterator[np.ndarray]:
    """The same a block at a time, each written over the one before; `lengths` gets the longest row of each."""
    room = np.empty((use_bias + len(origin), min(BLOCK_ROWS, len(rows))))
    for start in range(0, len(rows), BLOCK_ROWS):
        part = rows.part(start, start + BLOCK_ROWS)
        lengths.append(longest_of(part, use_bias))
        yield design_of(part, origin, use_bias, room=room)


def longest_of(rows: Rows, use_bias: bool) -> float:
    """The largest squared length of a row [1, x], or x without a bias, times its weight."""
    lengths = np.einsum("ij,ij->i", rows.x, rows.x, dtype="float64") + use_bias
    return float(np.max(lengths if rows.sample_weight is None else lengths * rows.sample_weight))
