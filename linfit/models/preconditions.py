"""Fits that a hand-written train_step would get wrong without a word, refused before they start."""

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from linfit.checks import InputError
from linfit.keras_utils.optimizer import has_schedule
from linfit.keras_utils.replicas import has_workers

_STRATEGIES = (
    tf.distribute.MirroredStrategy,
    tf.distribute.MultiWorkerMirroredStrategy,
    tf.distribute.OneDeviceStrategy,
)


def refuse_two_schedulers(optimizer: keras.optimizers.SGD, callbacks: Iterable[Any]) -> None:
    """A schedule and a callback that sets the rate cannot both decide it."""
    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    for callback in callbacks:
        if isinstance(callback, setters) and has_schedule(optimizer):
            raise InputError(
                f"{type(callback).__name__} sets the learning rate, but a LearningRateSchedule decides it already. "
                "Compile with a number, as in compile(learning_rate=0.05), or leave the callback out."
            )


def refuse_frozen(model: keras.Model) -> None:
    """train_step moves its parameters itself, whatever Keras's `trainable` says."""
    held = ("mean", "scale") if getattr(model, "use_bias", True) else ("mean", "scale", "b")
    frozen = [weight.name for weight in model.weights if not weight.trainable and weight.name not in held]
    if frozen:
        raise InputError(f"{type(model).__name__} cannot hold {', '.join(frozen)} fixed. Set trainable = True to fit.")


def refuse_strategy(model: keras.Model) -> None:
    """A model trains over the replicas of the strategy in whose scope it was made, if they can be summed over."""
    strategy, here = model.distribute_strategy, tf.distribute.get_strategy()
    if tf.distribute.has_strategy() and model._distribute_strategy is not here:
        raise InputError(
            f"{type(model).__name__} was made outside of this strategy's scope, so the replicas have no copies of its "
            "parameters. Make it inside: with strategy.scope(): model = ..."
        )
    if model._distribute_strategy is not None and not isinstance(strategy, _STRATEGIES):
        raise InputError(
            f"{type(model).__name__} trains under MirroredStrategy and MultiWorkerMirroredStrategy, got "
            f"{type(strategy).__name__}: Keras 3 does not support a parameter server, and others are not tested. Try "
            "tf.distribute.MirroredStrategy()."
        )


def refuse_over_replicas(
    model: keras.Model, loss: Any, run_eagerly: bool, steps_per_execution: int, jit_compile: bool | str
) -> None:
    """Settings that Keras cannot run over replicas, or that have no mean over them."""
    replicas = model.distribute_strategy.num_replicas_in_sync
    if replicas == 1:
        return
    if steps_per_execution != 1:
        raise InputError(
            f"steps_per_execution must be 1 over {replicas} replicas, got {steps_per_execution}: their batches do not "
            "pass through Keras's loop of steps. Leave it out; larger batches make fewer steps."
        )
    if jit_compile is True:
        raise InputError(
            f"jit_compile=True cannot compile a sum over {replicas} replicas. Leave it out, or fit without a strategy."
        )
    if run_eagerly:
        raise InputError(
            f"run_eagerly=True cannot go on where one of {replicas} replicas has no rows of a batch. Leave it out, or "
            "look for a fault without a strategy."
        )
    reduction = getattr(loss, "reduction", "mean")
    if reduction not in ("mean", "sum_over_batch_size"):
        raise InputError(
            f"the loss must be a mean over rows to be one over {replicas} replicas, got reduction={reduction!r}. "
            "Try reduction='sum_over_batch_size', Keras's default, with another learning rate."
        )


def refuse_made_outside(model: keras.Model) -> None:
    """What a step changes must have a copy in each replica: metrics and optimizers may have been made before."""
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1:
        return
    variables = [*model.weights, *model.metrics_variables, *model.optimizer.variables]
    outside = [each.path for each in variables if not strategy.extended.variable_created_in_scope(each.value)]
    if outside:
        raise InputError(
            f"{', '.join(outside)} was made outside of the strategy's scope, so the replicas have no copies of it. "
            "Make the optimizer and the metrics that you pass to compile inside, and build the model there: "
            "with strategy.scope(): ..."
        )


def refuse_whole_batches(model: keras.Model, batches: tf.data.Dataset) -> None:
    """Where nobody splits the batches of a stream, each worker takes all their rows, and counts them once more."""
    off = tf.data.experimental.AutoShardPolicy.OFF
    if has_workers(model.distribute_strategy) and batches.options().experimental_distribute.auto_shard_policy == off:
        raise InputError(
            "AutoShardPolicy.OFF gives each worker all rows of each batch, and each row would count once for each of "
            "them. Try AutoShardPolicy.DATA, by which each takes its part of a batch."
        )
