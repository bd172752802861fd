"""Divergence: a fit whose loss overflows is stopped, brought back, and explained."""

import math
from typing import Any

import keras
import numpy as np

from linfit import checks
from linfit.analysis.advice import explain_divergence
from linfit.keras_utils.variables import named_parameters
from linfit.training.fit import current_fit, current_objective, runs_in_blocks


class DivergenceGuard(keras.callbacks.Callback):
    """Stops a fit whose loss is no longer a finite number, and brings back the last point where it was.

    One warning says at which step, and for the squared loss of rows in memory also why: a learning rate above
    their stability limit. The step counter goes back with the parameters; what has been logged stays.
    `LinearRegression.fit` has one by default; for other Keras models pass it as a callback.

    Attributes:
        stopped: whether it has stopped the latest fit.

    Example:
        >>> import keras, warnings
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(10.0), "mse")
        >>> x, y = keras.ops.ones((1, 1)), keras.ops.ones((1, 1)) * 4
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     _ = model.fit(x, y, epochs=100, verbose=0, callbacks=[DivergenceGuard()])
        >>> print(str(caught[-1].message).split(".")[0])
        The loss left the finite range at step 12
        >>> int(model.optimizer.iterations)
        11
    """

    stopped = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the start as the last finite point so far."""
        self.stopped = False
        if not self._in_blocks:
            self._before = self._last_finite = self._here()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes down where the parameters stand: there the coming loss is measured."""
        if not (self.stopped or self._in_blocks):
            self._before = self._here()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps a point with a finite loss; goes back to the last of them once the numbers overflow."""
        if self.stopped or self._in_blocks:
            return
        if math.isfinite((logs or {}).get("loss", math.nan)):
            self._last_finite = self._before
        else:
            self._go_back(int(self._before[0]))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Looks at the end point too, which no batch has seen."""
        if self.stopped or self._in_blocks:
            return
        finite = all(np.isfinite(values).all() for values in self._here())
        fit = current_fit(self.model)
        closing = fit.closing_loss() if finite and fit is not None else 0.0
        if not finite or math.isinf(closing):
            self._go_back(int(self.model.optimizer.iterations.numpy()))

    def stop(self, step: int, last_finite: int) -> None:
        """Ends a fit whose loss left the finite range at a step, and which is back at an earlier one."""
        self.stopped = self.model.stop_training = True
        checks.warn(
            f"The loss left the finite range at step {step}. "
            f"{explain_divergence(self.model, current_objective(self.model))} "
            f"The model is back at step {last_finite}, the last with a finite loss."
        )

    def _go_back(self, step: int) -> None:
        for variable, values in zip(_variables(self.model), self._last_finite, strict=True):
            variable.assign(values)
        self.stop(step, int(self._last_finite[0]))

    @property
    def _in_blocks(self) -> bool:
        """Whether the fit looks at the losses of its blocks itself."""
        return runs_in_blocks(self.model)

    def _here(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in _variables(self.model)]


def _variables(model: keras.Model) -> list[Any]:
    """What a step changes: the counter of steps first, the parameters, and what the optimizer keeps of the past."""
    counter = model.optimizer.iterations
    past = [v for v in model.optimizer.variables if v is not counter and v.name != "learning_rate"]
    return [counter, *named_parameters(model).values(), *past]
