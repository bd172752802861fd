"""LinearRegression: y = x w + b, fitted by gradient descent that train_step writes out."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit import checks
from linfit.analysis.l2_penalty import l2_penalty
from linfit.checks import InputError
from linfit.data.rows import Rows
from linfit.keras_utils.initializers import initializer_config, initializer_of
from linfit.keras_utils.replicas import mean_over_replicas
from linfit.models.gradient_descent import GradientDescent
from linfit.models.statistics_input import check_statistics
from linfit.statistics.condensed_rows import CondensedRows, statistics_of
from linfit.statistics.standardization import Standardization
from linfit.statistics.sufficient_statistics import SufficientStatistics

_ROW_METHODS = ("call", "train_step", "compute_loss", "compute_metrics")


@keras.saving.register_keras_serializable(package="linfit")
class LinearRegression(GradientDescent):
    """Fits y = x w + b by gradient descent.

    Args:
        w_initializer: the start of w: a number, an array of shape (features,) or (features, targets), or a Keras
            initializer. Zeros are a good start, because the loss of a linear model has a single valley.
        b_initializer: the start of b: a number, an array of shape (targets,), or a Keras initializer.
        targets: the number of columns of y; by default that of the first data.
        use_bias: False fits a line through the origin; b stays 0.
        kernel_regularizer: a Keras regularizer whose penalty on w is added to the loss. With normalize=True, the
            penalty is on the w of the standardized features and does not depend on the units of the columns.
        feature_names: a name for each feature, for logs, tables and pictures; by default those of the first DataFrame
            or table.
        normalize: True descends on standardized features: each has mean 0 and standard deviation 1 over the rows of the
            first fit. Columns of different scales, or far from 0, then do not slow the descent down. All reported
            values (predictions, coefficients, logs, references) are in the units of the data.
        dtype: the float type of the parameters, the loss and the data: "float32" (Keras's default) or "float64".
        name: the Keras name of the model.

    Attributes:
        w: the weights, shape (features, targets). With normalize=True they are those of the standardized features;
            `coefficients` returns them in the units of the data.
        b: the biases, shape (targets,); with normalize=True, the heights of the line at the means of x.

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
        normalize: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ):
        super().__init__(dtype=dtype, name=name)
        initializer_of(w_initializer, "w_initializer")  # refuse a bad start now, not at the first fit
        initializer_of(b_initializer, "b_initializer")
        self.w_initializer = w_initializer
        self.b_initializer = b_initializer
        self.targets = None if targets is None else checks.count(targets, "targets")
        self.use_bias = use_bias
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.feature_names = None if feature_names is None else checks.names(feature_names, "feature_names")
        if normalize and type(self).call is not LinearRegression.call:
            raise InputError(
                f"normalize=True standardizes x in LinearRegression.call, but {type(self).__name__} overrides call. "
                "Leave one of them out, or standardize x before the fit."
            )
        self.normalize = normalize

    def build(self, input_shape: Any) -> None:
        """Create w and b for inputs of shape (rows, features)."""
        features = input_shape[-1]
        self.targets = self.targets or 1
        w_shape, b_shape = (features, self.targets), (self.targets,)
        w_initializer = initializer_of(self.w_initializer, "w_initializer", w_shape)
        b_initializer = initializer_of(self.b_initializer if self.use_bias else "zeros", "b_initializer", b_shape)
        self.w = self.add_weight(w_shape, w_initializer, name="w", regularizer=self.kernel_regularizer)
        self.b = self.add_weight(b_shape, b_initializer, name="b", trainable=self.use_bias)
        if self.normalize:
            self.mean = self.add_weight((features,), "zeros", name="mean", trainable=False)
            self.scale = self.add_weight((features,), "ones", name="scale", trainable=False)
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: features})
        self.built = True

    def call(self, x: Any) -> Any:
        """Return the predictions x w + b, shape (rows, targets)."""
        if self.normalize:
            x = (x - self.mean) / self.scale
        return keras.ops.matmul(x, self.w) + self.b

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take one step of gradient descent: w ← w - η ∂L/∂w and b ← b - η ∂L/∂b, with the learning rate η.

        For one target and the mean squared error L = 1/n Σ (x w + b - y)², without a factor ½, the gradients are
        ∂L/∂w = 2/n xᵀ(x w + b - y) and ∂L/∂b = 2/n Σ (x w + b - y), with sums over the n rows of the batch. If
        use_bias is False, b is not trainable and its gradient is zero.
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
        """Compute the loss and the metrics of one batch, without an update of w and b."""
        x, y, sample_weight = self._unpack(data)
        predictions = self(x)
        (loss,) = mean_over_replicas(x, self.compute_loss(x, y, predictions, sample_weight, training=False))
        return self._report(x, y, predictions, loss, sample_weight)

    @property
    def units(self) -> Standardization | None:
        """The standardization of the features; None if w and b are in the units of the data."""
        if not (self.normalize and self.built):
            return None
        return Standardization(*(values.numpy().astype("float64") for values in (self.mean, self.scale)))

    def coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights w, shape (features, targets), and biases b, shape (targets,), in the units of the data.

        Raises:
            InputError: the model has not been fitted or built yet.

        Example:
            >>> import linfit
            >>> x, y = linfit.GroundTruth(w=[2.0, 0.003], b=1.0).sample(100, seed=7, high=[1.0, 1000.0])
            >>> model = linfit.LinearRegression(normalize=True, dtype="float64")
            >>> model.compile(learning_rate="auto")
            >>> _ = model.fit(x, y, batch_size=100, epochs=200, verbose=0)
            >>> w, b = model.coefficients()
            >>> print(w.round(6).ravel(), b.round(6))
            [2.    0.003] [1.]
        """
        if not self.built:
            raise InputError("the model has no w and b yet. Call model.fit(x, y) before model.coefficients().")
        point = {"w": self.w.numpy(), "b": self.b.numpy()}
        point = point if self.units is None else self.units.to_data_units(point)
        return point["w"], point["b"]

    def adapt(self, statistics: SufficientStatistics) -> None:
        """Standardize the features by the means and standard deviations of these rows, without moving the line.

        The first fit does this automatically if its rows are in memory. Call it before the first fit to a stream, or
        between fits to rows of very different scale.

        Args:
            statistics: the statistics of the rows, such as `SufficientStatistics.from_batches(batches)`.

        Raises:
            InputError: the model was created without normalize=True, or the statistics have other features.

        Warns:
            UserWarning: a feature is so far from 0 that the model's floats cannot distinguish its values.
        """
        if not self.normalize:
            raise InputError(
                f"adapt requires normalize=True, and this {type(self).__name__} has normalize=False. Create the model "
                "with normalize=True."
            )
        check_statistics(self, statistics)
        line = dict(zip(("w", "b"), self.coefficients(), strict=True))
        units = Standardization.of(statistics)
        self.mean.assign(units.mean)
        self.scale.assign(np.where(units.scale < np.finfo(self.dtype).tiny, 1.0, units.scale))
        assert self.units is not None
        moved = self.units.from_data_units(line)
        self.w.assign(moved["w"])
        self.b.assign(moved["b"])
        units.warn_of_rounding(self.dtype, statistics.labels)

    def prepare(self, rows: Rows | None) -> None:
        """Standardize by the rows of the first fit, if the model normalizes."""
        if not self.normalize or (self.built and (self.mean.numpy().any() or (self.scale.numpy() != 1).any())):
            return
        if rows is None:
            raise InputError(
                "normalize=True requires the means of all rows before the first step, and a stream does not know them. "
                "Try model.adapt(linfit.SufficientStatistics.from_batches(batches)) before model.fit."
            )
        self.adapt(statistics_of(rows, self.use_bias, self.feature_names))

    def condensed(self, rows: Rows) -> Rows:
        """Return a few rows with the same loss and gradient at every point, if the loss is the mean squared error.

        All rows are returned if a metric or an overridden method may need them, or if the few would not be fewer.
        """
        if (
            not self._compile_options.condense_rows
            or self.needs_rows
            or isinstance(rows, CondensedRows)
            or l2_penalty(self) is None
        ):
            return rows
        statistics = statistics_of(rows, self.use_bias, self.feature_names)
        few = CondensedRows.of(statistics)
        return few if len(few) < len(rows) else rows

    @property
    def needs_rows(self) -> bool:
        """Return whether a metric or an overridden method may need each row."""
        own = all(getattr(type(self), name) is getattr(LinearRegression, name) for name in _ROW_METHODS)
        return len(self.metrics) > 1 or not own

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which `from_config` creates this model again, untrained."""
        return {
            "w_initializer": initializer_config(self.w_initializer),
            "b_initializer": initializer_config(self.b_initializer),
            "targets": self.targets,
            "use_bias": self.use_bias,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "feature_names": self.feature_names,
            "normalize": self.normalize,
            "dtype": self.dtype,
            "name": self.name,
        }
