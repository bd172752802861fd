"""DivergenceGuard: stops a fit whose loss overflows, restores the last finite point and explains the cause."""

import math
from typing import Any

import keras
import numpy as np

from linfit import checks
from linfit.analysis.advice import explain_divergence
from linfit.keras_utils.variables import named_parameters
from linfit.training.fit import current_fit, current_objective, runs_in_blocks


class DivergenceGuard(keras.callbacks.Callback):
    """Stops a fit whose loss is no longer finite, and restores the last point where it was.

    One warning names the step and suggests what to change. For a linfit model with the squared loss on rows in memory,
    it also compares the learning rate with the stability limit of these rows. The step counter is restored together
    with the parameters. Everything logged so far is kept.

    The `fit` of a linfit model adds a guard automatically; turn it off with `divergence_guard=False`. For other Keras
    models pass it as a callback, before all callbacks that record steps.

    Attributes:
        stopped: whether the guard has stopped the latest fit.

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
        """Start a fit; its first point counts as the last finite one so far."""
        self.stopped = False
        if not self._in_blocks:
            self._before = self._last_finite = self._here()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the point at which the next loss is measured."""
        if not (self.stopped or self._in_blocks):
            self._before = self._here()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the point if its loss is finite; otherwise restore the last finite one and stop."""
        if self.stopped or self._in_blocks:
            return
        if math.isfinite((logs or {}).get("loss", math.nan)):
            self._last_finite = self._before
        else:
            self._restore_last_finite(int(self._before[0]))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Check the end point too, at which no step has measured a loss."""
        if self.stopped or self._in_blocks:
            return
        finite = all(np.isfinite(values).all() for values in self._here())
        fit = current_fit(self.model)
        closing_loss = fit.closing_loss() if finite and fit is not None else 0.0
        if not finite or math.isinf(closing_loss):
            self._restore_last_finite(int(self.model.optimizer.iterations.numpy()))

    def stop(self, step: int, last_finite: int) -> None:
        """Stop the fit and warn; the caller has already restored the parameters.

        Args:
            step: the step at which the loss left the finite range.
            last_finite: the earlier step at which the model is now.
        """
        self.stopped = self.model.stop_training = True
        checks.warn(
            f"The loss left the finite range at step {step}. "
            f"{explain_divergence(self.model, current_objective(self.model))} "
            f"The model is back at step {last_finite}, the last with a finite loss."
        )

    def _restore_last_finite(self, bad_step: int) -> None:
        for variable, values in zip(_variables(self.model), self._last_finite, strict=True):
            variable.assign(values)
        self.stop(bad_step, int(self._last_finite[0]))

    @property
    def _in_blocks(self) -> bool:
        """Return whether the fit runs in blocks, and then checks the losses itself."""
        return runs_in_blocks(self.model)

    def _here(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in _variables(self.model)]


def _variables(model: keras.Model) -> list[Any]:
    """Return the variables that a step changes: step counter first, parameters, and state such as momentum."""
    counter = model.optimizer.iterations
    state = [v for v in model.optimizer.variables if v is not counter and v.name != "learning_rate"]
    return [counter, *named_parameters(model).values(), *state]
