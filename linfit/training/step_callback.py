"""StepCallback: a Keras callback that receives recorded steps instead of batches."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from linfit import checks
from linfit.checks import InputError
from linfit.keras_utils.variables import named_parameters, point_of
from linfit.parameter_names import scalar_names
from linfit.training.fit import current_fit, runs_in_blocks
from linfit.training.trajectory import Trajectory


class StepCallback(keras.callbacks.Callback):
    """A Keras callback that receives the recorded steps of a fit: subclass it and override `on_steps_end`.

    It works with every fit of every Keras model. A step is recorded as the parameters before its update and the loss
    of its batch there. One more point records the end of the fit. The optimizer counts the steps, so their numbers
    continue over several fits, and over saving and loading a model.

    When a linfit model fits rows in memory, `on_steps_end` receives whole blocks of steps, about ten times a second.
    In any other fit, and with any other Keras model, it receives one recorded step at a time.

    A linfit model keeps the loss of its last step. For any other model the loss is the change of Keras's running
    total over the epoch, and has the float32 rounding of that total.

    A subclass may override any Keras hook too. In `on_train_begin`, `on_train_batch_begin`, `on_train_batch_end` and
    `on_train_end` it must call the hook of this class first. Overriding a batch or epoch hook limits each block to a
    batch or an epoch, which makes the fit slower.

    Attributes:
        only_writes: whether the callback only writes files or prints. With several workers only the chief runs such a
            callback.
        first_rows: the most recorded steps that the first block may hold. The later blocks take about a tenth of a
            second, callbacks included. Set a higher number for a fast callback, a lower one for a slow callback.

    Args:
        every: record steps 0, every, 2 every, ... The default, 1, records all.
        feature_names: names for the features, used where the model has none.

    Raises:
        InputError: if `every` is not a whole number of at least 1. At the start of a fit in Keras's own loop: if the
            model is not built yet, or was compiled with `steps_per_execution` above 1, which hides the steps in
            between.

    Example:
        >>> import linfit
        >>> class PrintWeight(StepCallback):
        ...     def on_steps_end(self, trajectory):
        ...         for step, loss, w in zip(trajectory.step, trajectory.loss, trajectory.w):
        ...             print(step, loss, w.item())
        >>> model = linfit.LinearRegression(use_bias=False)
        >>> model.compile(learning_rate=0.25)
        >>> _ = model.fit([[1.0]], [[4.0]], epochs=2, verbose=0, callbacks=[PrintWeight()])
        0 16.0 0.0
        1 4.0 2.0
        2 1.0 3.0
    """

    only_writes = False
    first_rows = 16

    def __init__(self, every: int = 1, feature_names: Sequence[str] | None = None):
        super().__init__()
        self.every = checks.count(every, "every")
        self.feature_names = feature_names

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Receive the steps recorded since the last call; override this hook.

        Args:
            trajectory: the recorded steps, at least one. The last row of a fit is its end point.
        """

    def stop_at(self, trajectory: Trajectory) -> int | None:
        """Return the row of these steps at which to end the fit, or None to continue; override this hook.

        The model gets the parameters of that row, as if no later step had been made, and `on_steps_end` is called
        with the rows up to it. If several callbacks end the fit, the earliest row counts. So keep state in
        `on_steps_end`, which never sees a step that is undone, and not here.
        """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start a fit. A subclass that overrides this hook calls it first."""
        if not self._in_blocks and self.model.steps_per_execution != 1:
            raise InputError(
                f"{type(self).__name__} needs to see every step, got steps_per_execution="
                f"{self.model.steps_per_execution}. Compile the model with steps_per_execution=1."
            )
        if not self.model.built:
            raise InputError(
                f"{type(self).__name__} needs a built model, got one that has no parameters yet. Before the fit, call "
                "model.build((None, features)), or make keras.Input the model's first layer."
            )
        self._before: Trajectory | None = None
        self._last_recorded: int | None = None

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the parameters before this step, in a fit that does not run in blocks."""
        if not self._in_blocks:
            self._before = self.here() if self.step % self.every == 0 else None
            self._values_before = [variable.numpy() for variable in named_parameters(self.model).values()]
            self._total_before = _running_total(self.model)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the loss that the step measured, and record the step."""
        before = self._before
        if before is None or self.step < before.step[0]:  # a step that is not recorded, or that a guard has undone
            return
        before.loss[:] = _last_loss(self.model, self._total_before)
        if self.first_stop(before) is not None:
            self.model.stop_training = True
            self.model.optimizer.iterations.assign(before.step[0])
            for variable, values in zip(named_parameters(self.model).values(), self._values_before, strict=True):
                variable.assign(values)
        self.take(before)

    def first_stop(self, trajectory: Trajectory) -> int | None:
        """Return the step at which `stop_at` ends the fit; None if it is not among these."""
        trajectory = trajectory.every(self.every)
        row = self.stop_at(trajectory) if len(trajectory) else None
        return None if row is None else int(trajectory.step[row])

    def take(self, trajectory: Trajectory) -> None:
        """Pass the recorded steps that are multiples of `every` on to `on_steps_end`."""
        trajectory = trajectory.every(self.every)
        if len(trajectory):
            if self.feature_names is not None:
                trajectory = replace(trajectory, names=self._names(trajectory.point()))
            self._last_recorded = int(trajectory.step[-1])
            self.on_steps_end(trajectory)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Record the end point. A subclass that overrides this hook calls it first."""
        end = self.here()
        if end.step[0] == self._last_recorded:  # the fit was ended at a recorded step
            return
        fit = current_fit(self.model)
        if fit is not None:
            end.loss[:] = fit.closing_loss()
        self.on_steps_end(end)

    @property
    def _in_blocks(self) -> bool:
        return runs_in_blocks(self.model)

    @property
    def step(self) -> int:
        """The number of updates that the model has had."""
        return int(self.model.optimizer.iterations.numpy())

    def here(self) -> Trajectory:
        """Return the model's present point as a trajectory of one row; its loss is NaN, not measured."""
        parameters = point_of(self.model)
        return Trajectory(
            step=np.array([self.step]),
            loss=np.array([np.nan]),
            learning_rate=np.array([float(self.model.optimizer.learning_rate.numpy())]),
            parameters={name: values[np.newaxis] for name, values in parameters.items()},
            names=self._names(parameters),
        )

    def _names(self, point: dict[str, np.ndarray]) -> tuple[str, ...]:
        shapes = {name: values.shape for name, values in point.items()}
        return scalar_names(shapes, getattr(self.model, "feature_names", None) or self.feature_names)


def _running_total(model: keras.Model) -> tuple[float, float]:
    """Return the sum of losses and the number of rows so far in this epoch, from Keras's mean loss."""
    tracker = model.metrics[0]
    if hasattr(tracker, "last"):  # then the total is not needed, and summing it would take all workers
        return 0.0, 0.0
    return float(tracker.total.numpy()), float(tracker.count.numpy())


def _last_loss(model: keras.Model, total_before: tuple[float, float]) -> float:
    """Return the loss of the step that just ended."""
    tracker = model.metrics[0]
    if hasattr(tracker, "last"):
        return float(tracker.last.numpy())
    total, rows = _running_total(model)
    return (total - total_before[0]) / (rows - total_before[1])
