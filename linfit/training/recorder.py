"""Recorder: keeps the trajectory of a model over all its fits, in bounded memory."""

from typing import Any

from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import MAX_VALUES, Trajectory

ENOUGH_ROWS = 1000  # for a chart; a fit without other step callbacks records about this many


class Recorder(StepCallback):
    """Keeps the recorded steps of all fits.

    Where they exceed the limit, only every second step is kept, then every fourth, and so on, from the first fit on.

    Attributes:
        is_watched: whether the fit has other step callbacks; then up to `MAX_VALUES` values are kept, instead of
            just enough rows for a chart.
    """

    first_rows = 2**16

    def __init__(self) -> None:
        super().__init__()
        self.is_watched = False
        self._parts: list[Trajectory] = []
        self._rows = 0
        self._latest: Trajectory | None = None  # the latest row; its step may not be a multiple of `every`

    @property
    def trajectory(self) -> Trajectory | None:
        """All kept steps; None before the first step."""
        if self._latest is None:
            return None
        if self._parts and self._parts[-1].step[-1] == self._latest.step[0]:
            return Trajectory.joined(self._parts)
        return Trajectory.joined([*self._parts, self._latest])

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start a fit; at first, all its steps are kept."""
        super().on_train_begin(logs)
        self.every = 1

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Add steps; they replace the kept ones from the same step on."""
        first = trajectory.step[0]
        while self._parts and self._parts[-1].step[-1] >= first:
            last = self._parts.pop()
            kept = last[last.step < first]
            self._rows -= len(last) - len(kept)
            if len(kept):
                self._parts.append(kept)
        self._latest = trajectory[-1:]
        self._add(trajectory.every(self.every))

    def _add(self, trajectory: Trajectory) -> None:
        if not len(trajectory):
            return
        self._parts.append(trajectory)
        self._rows += len(trajectory)
        limit = 2 * ENOUGH_ROWS
        if self.is_watched:
            limit = max(limit, MAX_VALUES // (len(trajectory.names) + 2))
        while self._rows > limit:
            self.every *= 2
            kept = Trajectory.joined(self._parts).every(self.every)
            self._parts, self._rows = [kept] if len(kept) else [], len(kept)
