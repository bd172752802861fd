"""PathPieces: the thinned path of a fit, in pieces of which only the last one still changes."""

import numpy as np
from tensorboard_plugin_linfit.summary import COLUMNS

from linfit.training.trajectory import Trajectory

_MAX_ROWS = 128  # in an octave; the first octave keeps twice as many, one for each step
_MIN_ROWS = 16  # in an octave: fewer do not show a path
_MAX_VALUES = 2**15  # in the rows of an octave


def rows_per_octave(parameters: int) -> int:
    """Return how many rows of a path with this number of parameters are kept in an octave of steps, a power of 2.

    It is 0 for a path with too many parameters, which is not kept.
    """
    rows = _MAX_ROWS
    while rows * (COLUMNS + parameters) > _MAX_VALUES:
        rows //= 2
    return rows if rows >= _MIN_ROWS else 0


def max_parameters() -> int:
    """Return the largest number of parameters of a path that is kept."""
    return _MAX_VALUES // _MIN_ROWS - COLUMNS


class PathPieces:
    """The thinned path of a fit: all rows of the first octave, and half as many per step in each further octave.

    With i = step // every and k = max(0, floor(log2(i / rows_per_octave))), row i is kept if 2ᵏ divides it. This rule
    needs no state, so different runs keep the same steps. The first row is also kept, and the latest row until the next
    one arrives. A new piece begins with each octave, at the start of a fit, and wherever a fit goes back to an earlier
    step.

    Args:
        every: the distance between recorded steps.
        rows_per_octave: the number of rows to keep in an octave, a power of 2.
    """

    def __init__(self, every: int, rows_per_octave: int):
        self._every, self._rows_per_octave = every, rows_per_octave
        self._full: list[tuple[int, np.ndarray]] = []  # pieces to write, each with its first step
        self._start = self._last = -1  # first step of the current piece, latest step of the path
        self._kept: list[np.ndarray] = []  # rows of the current piece
        self._latest: Trajectory | None = None
        self._new = 0

    @property
    def new_rows(self) -> int:
        """The number of kept rows, without the latest, that were added since the last call of `pop_unwritten`."""
        return self._new

    def add(self, steps: Trajectory) -> None:
        """Add the next recorded steps, in ascending order."""
        first, last = int(steps.step[0]), int(steps.step[-1])
        if first <= self._last or self._start < 0:
            self._go_back(first)
            self._begin(first)
        self._last = last
        starts, wanted = self._wanted(first // self._every, last // self._every)
        places = np.searchsorted(steps.step, wanted)  # much faster than testing each row
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

    def pop_unwritten(self) -> list[tuple[int, np.ndarray]]:
        """Return the first step and the rows of each full piece not returned before, and of the current piece."""
        self._kept = [np.concatenate(self._kept)] if self._kept else []
        latest = [] if self._latest is None else [_rows(self._latest)]
        pieces = [*self._full, (self._start, np.concatenate([*self._kept, *latest]))]
        self._full, self._new = [], 0
        return pieces

    def _wanted(self, i: int, end: int) -> tuple[list[int], np.ndarray]:
        """Return the first steps of the octaves from row i to row `end`, and the steps to keep in these octaves."""
        starts, kept = [], []
        while i <= end:
            octave = max(0, (i // self._rows_per_octave).bit_length() - 1)
            stride, next_start = 1 << octave, self._rows_per_octave << octave + 1
            starts.append(self._every * (self._rows_per_octave << octave) if octave else 0)
            kept.append(np.arange(-(-i // stride) * stride, min(next_start, end + 1), stride))
            i = next_start
        return starts, self._every * np.concatenate(kept)

    def _begin(self, step: int) -> None:
        """Begin a new piece at this step; the piece before it is full."""
        if self._kept:
            self._full.append((self._start, np.concatenate(self._kept)))
        self._start, self._kept, self._latest = step, [], None

    def _go_back(self, step: int) -> None:
        """Drop the pieces that start at this step or later, because the fit repeats these steps."""
        self._full = [piece for piece in self._full if piece[0] < step]
        if self._start >= step:
            self._kept = []


def _rows(steps: Trajectory) -> np.ndarray:
    return np.column_stack([steps.step, steps.loss, steps.learning_rate, steps.values])
