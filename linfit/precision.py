"""The float type in which Keras computes while one of our models trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def computing_in(dtype: str) -> Iterator[None]:
    """Keras's losses, metrics, rates and array inputs use `dtype` inside this block.

    All of them follow the global `keras.config.floatx()`, not the model they serve: without this, a float64
    model would see its rows, its rate and its loss rounded to float32.
    """
    outside = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(outside)
