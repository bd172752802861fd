"""The loss that a model reports: the mean over the epoch, and the last step's own."""

from typing import Any

import keras


class LossTracker(keras.metrics.Mean):
    """Keras's mean loss over an epoch, which also keeps the loss of the last step.

    What Keras hands to callbacks is the running mean; with mini-batches no step's own loss can be told from it.

    Attributes:
        last: the loss of the last step, scalar.
    """

    def __init__(self, name: str = "loss", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        # The same in each replica: one of them is asked, where total and count are summed.
        self.last = self.add_variable((), "zeros", self.dtype, aggregation="only_first_replica", name="last")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Takes one step's loss into the mean, weighted with its number of rows."""
        super().update_state(values, sample_weight=sample_weight)
        self.last.assign(values)
