"""How a fit of rows in memory is run: train_step in compiled blocks, as long as those who watch it allow."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from linfit.keras_utils.variables import named_parameters
from linfit.training.block_runner import StepBlock
from linfit.training.divergence_guard import DivergenceGuard
from linfit.training.fit import Fit
from linfit.training.interrupt import held_interrupt
from linfit.training.progress_bar import ProgressBar
from linfit.training.recorder import FEW_ROWS, Recorder
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

BLOCK_SECONDS = 0.1  # between two looks at the callbacks and at Ctrl-C
FIRST_VALUES = 2**20  # of the rows, that the first block may pass through: until it is known how long that takes


class BlockLoop:
    """One fit, with the callbacks, the history and the numbers of `keras.Model.fit`.

    A block of steps is one step (or `steps_per_execution`) where a callback has a hook for batches, at most an epoch
    where one has a hook for epochs or rows are held out; else it goes on over epochs, for about a tenth of a second.

    Args:
        fit: the fit that is running.
        callbacks: all of them.
        epochs: the fit ends where so many are over.
        epoch_steps: the steps of an epoch.
        batch_hooks: the steps between two calls of the hooks for batches; 0 where nobody has such a hook.
        epoch_hooks: whether somebody has one for epochs.
        validate: measures the held-out rows, if there are any, after an epoch, which is counted from 0.
        guard: stops at a loss that is no finite number; None lets it be.
    """

    def __init__(
        self,
        fit: Fit,
        callbacks: keras.callbacks.CallbackList,
        epochs: int,
        epoch_steps: int,
        batch_hooks: int,
        epoch_hooks: bool,
        validate: Callable[[int], dict[str, Any]] | None,
        guard: DivergenceGuard | None,
    ):
        assert fit.runner is not None
        self.fit, self.model, self.runner, self.callbacks = fit, fit.model, fit.runner, callbacks
        self.epochs, self.epoch_steps = epochs, epoch_steps
        self.batch_hooks, self.epoch_hooks = batch_hooks, epoch_hooks
        self.validate, self.guard = validate, guard
        self.watchers = [each for each in callbacks.callbacks if isinstance(each, StepCallback)]
        self._are_ours = all(
            type(each).__module__.startswith(("linfit.", "keras.src.callbacks.history")) for each in callbacks.callbacks
        )
        self._block_steps = self._first_steps()

    def run(self, initial_epoch: int) -> None:
        """Makes all steps, or those before a callback, a divergence or Ctrl-C ends the fit.

        Raises:
            KeyboardInterrupt: after Ctrl-C, once the block that was running has been handed over.
        """
        model, runner = self.model, self.runner
        model.stop_training = False
        with held_interrupt() as interrupt:
            self.callbacks.on_train_begin()
            self._first_step = int(model.optimizer.iterations.numpy())
            if self._first_step != runner.step:  # a backup was restored, which ended with an epoch
                runner.step, runner.position = self._first_step, 0
            runner.epoch = model._initial_epoch or initial_epoch  # BackupAndRestore says so, as to Keras's own loop
            self._every = self._recording()
            if runner.position:  # of an epoch that is gone on with
                model.resume_state.restore_metrics(model)
            begins, logs = True, None
            while runner.epoch < self.epochs and not model.stop_training and not interrupt.pressed:
                if begins and self.epoch_hooks:
                    self.callbacks.on_epoch_begin(runner.epoch)
                logs = self._block()
                begins = runner.position == 0
                runner.is_alone = self._are_ours
            self._look_at_the_end()
            if interrupt.pressed:
                for watcher in self.watchers:  # they write down the end; a backup is not to be cleared away
                    watcher.on_train_end()
                raise KeyboardInterrupt
            self.callbacks.on_train_end(logs)
            if interrupt.pressed:  # only now
                raise KeyboardInterrupt

    def _block(self) -> dict[str, Any]:
        """Makes the next steps and hands them to all who watch. Returns the logs of the last epoch."""
        runner, started = self.runner, time.perf_counter()
        epoch, position = runner.epoch, runner.position
        if self.batch_hooks:
            self.callbacks.on_train_batch_begin(position)
        block = runner.advance(self._length(), self._every, self.guard is not None)
        epochs_over = runner.epoch - epoch
        trajectory, logs = self._cut(block)
        for watcher in self.watchers:
            watcher.take(trajectory)
        if self.batch_hooks:
            self.callbacks.on_train_batch_end(position + self.batch_hooks - 1, runner.log(logs[-1]))

        stops = self.model.stop_training
        if stops and runner.position:  # before the rows that are held out go through the metrics
            self.model.resume_state.keep_metrics(self.model)
        if not self.epoch_hooks:
            over = logs if stops else logs[:epochs_over]
            self._write_history(epoch, over)
        last = runner.log(logs[-1])
        if self.epoch_hooks and (epochs_over or stops):
            last |= self.validate(epoch) if self.validate else {}
            self.callbacks.on_epoch_end(epoch, last)
        pace = BLOCK_SECONDS / (time.perf_counter() - started)
        self._block_steps = max(1, int(block.steps * min(8.0, pace)))
        return last

    def _first_steps(self) -> int:
        """How many steps the first block may have, when nobody knows yet how long they take."""
        taken = [watcher.first_rows * watcher.every for watcher in self.watchers]
        return max(1, min(*taken, FIRST_VALUES // self.runner.step_values))

    def _length(self) -> int:
        """How many steps the next block may have."""
        runner = self.runner
        if self.batch_hooks:
            return min(self.batch_hooks, self.epoch_steps - runner.position)
        epochs = 1 if self.epoch_hooks else self.epochs - runner.epoch
        return min(self._block_steps, epochs * self.epoch_steps - runner.position)

    def _cut(self, block: StepBlock) -> tuple[Trajectory, np.ndarray]:
        """The recorded steps and the logs, up to where the fit ends if it does so in this block: there it is left."""
        runner, trajectory, logs = self.runner, block.trajectory, block.logs
        bad = runner.step - 1  # if any: a block ends at its first bad step
        diverged = self.guard is not None and not math.isfinite(block.loss)
        if diverged:
            trajectory = trajectory[trajectory.step < bad]
        stops = [watcher.first_stop(trajectory) for watcher in self.watchers]
        stop = min((stop for stop in stops if stop is not None), default=None)
        if stop is not None:
            # The loss of this step was measured, and its update is taken back.
            first = runner.step - block.steps
            logs = logs[: stop + 1 - first] if self.epoch_steps == 1 else runner.go_back(stop + 1).logs
            trajectory = trajectory[trajectory.step <= stop]
            runner.go_back(stop)
            self.model.stop_training = True
        elif diverged:
            self._go_back(bad)
        return trajectory, logs

    def _look_at_the_end(self) -> None:
        """Takes the last update back where it led to a point without a finite loss, which no step has seen."""
        runner = self.runner
        if self.guard is None or self.guard.stopped or runner.step == self._first_step:
            return
        if self.epoch_steps == 1:
            finite = math.isfinite(self.fit.closing_loss())
        else:
            point = [variable.numpy() for variable in named_parameters(self.model).values()]
            finite = all(np.isfinite(values).all() for values in point)
        if not finite:
            self._go_back(runner.step)

    def _go_back(self, bad: int) -> None:
        """Goes back to the step before a bad one, or to the start of the fit, and says so."""
        assert self.guard is not None
        last_finite = max(bad - 1, self._first_step)
        self.runner.go_back(last_finite)
        self.guard.stop(bad, last_finite)

    def _recording(self) -> int:
        """Every how many steps to record: as often as the closest watcher asks, else enough to draw."""
        asked = [watcher.every for watcher in self.watchers if not isinstance(watcher, Recorder | ProgressBar)]
        steps = (self.epochs - self.runner.epoch) * self.epoch_steps
        return min(2**30, math.gcd(*asked)) if asked else max(1, math.ceil(steps / FEW_ROWS))

    def _write_history(self, epoch: int, logs: np.ndarray) -> None:
        """What Keras's history has after these epochs."""
        history = self.model.history
        history.epoch.extend(range(epoch, epoch + len(logs)))
        for name, values in self.runner.columns(logs).items():
            history.history.setdefault(name, []).extend(values.tolist() if values.ndim == 1 else values)
