"""The loss and the metrics of the validation rows after each epoch, in one compiled call."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit.data.rows import Rows
from linfit.training.callback_hooks import has_test_batch_hooks
from linfit.training.compiled_steps import slice_rows


class Validation:
    """Runs a model's `test_step` on all batches of some rows, as `keras.Model.evaluate` does.

    Args:
        model: the model to evaluate.
        rows: the validation rows.
        batch_size: the rows in each batch; the last batch may have fewer.
    """

    def __init__(self, model: keras.Model, rows: Rows, batch_size: int):
        self._model = model
        self._batch_size = min(batch_size, len(rows))
        self._full_batches, self._remaining_rows = divmod(len(rows), self._batch_size)
        self._arrays = [tf.constant(array, model.dtype) for array in rows.as_tuple() if array is not None]
        self._call = tf.function(self._evaluate, autograph=False, jit_compile=True)

    @classmethod
    def compiled(cls, model: keras.Model, rows: Rows, batch_size: int) -> "Validation | None":
        """Return a compiled validation, or None if XLA cannot compile the model's `test_step`."""
        validation = cls(model, rows, batch_size)
        try:
            validation()
        except tf.errors.OpError:
            return None
        return validation

    def __call__(self) -> dict[str, Any]:
        """Return the mean loss and the metrics by name."""
        results = self._call(self._arrays)
        return {name: np.array(value) if value.shape.rank else float(value) for name, value in results.items()}

    def _evaluate(self, arrays: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        self._model.reset_metrics()

        def test_batch(number: Any) -> tuple[Any]:
            begin = number * self._batch_size
            self._model.test_step(tuple(slice_rows(array, begin, self._batch_size) for array in arrays))
            return (number + 1,)

        tf.while_loop(lambda number: number < self._full_batches, test_batch, [tf.constant(0)])
        if self._remaining_rows:
            self._model.test_step(tuple(array[-self._remaining_rows :] for array in arrays))
        return self._model.get_metrics_result()


class EpochValidation:
    """The validation of a fit after its epochs, with the hooks that Keras calls for it.

    Args:
        model: the model that is fitted.
        rows: the validation rows.
        batch_size: the rows in each batch.
        frequency: a number n, to validate after every n-th epoch, or a list of epochs, counted from 1.
        callbacks: all callbacks of the fit.
    """

    def __init__(
        self, model: keras.Model, rows: Rows, batch_size: int, frequency: Any, callbacks: keras.callbacks.CallbackList
    ):
        self._model, self._rows, self._batch_size = model, rows, batch_size
        self._frequency, self._callbacks = frequency, callbacks
        self._validation = None  # then Keras's own evaluate runs: it is slower, and calls the batch hooks
        if not has_test_batch_hooks(callbacks.callbacks):
            self._validation = Validation.compiled(model, rows, batch_size)

    def __call__(self, epoch: int) -> dict[str, Any]:
        """Return the results of an epoch by their names in a history, which begin with val_.

        Args:
            epoch: the epoch that just ended, counted from 0. Where it is not validated, the result is empty.
        """
        number = epoch + 1
        if number % self._frequency if isinstance(self._frequency, int) else number not in self._frequency:
            return {}
        if self._validation is None:
            x, y, sample_weight = self._rows.as_tuple()
            results = self._model.evaluate(
                x, y, self._batch_size, sample_weight=sample_weight, callbacks=self._callbacks, return_dict=True
            )
        else:
            self._callbacks.on_test_begin()
            results = self._validation()
            self._callbacks.on_test_end(results)
        return {f"val_{name}": value for name, value in results.items()}
