"""Steps over several replicas: sums over all of them, and what Keras needs to take part."""

from typing import Any

import keras
import tensorflow as tf


def mean_over_replicas(x: Any, *values: Any) -> tuple[Any, ...]:
    """Means over all rows of a batch, from those over the rows x that this replica has of it.

    The mean of the replicas' means would be wrong where a batch does not split evenly, and a replica may have no row at
    all. So each mean is multiplied by its rows, and their sums are divided by all rows, once. Without a strategy
    nothing is done.

    Args:
        x: the replica's part of the batch, shape (rows, features).
        values: a loss as Keras computes it here, which is a share of the true one, and gradients of it.
    """
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    share, rows = share_of_loss(values[0].dtype), tf.cast(tf.shape(x)[0], values[0].dtype)
    own = [tf.math.multiply_no_nan(value / share, rows) for value in values]
    all_rows, *sums = _sum([rows, *own])
    return tuple(each / all_rows for each in sums)


def logs_over_replicas(model: keras.Model, logs: dict[str, Any]) -> dict[str, Any]:
    """What a step reports, with the metrics of all replicas' rows instead of this replica's own."""
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return logs
    summed = [variable for variable in model.metrics_variables if variable.aggregation == "sum"]
    totals = _sum([tf.cast(variable.value, tf.float64) for variable in summed])  # of one type, whatever theirs are
    with keras.StatelessScope([(each, tf.cast(total, each.dtype)) for each, total in zip(summed, totals, strict=True)]):
        logs = logs | model.get_metrics_result()
    return _as_vectors(logs) if has_workers(strategy) else logs


def share_of_loss(dtype: Any) -> Any:
    """What Keras makes here of a loss of 1: it divides each by the number of replicas, and rounds 1/3 to float32."""
    return keras.losses.MeanAbsoluteError(dtype=dtype)(tf.zeros((1, 1), dtype), tf.ones((1, 1), dtype))


def has_workers(strategy: tf.distribute.Strategy) -> bool:
    """Whether some of the replicas are in other processes."""
    replicas = strategy.num_replicas_in_sync
    return replicas > 1 and replicas > len(strategy.extended.worker_devices)


def _sum(values: list[Any]) -> list[Any]:
    """Sums over replicas, of tensors that are made here: of a variable's TensorFlow does not know where it is."""
    return tf.distribute.get_replica_context().all_reduce("SUM", [tf.identity(value) for value in values])


# Two faults of Keras 3.15, seen from here. The tests that carry their numbers, in tests/test_replicas.py and
# tests/end_to_end/test_workers.py, fail once Keras has repaired one: what is below for it can go then.
#
# https://github.com/keras-team/keras/issues/19246: before the first step `Model._maybe_symbolic_build` takes the mean
# of the replicas' parts of a batch, which fails where they have different numbers of rows. All that it wants to know is
# shapes and types: `TabularModel._maybe_symbolic_build` gives it a row of them. (One row and not the replica's own:
# to Keras a batch without rows has a loss for each row.)
#
# https://github.com/keras-team/keras/issues/20585: with several workers Keras reduces the logs of a step over their
# first axis, and scalars have none.


def one_row(strategy: tf.distribute.Strategy, iterator: Any) -> Any:
    """A batch of one row, all zeros, with the shapes and types of a stream of distributed batches."""

    def row(values: Any) -> Any:
        part = strategy.experimental_local_results(values)[0]
        return tf.zeros((1, *part.shape[1:]), part.dtype)

    _, _, batches = next(iter(iterator))
    return keras.tree.map_structure(row, next(batches))


def _as_vectors(logs: dict[str, Any]) -> dict[str, Any]:
    return {name: tf.expand_dims(value, 0) for name, value in logs.items()}
