"""A Keras model with a hand-written train_step: how it is compiled and fitted."""

from typing import Any

import keras
import tensorflow as tf

from linfit import checks
from linfit.analysis.auto_rate import fastest_learning_rate
from linfit.checks import InputError
from linfit.data.rows import Rows
from linfit.keras_utils.float_policy import computing_in, in_dtype
from linfit.keras_utils.loss_tracker import LossTracker
from linfit.keras_utils.optimizer import DEFAULT_LEARNING_RATE, plain_sgd
from linfit.keras_utils.replicas import logs_over_replicas, one_row
from linfit.models.fit_inputs import fit_from_inputs
from linfit.models.preconditions import (
    refuse_frozen,
    refuse_made_outside,
    refuse_over_replicas,
    refuse_strategy,
    refuse_two_schedulers,
    refuse_whole_batches,
)
from linfit.models.tabular_model import TabularModel
from linfit.training.fit import Fit
from linfit.training.fit_in_blocks import fit_in_blocks
from linfit.training.hooks import flatten_callbacks
from linfit.training.keras_loop import keras_fit_arguments
from linfit.training.resume_state import ResumeState
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory


class GradientDescent(TabularModel):
    """A Keras model on (rows, features) whose `train_step` writes out the update itself.

    `compile`, `fit`, `evaluate` and `predict` are Keras's, for rows that are checked first and kept in the
    model's dtype. A subclass brings `build`, `call`, `train_step` and `test_step`; both steps end by returning
    `self._report(x, y, predictions, loss, sample_weight)`, by which the loss is recorded. Under a
    `tf.distribute` strategy `mean_over_replicas` makes one step of all of them: without it they silently drift apart.

    Attributes:
        batch_size: the rows in each step of the latest fit; None before the first.
        current_fit: the `Fit` that is running, with its rows and what is known of them; None between fits.
        loss_tracker: the mean loss of the epoch and the loss of the last step.
        resume_state: what a fit leaves to the next one.
    """

    def __init__(self, *, dtype: str | None = None, name: str | None = None):
        super().__init__(dtype=dtype, name=name)
        self.batch_size: int | None = None
        self.current_fit: Fit | None = None
        self.loss_tracker = LossTracker(dtype=self.dtype)
        self.resume_state = ResumeState()

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The loss, then what `compile` asked for: what Keras resets each epoch and reports."""
        return [self.loss_tracker, *(metric for metric in super().metrics if metric.name != "loss")]

    @property
    def trajectory(self) -> Trajectory | None:
        """The recorded steps of all fits; None before the first.

        A fit without a `StepCallback` records about 1,000 steps, any other as many as its callbacks ask for. Where
        they grow to more than a million values, every second step is dropped, from the start on.
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
        """Sets the learning rate and the loss of the fits that follow.

        Args:
            learning_rate: a number above 0 (0.01 by default, as in Keras), a Keras `LearningRateSchedule`, or
                "auto": each fit then takes the fastest rate for its rows, where they are in memory and the loss is
                the mean squared error; with mini-batches half their critical rate. See `Curvature`.
            loss: any Keras loss; the mean squared error by default. It is computed in the model's dtype.
            metrics, weighted_metrics, run_eagerly, steps_per_execution: as in Keras.
            jit_compile: False leaves every fit to Keras's own loop, as `run_eagerly` does; else the steps on rows in
                memory are made many at a time, by XLA.
            condense_rows: whether full-batch steps on the mean squared error, without metrics, are made on the few
                rows that have the same loss and gradient as all (`SufficientStatistics.pseudo_observations`): a
                step then costs the same for a thousand rows and for a hundred million.
            optimizer: a plain `keras.optimizers.SGD`, instead of `learning_rate`. It only *holds* the rate and
                counts the steps, so that Keras's schedulers and checkpoints find both where they expect them;
                the update is `train_step`'s own.

        Raises:
            InputError: a rate that is no finite number above 0; an optimizer that is not plain SGD.
        """
        refuse_strategy(self)
        refuse_over_replicas(self, loss, run_eagerly, steps_per_execution, jit_compile)
        self._finds_rate = isinstance(learning_rate, str) and learning_rate == "auto"
        self._compiles_steps = jit_compile is not False and not run_eagerly
        self._condenses_rows = condense_rows
        self._jit_compile_asked = jit_compile
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
        """Trains like `keras.Model.fit`, with the same arguments and results.

        Rows in memory are checked first: x of shape (rows, features) or (rows,), y of shape (rows, targets)
        or (rows,), finite numbers, equal lengths; or a `Table` alone, as x. Columns with names, as of a DataFrame,
        are matched by name with those of the first fit. `batch_size=len(x)` makes each epoch one step of full-batch
        gradient descent. A second fit goes on where the first ended, within an epoch too.

        Steps on rows in memory are made in compiled blocks, tens of thousands at a time where the callbacks allow:
        a `StepCallback` sees each of them, a callback with a hook for epochs or batches makes the blocks that short.
        Streams, `steps_per_epoch`, `run_eagerly`, `jit_compile=False` and models that were made in the scope of a
        `tf.distribute` strategy are left to Keras's own loop. Of several workers only the chief writes and prints.

        In place of x and y, `SufficientStatistics` of them will do, as of a stream that does not fit into memory:
        each epoch is then one full-batch step on the mean squared error of all their rows.

        A fit whose loss overflows is stopped, brought back to its last finite point, and explained in a warning;
        `divergence_guard=False` lets it run into NaN. See `linfit.callbacks.DivergenceGuard`.

        Args:
            verbose: "auto" shows one progress bar where there is a terminal, 1 always; 2 prints a line for each
                epoch, 0 nothing.
            options: more of Keras's: `steps_per_epoch`, `validation_steps`.

        Raises:
            InputError: what does not fit together, before anything is trained.
            KeyboardInterrupt: after Ctrl-C; what has been trained, recorded and logged is kept.
        """
        refuse_strategy(self)
        refuse_frozen(self)
        checks.count(epochs, "epochs")
        if batch_size is not None:
            checks.count(batch_size, "batch_size")
        callbacks = flatten_callbacks(callbacks, divergence_guard)
        if self.compiled:
            refuse_two_schedulers(self.optimizer, callbacks)
        if class_weight is not None:
            raise InputError(
                "class_weight weighs classes, and this model has none. Try sample_weight, one for each row."
            )
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
            if self.compiled and self._finds_rate:
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
        """Called before the first step of each fit, with its rows, where they are in memory."""

    @property
    def needs_rows(self) -> bool:
        """Whether something may look at each row, and condensed ones will not do."""
        return True

    def condensed(self, rows: Rows) -> Rows:
        """Fewer rows with the same loss and gradient at every point; all rows, where a model knows none."""
        return rows

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile_from_config` needs to compile a loaded model as this one is."""
        config = super().get_compile_config()
        if not config:
            return config
        if self._finds_rate:
            config = {key: value for key, value in config.items() if key != "optimizer"} | {"learning_rate": "auto"}
        return config | {
            "jit_compile": self._jit_compile_asked,  # Keras keeps only its own answer to "auto"
            "condense_rows": self._condenses_rows,
            "batch_order": self.resume_state.batch_order,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was, so that training can go on."""
        with computing_in(self.dtype):
            settings = keras.saving.deserialize_keras_object(config)
        settings.pop("loss_weights", None)
        self.resume_state.batch_order |= settings.pop("batch_order", {})
        self.compile(**settings)
        self.optimizer.build(self.trainable_variables)

    def _runs_in_blocks(self, shuffle: Any, options: dict[str, Any]) -> bool:
        """Whether steps on rows in memory can be compiled, on one device, and nobody wants fewer than there are."""
        limits = (keras.config.max_epochs(), keras.config.max_steps_per_epoch(), *options.values())
        known = set(options) <= {"steps_per_epoch", "validation_steps"}
        ours = self.compiled and self._compiles_steps and self._distribute_strategy is None
        return ours and isinstance(shuffle, bool) and known and not any(limits)

    def _report(self, x: Any, y: Any, predictions: Any, loss: Any, sample_weight: Any) -> dict[str, Any]:
        """Updates the mean loss and the metrics with one batch, and returns them by name."""
        self.loss_tracker.update_state(loss, sample_weight=keras.ops.shape(x)[0])
        return logs_over_replicas(self, self.compute_metrics(x, y, predictions, sample_weight))

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Keras's own, given a batch that it can read; see `replicas.py`."""
        if iterator is not None and self._distribute_strategy is not None:
            iterator, data_batch = None, self._unpack(one_row(self._distribute_strategy, iterator))
        super()._maybe_symbolic_build(iterator, data_batch)
        refuse_made_outside(self)

    def check_batches(self, batches: tf.data.Dataset) -> None:
        refuse_whole_batches(self, batches)
        super().check_batches(batches)
