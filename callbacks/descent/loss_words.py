"""What a Keras loss is called in a sentence."""

from typing import Any

import keras


def loss_in_words(loss: Any) -> str:
    """The loss of a compiled model as one says it.

    Args:
        loss: what was passed to `compile`: a name, a function, an object, or a list or dict of these.

    Example:
        >>> loss_in_words("mae"), loss_in_words(keras.losses.Huber(delta=2.0)), loss_in_words(keras.losses.LogCosh())
        ('mean absolute error', 'Huber loss (delta 2)', 'log-cosh loss')
    """
    if loss is None or isinstance(loss, list | tuple | dict):
        return "loss"
    loss = keras.losses.get(loss)
    name = str(getattr(getattr(loss, "fn", loss), "__name__", type(loss).__name__))
    if name == "huber":
        delta = getattr(loss, "_fn_kwargs", {}).get("delta", 1.0)
        return f"Huber loss (delta {delta:g})"
    return "log-cosh loss" if name == "log_cosh" else name.replace("_", " ")
