"""HyperParameters: a run as a row of TensorBoard's HParams table, with its settings and how it ended."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from linfit import checks
from linfit.analysis.verdict import CONVERGED_WITHIN
from linfit.callbacks.events.event_file import open_run
from linfit.callbacks.events.hparams_row import STEPS, STEPS_TO_OPTIMUM, HParamsRow
from linfit.checks import InputError
from linfit.keras_utils.optimizer import is_plain_sgd
from linfit.parameter_names import flat_reference
from linfit.training.fit import current_fit, current_objective
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

_RATE, _RATE_TO_LIMIT = "learning_rate", "rate / limit"


class HyperParameters(StepCallback):
    """Makes a run a row of the HParams page's table, beside the `TensorBoardLogger` of the same run.

    ============== ===========================================================================================
    settings       `learning_rate` (the first, as a number), `rate / limit` (that over the stability limit),
                   `batch_size`, `rows`, `features`, the truth's `noise`, and your own; those that are known
    at the end     `steps` in all, `steps to optimum` (the first recorded step that is as near to it as `fraction`
                   says; empty if there was none), and the last `loss`, `error/optimization`, `error/truth` and
                   `learning_rate` that the logger wrote
    status         success; failure of a fit that Ctrl-C ended, whose loss is no finite number, or whose rate is above
                   the stability limit; unknown while it runs, and for good if it is killed
    ============== ===========================================================================================

    All runs have these columns, so that runs of several log folders are one table; give all of them the same names
    of settings. A run that is gone on with keeps its row, with the settings and the status of its latest fit; a
    TensorBoard that was open before shows those once it is started again.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the name of the run, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data, for its noise.
        settings: more settings by name, such as {"seed": 7}; None is a setting that this run does not have.
        fraction: of the standard error of each parameter, within which a fit has reached the optimum; 0.1, as in
            the verdict of `linfit.compare`.
        every: look at steps 0, every, 2 every, ...; give it that of the `TensorBoardLogger`.

    Raises:
        InputError: a setting that is no number or text; a fraction that is not above 0; a folder that cannot be
            written.

    Example:
        >>> import linfit, tempfile
        >>> from linfit.callbacks import TensorBoardLogger
        >>> truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
        >>> x, y = truth.sample(120, seed=7)
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate=0.05)
        >>> with tempfile.TemporaryDirectory() as logs:
        ...     row = HyperParameters(logs, truth=truth, settings={"seed": 7})
        ...     _ = model.fit(x, y, verbose=0, callbacks=[TensorBoardLogger(logs, truth=truth), row])
    """

    only_writes = True
    first_rows = 2**16

    def __init__(
        self,
        log_dir: str | Path,
        run: str = "fit",
        truth: Any = None,
        settings: Mapping[str, float | str | None] | None = None,
        fraction: float = CONVERGED_WITHIN,
        every: int = 1,
    ):
        super().__init__(every=every)
        self.log_dir = Path(log_dir)
        self.run = run
        self.truth = truth
        self.settings = {"noise": getattr(truth, "noise", None), **(settings or {})}
        for name, value in self.settings.items():
            if isinstance(value, np.generic):
                self.settings[name] = value.item()
            elif not isinstance(value, float | int | str | None):
                raise InputError(
                    f"a setting must be a number or a text, got {name}={value!r}. Try settings={{'{name}': 7}}."
                )
        self.fraction = checks.positive(fraction, "fraction")

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the run, and finds what a fit may reach and what rate it may take."""
        super().on_train_begin(logs)
        self._file = open_run(self.log_dir, self.run, self.model)
        self._first_step, self._reached = self.step, math.inf
        self._row = HParamsRow(self._file, self._first_step)
        self._limit, self._goal, self._tolerance = math.inf, np.array(math.nan), np.array(math.nan)
        self._objective = objective = current_objective(self.model)
        if objective is not None:
            point = self.here().point()
            self._limit = objective.curvature.stability_limit
            self._goal = flat_reference(objective.optimum, point, "optimum")
            tolerance = self.fraction * objective.optimum_in_model_units.standard_error(point)
            self._tolerance = np.where(np.isfinite(tolerance), tolerance, math.nan)

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Writes the settings at the first steps, when all callbacks have opened their runs; looks for the optimum."""
        if not self._row.started:
            settings = self._found(trajectory) | self.settings
            given = [name for name, value in self.settings.items() if value is not None]
            self._row.start(settings, [_RATE, _RATE_TO_LIMIT, *given], has_truth=self.truth is not None)
        errors = trajectory.values - self._goal
        errors = errors if self._objective is None else self._objective.to_model_units(errors)
        near = np.all(np.abs(errors) <= self._tolerance, axis=1)
        self._is_near = bool(near[-1])
        if self._reached == math.inf and near.any():
            self._reached = int(trajectory.step[np.argmax(near)])

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Writes how the run ended."""
        super().on_train_end(logs)
        totals: dict[str, float] = {STEPS: self.step}
        if self._reached < math.inf and not (0 < self._first_step == self._reached):  # then an earlier fit wrote it
            totals[STEPS_TO_OPTIMUM] = self._reached
        self._file.scalars(self.step, totals)
        self._row.end(self.step, self._has_failed(logs))
        del self._file, self._row, self._objective

    def _found(self, trajectory: Trajectory) -> dict[str, float | str | None]:
        """The settings of this fit by name; None where one is not known."""
        rate = float(f"{trajectory.learning_rate[0]:.6g}")  # without the rounding of float32
        fit = current_fit(self.model)
        rows = None if fit is None else fit.rows
        kernel = trajectory.parameters.get("w")
        return {
            _RATE: rate,
            _RATE_TO_LIMIT: float(f"{rate / self._limit:.4g}") if self._limit < math.inf else None,
            "batch_size": None if rows is None else min(self.model.batch_size, rows.count),
            "rows": None if rows is None else rows.count,
            "features": None if kernel is None else kernel.shape[1],
        }

    def _has_failed(self, logs: dict[str, Any] | None) -> bool:
        if not logs or not math.isfinite(logs.get("loss", math.nan)):  # Ctrl-C ends a fit without logs
            return True
        rate = float(self.model.optimizer.learning_rate.numpy())
        return is_plain_sgd(self.model.optimizer) and rate > self._limit and not self._is_near
