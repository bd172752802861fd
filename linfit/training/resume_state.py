"""ResumeState: what a fit of a model leaves to the next one."""

import keras
import numpy as np

from linfit.training.compiled_steps import CompiledSteps
from linfit.training.recorder import Recorder


class ResumeState:
    """What a fit of a model leaves to the next one.

    Attributes:
        recorder: keeps the trajectory.
        compiled_steps: the compiled blocks by what they were compiled for.
        batch_order: how a fit that ends within an epoch is gone on with: the seed of the order of the rows, the step
            at which it ended, what tells its batches from others, and how many steps of its epoch it has made.
    """

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.compiled_steps: dict[tuple[object, ...], CompiledSteps] = {}
        self._metrics: list[np.ndarray] = []
        self.batch_order = {"seed": -1, "step": -1, "rows": 0, "position": 0}

    def seed(self, step: int) -> int:
        """That of the model's first fit, drawn then from NumPy's generator, which Keras's `set_random_seed` sets."""
        if step == 0 or self.batch_order["seed"] < 0:
            self.batch_order["seed"] = int(np.random.randint(2**31))
        return self.batch_order["seed"]

    def position(self, order: dict[str, int]) -> int:
        """How many steps of its epoch have been made, where a fit begins at this step with these batches."""
        goes_on = all(self.batch_order[key] == value for key, value in order.items())
        return self.batch_order["position"] if goes_on else 0

    def keep_metrics(self, model: keras.Model) -> None:
        """Remembers where the means of an epoch stand that is not over."""
        self._metrics = [variable.numpy() for variable in model.metrics_variables]

    def restore_metrics(self, model: keras.Model) -> None:
        """Sets them to where they stood; a model that was loaded has forgotten it, and starts them anew."""
        model.reset_metrics()
        if len(self._metrics) == len(model.metrics_variables):
            for variable, values in zip(model.metrics_variables, self._metrics, strict=True):
                variable.assign(values)
