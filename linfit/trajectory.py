"""The recorded steps of a descent, as arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trajectory:
    """Points that gradient descent passed through, one row a recorded step.

    Row k is the point at which step k's loss was measured, *before* its update, so that loss and parameters
    belong together. The last row of a fit is where it ended, after its last update.

    Attributes:
        step: updates made before this point, shape (k,). Counts on over several fits of one model.
        loss: the loss of that step's batch, shape (k,); NaN where it was not measured, as at the end point of
            a mini-batch fit, which no batch has seen.
        learning_rate: the rate in force, shape (k,).
        parameters: the values of each named parameter, shape (k, *shape of the parameter).
        names: a name for each scalar among them, as `linfit.parameters.scalar_names` makes them.
    """

    step: np.ndarray
    loss: np.ndarray
    learning_rate: np.ndarray
    parameters: dict[str, np.ndarray]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.step)

    @property
    def values(self) -> np.ndarray:
        """The parameters side by side, shape (k, len(names))."""
        return np.hstack([values.reshape(len(self), -1) for values in self.parameters.values()])

    def point(self) -> dict[str, np.ndarray]:
        """The parameters of the last row by name."""
        return {name: values[-1] for name, values in self.parameters.items()}

    @property
    def w(self) -> np.ndarray:
        """The weights, shape (k, features, targets)."""
        return self.parameters["w"]

    @property
    def b(self) -> np.ndarray:
        """The biases, shape (k, targets)."""
        return self.parameters["b"]
