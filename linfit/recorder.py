"""Recorder: keeps the trajectory of a model over all its fits, in bounded memory."""

from linfit.step_callback import StepCallback
from linfit.trajectory import Trajectory

MOST_VALUES = 2**20  # 4 MB in float32, twice that in float64
FEW_ROWS = 1000  # enough to draw; what a fit keeps that nobody watches


class Recorder(StepCallback):
    """Keeps what it sees; where that grows too much, every second row, every fourth, ... from the start on.

    Attributes:
        most_rows: how many rows to keep, at most.
    """

    def __init__(self) -> None:
        super().__init__()
        self.most_rows = 2 * FEW_ROWS
        self._parts: list[Trajectory] = []
        self._rows = 0

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Adds these steps; they replace any that were recorded from the first of them on."""
        first = trajectory.step[0]
        while self._parts and self._parts[-1].step[-1] >= first:
            last = self._parts.pop()
            kept = last[last.step < first]
            self._rows -= len(last) - len(kept)
            if len(kept):
                self._parts.append(kept)
        self._parts.append(trajectory)
        self._rows += len(trajectory)
        if self._rows > self.most_rows:
            self._thin()

    @property
    def trajectory(self) -> Trajectory | None:
        """All that is kept; None before the first step."""
        if len(self._parts) > 1:
            self._parts = [Trajectory.joined(self._parts)]
        return self._parts[0] if self._parts else None

    def _thin(self) -> None:
        trajectory = Trajectory.joined(self._parts)
        while len(trajectory) > self.most_rows // 2:
            self.every *= 2
            trajectory = trajectory.every(self.every)
        self._parts, self._rows = [trajectory], len(trajectory)
