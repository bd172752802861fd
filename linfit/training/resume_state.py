"""ResumeState: the state that a model keeps from one fit to the next."""

import keras
import numpy as np

from linfit.training.compiled_steps import CompiledSteps
from linfit.training.recorder import Recorder


class ResumeState:
    """The state that a model keeps from one fit to the next.

    Attributes:
        recorder: holds the trajectory.
        compiled_steps: the compiled steps, by the shapes and sizes for which they were compiled.
        batch_order: where the order of the mini-batches continues. `seed` seeds the order; `step` and `position` are
            the step at which the latest fit ended and the number of steps that it made in its unfinished epoch; `rows`
            is the fingerprint of its batches. It is saved with the model.
    """

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.compiled_steps: dict[tuple[object, ...], CompiledSteps] = {}
        self._metrics: list[np.ndarray] = []
        self.batch_order = {"seed": -1, "step": -1, "rows": 0, "position": 0}

    def seed(self, step: int) -> int:
        """Return the seed of the order of the rows.

        It is drawn at a model's first fit, from NumPy's global generator, which `keras.utils.set_random_seed` seeds.

        Args:
            step: the step at which a fit begins; at step 0 a new seed is drawn.
        """
        if step == 0 or self.batch_order["seed"] < 0:
            self.batch_order["seed"] = int(np.random.randint(2**31))
        return self.batch_order["seed"]

    def position(self, order: dict[str, int]) -> int:
        """Return how many steps of its first epoch a new fit skips, because the latest fit has made them.

        Args:
            order: the `step` and `rows` of the new fit, as in `batch_order`. Where they differ from those of the
                latest fit, the new fit begins an epoch.
        """
        resumes = all(self.batch_order[key] == value for key, value in order.items())
        return self.batch_order["position"] if resumes else 0

    def keep_metrics(self, model: keras.Model) -> None:
        """Save the metric totals of an unfinished epoch."""
        self._metrics = [variable.numpy() for variable in model.metrics_variables]

    def restore_metrics(self, model: keras.Model) -> None:
        """Restore the metric totals of an unfinished epoch; in a loaded model, which has none, they start at 0."""
        model.reset_metrics()
        if len(self._metrics) == len(model.metrics_variables):
            for variable, values in zip(model.metrics_variables, self._metrics, strict=True):
                variable.assign(values)
