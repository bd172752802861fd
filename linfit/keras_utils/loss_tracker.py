"""LossTracker: the metric that holds an epoch's mean loss and the last step's loss."""

from typing import Any

import keras


class LossTracker(keras.metrics.Mean):
    """Keras's mean loss over an epoch, which also keeps the loss of the last step.

    Keras passes only the running mean to callbacks. With mini-batches, a single step's loss cannot be derived from it.

    Attributes:
        last: the loss of the last step, a scalar.
    """

    def __init__(self, name: str = "loss", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        # Every replica holds the same value, so one of them is read. The total and the count are summed instead.
        self.last = self.add_variable((), "zeros", self.dtype, aggregation="only_first_replica", name="last")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add the loss of one step to the mean, weighted with the step's number of rows."""
        super().update_state(values, sample_weight=sample_weight)
        self.last.assign(values)
