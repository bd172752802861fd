"""Initial values of parameters: a number, an array or a Keras initializer."""

from typing import Any

import keras
import numpy as np

from linfit.checks import InputError, as_numbers


def initializer_of(start: Any, name: str, shape: tuple[int, ...] | None = None) -> Any:
    """Return a Keras initializer for a number, an array or anything that Keras accepts as an initializer.

    Args:
        start: the initial value.
        name: the argument that messages name.
        shape: the shape of the variable; None before it is known.
    """
    if isinstance(start, str | dict | keras.initializers.Initializer):
        return keras.initializers.get(start)
    values = as_numbers(start, name)
    if shape is None or values.shape == ():
        return keras.initializers.Constant(values.tolist())
    if values.shape != shape and not (shape[-1] == 1 and values.shape == shape[:-1]):
        raise InputError(f"{name} must be one number or have the shape {shape}, got {values.shape}.")
    return lambda shape, dtype: keras.ops.convert_to_tensor(values.reshape(shape), dtype=dtype)


def initializer_config(start: Any) -> Any:
    """Return an initial value in the form in which a model's configuration stores it."""
    if isinstance(start, keras.initializers.Initializer):
        return keras.initializers.serialize(start)
    return start if isinstance(start, str | dict) else np.asarray(start).tolist()
