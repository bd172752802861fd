"""Steps over several replicas of a `tf.distribute` strategy: sums over all of them, and work-arounds for Keras."""

from typing import Any

import keras
import tensorflow as tf


def mean_over_replicas(x: Any, *values: Any) -> tuple[Any, ...]:
    """Return means over all rows of a batch, from each replica's means over its own rows.

    Averaging the replicas' means would be wrong where a batch does not split evenly, and a replica may have no rows.
    So each mean is multiplied by its number of rows, and the sum over the replicas is divided once, by the number of
    all rows. Without a strategy the values are returned unchanged.

    Args:
        x: this replica's part of the batch, shape (rows, features).
        values: a loss as Keras computes it on this replica, scaled by 1 / replicas, and gradients of it.
    """
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    scale, rows = replica_loss_scale(values[0].dtype), tf.cast(tf.shape(x)[0], values[0].dtype)
    own_sums = [tf.math.multiply_no_nan(value / scale, rows) for value in values]  # a mean over no rows is NaN
    all_rows, *sums = _sum([rows, *own_sums])
    return tuple(each / all_rows for each in sums)


def logs_over_replicas(model: keras.Model, logs: dict[str, Any]) -> dict[str, Any]:
    """Return the logs of a step, with each metric computed over the rows of all replicas."""
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return logs
    summed = [variable for variable in model.metrics_variables if variable.aggregation == "sum"]
    totals = _sum([tf.cast(variable.value, tf.float64) for variable in summed])  # one sum needs one float type
    with keras.StatelessScope([(each, tf.cast(total, each.dtype)) for each, total in zip(summed, totals, strict=True)]):
        logs = logs | model.get_metrics_result()
    return _as_vectors(logs) if has_workers(strategy) else logs


def replica_loss_scale(dtype: Any) -> Any:
    """Return the factor by which Keras scales the loss of a replica: 1 / replicas.

    It is measured on a loss of 1, because Keras rounds a factor such as 1/3 to float32.
    """
    return keras.losses.MeanAbsoluteError(dtype=dtype)(tf.zeros((1, 1), dtype), tf.ones((1, 1), dtype))


def has_workers(strategy: tf.distribute.Strategy) -> bool:
    """Return whether some of the replicas run in other processes, the workers."""
    replicas = strategy.num_replicas_in_sync
    return replicas > 1 and replicas > len(strategy.extended.worker_devices)


def _sum(values: list[Any]) -> list[Any]:
    """Return sums over the replicas.

    The values are copied first: TensorFlow does not know on which device a variable's own tensor is.
    """
    return tf.distribute.get_replica_context().all_reduce("SUM", [tf.identity(value) for value in values])


# Work-arounds for two bugs of Keras 3.15. Once Keras fixes one of them, the test with its issue number fails
# (tests/keras_utils/test_replicas.py, tests/end_to_end/test_workers.py), and its work-around below can be removed.
#
# https://github.com/keras-team/keras/issues/19246: before the first step, `Model._maybe_symbolic_build` averages the
# replicas' parts of a batch, which fails if they have different numbers of rows. It only needs their shapes and types,
# so `TabularModel._maybe_symbolic_build` passes a batch of one row. (The replica's own part would not do: it may
# have no rows, and the loss of an empty batch is not a scalar in Keras.)
#
# https://github.com/keras-team/keras/issues/20585: with several workers, Keras reduces the logs of a step over their
# first axis, which scalars do not have.


def one_row(strategy: tf.distribute.Strategy, iterator: Any) -> Any:
    """Return a batch of one row of zeros, with the shapes and types of a stream of distributed batches."""

    def row(values: Any) -> Any:
        part = strategy.experimental_local_results(values)[0]
        return tf.zeros((1, *part.shape[1:]), part.dtype)

    _, _, batches = next(iter(iterator))
    return keras.tree.map_structure(row, next(batches))


def _as_vectors(logs: dict[str, Any]) -> dict[str, Any]:
    return {name: tf.expand_dims(value, 0) for name, value in logs.items()}
