"""CurveThinner: which points of a curve are kept, so that a long curve has few points."""

import numpy as np


class CurveThinner:
    """Chooses points of a curve: all at first, then every second, every fourth, and so on.

    Counted from 0, points below `dense` are all kept. Every second one is kept from there to 2 `dense`, every fourth
    from there to 4 `dense`, and so on.

    Args:
        dense: how many points at the start are all kept, a power of 2.
    """

    def __init__(self, dense: int):
        self._dense_bits = dense.bit_length() - 1
        self._count = 0

    def keep(self, points: int) -> np.ndarray:
        """Return which of the next points are kept, shape (points,)."""
        count = self._count + np.arange(points)
        self._count += points
        bits = np.frexp(count)[1]
        return count % (1 << np.maximum(bits - self._dense_bits, 0)) == 0
