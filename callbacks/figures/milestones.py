"""Which steps of a descent to show: close together early, when it moves fast, and far apart late."""

import numpy as np

_PER_OCTAVE = 6  # a path keeps 2**6 pairs of steps between any step and twice that step


def milestones(last: int | None, count: int) -> list[int]:
    """At most `count` steps in geometric progression from 0 to `last`; where that is not known, by factors of 4.

    Gradient descent shrinks each part of the error geometrically: most of the motion is over early.

    Example:
        >>> milestones(200, 10)
        [0, 1, 2, 4, 7, 14, 27, 53, 103, 200]
    """
    if last is None:
        return [0, *(4**power for power in range(count - 1))]
    return [0, *np.unique(np.geomspace(1, max(last, 1), count - 1).round().astype(int)).tolist()]


def shows_motion(step: np.ndarray) -> np.ndarray:
    """Whether each step belongs to a path that is thinned: all up to 128, then fewer and fewer, in pairs.

    Of two million steps some two thousand are left. In pairs, because a descent that zigzags is on the other side
    of the valley after each step.
    """
    spacing = 1 << np.maximum(np.frexp(step)[1] - 1 - _PER_OCTAVE, 0)
    return step % spacing < 2
