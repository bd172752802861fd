"""PathPieces: the path of a fit, thinned, in pieces of which each is rewritten until it is full."""

import numpy as np
from tensorboard_plugin_linfit.summary import COLUMNS

from linfit.training.trajectory import Trajectory

_MOST_DENSE = 128  # steps that are kept one by one, before every second, fourth, ... has to do; twice that at the start
_LEAST_DENSE = 16  # fewer show no path
_MOST_VALUES = 2**15  # in the rows of an octave


def dense_rows(parameters: int) -> int:
    """How many rows an octave of steps keeps of a path of so many parameters; 0 if there is no room for enough."""
    rows = _MOST_DENSE
    while rows * (COLUMNS + parameters) > _MOST_VALUES:
        rows //= 2
    return rows if rows >= _LEAST_DENSE else 0


def most_parameters() -> int:
    """Of a path that is kept."""
    return _MOST_VALUES // _LEAST_DENSE - COLUMNS


class PathPieces:
    """Keeps a path's rows: dense ones of its first octave, of each further octave half as dense.

    With i = step // every and k = max(0, floor(log2(i / dense))), row i is kept if 2ᵏ divides it: without a state, so
    that runs share steps. Beside these, the first row is kept, and the latest until the next comes. A new piece begins
    with each octave, where a path starts, and where it goes back.

    Args:
        every: the distance of the steps.
        dense: the rows of an octave, a power of 2.
    """

    def __init__(self, every: int, dense: int):
        self._every, self._dense = every, dense
        self._full: list[tuple[int, np.ndarray]] = []
        self._start = self._last = -1
        self._kept: list[np.ndarray] = []  # of the present piece
        self._latest: Trajectory | None = None
        self._new = 0

    @property
    def new_rows(self) -> int:
        """How many rows have come, beside the latest, since the last call of `taken`."""
        return self._new

    def add(self, steps: Trajectory) -> None:
        """Adds the next recorded steps, which increase among themselves."""
        first, last = int(steps.step[0]), int(steps.step[-1])
        if first <= self._last or self._start < 0:
            self._go_back(first)
            self._begin(first)
        self._last = last
        starts, wanted = self._wanted(first // self._every, last // self._every)
        places = np.searchsorted(steps.step, wanted)  # a look at each row would cost more than all else
        places = places[places < len(steps)]
        places = places[steps.step[places] == wanted[: len(places)]]
        rows = _rows(steps[places]) if len(places) else np.empty((0, COLUMNS))
        parts = np.split(rows, np.searchsorted(rows[:, 0], starts[1:]))
        for start, part in zip(starts, parts, strict=True):
            if self._start < start:
                self._begin(start)
            if len(part):
                self._kept.append(part)
                self._new += len(part)
        self._latest = None if self._kept and self._kept[-1][-1, 0] == last else steps[-1:]

    def taken(self) -> list[tuple[int, np.ndarray]]:
        """The pieces that are full and were not taken yet, then the present one: where each starts, and its rows."""
        self._kept = [np.concatenate(self._kept)] if self._kept else []
        latest = [] if self._latest is None else [_rows(self._latest)]
        pieces = [*self._full, (self._start, np.concatenate([*self._kept, *latest]))]
        self._full, self._new = [], 0
        return pieces

    def _wanted(self, i: int, end: int) -> tuple[list[int], np.ndarray]:
        """The steps at which the octaves from row i to row `end` start, and those of them that are kept."""
        starts, kept = [], []
        while i <= end:
            octave = max(0, (i // self._dense).bit_length() - 1)
            stride, next_start = 1 << octave, self._dense << octave + 1
            starts.append(self._every * (self._dense << octave) if octave else 0)
            kept.append(np.arange(-(-i // stride) * stride, min(next_start, end + 1), stride))
            i = next_start
        return starts, self._every * np.concatenate(kept)

    def _begin(self, step: int) -> None:
        """Begins a piece; of the one before, what it keeps is all it will ever have."""
        if self._kept:
            self._full.append((self._start, np.concatenate(self._kept)))
        self._start, self._kept, self._latest = step, [], None

    def _go_back(self, step: int) -> None:
        """Leaves out the pieces that start here or later, as their steps are made once more."""
        self._full = [piece for piece in self._full if piece[0] < step]
        if self._start >= step:
            self._kept = []


def _rows(steps: Trajectory) -> np.ndarray:
    return np.column_stack([steps.step, steps.loss, steps.learning_rate, steps.values])
