"""Selection of the steps of a fit to draw: close together early, when descent moves fast, and far apart later."""

import numpy as np

_LOG2_PAIRS = 6  # a thinned path keeps 2**6 pairs of steps between any step and twice that step


def geometric_steps(last: int | None, count: int) -> list[int]:
    """Return at most `count` steps from 0 to `last` in geometric progression; powers of 4 if `last` is not known.

    Gradient descent shrinks each part of the error geometrically, so most of the motion happens early.

    Example:
        >>> geometric_steps(200, 10)
        [0, 1, 2, 4, 7, 14, 27, 53, 103, 200]
    """
    if last is None:
        return [0, *(4**power for power in range(count - 1))]
    return [0, *np.unique(np.geomspace(1, max(last, 1), count - 1).round().astype(int)).tolist()]


def in_thinned_path(step: np.ndarray) -> np.ndarray:
    """Return whether each step belongs to a thinned path: all steps up to 128, then pairs that are ever further apart.

    Of two million steps about two thousand are kept. They are kept in pairs because a descent that zigzags is on the
    other side of the valley after each step.
    """
    octave = np.frexp(step)[1] - 1
    spacing = 1 << np.maximum(octave - _LOG2_PAIRS, 0)
    return step % spacing < 2
