"""StepCallback: a Keras callback that sees recorded steps instead of batches."""

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
    """Calls `on_steps_end` with the recorded steps of any fit, of any Keras model.

    Step k is recorded as the parameters before its update and the loss that its batch had there; the end of
    the fit is recorded as one more point. Steps are those of the optimizer: they count on over several fits,
    and over saving and loading.

    A fit of rows in memory hands over whole blocks of steps, about ten times a second. Every other fit, and one
    of another model, is followed by Keras's own hooks for batches, in blocks of one step.

    A model that does not keep the loss of its last step (any but linfit's own) is asked for the change of
    Keras's running total over the epoch instead: to the float32 rounding of that total.

    Attributes:
        only_writes: whether it changes nothing but files or the screen: of several workers only the chief has it then.
        first_rows: how many recorded steps are handed over at first, at most. How many it can take in a tenth of a
            second shows then; a subclass that is quick may say so, one that takes its time may ask for fewer.

    Args:
        every: record steps 0, every, 2 every, ...; 1, the default, records all.
        feature_names: names for the features, where the model has none.

    Raises:
        InputError: `every` is no whole number of at least 1; at the start of a fit that Keras's own loop runs, if
            the model was compiled with `steps_per_execution` above 1, which hides the steps in between.

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
        """Called with the steps recorded since the last call; override it."""

    def stop_at(self, trajectory: Trajectory) -> int | None:
        """The row of these steps at which to end the fit; None, unless it is overridden, to go on.

        The model is left at that row's parameters, as if no later step had been made, and `on_steps_end` is called
        with the rows up to there. Where several callbacks end a fit, the first row counts: keep what you remember for
        `on_steps_end`, which sees no step that was taken back.
        """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts a fit; a subclass that overrides this calls it first."""
        if not self._in_blocks and self.model.steps_per_execution != 1:
            raise InputError(
                f"{type(self).__name__} needs to see every step, got steps_per_execution="
                f"{self.model.steps_per_execution}. Compile the model with steps_per_execution=1."
            )
        if not self.model.built:
            raise InputError(
                f"{type(self).__name__} needs a model that has its parameters already. Build it before it is fitted to "
                "a stream: model.build((None, features)), or keras.Input as its first layer."
            )
        self._before: Trajectory | None = None
        self._recorded: int | None = None

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes down where the parameters stand before this step."""
        if not self._in_blocks:
            self._before = self.here() if self.step % self.every == 0 else None
            self._values_before = [variable.numpy() for variable in named_parameters(self.model).values()]
            self._total_before = _running_total(self.model)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds the loss that the step measured there."""
        before = self._before
        if before is None or self.step < before.step[0]:  # not to be recorded, or taken back
            return
        before.loss[:] = _last_loss(self.model, self._total_before)
        if self.first_stop(before) is not None:
            self.model.stop_training = True
            self.model.optimizer.iterations.assign(before.step[0])
            for variable, values in zip(named_parameters(self.model).values(), self._values_before, strict=True):
                variable.assign(values)
        self.take(before)

    def first_stop(self, trajectory: Trajectory) -> int | None:
        """The step at which `stop_at` ends the fit, if it is one of these."""
        trajectory = trajectory.every(self.every)
        row = self.stop_at(trajectory) if len(trajectory) else None
        return None if row is None else int(trajectory.step[row])

    def take(self, trajectory: Trajectory) -> None:
        """Hands recorded steps over to `on_steps_end`: those that this callback asks for."""
        trajectory = trajectory.every(self.every)
        if len(trajectory):
            if self.feature_names is not None:
                trajectory = replace(trajectory, names=self._names(trajectory.point()))
            self._recorded = int(trajectory.step[-1])
            self.on_steps_end(trajectory)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Records the end point; a subclass that overrides this calls it first."""
        end = self.here()
        if end.step[0] == self._recorded:  # a fit that was stopped there
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
        """How many updates the model has had."""
        return int(self.model.optimizer.iterations.numpy())

    def here(self) -> Trajectory:
        """The one point at which the model stands, its loss not measured yet."""
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
    """The sum of losses and the rows so far in this epoch, as Keras's mean loss holds them."""
    tracker = model.metrics[0]
    if hasattr(tracker, "last"):  # nobody needs it then, and to sum it over workers takes all of them
        return 0.0, 0.0
    return float(tracker.total.numpy()), float(tracker.count.numpy())


def _last_loss(model: keras.Model, total_before: tuple[float, float]) -> float:
    """The loss of the step that just ended."""
    tracker = model.metrics[0]
    if hasattr(tracker, "last"):
        return float(tracker.last.numpy())
    total, rows = _running_total(model)
    return (total - total_before[0]) / (rows - total_before[1])
