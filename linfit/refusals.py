"""Fits that a hand-written train_step would get wrong without a word, refused before they start."""

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from linfit.checks import InputError
from linfit.optimizer import has_schedule


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


def refuse_replicas(model: keras.Model) -> None:
    """Without a sum over replicas in train_step, they would silently drift apart."""
    for strategy in (model.distribute_strategy, tf.distribute.get_strategy()):
        if strategy.num_replicas_in_sync > 1:
            raise InputError(
                f"{type(model).__name__} trains on one device: its update is not summed over replicas. "
                "Make, compile and fit it outside the strategy's scope."
            )
