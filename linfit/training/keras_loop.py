"""Keras's own loop: how linfit's data, callbacks and settings are passed to `keras.Model.fit`."""

from typing import Any

import keras

from linfit.keras_utils.replicas import has_workers
from linfit.keras_utils.workers import callbacks_for_this_worker, is_chief, shuffled_batches
from linfit.training.fit import Fit


def keras_fit_arguments(
    fit: Fit, callbacks: list[keras.callbacks.Callback], settings: dict[str, Any]
) -> dict[str, Any]:
    """Return the arguments of `keras.Model.fit` for a fit that does not run in blocks.

    Args:
        fit: the fit, with its data.
        callbacks: all callbacks of the fit.
        settings: `epochs`, `verbose`, `shuffle` and Keras's other settings.
    """
    model, arguments, settings = fit.model, fit.for_keras(), dict(settings)
    strategy = model.distribute_strategy
    if model.built and model.steps_per_execution == 1:
        callbacks = [*callbacks, model.resume_state.recorder]
    if has_workers(strategy):
        callbacks = callbacks_for_this_worker(strategy, callbacks, fit.rows)
        if not is_chief(strategy):
            settings["verbose"] = 0
        if fit.rows is not None and fit.batch_size and settings["shuffle"]:
            seed = int(model.optimizer.iterations.numpy())  # the same on every worker
            batches = shuffled_batches(fit.rows.as_type(model.dtype), fit.batch_size, seed)
            arguments |= {"x": batches, "y": None, "sample_weight": None}
    if fit.rows is None and not isinstance(arguments["x"], keras.utils.PyDataset):
        settings["shuffle"] = False  # a stream has its own order
    return {"callbacks": callbacks, **arguments, **settings}
