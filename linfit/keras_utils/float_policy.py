"""The float type in which Keras computes while a linfit model trains."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras

_lock = threading.Lock()
_previous: list[str] = []  # Keras's float type at the start of each open block, the oldest first


@contextmanager
def computing_in(dtype: str) -> Iterator[None]:
    """Make Keras's losses, metrics, learning rates and array inputs use `dtype` inside this block.

    All of them follow the global `keras.config.floatx()`, not the dtype of their model. Without this block, the rows,
    the rate and the loss of a float64 model would be rounded to float32.
    """
    with _lock:
        if not _previous:
            # Keras derives its default dtype policy from the float type on first use and keeps it.
            keras.config.dtype_policy()
        _previous.append(keras.config.floatx())
        keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        with _lock:  # blocks of several threads may overlap: the last one to end restores the original type
            keras.config.set_floatx(_previous.pop())


def in_dtype(loss: keras.losses.Loss, dtype: str) -> keras.losses.Loss:
    """Return a copy of a loss that computes in another float type.

    The attributes are copied one by one. Keras would copy from the configuration, and that of `Huber` lacks its delta.
    """
    result = object.__new__(type(loss))
    vars(result).update(vars(loss), _dtype_policy=keras.DTypePolicy(dtype), _dtype=dtype)
    return result
