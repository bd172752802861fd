"""GradientDescent: the compile and fit of a Keras model with a hand-written train_step."""

from typing import Any

import keras

from linfit import checks
from linfit.analysis.auto_learning_rate import fastest_learning_rate
from linfit.data.rows import Rows
from linfit.keras_utils.float_policy import computing_in, in_dtype
from linfit.keras_utils.loss_tracker import LossTracker
from linfit.keras_utils.optimizer import DEFAULT_LEARNING_RATE, plain_sgd
from linfit.keras_utils.replicas import logs_over_replicas
from linfit.models import preconditions
from linfit.models.compile_options import CompileOptions
from linfit.models.fit_inputs import fit_from_inputs
from linfit.models.tabular_model import TabularModel
from linfit.training.callback_hooks import flatten_callbacks
from linfit.training.fit import Fit
from linfit.training.fit_in_blocks import fit_in_blocks
from linfit.training.keras_loop import keras_fit_arguments
from linfit.training.resume_state import ResumeState
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory


class GradientDescent(TabularModel):
    """A Keras model for x of shape (rows, features) whose `train_step` writes out the update itself.

    `compile`, `fit`, `evaluate` and `predict` take the arguments of Keras's, but check the rows first and compute in
    the model's dtype. A subclass defines `build`, `call`, `train_step` and `test_step`. Both steps return
    `self._report(x, y, predictions, loss, sample_weight)`, which records the loss. Under a `tf.distribute` strategy
    both average over all replicas with `mean_over_replicas`; without it, the replicas silently drift apart.

    Attributes:
        batch_size: the rows in each step of the latest fit; None before the first fit and for a stream.
        current_fit: the running `Fit`; None between fits.
        loss_tracker: the mean loss of the epoch and the loss of the last step.
        resume_state: the state that one fit hands to the next.
    """

    def __init__(self, *, dtype: str | None = None, name: str | None = None):
        super().__init__(dtype=dtype, name=name)
        self.batch_size: int | None = None
        self.current_fit: Fit | None = None
        self.loss_tracker = LossTracker(dtype=self.dtype)
        self.resume_state = ResumeState()

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The metrics that Keras resets each epoch and reports: the loss, then those passed to `compile`."""
        return [self.loss_tracker, *(metric for metric in super().metrics if metric.name != "loss")]

    @property
    def trajectory(self) -> Trajectory | None:
        """The recorded steps of all fits; None before the first.

        A fit records the steps that its `StepCallback`s ask for, or about 1,000 without one. Above a million values,
        every second step is dropped, from the first fit on.
        """
        return self.resume_state.recorder.trajectory

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
        condense_rows: bool = True,
    ) -> None:
        """Set the learning rate, the loss and the metrics of later fits.

        Args:
            learning_rate: a number above 0 (0.01 by default, as in Keras), a Keras `LearningRateSchedule`, or "auto":
                each fit then takes the fastest safe rate for its rows, or with mini-batches half their critical rate
                (see `Curvature`). "auto" requires rows in memory or `SufficientStatistics`, and the mean squared error.
            loss: any Keras loss, by default the mean squared error. It is computed in the model's dtype.
            metrics, weighted_metrics, steps_per_execution: as in Keras.
            optimizer: a plain `keras.optimizers.SGD`, in place of `learning_rate`. It only holds the learning rate and
                counts the steps, where Keras's schedulers and checkpoints look for them; `train_step` does the update.
            run_eagerly: True runs each `train_step` as plain Python, for debugging; much slower.
            jit_compile: False runs each step in Keras's own loop. Otherwise steps on rows in memory run in blocks that
                XLA compiles.
            condense_rows: True runs full-batch steps on a few rows with the same loss and gradient as all rows (see
                `SufficientStatistics.pseudo_observations`), if the loss is the mean squared error and there are no
                metrics. A step on a hundred million rows then takes as long as one on a thousand.

        Raises:
            InputError: the learning rate is not a finite number above 0, the optimizer is not a plain SGD, or the
                settings do not work under the model's `tf.distribute` strategy.
        """
        preconditions.refuse_wrong_strategy(self)
        preconditions.refuse_settings_over_replicas(self, loss, run_eagerly, steps_per_execution, jit_compile)
        auto_rate = isinstance(learning_rate, str) and learning_rate == "auto"
        self._compile_options = CompileOptions(auto_rate, run_eagerly, jit_compile, condense_rows)
        self.resume_state.compiled_steps.clear()
        with computing_in(self.dtype), self.distribute_strategy.scope():
            if isinstance(loss, keras.losses.Loss) and loss.dtype != self.dtype:
                loss = in_dtype(loss, self.dtype)
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
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        initial_epoch: int = 0,
        divergence_guard: bool = True,
        **options: Any,
    ) -> keras.callbacks.History:
        """Train the model, with the arguments and results of `keras.Model.fit`.

        `batch_size=len(x)` makes each epoch one step of full-batch gradient descent. Another call resumes where the
        last one ended, even within an epoch.

        Steps on rows in memory run in compiled blocks of up to tens of thousands of steps. A `StepCallback` still sees
        each step; a callback with epoch or batch hooks limits a block to an epoch or a batch. Keras's own loop runs
        streams, `steps_per_epoch`, `run_eagerly=True`, `jit_compile=False`, and models created in the scope of a
        `tf.distribute` strategy. Of several workers, only the chief writes files and prints.

        Args:
            x: the features, shape (rows, features) or (rows,). The columns of a DataFrame are matched by name with
                those of the first fit. Alternatively a `Table`, which includes y; `SufficientStatistics`, for
                full-batch steps on data larger than memory; or a `tf.data.Dataset` or generator of batches.
            y: the targets, shape (rows, targets) or (rows,); None if x includes them.
            batch_size: the rows in each step; 32 if None.
            epochs: the number of passes over the rows.
            verbose: 1 shows a progress bar, "auto" shows it only in a terminal, 2 prints a line for each epoch, and 0
                prints nothing.
            callbacks: a list of Keras or linfit callbacks.
            validation_split: the share of rows, taken from the end, to validate on instead of training.
            validation_data: (x, y), (x, y, sample_weight), a `Table` or a `tf.data.Dataset` to validate on.
            shuffle: True draws a new order of the rows for each epoch.
            class_weight: not supported, as the model has no classes; use sample_weight.
            sample_weight: a weight of 0 or more for each row, shape (rows,).
            validation_batch_size, validation_freq, initial_epoch: as in Keras.
            divergence_guard: True stops a fit whose loss overflows, restores the last point with a finite loss, and
                explains the cause in a warning. False lets the fit run into NaN.
            options: `steps_per_epoch` and `validation_steps`, as in Keras.

        Returns:
            The `keras.callbacks.History`: `history.history["loss"]` holds the mean loss of each epoch.

        Raises:
            InputError: the data or arguments cannot be used; nothing has been trained.
            KeyboardInterrupt: after Ctrl-C; all trained, recorded and logged steps are kept.

        Example:
            >>> import linfit
            >>> x, y = linfit.GroundTruth(w=2.0, b=1.0).sample(100, seed=7)
            >>> model = linfit.LinearRegression()
            >>> model.compile(learning_rate="auto")
            >>> history = model.fit(x, y, batch_size=len(x), epochs=200, verbose=0)
            >>> print(model.w.numpy().round(3), model.b.numpy().round(3))
            [[2.]] [1.]
        """
        preconditions.refuse_wrong_strategy(self)
        preconditions.refuse_frozen_parameters(self)
        checks.count(epochs, "epochs")
        if batch_size is not None:
            checks.count(batch_size, "batch_size")
        callbacks = flatten_callbacks(callbacks, divergence_guard)
        preconditions.refuse_two_schedulers(self, callbacks)
        preconditions.refuse_class_weight(class_weight)
        fit = fit_from_inputs(self, x, y, sample_weight, batch_size, validation_split, validation_data, options)
        settings = {
            "epochs": epochs,
            "verbose": verbose,
            "shuffle": shuffle,
            "validation_batch_size": validation_batch_size,
            "validation_freq": validation_freq,
            "initial_epoch": initial_epoch,
        }
        self.resume_state.recorder.is_watched = any(isinstance(callback, StepCallback) for callback in callbacks)
        self.current_fit, self.batch_size = fit, fit.batch_size
        try:
            self.prepare(fit.rows)
            if self.compiled and self._compile_options.auto_rate:
                self.optimizer.learning_rate = fastest_learning_rate(fit.objective(), fit.batch_size)
            with computing_in(self.dtype):
                if fit.rows is not None and fit.validates_in_memory and self._runs_in_blocks(shuffle, options):
                    history = fit_in_blocks(fit, callbacks=callbacks, **settings)
                    if history is not None:
                        return history
                return super().fit(**keras_fit_arguments(fit, callbacks, settings | options))
        finally:
            self.current_fit = None

    def prepare(self, rows: Rows | None) -> None:
        """Prepare for a fit, before its first step; a hook for subclasses. The rows are None for a stream."""

    @property
    def needs_rows(self) -> bool:
        """Return whether a metric or an overridden method may need each row, so that condensed rows are not enough."""
        return True

    def condensed(self, rows: Rows) -> Rows:
        """Return fewer rows with the same loss and gradient at every point, or all rows if there are none."""
        return rows

    def get_compile_config(self) -> dict[str, Any]:
        """Return the configuration from which `compile_from_config` compiles a loaded model."""
        config = super().get_compile_config()
        return config and self._compile_options.added_to(config) | {"batch_order": self.resume_state.batch_order}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile a loaded model like the saved one, so that training can resume."""
        with computing_in(self.dtype):
            settings = keras.saving.deserialize_keras_object(config)
        settings.pop("loss_weights", None)
        self.resume_state.batch_order |= settings.pop("batch_order", {})
        self.compile(**settings)
        self.optimizer.build(self.trainable_variables)

    def _runs_in_blocks(self, shuffle: Any, options: dict[str, Any]) -> bool:
        """Return whether the steps can run in compiled blocks: on one device, without options that limit the steps."""
        limits = (keras.config.max_epochs(), keras.config.max_steps_per_epoch(), *options.values())
        known = set(options) <= {"steps_per_epoch", "validation_steps"}
        ours = self.compiled and self._compile_options.allows_blocks and self._distribute_strategy is None
        return ours and isinstance(shuffle, bool) and known and not any(limits)

    def _report(self, x: Any, y: Any, predictions: Any, loss: Any, sample_weight: Any) -> dict[str, Any]:
        """Update the mean loss and the metrics with one batch, and return them by name."""
        self.loss_tracker.update_state(loss, sample_weight=keras.ops.shape(x)[0])
        return logs_over_replicas(self, self.compute_metrics(x, y, predictions, sample_weight))
