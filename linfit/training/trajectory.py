"""Trajectory: the recorded steps of a descent, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES = 2**20
"""Recorded numbers that are kept at most: 4 MB in float32, twice that in float64."""


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
        names: a name for each scalar among them, as `linfit.parameter_names.scalar_names` makes them.

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
        """The rows of all parts, one after another."""
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
        """Some of the rows: a slice, a mask, or their indices."""
        return replace(
            self,
            step=self.step[rows],
            loss=self.loss[rows],
            learning_rate=self.learning_rate[rows],
            parameters={name: values[rows] for name, values in self.parameters.items()},
        )

    def every(self, steps: int) -> "Trajectory":
        """The rows of steps 0, `steps`, 2 `steps`, ..."""
        return self if steps == 1 else self[self.step % steps == 0]

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

    def to_frame(self) -> "pd.DataFrame":
        """A DataFrame with the columns step, loss, learning_rate and one a name; needs `pip install linfit[tables]`."""
        import pandas as pd

        columns = {"step": self.step, "loss": self.loss, "learning_rate": self.learning_rate}
        return pd.DataFrame(columns | dict(zip(self.names, self.values.T, strict=True)))
