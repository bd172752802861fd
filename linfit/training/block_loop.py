"""BlockLoop: the training loop of a fit in compiled blocks, with Keras's callbacks, history and numbers."""

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
from linfit.training.interrupt import deferred_interrupt
from linfit.training.progress_bar import ProgressBar
from linfit.training.recorder import ENOUGH_ROWS, Recorder
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

BLOCK_SECONDS = 0.1  # intended time between two calls of the callbacks, and two checks for Ctrl-C
FIRST_BLOCK_VALUES = 2**20  # values of the rows that the first block may read, while its speed is still unknown


class BlockLoop:
    """Runs a fit in blocks, with the callbacks, the history and the numbers of `keras.Model.fit`.

    The hooks that the callbacks use limit the length of a block. With a batch hook it is one step
    (`steps_per_execution` if given). With an epoch hook or validation rows it is at most an epoch. Otherwise it runs
    over several epochs, for about a tenth of a second.

    Args:
        fit: the running fit; it has a runner.
        callbacks: all callbacks of the fit.
        epochs: the epoch at which the fit ends.
        steps_per_epoch: the number of steps in an epoch.
        batch_hook_steps: the number of steps between two calls of the batch hooks; 0 if no callback has one.
        epoch_hooks: whether a block ends with its epoch, so that the epoch hooks are called: if a callback has a batch
            or an epoch hook, or there are validation rows.
        validate: returns the validation results of an epoch, counted from 0; None without validation rows.
        guard: stops the fit at a loss that is not finite; None lets it continue.
    """

    def __init__(
        self,
        fit: Fit,
        callbacks: keras.callbacks.CallbackList,
        epochs: int,
        steps_per_epoch: int,
        batch_hook_steps: int,
        epoch_hooks: bool,
        validate: Callable[[int], dict[str, Any]] | None,
        guard: DivergenceGuard | None,
    ):
        assert fit.runner is not None
        self.fit, self.model, self.runner, self.callbacks = fit, fit.model, fit.runner, callbacks
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.batch_hook_steps, self.epoch_hooks = batch_hook_steps, epoch_hooks
        self.validate, self.guard = validate, guard
        self.step_callbacks = [each for each in callbacks.callbacks if isinstance(each, StepCallback)]
        # Only callbacks of linfit, and Keras's History, certainly leave the parameters unchanged.
        self._keeps_parameters = all(
            type(each).__module__.startswith(("linfit.", "keras.src.callbacks.history")) for each in callbacks.callbacks
        )
        self._max_block_steps = self._first_block_steps()

    def run(self, initial_epoch: int) -> None:
        """Make all steps, unless a callback, a divergence or Ctrl-C ends the fit early.

        Raises:
            KeyboardInterrupt: after Ctrl-C, once the callbacks have received the running block.
        """
        model, runner = self.model, self.runner
        model.stop_training = False
        with deferred_interrupt() as interrupt:
            self.callbacks.on_train_begin()
            self._first_step = int(model.optimizer.iterations.numpy())
            if self._first_step != runner.step:  # a backup was restored; backups end with an epoch
                runner.step, runner.position = self._first_step, 0
            runner.epoch = model._initial_epoch or initial_epoch  # BackupAndRestore sets _initial_epoch
            self._every = self._recording_interval()
            if runner.position:  # an unfinished epoch is resumed
                model.resume_state.restore_metrics(model)
            epoch_begins, logs = True, None
            while runner.epoch < self.epochs and not model.stop_training and not interrupt.pressed:
                if epoch_begins and self.epoch_hooks:
                    self.callbacks.on_epoch_begin(runner.epoch)
                logs = self._run_block()
                epoch_begins = runner.position == 0
                runner.closing_loss_is_current = self._keeps_parameters
            self._check_end_point()
            if interrupt.pressed:
                # Step callbacks record the end. Others are left out: BackupAndRestore would delete its backup.
                for step_callback in self.step_callbacks:
                    step_callback.on_train_end()
                raise KeyboardInterrupt
            self.callbacks.on_train_end(logs)
            if interrupt.pressed:  # during on_train_end
                raise KeyboardInterrupt

    def _run_block(self) -> dict[str, Any]:
        """Make the next steps, pass them to all callbacks and return the logs of the last epoch."""
        runner, started = self.runner, time.perf_counter()
        epoch, position = runner.epoch, runner.position
        if self.batch_hook_steps:
            self.callbacks.on_train_batch_begin(position)
        block = runner.advance(self._next_block_steps(), self._every, self.guard is not None)
        epochs_over = runner.epoch - epoch
        trajectory, logs = self._rewind_to_stop(block)
        for step_callback in self.step_callbacks:
            step_callback.take(trajectory)
        if self.batch_hook_steps:
            self.callbacks.on_train_batch_end(position + self.batch_hook_steps - 1, runner.log(logs[-1]))

        stops = self.model.stop_training
        if stops and runner.position:  # keep them now, because validation overwrites the metrics
            self.model.resume_state.keep_metrics(self.model)
        if not self.epoch_hooks:
            self._write_history(epoch, logs if stops else logs[:epochs_over])
        last = runner.log(logs[-1])
        if self.epoch_hooks and (epochs_over or stops):
            last |= self.validate(epoch) if self.validate else {}
            self.callbacks.on_epoch_end(epoch, last)
        pace = BLOCK_SECONDS / (time.perf_counter() - started)
        self._max_block_steps = max(1, int(block.steps * min(8.0, pace)))
        return last

    def _first_block_steps(self) -> int:
        """Return the maximum length of the first block, in steps, while the speed is still unknown."""
        accepted = [each.first_rows * each.every for each in self.step_callbacks]
        return max(1, min(*accepted, FIRST_BLOCK_VALUES // self.runner.step_values))

    def _next_block_steps(self) -> int:
        """Return the maximum length of the next block, in steps."""
        runner = self.runner
        if self.batch_hook_steps:
            return min(self.batch_hook_steps, self.steps_per_epoch - runner.position)
        epochs = 1 if self.epoch_hooks else self.epochs - runner.epoch
        return min(self._max_block_steps, epochs * self.steps_per_epoch - runner.position)

    def _rewind_to_stop(self, block: StepBlock) -> tuple[Trajectory, np.ndarray]:
        """Return the recorded steps and the logs of a block, up to the step where the fit ends if that is in it.

        In that case the model is rewound to that step.
        """
        runner, trajectory, logs = self.runner, block.trajectory, block.logs
        bad_step = runner.step - 1  # if there is one: a guarded block ends at its first bad step
        diverged = self.guard is not None and not math.isfinite(block.loss)
        if diverged:
            trajectory = trajectory[trajectory.step < bad_step]
        stops = [each.first_stop(trajectory) for each in self.step_callbacks]
        stop = min((stop for stop in stops if stop is not None), default=None)
        if stop is not None:
            # The logs include the loss of this step, which was measured before its update; the update is undone.
            first = runner.step - block.steps
            logs = logs[: stop + 1 - first] if self.steps_per_epoch == 1 else runner.rewind(stop + 1).logs
            trajectory = trajectory[trajectory.step <= stop]
            runner.rewind(stop)
            self.model.stop_training = True
        elif diverged:
            self._stop_at_divergence(bad_step)
        return trajectory, logs

    def _check_end_point(self) -> None:
        """Undo the last update if it led to a point without a finite loss, where no step has measured one."""
        runner = self.runner
        if self.guard is None or self.guard.stopped or runner.step == self._first_step:
            return
        if self.steps_per_epoch == 1:
            finite = math.isfinite(self.fit.closing_loss())
        else:
            point = [variable.numpy() for variable in named_parameters(self.model).values()]
            finite = all(np.isfinite(values).all() for values in point)
        if not finite:
            self._stop_at_divergence(runner.step)

    def _stop_at_divergence(self, bad_step: int) -> None:
        """Rewind to the step before a bad one, or to the start of the fit, and stop with a warning."""
        assert self.guard is not None
        last_finite = max(bad_step - 1, self._first_step)
        self.runner.rewind(last_finite)
        self.guard.stop(bad_step, last_finite)

    def _recording_interval(self) -> int:
        """Return the number of steps from one recorded step to the next.

        It is the largest that serves every callback. If none asks for steps, enough are recorded for a chart.
        """
        asked = [each.every for each in self.step_callbacks if not isinstance(each, Recorder | ProgressBar)]
        steps = (self.epochs - self.runner.epoch) * self.steps_per_epoch
        return min(2**30, math.gcd(*asked)) if asked else max(1, math.ceil(steps / ENOUGH_ROWS))

    def _write_history(self, epoch: int, logs: np.ndarray) -> None:
        """Add the logs of several epochs to Keras's history, beginning with this epoch."""
        history = self.model.history
        history.epoch.extend(range(epoch, epoch + len(logs)))
        for name, values in self.runner.columns(logs).items():
            history.history.setdefault(name, []).extend(values.tolist() if values.ndim == 1 else values)
