"""How a fit of rows in memory is run: train_step in compiled blocks, as long as those who watch it allow."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit.batches import Batches
from linfit.descent import Block, Descent
from linfit.divergence import DivergenceGuard
from linfit.interrupt import held_interrupt
from linfit.parameters import named_parameters
from linfit.progress_bar import ProgressBar, is_terminal
from linfit.recorder import FEW_ROWS, Recorder
from linfit.rows import Rows
from linfit.step_callback import StepCallback
from linfit.trajectory import Trajectory
from linfit.validation import AfterEpochs
from linfit.watching import watches_batches, watches_epochs

BLOCK_SECONDS = 0.1  # between two looks at the callbacks and at Ctrl-C
FIRST_VALUES = 2**20  # of the rows, that the first block may pass through: until it is known how long that takes


class BlockFit:
    """One fit, with the callbacks, the history and the numbers of `keras.Model.fit`.

    A block of steps is one step (or `steps_per_execution`) where a callback has a hook for batches, at most an epoch
    where one has a hook for epochs or rows are held out; else it goes on over epochs, for about a tenth of a second.

    Args:
        model: what is fitted.
        descent: makes its steps.
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
        model: Any,
        descent: Descent,
        callbacks: keras.callbacks.CallbackList,
        epochs: int,
        epoch_steps: int,
        batch_hooks: int,
        epoch_hooks: bool,
        validate: Callable[[int], dict[str, Any]] | None,
        guard: DivergenceGuard | None,
    ):
        self.model, self.descent, self.callbacks = model, descent, callbacks
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
        model, descent = self.model, self.descent
        model.stop_training = False
        with held_interrupt() as interrupt:
            self.callbacks.on_train_begin()
            self._first_step = int(model.optimizer.iterations.numpy())
            if self._first_step != descent.step:  # a backup was restored, which ended with an epoch
                descent.step, descent.position = self._first_step, 0
            descent.epoch = model._initial_epoch or initial_epoch  # BackupAndRestore says so, as to Keras's own loop
            self._every = self._recording()
            if descent.position:  # of an epoch that is gone on with
                model.memory.restore_metrics(model)
            begins, logs = True, None
            while descent.epoch < self.epochs and not model.stop_training and not interrupt.pressed:
                if begins and self.epoch_hooks:
                    self.callbacks.on_epoch_begin(descent.epoch)
                logs = self._block()
                begins = descent.position == 0
                descent.is_alone = self._are_ours
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
        descent, started = self.descent, time.perf_counter()
        epoch, position = descent.epoch, descent.position
        if self.batch_hooks:
            self.callbacks.on_train_batch_begin(position)
        block = descent.advance(self._length(), self._every, self.guard is not None)
        epochs_over = descent.epoch - epoch
        trajectory, logs = self._cut(block)
        for watcher in self.watchers:
            watcher.take(trajectory)
        if self.batch_hooks:
            self.callbacks.on_train_batch_end(position + self.batch_hooks - 1, descent.log(logs[-1]))

        stops = self.model.stop_training
        if stops and descent.position:  # before the rows that are held out go through the metrics
            self.model.memory.keep_metrics(self.model)
        if not self.epoch_hooks:
            over = logs if stops else logs[:epochs_over]
            self._write_history(epoch, over)
        last = descent.log(logs[-1])
        if self.epoch_hooks and (epochs_over or stops):
            last |= self.validate(epoch) if self.validate else {}
            self.callbacks.on_epoch_end(epoch, last)
        pace = BLOCK_SECONDS / (time.perf_counter() - started)
        self._block_steps = max(1, int(block.steps * min(8.0, pace)))
        return last

    def _first_steps(self) -> int:
        """How many steps the first block may have, when nobody knows yet how long they take."""
        taken = [watcher.first_rows * watcher.every for watcher in self.watchers]
        return max(1, min(*taken, FIRST_VALUES // self.descent.step_values))

    def _length(self) -> int:
        """How many steps the next block may have."""
        descent = self.descent
        if self.batch_hooks:
            return min(self.batch_hooks, self.epoch_steps - descent.position)
        epochs = 1 if self.epoch_hooks else self.epochs - descent.epoch
        return min(self._block_steps, epochs * self.epoch_steps - descent.position)

    def _cut(self, block: Block) -> tuple[Trajectory, np.ndarray]:
        """The recorded steps and the logs, up to where the fit ends if it does so in this block: there it is left."""
        descent, trajectory, logs = self.descent, block.trajectory, block.logs
        bad = descent.step - 1  # if any: a block ends at its first bad step
        diverged = self.guard is not None and not math.isfinite(block.loss)
        if diverged:
            trajectory = trajectory[trajectory.step < bad]
        stops = [watcher.first_stop(trajectory) for watcher in self.watchers]
        stop = min((stop for stop in stops if stop is not None), default=None)
        if stop is not None:
            # The loss of this step was measured, and its update is taken back.
            first = descent.step - block.steps
            logs = logs[: stop + 1 - first] if self.epoch_steps == 1 else descent.go_back(stop + 1).logs
            trajectory = trajectory[trajectory.step <= stop]
            descent.go_back(stop)
            self.model.stop_training = True
        elif diverged:
            self._go_back(bad)
        return trajectory, logs

    def _look_at_the_end(self) -> None:
        """Takes the last update back where it led to a point without a finite loss, which no step has seen."""
        descent = self.descent
        if self.guard is None or self.guard.stopped or descent.step == self._first_step:
            return
        if self.epoch_steps == 1:
            finite = math.isfinite(self.model.closing_loss())
        else:
            point = [variable.numpy() for variable in named_parameters(self.model).values()]
            finite = all(np.isfinite(values).all() for values in point)
        if not finite:
            self._go_back(descent.step)

    def _go_back(self, bad: int) -> None:
        """Goes back to the step before a bad one, or to the start of the fit, and says so."""
        assert self.guard is not None
        last_finite = max(bad - 1, self._first_step)
        self.descent.go_back(last_finite)
        self.guard.stop(bad, last_finite)

    def _recording(self) -> int:
        """Every how many steps to record: as often as the closest watcher asks, else enough to draw."""
        asked = [watcher.every for watcher in self.watchers if not isinstance(watcher, Recorder | ProgressBar)]
        steps = (self.epochs - self.descent.epoch) * self.epoch_steps
        return min(2**30, math.gcd(*asked)) if asked else max(1, math.ceil(steps / FEW_ROWS))

    def _write_history(self, epoch: int, logs: np.ndarray) -> None:
        """What Keras's history has after these epochs."""
        history = self.model.history
        history.epoch.extend(range(epoch, epoch + len(logs)))
        for name, values in self.descent.columns(logs).items():
            history.history.setdefault(name, []).extend(values.tolist() if values.ndim == 1 else values)


def fit_rows(
    model: Any,
    rows: Rows,
    held_out: Rows | None,
    *,
    epochs: int,
    verbose: Any,
    callbacks: list[keras.callbacks.Callback],
    shuffle: bool,
    validation_batch_size: int | None,
    validation_freq: Any,
    initial_epoch: int,
) -> keras.callbacks.History | None:
    """Fits a model to rows in memory; see `keras.Model.fit` for the arguments.

    Returns:
        The history; None, with nothing done, where XLA cannot compile the model's step.
    """
    memory, step = model.memory, int(model.optimizer.iterations.numpy())
    if model.batch_size >= len(rows):
        rows = model.condensed(rows)
    shuffled = shuffle and model.batch_size < len(rows)
    batches = Batches(rows, model.batch_size, memory.seed(step) if shuffled else None, model.dtype)
    if verbose == "auto":
        verbose = int(is_terminal())
    order = {"step": step, "rows": batches.fingerprint()}
    position = memory.position(order)
    bar = ProgressBar((epochs - initial_epoch) * batches.steps_per_epoch - position)
    everyone = keras.callbacks.CallbackList(
        [*callbacks, memory.recorder, *([bar] if verbose == 1 else [])],
        add_history=True,
        add_progbar=verbose == 2,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=batches.steps_per_epoch,
    )
    batch_hooks = model.steps_per_execution if watches_batches(everyone.callbacks) else 0
    epoch_hooks = bool(batch_hooks) or held_out is not None or watches_epochs(everyone.callbacks)
    try:
        descent = Descent(model, batches, (batch_hooks or batches.steps_per_epoch) if epoch_hooks else None)
    except tf.errors.OpError:
        return None
    descent.step, descent.position = step, position
    model.descent = descent
    validate = None
    if held_out is not None:
        size = validation_batch_size or model.batch_size
        validate = AfterEpochs(model, held_out, size, validation_freq, everyone)
    guard = next((each for each in everyone.callbacks if isinstance(each, DivergenceGuard)), None)
    fit = BlockFit(model, descent, everyone, epochs, batches.steps_per_epoch, batch_hooks, epoch_hooks, validate, guard)
    try:
        fit.run(initial_epoch)
    finally:
        bar.close()
        if descent.position and not model.stop_training:  # broken off by Ctrl-C or an error
            memory.keep_metrics(model)
        memory.batch_order |= order | {"step": descent.step, "position": descent.position}
    return model.history
