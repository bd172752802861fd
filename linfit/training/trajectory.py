"""Trajectory: the recorded steps of gradient descent, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MAX_VALUES = 2**20
"""The largest number of recorded values that are kept: 4 MB in float32, 8 MB in float64."""


@dataclass(frozen=True)
class Trajectory:
    """The recorded steps of gradient descent, one row per step.

    A row holds the parameters *before* the update of a step, and the loss that the step measured there. So the loss
    and the parameters of a row belong together. The last row of a fit is the point where it ended, after its last
    update. Parameters are in the units of the data, even if the model standardizes its features.

    `model.trajectory` holds the steps of all fits of a model; a `StepCallback` receives them while the model trains.
    `len(trajectory)` is the number of rows. A slice, a mask or an array of indices selects rows: `trajectory[-1:]` is
    the last one.

    Attributes:
        step: the number of updates before each row, shape (k,). It continues from one fit of a model to the next.
        loss: the loss of the step's batch, shape (k,). NaN where it was not measured, as at the end of a mini-batch
            fit, where no batch follows.
        learning_rate: the learning rate of the step, shape (k,).
        parameters: the values of each named parameter, shape (k, *shape of the parameter).
        names: a name for each scalar parameter, such as `w/area` or `b`; the names of the columns of `values`.

    Example:
        >>> import linfit
        >>> model = linfit.LinearRegression(use_bias=False)
        >>> model.compile(learning_rate=0.25)
        >>> _ = model.fit([[1.0]], [[4.0]], epochs=2, verbose=0)
        >>> model.trajectory.to_frame()
           step  loss  learning_rate    w
        0     0  16.0           0.25  0.0
        1     1   4.0           0.25  2.0
        2     2   1.0           0.25  3.0
    """

    step: np.ndarray
    loss: np.ndarray
    learning_rate: np.ndarray
    parameters: dict[str, np.ndarray]
    names: tuple[str, ...]

    @classmethod
    def joined(cls, parts: Sequence["Trajectory"]) -> "Trajectory":
        """Return the rows of all parts, in their order, as one trajectory."""
        return cls(
            step=np.concatenate([part.step for part in parts]),
            loss=np.concatenate([part.loss for part in parts]),
            learning_rate=np.concatenate([part.learning_rate for part in parts]),
            parameters={
                name: np.concatenate([part.parameters[name] for part in parts]) for name in parts[0].parameters
            },
            names=parts[0].names,
        )

    def __len__(self) -> int:
        return len(self.step)

    def __getitem__(self, rows: Any) -> "Trajectory":
        """Return the rows of a slice, a mask or an array of indices."""
        return replace(
            self,
            step=self.step[rows],
            loss=self.loss[rows],
            learning_rate=self.learning_rate[rows],
            parameters={name: values[rows] for name, values in self.parameters.items()},
        )

    def every(self, steps: int) -> "Trajectory":
        """Return the rows of steps 0, `steps`, 2 `steps`, ..."""
        return self if steps == 1 else self[self.step % steps == 0]

    @property
    def values(self) -> np.ndarray:
        """All parameters as one table, shape (k, len(names))."""
        return np.hstack([values.reshape(len(self), -1) for values in self.parameters.values()])

    def point(self) -> dict[str, np.ndarray]:
        """Return the parameters of the last row by name."""
        return {name: values[-1] for name, values in self.parameters.items()}

    @property
    def w(self) -> np.ndarray:
        """The weights, shape (k, features, targets)."""
        return self.parameters["w"]

    @property
    def b(self) -> np.ndarray:
        """The biases, shape (k, targets)."""
        return self.parameters["b"]

    def to_frame(self) -> "pd.DataFrame":
        """Return a DataFrame with the columns step, loss, learning_rate and one for each name.

        It needs pandas: `pip install linfit[tables]`.
        """
        import pandas as pd

        columns = {"step": self.step, "loss": self.loss, "learning_rate": self.learning_rate}
        return pd.DataFrame(columns | dict(zip(self.names, self.values.T, strict=True)))
