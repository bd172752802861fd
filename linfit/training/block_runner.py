"""BlockRunner: makes the steps of a fit in compiled blocks, and rewinds to recent ones."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from linfit.keras_utils.optimizer import has_schedule
from linfit.keras_utils.variables import named_parameters, units_of
from linfit.parameter_names import scalar_names
from linfit.training.compiled_steps import CompiledSteps, StepRequest, StepResult
from linfit.training.minibatches import Minibatches
from linfit.training.trajectory import MAX_VALUES, Trajectory

MAX_STEPS = 2**16  # recorded steps, and epochs, of one call: its buffers then stay in the processor cache
MAX_COMPILED = 16  # `CompiledSteps` that a model keeps, for fits of other shapes
CHUNK_VALUES = 2**19  # values of mini-batch rows that are copied for one call


@dataclass(frozen=True)
class StepBlock:
    """Steps made in one call.

    Attributes:
        trajectory: the recorded steps.
        logs: the results of `train_step` at the end of each epoch, and so far in the unfinished one, shape
            (epochs, values).
        steps: the number of steps.
        loss: the loss of the last step.
    """

    trajectory: Trajectory
    logs: np.ndarray
    steps: int
    loss: float


@dataclass(frozen=True)
class Checkpoint:
    """The state of a runner and its model before a block.

    Attributes:
        step: the number of the block's first step.
        epoch: the epoch of that step.
        position: how many steps the epoch had already made.
        every: the number of steps from one recorded step to the next.
        variables: the values of `CompiledSteps.variables`, as one vector.
        others: the values of `CompiledSteps.others`.
    """

    step: int
    epoch: int
    position: int
    every: int
    variables: np.ndarray
    others: list[np.ndarray]


class BlockRunner:
    """Makes the steps of a model on batches of rows in memory.

    Args:
        model: the model whose `train_step` runs; compiled and built.
        batches: the rows of each step.
        max_block_steps: the most steps between two calls of the callbacks' hooks, at most an epoch. None if a block
            may have as many steps as one call can make, over several epochs.

    Attributes:
        step: the number of the next step.
        epoch: the epoch of the next step.
        position: how many steps that epoch has already made.
        names: a name for each scalar of the parameters.
        closing_loss: the loss at the point where the latest call ended, if the batch is all rows; else NaN.
        closing_loss_is_current: whether the model cannot have changed since that call. It is False where a callback
            may have changed it.
        step_values: the number of values in the rows of a step.
    """

    def __init__(self, model: Any, batches: Minibatches, max_block_steps: int | None = None):
        self._model, self._batches = model, batches
        self.step = self.epoch = self.position = 0
        self.closing_loss = math.nan
        self.closing_loss_is_current = False
        self._checkpoints: list[Checkpoint] = []
        self._shapes = {name: tuple(variable.shape) for name, variable in named_parameters(model).items()}
        self.names = scalar_names(self._shapes, model.feature_names)
        self._full_batch = batches.steps_per_epoch == 1
        self.step_values = batches.batch_size * batches.width

        max_recorded = max_epochs = min(MAX_STEPS, max(1, MAX_VALUES // (2 + len(self.names))))
        chunk_steps = max(1, CHUNK_VALUES // batches.width // batches.batch_size)
        if max_block_steps is not None:
            max_recorded, max_epochs = min(max_recorded, _power_of_two(max_block_steps)), 1
            chunk_steps = min(chunk_steps, _power_of_two(max_block_steps))
        if not self._full_batch:
            max_recorded, max_epochs = min(max_recorded, chunk_steps), min(max_epochs, chunk_steps)
        if self._full_batch:
            self._arrays = batches.all_rows()
        else:
            self._arrays = batches.allocate_buffers(chunk_steps * batches.batch_size)
        sizes = batches.batch_size, batches.last_batch_size, self._full_batch, max_recorded, max_epochs
        key = (*sizes, *(tuple(array.shape) for array in self._arrays))
        cache: dict[Any, CompiledSteps] = model.resume_state.compiled_steps
        if key in cache:
            self._compiled = cache.pop(key)
        else:
            self._compiled = CompiledSteps(model, self._arrays, *sizes)
            self.measure_loss()  # the first call raises an error if XLA cannot compile the step
        cache[key] = self._compiled
        if len(cache) > MAX_COMPILED:
            cache.pop(next(iter(cache)))  # the least recently used

    def measure_loss(self) -> float:
        """Return the loss at the model's present point, if the batch is all rows; else NaN."""
        self._call(StepRequest(0, 1, 0, self.position, self._batches.steps_per_epoch, 0))
        return self.closing_loss

    def advance(self, steps: int, every: int, guarded: bool) -> StepBlock:
        """Make the next steps, as many as one call can.

        Args:
            steps: the most steps to make.
            every: record steps 0, every, 2 every, ...
            guarded: whether to end at the first loss that is not finite.
        """
        state = self.step, self.epoch, self.position, every
        others = [variable.numpy() for variable in self._compiled.others]
        block, variables = self._run(steps, every, guarded)
        self._checkpoints = [*self._checkpoints[-1:], Checkpoint(*state, variables, others)]
        return block

    def rewind(self, step: int) -> StepBlock:
        """Restore the model as it was before a step, which must be within the last two blocks.

        The steps from the start of that block run again, and so lead to exactly the same point.

        Returns:
            The block up to that step.
        """
        checkpoint = next(each for each in reversed(self._checkpoints) if each.step <= step)
        self.step, self.epoch, self.position = checkpoint.step, checkpoint.epoch, checkpoint.position
        optimizer, constant_rate = self._model.optimizer, not has_schedule(self._model.optimizer)
        present_rate = float(optimizer.learning_rate.numpy())
        optimizer.iterations.assign(checkpoint.step)
        first = 0
        for variable in self._compiled.variables:
            size = math.prod(variable.shape)
            variable.assign(checkpoint.variables[first : first + size].reshape(variable.shape))
            first += size
        for other, values in zip(self._compiled.others, checkpoint.others, strict=True):
            other.assign(values)
        block = self._run(step - checkpoint.step, checkpoint.every, guarded=False)[0]
        if constant_rate:
            optimizer.learning_rate.assign(present_rate)
        return block

    def columns(self, logs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the values of a block's logs by name, shape (epochs, *shape of the value)."""
        return _split(logs, self._compiled.log_shapes)

    def log(self, values: np.ndarray) -> dict[str, Any]:
        """Return one row of a block's logs by name, as Keras passes logs to callbacks."""
        columns = self.columns(values[np.newaxis])
        return {name: column[0] if column.ndim > 1 else float(column[0]) for name, column in columns.items()}

    def _run(self, steps: int, every: int, guarded: bool) -> tuple[StepBlock, np.ndarray]:
        """Make the next steps; return them and the values that `CompiledSteps.variables` had before."""
        compiled, per_epoch = self._compiled, self._batches.steps_per_epoch
        first_recorded = -self.step % every
        last_recorded = first_recorded + (compiled.max_recorded - 1) * every  # the step that fills the buffer
        steps = min(steps, last_recorded + 1, compiled.max_epochs * per_epoch - self.position)
        if not self._full_batch:
            steps = self._batches.fill_buffers(self.step, self.position, steps)
        result = self._call(StepRequest(steps, every, first_recorded, self.position, per_epoch, guarded))
        numbers = self.step + first_recorded + every * np.arange(len(result.points))
        self.step += result.steps
        epochs_over, self.position = divmod(self.position + result.steps, per_epoch)
        self.epoch += epochs_over
        trajectory = self._trajectory(numbers, result.points)
        return StepBlock(trajectory, result.logs, result.steps, result.loss), result.start

    def _call(self, request: StepRequest) -> StepResult:
        result = self._compiled(self._arrays, request)
        self.closing_loss = result.closing_loss
        return result

    def _trajectory(self, steps: np.ndarray, points: np.ndarray) -> Trajectory:
        parameters = _split(points[:, :-2], self._shapes)
        units = units_of(self._model)  # read here, because a restored backup may have changed them
        if units is not None:
            parameters = units.to_data_units(parameters)
        return Trajectory(steps, points[:, -2], points[:, -1], parameters, self.names)


def _split(table: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return the columns of a table by name, each row of them in the shape of the name."""
    parts, first = {}, 0
    for name, shape in shapes.items():
        end = first + math.prod(shape)
        parts[name] = table[:, first:end].reshape(len(table), *shape)
        first = end
    return parts


def _power_of_two(number: int) -> int:
    """Round up to a power of two, so that fits of similar lengths share compiled steps."""
    return 1 << (number - 1).bit_length()
