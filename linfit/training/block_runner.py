"""The steps of a fit in compiled blocks: forwards, and back to any of the latest."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from linfit.keras_utils.optimizer import has_schedule
from linfit.keras_utils.variables import named_parameters, units_of
from linfit.parameter_names import scalar_names
from linfit.training.compiled_steps import CompiledSteps, StepRequest, StepResult
from linfit.training.minibatches import Minibatches
from linfit.training.trajectory import MOST_VALUES, Trajectory

MOST_STEPS = 2**16  # in one call: what it writes stays in the cache
MOST_COMPILED = 16  # kept by a model, for fits of other shapes
CHUNK_VALUES = 2**19  # of the rows of mini-batches that are copied for one call


@dataclass(frozen=True)
class StepBlock:
    """Steps that were made in one call.

    Attributes:
        trajectory: the recorded ones.
        logs: what `train_step` returned at the end of each epoch, and of the one that is not over yet, shape
            (epochs, values).
        steps: how many there are.
        loss: of the last of them.
    """

    trajectory: Trajectory
    logs: np.ndarray
    steps: int
    loss: float


@dataclass(frozen=True)
class Checkpoint:
    """Where a block began: as the attributes of a runner, every how many steps it records, and all variables."""

    step: int
    epoch: int
    position: int
    every: int
    variables: np.ndarray
    others: list[np.ndarray]


class BlockRunner:
    """Makes the steps of a model on batches of rows in memory.

    Args:
        model: whose `train_step` is run; compiled and built.
        batches: the rows of each step.
        epoch_steps: how many steps lie between two visits to the callbacks, at most; None where they may be as
            many as one call can make, over epochs.

    Attributes:
        step: the number of the next step.
        epoch: that in which it lies.
        position: how many steps of that epoch have been made.
        is_alone: whether nobody else can have moved the model meanwhile.
        closing_loss: of the point at which the latest call has ended, if the batch is all rows; else NaN.
        step_values: how many values of the rows a step passes through.
    """

    def __init__(self, model: Any, batches: Minibatches, epoch_steps: int | None = None):
        self._model, self._batches = model, batches
        self.step = self.epoch = self.position = 0
        self.is_alone = False
        self.closing_loss = math.nan
        self._latest: list[Checkpoint] = []
        self._shapes = {name: tuple(variable.shape) for name, variable in named_parameters(model).items()}
        self.names = scalar_names(self._shapes, model.feature_names)
        self._whole = batches.steps_per_epoch == 1
        self.step_values = batches.batch_size * batches.width

        most_points = most_epochs = min(MOST_STEPS, max(1, MOST_VALUES // (2 + len(self.names))))
        chunk_steps = max(1, CHUNK_VALUES // batches.width // batches.batch_size)
        if epoch_steps is not None:
            most_points, most_epochs = min(most_points, _rounded_up(epoch_steps)), 1
            chunk_steps = min(chunk_steps, _rounded_up(epoch_steps))
        if not self._whole:
            most_points, most_epochs = min(most_points, chunk_steps), min(most_epochs, chunk_steps)
        self._arrays = batches.all() if self._whole else batches.buffers(chunk_steps * batches.batch_size)
        sizes = batches.batch_size, batches.last_batch_size, self._whole, most_points, most_epochs
        key = (*sizes, *(tuple(array.shape) for array in self._arrays))
        known: dict[Any, CompiledSteps] = model.resume_state.compiled_steps
        if key in known:
            self._compiled = known.pop(key)
        else:
            self._compiled = CompiledSteps(model, self._arrays, *sizes)
            self.measure()  # which shows whether XLA knows all that is in a step
        known[key] = self._compiled
        if len(known) > MOST_COMPILED:
            known.pop(next(iter(known)))  # the one that has not been used for the longest time

    def measure(self) -> float:
        """The loss at the point where the model is, if the batch is all rows; else NaN."""
        self._call(StepRequest(0, 1, 0, self.position, self._batches.steps_per_epoch, 0))
        return self.closing_loss

    def advance(self, steps: int, every: int, guarded: bool) -> StepBlock:
        """Makes as many of the next steps as one call can.

        Args:
            steps: how many, at most.
            every: record steps 0, every, 2 every, ...
            guarded: whether to end at the first loss that is no finite number.
        """
        place = self.step, self.epoch, self.position, every
        others = [variable.numpy() for variable in self._compiled.others]
        block, variables = self._make(steps, every, guarded)
        self._latest = [*self._latest[-1:], Checkpoint(*place, variables, others)]
        return block

    def go_back(self, step: int) -> StepBlock:
        """Goes back to where this step is the next, which must lie within the last two blocks.

        The descent begins at the start of that block once more, and so gets there exactly as it did the first time.

        Returns:
            The block up to there.
        """
        place = next(place for place in reversed(self._latest) if place.step <= step)
        self.step, self.epoch, self.position = place.step, place.epoch, place.position
        optimizer, constant_rate = self._model.optimizer, not has_schedule(self._model.optimizer)
        present_rate = float(optimizer.learning_rate.numpy())
        optimizer.iterations.assign(place.step)
        first = 0
        for variable in self._compiled.variables:
            size = math.prod(variable.shape)
            variable.assign(place.variables[first : first + size].reshape(variable.shape))
            first += size
        for other, values in zip(self._compiled.others, place.others, strict=True):
            other.assign(values)
        block = self._make(step - place.step, place.every, guarded=False)[0]
        if constant_rate:
            optimizer.learning_rate.assign(present_rate)
        return block

    def columns(self, logs: np.ndarray) -> dict[str, np.ndarray]:
        """The values of a block's logs by name, shape (epochs, *shape of the value)."""
        return _split(logs, self._compiled.log_shapes)

    def log(self, values: np.ndarray) -> dict[str, Any]:
        """One row of them."""
        columns = self.columns(values[np.newaxis])
        return {name: column[0] if column.ndim > 1 else float(column[0]) for name, column in columns.items()}

    def _make(self, steps: int, every: int, guarded: bool) -> tuple[StepBlock, np.ndarray]:
        compiled, per_epoch = self._compiled, self._batches.steps_per_epoch
        lead = -self.step % every
        steps = min(steps, compiled.most_points * every + lead, compiled.most_epochs * per_epoch - self.position)
        if not self._whole:
            steps = self._batches.take(self.step, self.position, steps)
        made = self._call(StepRequest(steps, every, lead, self.position, per_epoch, guarded))
        numbers = self.step + lead + every * np.arange(len(made.points))
        self.step += made.steps
        self.epoch, self.position = (
            self.epoch + (self.position + made.steps) // per_epoch,
            (self.position + made.steps) % per_epoch,
        )
        return StepBlock(self._trajectory(numbers, made.points), made.logs, made.steps, made.loss), made.start

    def _call(self, plan: StepRequest) -> StepResult:
        made = self._compiled(self._arrays, plan)
        self.closing_loss = made.closing_loss
        return made

    def _trajectory(self, steps: np.ndarray, points: np.ndarray) -> Trajectory:
        parameters = _split(points[:, :-2], self._shapes)
        units = units_of(self._model)  # which a backup may have brought along
        if units is not None:
            parameters = units.to_data_units(parameters)
        return Trajectory(steps, points[:, -2], points[:, -1], parameters, self.names)


def _split(table: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The columns that belong to each name, one row of them in its shape."""
    parts, first = {}, 0
    for name, shape in shapes.items():
        end = first + math.prod(shape)
        parts[name] = table[:, first:end].reshape(len(table), *shape)
        first = end
    return parts


def _rounded_up(number: int) -> int:
    """To a power of two, so that fits of like lengths share what is compiled."""
    return 1 << (number - 1).bit_length()
