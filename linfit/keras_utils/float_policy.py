"""The float type in which Keras computes while one of our models trains."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras

_lock = threading.Lock()
_entered: list[str] = []  # the float types found by those who are inside


@contextmanager
def computing_in(dtype: str) -> Iterator[None]:
    """Keras's losses, metrics, rates and array inputs use `dtype` inside this block.

    All of them follow the global `keras.config.floatx()`, not the model they serve: without this, a float64
    model would see its rows, its rate and its loss rounded to float32.
    """
    with _lock:
        if not _entered:
            keras.config.dtype_policy()  # which Keras makes of the float type at the first time it is asked, and keeps
        _entered.append(keras.config.floatx())
        keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        with _lock:  # threads may overlap: the last to leave brings back what the first has found
            keras.config.set_floatx(_entered.pop())


def in_dtype(loss: keras.losses.Loss, dtype: str) -> keras.losses.Loss:
    """The same loss, computed in another float type.

    Its attributes are taken over one by one: to Keras a copy is made from the configuration, and that of `Huber` lacks
    its delta.
    """
    result = object.__new__(type(loss))
    vars(result).update(vars(loss), _dtype_policy=keras.DTypePolicy(dtype), _dtype=dtype)
    return result
