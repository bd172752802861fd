"""Fits by several workers: all of them take the same way, and only the chief writes."""

import zlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit.checks import InputError
from linfit.data.rows import Rows

_WRITERS = (keras.callbacks.ModelCheckpoint, keras.callbacks.TensorBoard, keras.callbacks.CSVLogger)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes: the chief of several workers, or the only one."""
    return bool(strategy.extended.should_checkpoint)


def for_this_worker(
    strategy: tf.distribute.Strategy, callbacks: list[keras.callbacks.Callback], rows: Rows | None
) -> list[keras.callbacks.Callback]:
    """The callbacks of a fit that this worker runs: those that write are the chief's, the others are everybody's.

    A backup is written by the chief, and read by all. Those that end a fit or set its rate see the same numbers in
    each worker, and so do the same there.
    """
    if not is_chief(strategy):
        callbacks = [each for each in callbacks if not (_only_writes(each) or isinstance(each, _WRITERS))]
        backup = keras.callbacks.BackupAndRestore
        callbacks = [_Restore(each) if isinstance(each, backup) else each for each in callbacks]
    return [*callbacks, SameStart(strategy, rows)]


def shuffled(rows: Rows, batch_size: int, seed: int) -> tf.data.Dataset:
    """Minibatches of rows in an order that is new in each epoch, and the same in each worker.

    Keras draws one for each worker, and each takes its part of its own: of some rows two have a copy, of others none.
    """
    arrays = tuple(array for array in rows.as_tuple() if array is not None)
    order = tf.data.Dataset.range(len(rows)).shuffle(len(rows), seed=seed, reshuffle_each_iteration=True)
    batches = order.batch(batch_size).map(lambda which: tuple(tf.gather(array, which) for array in arrays))
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.with_options(options)


class SameStart(keras.callbacks.Callback):
    """Refuses a fit that the workers begin at different points, or with different rows: they would not know.

    Args:
        strategy: that of the workers.
        rows: those in memory, if there are any.

    Raises:
        InputError: at the start of a fit, in all workers.
    """

    def __init__(self, strategy: tf.distribute.Strategy, rows: Rows | None):
        super().__init__()
        self._strategy, self._rows = strategy, rows

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Compares all workers, after a backup has been restored."""
        arrays = [] if self._rows is None else [array for array in self._rows.as_tuple() if array is not None]
        optimizer, weights = self.model.optimizer, self.model.weights  # with the units of standardized features
        step, rate = int(optimizer.iterations.numpy()), np.asarray(optimizer.learning_rate)
        steps, points, rows = self._gathered([step, _checksum([rate, *map(np.asarray, weights)]), _checksum(arrays)])
        if len(set(rows)) > 1:
            raise InputError(
                "the workers have different rows. Give each all rows of the fit, in the same order: it takes its own "
                "part of each batch. Rows that no worker has all of can be read from files, by a tf.data.Dataset."
            )
        if len(set(points)) > 1 or len(set(steps)) > 1:
            raise InputError(
                f"the workers begin at different points, at the steps {sorted(steps)}. Load the same checkpoint in "
                "each, from a folder that all of them can read; adapt each to the same statistics."
            )

    def _gathered(self, numbers: list[int]) -> list[list[int]]:
        """What each worker says, for each number."""

        @tf.function
        def gather() -> Any:
            return self._strategy.run(
                lambda: tf.distribute.get_replica_context().all_gather(tf.constant([numbers], tf.int64), axis=0)
            )

        return self._strategy.experimental_local_results(gather())[0].numpy().T.tolist()


class _Restore(keras.callbacks.Callback):
    """The half of Keras's BackupAndRestore that reads."""

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
