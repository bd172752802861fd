"""Many steps of `train_step` in one call, compiled by XLA, which records them as it goes."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from linfit.keras_utils.optimizer import has_schedule
from linfit.keras_utils.variables import named_parameters


class StepRequest(NamedTuple):
    """What a call has to know, beside the rows.

    Attributes:
        steps: how many to make.
        every: record each so many steps,
        lead: the first of them this many steps from here.
        position: how many steps of the epoch have been made.
        steps_per_epoch: how many it has.
        guarded: 1 to end at the first loss that is no finite number, 0 to go on.
    """

    steps: int
    every: int
    lead: int
    position: int
    steps_per_epoch: int
    guarded: int


class StepResult(NamedTuple):
    """What a call has made.

    Attributes:
        steps: how many steps.
        loss: of the last of them.
        closing_loss: of the point after the last, where the batch is all rows; else NaN.
        start: the values that the variables had before the first, one after another.
        points: the recorded steps, shape (recorded, scalars + 2): parameters, loss and learning rate.
        logs: what `train_step` returned at the end of each epoch, and of the one that is not over yet, shape
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

    A call takes any number of steps, any learning rate and any rows of the same shape, compiled only once. It
    writes into buffers of a fixed size, which bounds the steps of one call.

    Args:
        model: whose `train_step` it is.
        arrays: x, y and, if there are any, the weights; of the shape of those to come.
        batch_size: the rows in each step.
        last_batch_size: those in the last step of an epoch.
        whole: whether each epoch is one step, with all rows as its batch.
        most_points: how many steps a call can record.
        most_epochs: how many epochs a call can end.

    Attributes:
        log_shapes: the shape of each value that `train_step` returns, by name.
        variables: what a step of ours changes or depends on, beside the counter of steps.
        others: variables beside these that a `train_step` of somebody else's uses, such as a momentum.
    """

    def __init__(
        self,
        model: keras.Model,
        arrays: Sequence[tf.Tensor],
        batch_size: int,
        last_batch_size: int,
        whole: bool,
        most_points: int,
        most_epochs: int,
    ):
        self._model = model
        self._batch_size, self._last_batch_size, self._whole = batch_size, last_batch_size, whole
        self.most_points, self.most_epochs = most_points, most_epochs
        batch = tuple(tf.TensorSpec((batch_size, *array.shape[1:]), array.dtype) for array in arrays)
        # Tracing one step tells what it returns, and lets the metrics make the variables that they update.
        results = tf.function(model.train_step, autograph=False).get_concrete_function(batch).structured_outputs
        self.log_shapes = {name: tuple(value.shape) for name, value in results.items()}
        rate = [] if has_schedule(model.optimizer) else [model.optimizer.learning_rate]
        self.variables = [*named_parameters(model).values(), *model.metrics_variables, *rate]
        function = tf.function(self._steps, autograph=False, jit_compile=True)
        specs = [tf.TensorSpec(array.shape, array.dtype) for array in arrays]
        self._call = function.get_concrete_function(specs, tf.TensorSpec((len(StepRequest._fields),), tf.int32))
        known = {id(each.value) for each in (*self.variables, model.optimizer.iterations)}
        self.others = [each for each in self._call.variables if id(each) not in known]

    def __call__(self, arrays: Sequence[tf.Tensor], plan: StepRequest) -> StepResult:
        """Makes steps, from where the model's variables are."""
        made, losses, start, points, logs = self._call(arrays, tf.constant(plan, tf.int32))
        steps = np.asarray(made).item()
        recorded = max(0, -((plan.lead - steps) // plan.every))
        epochs = steps if self._whole else -(-(plan.position + steps) // plan.steps_per_epoch)
        loss, closing_loss = np.asarray(losses).tolist()
        buffers = (np.asarray(points)[:recorded].copy(), np.asarray(logs)[:epochs].copy())  # which are larger
        return StepResult(steps, loss, closing_loss, np.asarray(start), *buffers)

    def _steps(self, arrays: Sequence[tf.Tensor], plan: tf.Tensor) -> tuple[tf.Tensor, ...]:
        steps, every, lead, position, steps_per_epoch, guarded = tf.unstack(plan)
        model, dtype = self._model, self._model.dtype
        parameters = list(named_parameters(model).values())
        last_loss = model.loss_tracker.last
        start = tf.concat([tf.reshape(tf.cast(each.value, dtype), [-1]) for each in self.variables], axis=0)

        def more(made: Any, *_: Any) -> Any:
            return (made < steps) & ((made == 0) | (guarded == 0) | tf.math.is_finite(last_loss.value))

        # XLA copies whatever a loop carries: what follows from the number of steps made is worked out instead. Not so
        # where a batch begins, which would make constants of the numbers that it follows from, and a program for each.
        def step(made: Any, begin: Any, points: Any, logs: Any) -> tuple[Any, ...]:
            before = [tf.reshape(variable.value, [-1]) for variable in parameters]
            learning_rate = tf.cast(model.optimizer.learning_rate, dtype)
            epoch, place = made, tf.constant(0)
            if not self._whole:
                epoch, place = (position + made) // steps_per_epoch, (position + made) % steps_per_epoch
            self._begin_epoch(place == 0)
            is_last = place == steps_per_epoch - 1
            results = self._train_step(arrays, begin, is_last)
            begin += tf.where(is_last, self._last_batch_size, self._batch_size)
            point = tf.concat([*before, [last_loss.value, learning_rate]], axis=0)
            log = tf.concat([tf.reshape(tf.cast(result, dtype), [-1]) for result in results], axis=0)
            return made + 1, begin, points.write((made - lead + every - 1) // every, point), logs.write(epoch, log)

        width = sum(math.prod(variable.shape) for variable in parameters) + 2
        log_width = sum(math.prod(shape) for shape in self.log_shapes.values())
        points = tf.TensorArray(dtype, self.most_points, element_shape=(width,))
        logs = tf.TensorArray(dtype, self.most_epochs, element_shape=(log_width,))
        zero = tf.constant(0)
        made, _, points, logs = tf.while_loop(more, step, (zero, zero, points, logs))
        closing_loss = self._loss(arrays) if self._whole else tf.constant(math.nan, dtype)
        return made, tf.stack([last_loss.value, closing_loss]), start, points.stack(), logs.stack()

    def _train_step(self, arrays: Sequence[tf.Tensor], begin: tf.Tensor, last: tf.Tensor) -> list[tf.Tensor]:
        """One step on the batch that begins with this row."""

        def on(size: int) -> list[tf.Tensor]:
            batch = arrays if self._whole else [part_of(array, begin, size) for array in arrays]
            return list(self._model.train_step(tuple(batch)).values())

        if self._last_batch_size == self._batch_size:
            return on(self._batch_size)
        return tf.cond(last, lambda: on(self._last_batch_size), lambda: on(self._batch_size))

    def _begin_epoch(self, first: tf.Tensor) -> None:
        """Sets the metrics back to 0 at the first step of an epoch."""
        if self._whole:
            self._model.reset_metrics()
            return
        variables = self._model.metrics_variables
        so_far = [tf.identity(variable.value) for variable in variables]
        self._model.reset_metrics()
        for variable, values in zip(variables, so_far, strict=True):
            variable.assign(tf.where(first, variable.value, values))

    def _loss(self, arrays: Sequence[tf.Tensor]) -> tf.Tensor:
        x, y, *weight = arrays
        return self._model.compute_loss(x, y, self._model(x), weight[0] if weight else None)


def part_of(array: tf.Tensor, begin: tf.Tensor, size: int) -> tf.Tensor:
    """Rows of an array, of which the first is known when the step is made."""
    return tf.slice(array, [begin, *[0] * (array.shape.rank - 1)], [size, *array.shape[1:]])
