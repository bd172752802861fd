"""The plain SGD that holds a model's learning rate and counts its steps."""

from collections.abc import Iterable
from typing import Any

import keras

from linfit import checks
from linfit.checks import InputError

DEFAULT_LEARNING_RATE = 0.01  # Keras's own for SGD

# What SGD can do beyond w - learning_rate * dw.
_EXTRAS = (
    "momentum",
    "nesterov",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


def plain_sgd(learning_rate: Any, optimizer: Any = None) -> keras.optimizers.SGD:
    """An SGD that holds `learning_rate`, or the one passed, provided it is plain.

    Raises:
        InputError: a rate that is no finite number above 0; an optimizer that is not SGD, or SGD with
            momentum, weight decay, clipping or the like, which a hand-written update would silently leave out.
    """
    if optimizer is None:
        if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            learning_rate = checks.learning_rate(learning_rate)
        return keras.optimizers.SGD(learning_rate)

    if learning_rate != DEFAULT_LEARNING_RATE:
        raise InputError("learning_rate and optimizer exclude each other: the optimizer has its own rate.")
    optimizer = keras.optimizers.get(optimizer)
    if type(optimizer) is not keras.optimizers.SGD:
        raise InputError(
            f"optimizer must be a plain keras.optimizers.SGD, got {type(optimizer).__name__}. "
            "The update is plain gradient descent: try compile(learning_rate=0.05)."
        )
    for extra in _EXTRAS:
        if value := getattr(optimizer, extra):
            raise InputError(
                f"optimizer must be a plain SGD, got SGD({extra}={value!r}), which this model's update would "
                f"leave out. Drop {extra}, or use compile(learning_rate=...)."
            )
    if not has_schedule(optimizer):
        checks.learning_rate(float(optimizer.learning_rate.numpy()))
    return optimizer


def has_schedule(optimizer: keras.optimizers.SGD) -> bool:
    """Whether the rate follows a `LearningRateSchedule`, which Keras does not let anyone overrule."""
    return isinstance(optimizer.get_config()["learning_rate"], dict)


def refuse_two_schedulers(optimizer: keras.optimizers.SGD, callbacks: Iterable[Any]) -> None:
    """A schedule and a callback that sets the rate cannot both decide it."""
    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    for callback in callbacks:
        if isinstance(callback, setters) and has_schedule(optimizer):
            raise InputError(
                f"{type(callback).__name__} sets the learning rate, but a LearningRateSchedule decides it already. "
                "Compile with a number, as in compile(learning_rate=0.05), or leave the callback out."
            )
