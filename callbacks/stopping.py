"""Stopping a fit when going on is of no use."""

import warnings
from typing import Any

import numpy as np

from linfit.callbacks.step_callback import StepCallback
from linfit.parameters import named_parameters
from linfit.trajectory import Trajectory
from linfit.verdict import explain_divergence


class DivergenceGuard(StepCallback):
    """Stops a fit whose loss is no longer a finite number, and brings back the last point where it was.

    One warning says at which step, and for the squared loss of rows in memory also why: a learning rate above
    their stability limit. The step counter goes back with the parameters; what has been logged stays.

    Example:
        >>> import linfit, warnings
        >>> model = linfit.LinearRegression(use_bias=False)
        >>> model.compile(learning_rate=10.0)
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     _ = model.fit([[1.0]], [[4.0]], epochs=100, verbose=0, callbacks=[DivergenceGuard()])
        >>> print(str(caught[-1].message).split(".")[0])
        The loss left the finite range at step 15
        >>> int(model.optimizer.iterations)
        14
    """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the start as the last finite point so far."""
        super().on_train_begin(logs)
        self._last_finite = self.here()
        self._stopped = False

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Keeps each point with a finite loss; goes back to the last of them once the numbers overflow."""
        if self._stopped:
            return
        if np.isfinite(trajectory.loss[-1]):
            self._last_finite = trajectory
        elif np.isinf(trajectory.loss[-1]) or not np.isfinite(trajectory.values[-1]).all():
            self._stopped = self.model.stop_training = True
            for name, variable in named_parameters(self.model).items():
                variable.assign(self._last_finite.parameters[name][-1])
            self.model.optimizer.iterations.assign(self._last_finite.step[-1])
            warnings.warn(
                f"The loss left the finite range at step {trajectory.step[-1]}. {explain_divergence(self.model)} "
                f"The model is back at step {self._last_finite.step[-1]}, the last with a finite loss.",
                stacklevel=2,
            )
