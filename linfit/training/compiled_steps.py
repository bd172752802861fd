"""CompiledSteps: many calls of `train_step` in one XLA-compiled call, which records them."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from linfit.keras_utils.optimizer import has_schedule
from linfit.keras_utils.variables import named_parameters


class StepRequest(NamedTuple):
    """Arguments of one compiled call, except the rows.

    Attributes:
        steps: the number of steps to make.
        every: the number of steps from one recorded step to the next.
        first_recorded: the first recorded step, counted from the first step of the call.
        position: how many steps the epoch has already made.
        steps_per_epoch: the number of steps in an epoch.
        guarded: 1 to end the call at the first loss that is not finite, 0 to continue.
    """

    steps: int
    every: int
    first_recorded: int
    position: int
    steps_per_epoch: int
    guarded: int


class StepResult(NamedTuple):
    """Result of one compiled call.

    Attributes:
        steps: the number of steps made.
        loss: the loss of the last step.
        closing_loss: the loss at the point after the last step, if the batch is all rows; else NaN.
        start: the values of `CompiledSteps.variables` before the first step, as one vector.
        points: the recorded steps, shape (recorded, scalars + 2): parameters, loss and learning rate.
        logs: the results of `train_step` at the end of each epoch, and so far in the unfinished one, shape
            (epochs, values).
    """

    steps: int
    loss: float
    closing_loss: float
    start: np.ndarray
    points: np.ndarray
    logs: np.ndarray


class CompiledSteps:
    """The steps of one model on batches of one shape.

    It is compiled once. A call then takes any number of steps, any learning rate and any rows of the same shape. It
    writes into buffers of a fixed size, which limits the steps of one call.

    Args:
        model: the model whose `train_step` is compiled.
        arrays: x, y and, if there are any, the sample weights, with the shapes of those to come.
        batch_size: the rows in each step.
        last_batch_size: the rows in the last step of an epoch.
        full_batch: whether each epoch is one step, with all rows as its batch.
        max_recorded: the most steps that a call can record.
        max_epochs: the most epochs that a call can log.

    Attributes:
        log_shapes: the shape of each value that `train_step` returns, by name.
        variables: the variables that linfit's own steps change or depend on, except the step counter.
        others: further variables that a custom `train_step` uses, such as a momentum.
    """

    def __init__(
        self,
        model: keras.Model,
        arrays: Sequence[tf.Tensor],
        batch_size: int,
        last_batch_size: int,
        full_batch: bool,
        max_recorded: int,
        max_epochs: int,
    ):
        self._model = model
        self._batch_size, self._last_batch_size, self._full_batch = batch_size, last_batch_size, full_batch
        self.max_recorded, self.max_epochs = max_recorded, max_epochs
        batch = tuple(tf.TensorSpec((batch_size, *array.shape[1:]), array.dtype) for array in arrays)
        # Tracing one step shows what it returns, and lets the metrics create their variables.
        results = tf.function(model.train_step, autograph=False).get_concrete_function(batch).structured_outputs
        self.log_shapes = {name: tuple(value.shape) for name, value in results.items()}
        rate = [] if has_schedule(model.optimizer) else [model.optimizer.learning_rate]
        self.variables = [*named_parameters(model).values(), *model.metrics_variables, *rate]
        function = tf.function(self._steps, autograph=False, jit_compile=True)
        specs = [tf.TensorSpec(array.shape, array.dtype) for array in arrays]
        self._call = function.get_concrete_function(specs, tf.TensorSpec((len(StepRequest._fields),), tf.int32))
        own = {id(each.value) for each in (*self.variables, model.optimizer.iterations)}
        self.others = [each for each in self._call.variables if id(each) not in own]

    def __call__(self, arrays: Sequence[tf.Tensor], request: StepRequest) -> StepResult:
        """Make steps, starting at the present values of the model's variables."""
        done, losses, start, points, logs = self._call(arrays, tf.constant(request, tf.int32))
        steps = np.asarray(done).item()
        recorded = max(0, -((request.first_recorded - steps) // request.every))
        epochs = steps if self._full_batch else -(-(request.position + steps) // request.steps_per_epoch)
        loss, closing_loss = np.asarray(losses).tolist()
        # Copies of the filled rows, so that the larger buffers can be freed.
        filled = np.asarray(points)[:recorded].copy(), np.asarray(logs)[:epochs].copy()
        return StepResult(steps, loss, closing_loss, np.asarray(start), *filled)

    def _steps(self, arrays: Sequence[tf.Tensor], request: tf.Tensor) -> tuple[tf.Tensor, ...]:
        steps, every, first_recorded, first_position, steps_per_epoch, guarded = tf.unstack(request)
        model, dtype = self._model, self._model.dtype
        parameters = list(named_parameters(model).values())
        last_loss = model.loss_tracker.last
        start = tf.concat([tf.reshape(tf.cast(each.value, dtype), [-1]) for each in self.variables], axis=0)

        def continues(done: Any, *_: Any) -> Any:
            return (done < steps) & ((done == 0) | (guarded == 0) | tf.math.is_finite(last_loss.value))

        # XLA copies whatever a loop carries, so values that follow from `done` are computed from it. `begin` must be
        # carried: computed, it would turn the numbers it follows from into constants, with a compilation for each.
        def step(done: Any, begin: Any, points: Any, logs: Any) -> tuple[Any, ...]:
            before = [tf.reshape(variable.value, [-1]) for variable in parameters]
            learning_rate = tf.cast(model.optimizer.learning_rate, dtype)
            epoch, position = done, tf.constant(0)
            if not self._full_batch:
                epoch, position = (first_position + done) // steps_per_epoch, (first_position + done) % steps_per_epoch
            self._begin_epoch(position == 0)
            is_last = position == steps_per_epoch - 1
            results = self._train_step(arrays, begin, is_last)
            begin += tf.where(is_last, self._last_batch_size, self._batch_size)
            point = tf.concat([*before, [last_loss.value, learning_rate]], axis=0)
            log = tf.concat([tf.reshape(tf.cast(result, dtype), [-1]) for result in results], axis=0)
            # Steps between two recorded ones share the row of the later one, which overwrites them.
            row = (done - first_recorded + every - 1) // every
            return done + 1, begin, points.write(row, point), logs.write(epoch, log)

        width = sum(math.prod(variable.shape) for variable in parameters) + 2
        log_width = sum(math.prod(shape) for shape in self.log_shapes.values())
        points = tf.TensorArray(dtype, self.max_recorded, element_shape=(width,))
        logs = tf.TensorArray(dtype, self.max_epochs, element_shape=(log_width,))
        zero = tf.constant(0)
        done, _, points, logs = tf.while_loop(continues, step, (zero, zero, points, logs))
        closing_loss = self._loss(arrays) if self._full_batch else tf.constant(math.nan, dtype)
        return done, tf.stack([last_loss.value, closing_loss]), start, points.stack(), logs.stack()

    def _train_step(self, arrays: Sequence[tf.Tensor], begin: tf.Tensor, is_last: tf.Tensor) -> list[tf.Tensor]:
        """Make one step on the batch that begins at a row; `is_last` tells whether it is the epoch's last."""

        def on(size: int) -> list[tf.Tensor]:
            batch = arrays if self._full_batch else [slice_rows(array, begin, size) for array in arrays]
            return list(self._model.train_step(tuple(batch)).values())

        if self._last_batch_size == self._batch_size:
            return on(self._batch_size)
        return tf.cond(is_last, lambda: on(self._last_batch_size), lambda: on(self._batch_size))

    def _begin_epoch(self, is_first: tf.Tensor) -> None:
        """Reset the metrics if this step is the first of its epoch."""
        if self._full_batch:
            self._model.reset_metrics()
            return
        variables = self._model.metrics_variables
        so_far = [tf.identity(variable.value) for variable in variables]
        self._model.reset_metrics()
        for variable, values in zip(variables, so_far, strict=True):
            variable.assign(tf.where(is_first, variable.value, values))

    def _loss(self, arrays: Sequence[tf.Tensor]) -> tf.Tensor:
        x, y, *weight = arrays
        return self._model.compute_loss(x, y, self._model(x), weight[0] if weight else None)


def slice_rows(array: tf.Tensor, begin: tf.Tensor, size: int) -> tf.Tensor:
    """Return `size` rows of an array, from a row that is known only at run time."""
    return tf.slice(array, [begin, *[0] * (array.shape.rank - 1)], [size, *array.shape[1:]])
