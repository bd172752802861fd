"""fit_in_blocks: a fit of rows in memory whose steps run in compiled blocks."""

from typing import Any

import keras
import tensorflow as tf

from linfit.text.terminal import is_terminal
from linfit.training.block_loop import BlockLoop
from linfit.training.block_runner import BlockRunner
from linfit.training.callback_hooks import has_batch_hooks, has_epoch_hooks
from linfit.training.divergence_guard import DivergenceGuard
from linfit.training.fit import Fit
from linfit.training.minibatches import Minibatches
from linfit.training.progress_bar import ProgressBar
from linfit.training.validation import EpochValidation


def fit_in_blocks(
    fit: Fit,
    *,
    epochs: int,
    verbose: Any,
    callbacks: list[keras.callbacks.Callback],
    shuffle: bool,
    validation_batch_size: int | None,
    validation_freq: Any,
    initial_epoch: int,
) -> keras.callbacks.History | None:
    """Fit a model to rows in memory; see `keras.Model.fit` for the arguments.

    Returns:
        The history; None if XLA cannot compile the model's step, in which case no step was made.
    """
    model, rows, batch_size = fit.model, fit.rows, fit.batch_size
    assert rows is not None
    assert batch_size is not None
    state, step = model.resume_state, int(model.optimizer.iterations.numpy())
    if batch_size >= len(rows):
        rows = model.condensed(rows)
    shuffled = shuffle and batch_size < len(rows)
    batches = Minibatches(rows, batch_size, state.seed(step) if shuffled else None, model.dtype)
    if verbose == "auto":
        verbose = int(is_terminal())
    order = {"step": step, "rows": batches.fingerprint()}
    position = state.position(order)
    bar = ProgressBar((epochs - initial_epoch) * batches.steps_per_epoch - position)
    callback_list = keras.callbacks.CallbackList(
        [*callbacks, state.recorder, *([bar] if verbose == 1 else [])],
        add_history=True,
        add_progbar=verbose == 2,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=batches.steps_per_epoch,
    )
    batch_hook_steps = model.steps_per_execution if has_batch_hooks(callback_list.callbacks) else 0
    epoch_hooks = bool(batch_hook_steps) or fit.held_out is not None or has_epoch_hooks(callback_list.callbacks)
    max_block_steps = (batch_hook_steps or batches.steps_per_epoch) if epoch_hooks else None
    try:
        runner = BlockRunner(model, batches, max_block_steps)
    except tf.errors.OpError:
        return None
    runner.step, runner.position = step, position
    fit.runner = runner
    validate = _validation(fit, validation_batch_size or batch_size, validation_freq, callback_list)
    guard = next((each for each in callback_list.callbacks if isinstance(each, DivergenceGuard)), None)
    loop = BlockLoop(
        fit, callback_list, epochs, batches.steps_per_epoch, batch_hook_steps, epoch_hooks, validate, guard
    )
    try:
        loop.run(initial_epoch)
    finally:
        bar.close()
        if runner.position and not model.stop_training:  # interrupted by Ctrl-C or an error
            state.keep_metrics(model)
        state.batch_order |= order | {"step": runner.step, "position": runner.position}
    return model.history


def _validation(
    fit: Fit, batch_size: int, frequency: Any, callbacks: keras.callbacks.CallbackList
) -> EpochValidation | None:
    if fit.held_out is None:
        return None
    return EpochValidation(fit.model, fit.held_out, batch_size, frequency, callbacks)
