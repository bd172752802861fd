"""Fits on several workers: all of them make the same steps, and only the chief writes."""

import zlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit.checks import InputError
from linfit.data.rows import Rows

_WRITERS = (keras.callbacks.ModelCheckpoint, keras.callbacks.TensorBoard, keras.callbacks.CSVLogger)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Return whether this process writes files and prints: the chief of several workers, or the only process."""
    return bool(strategy.extended.should_checkpoint)


def callbacks_for_this_worker(
    strategy: tf.distribute.Strategy, callbacks: list[keras.callbacks.Callback], rows: Rows | None
) -> list[keras.callbacks.Callback]:
    """Return the callbacks of a fit that this worker runs, and a check that all workers start alike.

    Only the chief runs callbacks that write files or print. Every worker runs the others: they see the same numbers
    everywhere, so they end the fit or change the learning rate at the same step. A backup is written by the chief
    and read by every worker.
    """
    if not is_chief(strategy):
        callbacks = [each for each in callbacks if not (_only_writes(each) or isinstance(each, _WRITERS))]
        backup = keras.callbacks.BackupAndRestore
        callbacks = [_RestoreOnly(each) if isinstance(each, backup) else each for each in callbacks]
    return [*callbacks, SameStart(strategy, rows)]


def shuffled_batches(rows: Rows, batch_size: int, seed: int) -> tf.data.Dataset:
    """Return mini-batches in an order that changes with each epoch and is the same on every worker.

    Keras would shuffle differently on each worker, and each worker takes its part of its own order. Some rows would
    then be used twice in an epoch and others not at all.
    """
    arrays = tuple(array for array in rows.as_tuple() if array is not None)
    order = tf.data.Dataset.range(len(rows)).shuffle(len(rows), seed=seed, reshuffle_each_iteration=True)
    batches = order.batch(batch_size).map(lambda indices: tuple(tf.gather(array, indices) for array in arrays))
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.with_options(options)


class SameStart(keras.callbacks.Callback):
    """Refuse a fit that the workers start with different weights or rows.

    Without this check the workers would train on without noticing the difference.

    Args:
        strategy: the strategy that runs the workers.
        rows: the training rows in memory; None for a stream.

    Raises:
        InputError: at the start of a fit, on every worker.
    """

    def __init__(self, strategy: tf.distribute.Strategy, rows: Rows | None):
        super().__init__()
        self._strategy, self._rows = strategy, rows

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Compare all workers, after a backup is restored."""
        arrays = [] if self._rows is None else [array for array in self._rows.as_tuple() if array is not None]
        optimizer, weights = self.model.optimizer, self.model.weights  # includes the units of standardized features
        step, rate = int(optimizer.iterations.numpy()), np.asarray(optimizer.learning_rate)
        steps, starts, rows = self._gathered([step, _checksum([rate, *map(np.asarray, weights)]), _checksum(arrays)])
        if len(set(rows)) > 1:
            raise InputError(
                "the workers have different rows. Pass all rows of the fit to every worker, in the same order: each "
                "worker takes its own part of each batch. If no worker can hold all rows, read them from files with "
                "a tf.data.Dataset."
            )
        if len(set(starts)) > 1 or len(set(steps)) > 1:
            raise InputError(
                "the workers start with different weights or learning rates, at the steps "
                f"{sorted(steps)}. Load the same checkpoint on every worker, from a folder that all of them can read, "
                "and adapt every model to the same statistics."
            )

    def _gathered(self, numbers: list[int]) -> list[list[int]]:
        """Return, for each number, its values on all workers."""

        @tf.function
        def gather() -> Any:
            return self._strategy.run(
                lambda: tf.distribute.get_replica_context().all_gather(tf.constant([numbers], tf.int64), axis=0)
            )

        return self._strategy.experimental_local_results(gather())[0].numpy().T.tolist()


class _RestoreOnly(keras.callbacks.Callback):
    """The part of a Keras BackupAndRestore that reads the backup."""

    def __init__(self, backup: keras.callbacks.BackupAndRestore):
        super().__init__()
        self._backup = backup

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        self._backup.set_model(model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._backup.on_train_begin(logs)


def _only_writes(callback: keras.callbacks.Callback) -> bool:
    return getattr(callback, "only_writes", False)


def _checksum(arrays: list[np.ndarray]) -> int:
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(
            f"{array.shape}".encode(), zlib.crc32(np.ascontiguousarray(array).data.cast("B"), checksum)
        )
    return checksum
