"""Preconditions of a fit: refuses settings with which a hand-written train_step would silently train wrongly."""

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


def refuse_two_schedulers(model: keras.Model, callbacks: Iterable[Any]) -> None:
    """Refuse a learning-rate schedule together with a callback that sets the learning rate."""
    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    for callback in callbacks:
        if isinstance(callback, setters) and model.compiled and has_schedule(model.optimizer):
            raise InputError(
                f"{type(callback).__name__} sets the learning rate, but the model's LearningRateSchedule already does. "
                "Compile with a number, as in compile(learning_rate=0.05), or leave the callback out."
            )


def refuse_class_weight(class_weight: Any) -> None:
    """Refuse weights of classes."""
    if class_weight is not None:
        raise InputError(
            "class_weight requires classes, and this model has none. Try sample_weight, one weight for each row."
        )


def refuse_frozen_parameters(model: keras.Model) -> None:
    """Refuse parameters with trainable=False, because train_step would update them anyway."""
    never_trained = ("mean", "scale") if getattr(model, "use_bias", True) else ("mean", "scale", "b")
    frozen = [weight.name for weight in model.weights if not weight.trainable and weight.name not in never_trained]
    if frozen:
        raise InputError(
            f"{type(model).__name__} trains all its parameters, got trainable = False for {', '.join(frozen)}. Set "
            "trainable = True."
        )


def refuse_wrong_strategy(model: keras.Model) -> None:
    """Refuse a strategy in whose scope the model was not created, or that is not supported."""
    strategy, here = model.distribute_strategy, tf.distribute.get_strategy()
    if tf.distribute.has_strategy() and model._distribute_strategy is not here:
        raise InputError(
            f"{type(model).__name__} was created outside this strategy's scope, so the replicas have no copies of its "
            "parameters. Create it inside: with strategy.scope(): model = ..."
        )
    if model._distribute_strategy is not None and not isinstance(strategy, _STRATEGIES):
        raise InputError(
            f"{type(model).__name__} trains under MirroredStrategy and MultiWorkerMirroredStrategy, got "
            f"{type(strategy).__name__}. Keras 3 does not support a parameter server, and other strategies are not "
            "tested. Try tf.distribute.MirroredStrategy()."
        )


def refuse_settings_over_replicas(
    model: keras.Model, loss: Any, run_eagerly: bool, steps_per_execution: int, jit_compile: bool | str
) -> None:
    """Refuse settings that Keras cannot run over several replicas, and losses that cannot be averaged over them."""
    replicas = model.distribute_strategy.num_replicas_in_sync
    if replicas == 1:
        return
    if steps_per_execution != 1:
        raise InputError(
            f"steps_per_execution must be 1 over {replicas} replicas, got {steps_per_execution}: Keras cannot run "
            "several of their steps in one call. Leave it out, or take larger batches to make fewer steps."
        )
    if jit_compile is True:
        raise InputError(
            f"jit_compile=True cannot compile sums over {replicas} replicas. Leave it out, or fit without a strategy."
        )
    if run_eagerly:
        raise InputError(
            f"run_eagerly=True fails over {replicas} replicas if one of them gets no rows of a batch. Leave it out, or "
            "debug without a strategy."
        )
    reduction = getattr(loss, "reduction", "mean")
    if reduction not in ("mean", "sum_over_batch_size"):
        raise InputError(
            f"the loss must be a mean over rows to be averaged over {replicas} replicas, got reduction={reduction!r}. "
            "Try reduction='sum_over_batch_size', Keras's default, and adapt the learning rate."
        )


def refuse_created_outside_strategy(model: keras.Model) -> None:
    """Refuse variables without a copy in each replica: a step updates metrics and the optimizer too."""
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1:
        return
    variables = [*model.weights, *model.metrics_variables, *model.optimizer.variables]
    outside = [each.path for each in variables if not strategy.extended.variable_created_in_scope(each.value)]
    if outside:
        raise InputError(
            f"{', '.join(outside)} must be created in the strategy's scope; created outside, the replicas have no "
            "copies. Create the optimizer and the metrics that you pass to compile inside, and build the model there: "
            "with strategy.scope(): ..."
        )


def refuse_unsharded_batches(model: keras.Model, batches: tf.data.Dataset) -> None:
    """Refuse a stream that is not split between workers: each row would count once for each worker."""
    off = tf.data.experimental.AutoShardPolicy.OFF
    if has_workers(model.distribute_strategy) and batches.options().experimental_distribute.auto_shard_policy == off:
        raise InputError(
            "AutoShardPolicy.OFF gives each worker all rows of each batch, so each row would count once per worker. "
            "Try AutoShardPolicy.DATA, which gives each worker its part of a batch."
        )
