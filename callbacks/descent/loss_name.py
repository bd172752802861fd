"""loss_name: the name of a Keras loss in a sentence."""

from typing import Any

import keras

UNNAMED = "loss"


def loss_name(loss: Any) -> str:
    """Return the name of a compiled model's loss as it is written in a sentence; `UNNAMED` unless it is a single loss.

    Args:
        loss: the argument of `compile`: a name, a function, an object, or a list or dict of these.

    Example:
        >>> loss_name("mae"), loss_name(keras.losses.Huber(delta=2.0)), loss_name(keras.losses.LogCosh())
        ('mean absolute error', 'Huber loss (delta 2)', 'log-cosh loss')
    """
    if loss is None or isinstance(loss, list | tuple | dict):
        return UNNAMED
    loss = keras.losses.get(loss)
    name = str(getattr(getattr(loss, "fn", loss), "__name__", type(loss).__name__))
    if name == "huber":
        delta = getattr(loss, "_fn_kwargs", {}).get("delta", 1.0)
        return f"Huber loss (delta {delta:g})"
    return "log-cosh loss" if name == "log_cosh" else name.replace("_", " ")
