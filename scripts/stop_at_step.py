"""EndAt: ends a fit at a given step."""

import numpy as np

import linfit
from linfit.callbacks import StepCallback


class EndAt(StepCallback):
    """Ends a fit at a step, even in the middle of an epoch of mini-batches."""

    def __init__(self, last_step: int):
        super().__init__(every=last_step)
        self.last_step = last_step

    def stop_at(self, trajectory: linfit.Trajectory) -> int | None:
        """Return the row of that step, or None."""
        rows = np.flatnonzero(trajectory.step == self.last_step)
        return int(rows[0]) if len(rows) else None
