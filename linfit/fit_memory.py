"""FitMemory: what a fit of a model leaves to the next one."""

import math

import numpy as np

from linfit.compiled_steps import CompiledSteps
from linfit.recorder import Recorder


class FitMemory:
    """What a fit of a model leaves to the next one.

    Attributes:
        recorder: keeps the trajectory.
        compiled_steps: the compiled blocks by what they were compiled for.
        closing_loss: of the point that the fit has reached, where its batch is all rows; else NaN.
        batch_order: how a fit that ends within an epoch is gone on with: the seed of the order of the rows, and the
            step at which it ended, the steps of its epoch, and how many of them it has made.
    """

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.compiled_steps: dict[tuple[object, ...], CompiledSteps] = {}
        self.closing_loss = math.nan
        self.batch_order = {"seed": -1, "step": -1, "steps_per_epoch": 0, "position": 0}

    def seed(self, step: int) -> int:
        """That of the model's first fit, drawn then from NumPy's generator, which Keras's `set_random_seed` sets."""
        if step == 0 or self.batch_order["seed"] < 0:
            self.batch_order["seed"] = int(np.random.randint(2**31))
        return self.batch_order["seed"]

    def position(self, step: int, steps_per_epoch: int) -> int:
        """How many steps of its epoch have been made, where a fit begins at this step."""
        order = self.batch_order
        goes_on = (step, steps_per_epoch) == (order["step"], order["steps_per_epoch"])
        return order["position"] if goes_on else 0
