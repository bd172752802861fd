"""LinearRegression: y = x w + b, with gradient descent written out in train_step."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit import checks
from linfit.checks import InputError, as_numbers
from linfit.closed_form import problem_of
from linfit.gradient_descent import GradientDescent
from linfit.replicas import mean_over_replicas
from linfit.rows import Rows

_SEE_ROWS = ("call", "train_step", "compute_loss", "compute_metrics")


@keras.saving.register_keras_serializable(package="linfit")
class LinearRegression(GradientDescent):
    """Fits y = x w + b by gradient descent.

    Args:
        w_initializer: where w starts: a number, an array of shape (features,) or (features, targets), or a
            Keras initializer. Zeros by default: the loss of a linear model has a single valley.
        b_initializer: where b starts: a number, an array of shape (targets,), or a Keras initializer.
        targets: how many columns y has; by default as many as the first data have.
        use_bias: False fits a line through the origin; b is then held at 0.
        kernel_regularizer: a Keras regularizer on w, whose penalty is part of the loss.
        feature_names: a name for each feature, for logs, tables and pictures; a DataFrame brings its own.
        dtype: "float32" (Keras's default) or "float64": of the parameters, the loss and the data.
        name: the Keras name of the model.

    Attributes:
        w: weights, shape (features, targets).
        b: biases, shape (targets,).

    Example:
        >>> import linfit
        >>> x, y = linfit.GroundTruth(w=0.1, b=0.5).sample(120, seed=7)
        >>> model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
        >>> model.compile(learning_rate=0.05)
        >>> history = model.fit(x, y, batch_size=len(x), epochs=100, verbose=0)
        >>> history.history["loss"][0] > 100 * history.history["loss"][-1]
        True
    """

    def __init__(
        self,
        w_initializer: Any = "zeros",
        b_initializer: Any = "zeros",
        *,
        targets: int | None = None,
        use_bias: bool = True,
        kernel_regularizer: Any = None,
        feature_names: Sequence[str] | None = None,
        dtype: Any = None,
        name: str | None = None,
    ):
        super().__init__(dtype=dtype, name=name)
        _initializer(w_initializer, "w_initializer")  # both only to refuse a bad start here, not at the first fit
        _initializer(b_initializer, "b_initializer")
        self.w_initializer = w_initializer
        self.b_initializer = b_initializer
        self.targets = None if targets is None else checks.count(targets, "targets")
        self.use_bias = use_bias
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.feature_names = None if feature_names is None else checks.names(feature_names, "feature_names")

    def build(self, input_shape: Any) -> None:
        """Makes w and b for inputs of shape (rows, features)."""
        features = input_shape[-1]
        self.targets = self.targets or 1
        w_shape, b_shape = (features, self.targets), (self.targets,)
        w_initializer = _initializer(self.w_initializer, "w_initializer", w_shape)
        b_initializer = _initializer(self.b_initializer if self.use_bias else "zeros", "b_initializer", b_shape)
        self.w = self.add_weight(w_shape, w_initializer, name="w", regularizer=self.kernel_regularizer)
        self.b = self.add_weight(b_shape, b_initializer, name="b", trainable=self.use_bias)
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: features})
        self.built = True

    def call(self, x: Any) -> Any:
        """The predictions x w + b, shape (rows, targets)."""
        return keras.ops.matmul(x, self.w) + self.b

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient descent: w ← w - η ∂L/∂w and b ← b - η ∂L/∂b, with the learning rate η.

        For one target and the mean squared error L = 1/n Σ (x w + b - y)², without a factor ½, the tape finds
        ∂L/∂w = 2/n xᵀ(x w + b - y) and ∂L/∂b = 2/n Σ (x w + b - y), over the n rows of the batch. Without a
        bias b is not trainable, and its gradient zero.
        """
        x, y, sample_weight = self._unpack(data)
        with tf.GradientTape() as tape:
            predictions = self(x)
            loss = self.compute_loss(x, y, predictions, sample_weight)
        dw, db = tape.gradient(loss, [self.w.value, self.b.value], unconnected_gradients="zero")
        loss, dw, db = mean_over_replicas(x, loss, dw, db)

        learning_rate = keras.ops.cast(self.optimizer.learning_rate, self.w.dtype)
        self.w.assign_sub(learning_rate * dw)
        self.b.assign_sub(learning_rate * db)
        self.optimizer.iterations.assign_add(1)
        return self._report(x, y, predictions, loss, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss and the metrics of one batch; nothing is updated."""
        x, y, sample_weight = self._unpack(data)
        predictions = self(x)
        (loss,) = mean_over_replicas(x, self.compute_loss(x, y, predictions, sample_weight, training=False))
        return self._report(x, y, predictions, loss, sample_weight)

    def condensed(self, rows: Rows) -> Rows:
        """As few rows as there are numbers in the triangle of all, where the loss is the mean squared error.

        A metric, or a method that is not this class's own, may look at each row, and then gets all of them.
        """
        own = all(getattr(type(self), name) is getattr(LinearRegression, name) for name in _SEE_ROWS)
        if not self._condenses_rows or len(self.metrics) > 1 or not own:
            return rows
        problem = problem_of(self, rows)
        fewer = None if problem is None else Rows(*problem.statistics.pseudo_observations())
        return rows if fewer is None or len(fewer) >= len(rows) else fewer

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make this model again, untrained."""
        return {
            "w_initializer": _initializer_config(self.w_initializer),
            "b_initializer": _initializer_config(self.b_initializer),
            "targets": self.targets,
            "use_bias": self.use_bias,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "feature_names": self.feature_names,
            "dtype": self.dtype,
            "name": self.name,
        }


def _initializer(start: Any, name: str, shape: tuple[int, ...] | None = None) -> Any:
    """A Keras initializer from a number, an array or anything that Keras takes for one."""
    if isinstance(start, str | dict | keras.initializers.Initializer):
        return keras.initializers.get(start)
    values = as_numbers(start, name)
    if shape is None or values.shape == ():
        return keras.initializers.Constant(values.tolist())
    if values.shape != shape and not (shape[-1] == 1 and values.shape == shape[:-1]):
        raise InputError(f"{name} must be one number or have the shape {shape}, got {values.shape}.")
    return lambda shape, dtype: keras.ops.convert_to_tensor(values.reshape(shape), dtype=dtype)


def _initializer_config(start: Any) -> Any:
    """The same as a configuration file holds it."""
    if isinstance(start, keras.initializers.Initializer):
        return keras.initializers.serialize(start)
    return start if isinstance(start, str | dict) else np.asarray(start).tolist()
