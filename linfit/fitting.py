"""How a model with a hand-written train_step is run: checked rows, its own float type, a rate held by SGD."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit import checks
from linfit.checks import InputError
from linfit.closed_form import fastest_learning_rate
from linfit.divergence import DivergenceGuard
from linfit.optimizer import DEFAULT_LEARNING_RATE, plain_sgd
from linfit.precision import computing_in
from linfit.refusals import refuse_frozen, refuse_replicas, refuse_two_schedulers
from linfit.rows import NO_Y, Rows, are_rows, as_matrix, as_rows, column_names, shape_of_batches
from linfit.step_loss import StepLoss


class GradientDescent(keras.Model):
    """A Keras model on (rows, features) whose `train_step` writes out the update itself.

    `compile`, `fit`, `evaluate` and `predict` are Keras's, for rows that are checked first and kept in the
    model's dtype. A subclass brings `build`, `call`, `train_step` and `test_step`.

    Attributes:
        feature_names: a name for each feature, or None.
        targets: how many columns y has; None until the first data are seen.
        batch_size: the rows in each step of the latest fit; None before the first.
        training_rows: the `Rows` of the fit that is running, where they are in memory; else None.
        loss_tracker: the mean loss of the epoch and the loss of the last step.
    """

    def __init__(self, *, dtype: str | None = None, name: str | None = None):
        super().__init__(dtype=dtype, name=name)
        if self.compute_dtype not in ("float32", "float64"):
            raise InputError(f"dtype must be 'float32' or 'float64', got {self.compute_dtype!r}.")
        self.feature_names: tuple[str, ...] | None = None
        self.targets: int | None = None
        self.batch_size: int | None = None
        self.training_rows: Rows | None = None
        self.loss_tracker = StepLoss(dtype=self.dtype)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The loss, then what `compile` asked for: what Keras resets each epoch and reports."""
        return [self.loss_tracker, *(metric for metric in super().metrics if metric.name != "loss")]

    def compile(
        self,
        learning_rate: Any = DEFAULT_LEARNING_RATE,
        loss: Any = "mse",
        metrics: Any = None,
        optimizer: Any = None,
        *,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Sets the learning rate and the loss of the fits that follow.

        Args:
            learning_rate: a number above 0 (0.01 by default, as in Keras), a Keras `LearningRateSchedule`, or
                "auto": each fit then takes the fastest rate for its rows, where they are in memory and the loss is
                the mean squared error; with mini-batches half their critical rate. See `Curvature`.
            loss: any Keras loss; the mean squared error by default. It is computed in the model's dtype.
            metrics, weighted_metrics, run_eagerly, steps_per_execution, jit_compile: as in Keras.
            optimizer: a plain `keras.optimizers.SGD`, instead of `learning_rate`. It only *holds* the rate and
                counts the steps, so that Keras's schedulers and checkpoints find both where they expect them;
                the update is `train_step`'s own.

        Raises:
            InputError: a rate that is no finite number above 0; an optimizer that is not plain SGD.
        """
        refuse_replicas(self)
        self._finds_rate = isinstance(learning_rate, str) and learning_rate == "auto"
        with computing_in(self.dtype):
            if isinstance(loss, keras.losses.Loss) and loss.dtype != self.dtype:
                loss = type(loss).from_config(loss.get_config())  # made anew, in this model's dtype
            super().compile(
                optimizer=plain_sgd(learning_rate, optimizer),
                loss=loss,
                metrics=metrics,
                weighted_metrics=weighted_metrics,
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
                jit_compile=jit_compile,
            )

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        *,
        divergence_guard: bool = True,
        **options: Any,
    ) -> keras.callbacks.History:
        """Trains like `keras.Model.fit`, with the same arguments and results.

        Rows in memory are checked first: x of shape (rows, features) or (rows,), y of shape (rows, targets)
        or (rows,), finite numbers, equal lengths. `batch_size=len(x)` makes each epoch one step of full-batch
        gradient descent. A second fit goes on where the first ended.

        A fit whose loss overflows is stopped, brought back to its last finite point, and explained in a warning;
        `divergence_guard=False` lets it run into NaN. See `linfit.callbacks.DivergenceGuard`.

        Raises:
            InputError: what does not fit together, before anything is trained.
        """
        refuse_replicas(self)
        refuse_frozen(self)
        checks.count(epochs, "epochs")
        if batch_size is not None:
            checks.count(batch_size, "batch_size")
        if isinstance(callbacks, keras.callbacks.Callback | keras.callbacks.CallbackList):
            callbacks = [callbacks]
        callbacks = list(callbacks or [])
        each = [one for callback in callbacks for one in getattr(callback, "callbacks", [callback])]
        if self.compiled:
            refuse_two_schedulers(self.optimizer, each)
        if divergence_guard and not any(isinstance(callback, DivergenceGuard) for callback in each):
            callbacks = [DivergenceGuard(), *callbacks]
        if class_weight is not None:
            raise InputError(
                "class_weight weighs classes, and this model has none. Try sample_weight, one for each row."
            )
        rows = None
        if are_rows(x):
            rows = self._as_rows(x, y, sample_weight)
            x, y, sample_weight = rows.as_tuple()
        elif isinstance(x, tf.data.Dataset):
            self._check_batches(x)
        if isinstance(validation_data, tuple | list):
            if len(validation_data) not in (2, 3):
                raise InputError(
                    f"validation_data must be (x, y) or (x, y, sample_weight), got {len(validation_data)} parts."
                )
            validation_data = self._as_rows(*validation_data).as_tuple()
        elif isinstance(validation_data, tf.data.Dataset):
            self._check_batches(validation_data)

        if rows is not None:
            held_out = validation_split if validation_data is None else 0.0  # Keras holds out the last rows
            self.training_rows = rows.first(math.floor(len(rows) * (1.0 - held_out)))
        elif not isinstance(x, keras.utils.PyDataset):
            shuffle = False  # a stream has its own order
        self.batch_size = None if rows is None else batch_size or 32  # Keras's own default; a stream has its own
        try:
            if self.compiled and self._finds_rate:
                self.optimizer.learning_rate = fastest_learning_rate(self)
            with computing_in(self.dtype):
                return super().fit(
                    x,
                    y,
                    batch_size=batch_size,
                    epochs=epochs,
                    verbose=verbose,
                    callbacks=callbacks,
                    validation_split=validation_split,
                    validation_data=validation_data,
                    shuffle=shuffle,
                    sample_weight=sample_weight,
                    **options,
                )
        finally:
            self.training_rows = None

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, sample_weight: Any = None, **options: Any) -> Any:
        """The loss and metrics on x and y, like `keras.Model.evaluate`."""
        if are_rows(x):
            x, y, sample_weight = self._as_rows(x, y, sample_weight).as_tuple()
        elif isinstance(x, tf.data.Dataset):
            self._check_batches(x)
        with computing_in(self.dtype):
            return super().evaluate(x, y, *args, sample_weight=sample_weight, **options)

    def predict(self, x: Any, *args: Any, **options: Any) -> np.ndarray:
        """The predictions for x, shape (rows, targets), like `keras.Model.predict`."""
        if are_rows(x):
            names = column_names(x)
            x = as_matrix(x, "x", self.dtype)
            self.check_features(x.shape[1], names)
        with computing_in(self.dtype):
            return super().predict(x, *args, **options)

    def closing_loss(self) -> float:
        """The loss of the running fit at the present point, where its batch is all rows in memory; else NaN."""
        rows = self.training_rows
        if rows is None or len(rows) > (self.batch_size or 0):
            return float("nan")
        return float(self.compute_loss(rows.x, rows.y, self(rows.x), rows.sample_weight))

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile_from_config` needs to compile a loaded model as this one is."""
        config = super().get_compile_config()
        if config and self._finds_rate:
            config = {key: value for key, value in config.items() if key != "optimizer"} | {"learning_rate": "auto"}
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was, so that training can go on."""
        with computing_in(self.dtype):
            settings = keras.saving.deserialize_keras_object(config)
        settings.pop("loss_weights", None)
        self.compile(**settings)
        self.optimizer.build(self.trainable_variables)

    def check_features(self, count: int, names: tuple[str, ...] | None = None) -> None:
        """Refuses features that are not the model's: another number, or other names where both have names."""
        expected = self.feature_names
        if names and expected and names != expected:
            raise InputError(
                f"x must have the columns {list(expected)}, in this order, got {list(names)}. Try x[{list(expected)}]."
            )
        if self.built and count != self.input_spec.axes[-1]:
            raise InputError(f"x must have the model's {self.input_spec.axes[-1]} features, got {count}.")
        if expected:
            checks.one_name_each(expected, count)

    def _as_rows(self, x: Any, y: Any, sample_weight: Any = None) -> Rows:
        """Checks rows against each other and the model, whose parameters are made if these are the first."""
        rows, names = as_rows(x, y, sample_weight, self.dtype), column_names(x)
        if names is not None:
            checks.names(names, "the columns of x")
        self.check_features(rows.x.shape[1], names)
        self._build_for(rows.x.shape[1], rows.y.shape[1], names)
        return rows

    def _check_batches(self, batches: tf.data.Dataset) -> None:
        """The same for a data set, by the shapes it announces."""
        features, targets = shape_of_batches(batches)
        if features is not None and targets is not None:
            self.check_features(features)
            self._build_for(features, targets)

    def _build_for(self, features: int, targets: int, names: tuple[str, ...] | None = None) -> None:
        """Makes the parameters if they are not made yet, and refuses another number of targets than the model's."""
        if not self.built:
            inferred = self.targets is None
            self.targets = self.targets or targets
            try:
                with computing_in(self.dtype):
                    self.build((None, features))
            except InputError:
                self.targets = None if inferred else self.targets  # as new, for the next try
                raise
            self.feature_names = self.feature_names or names
        if targets != self.targets:
            raise InputError(
                f"y must have the model's {self.targets} target(s), got {targets} columns. "
                f"Try {type(self).__name__}(targets={targets})."
            )

    def _unpack(self, data: Any) -> tuple[Any, Any, Any]:
        """A batch as x, y and sample_weight, with y of shape (rows, targets).

        A y of shape (rows,) must become a column before anything is subtracted from it: predictions of shape
        (rows, 1) minus y of shape (rows,) are (rows, rows) numbers, and a fit of them is nonsense.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if y is None:
            raise InputError(NO_Y)
        if y.shape.rank == 1:
            y = tf.expand_dims(y, -1)
        if y.shape.rank is not None and y.shape[-1] is not None:
            self._build_for(x.shape[-1], y.shape[-1])
        else:  # batches of both shapes came in turn
            y = tf.ensure_shape(tf.reshape(y, (tf.shape(x)[0], -1)), (None, self.targets))
        return x, y, sample_weight

    def _report(self, x: Any, y: Any, predictions: Any, loss: Any, sample_weight: Any) -> dict[str, Any]:
        """Updates the mean loss and the metrics with one batch, and returns them by name."""
        self.loss_tracker.update_state(loss, sample_weight=keras.ops.shape(x)[0])
        return self.compute_metrics(x, y, predictions, sample_weight)
