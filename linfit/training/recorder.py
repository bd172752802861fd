"""Recorder: keeps the trajectory of a model over all its fits, in bounded memory."""

from typing import Any

from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import MOST_VALUES, Trajectory

FEW_ROWS = 1000  # enough to draw: what is kept of a fit that nobody watches


class Recorder(StepCallback):
    """Keeps what it sees. Where that grows too much, only every second step, every fourth, ... from the start on.

    Attributes:
        is_watched: whether others see the steps, too; then more of them are kept than one can draw.
    """

    first_rows = 2**16

    def __init__(self) -> None:
        super().__init__()
        self.is_watched = False
        self._parts: list[Trajectory] = []
        self._rows = 0
        self._latest: Trajectory | None = None  # which may be the end, and no multiple of any number

    @property
    def trajectory(self) -> Trajectory | None:
        """All that is kept; None before the first step."""
        if self._latest is None:
            return None
        if self._parts and self._parts[-1].step[-1] == self._latest.step[0]:
            return Trajectory.joined(self._parts)
        return Trajectory.joined([*self._parts, self._latest])

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Keeps all steps of the new fit, at first."""
        super().on_train_begin(logs)
        self.every = 1

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Adds these steps; they replace any that were recorded from the first of them on."""
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
        few = 2 * FEW_ROWS
        most = max(few, MOST_VALUES // (len(trajectory.names) + 2)) if self.is_watched else few
        while self._rows > most:
            self.every *= 2
            kept = Trajectory.joined(self._parts).every(self.every)
            self._parts, self._rows = [kept] if len(kept) else [], len(kept)
