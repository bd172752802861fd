"""The plain SGD that holds a model's learning rate and counts its steps."""

from typing import Any

import keras

from linfit import checks
from linfit.checks import InputError

DEFAULT_LEARNING_RATE = 0.01  # Keras's own for SGD

# Settings of SGD that change the step w - learning_rate * dw.
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
    """Return a new SGD that holds `learning_rate`, or the given optimizer once it is known to be a plain SGD.

    For the rate "auto" the SGD holds Keras's default until a fit chooses a rate for its rows.

    Raises:
        InputError: if the rate is not a finite number above 0, or the optimizer is not SGD, or it is SGD with
            momentum, weight decay, clipping or the like, which a hand-written update would silently ignore.
    """
    if optimizer is None:
        if isinstance(learning_rate, str) and learning_rate == "auto":
            learning_rate = DEFAULT_LEARNING_RATE
        if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            learning_rate = checks.learning_rate(learning_rate)
        return keras.optimizers.SGD(learning_rate)

    if learning_rate != DEFAULT_LEARNING_RATE:
        raise InputError(
            "learning_rate and optimizer cannot be combined: the optimizer has its own rate. Drop one of them."
        )
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


def is_plain_sgd(optimizer: keras.optimizers.Optimizer) -> bool:
    """Return whether a step is w - learning_rate * dw and nothing else."""
    return type(optimizer) is keras.optimizers.SGD and not any(getattr(optimizer, extra) for extra in _EXTRAS)


def has_schedule(optimizer: keras.optimizers.SGD) -> bool:
    """Return whether the rate follows a `LearningRateSchedule`; Keras then refuses to assign another rate."""
    return isinstance(optimizer.get_config()["learning_rate"], dict)
