"""HyperParameters: a run as a row of TensorBoard's HParams table, with its settings and its result."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from linfit import checks
from linfit.analysis.verdict import CONVERGED_WITHIN
from linfit.callbacks.events.hparams_row import STEPS, STEPS_TO_OPTIMUM, HParamsRow
from linfit.callbacks.events.open_runs import open_run
from linfit.checks import InputError
from linfit.keras_utils.optimizer import is_plain_sgd
from linfit.parameter_names import flat_reference
from linfit.training.fit import current_objective, current_rows
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

_RATE, _RATE_TO_LIMIT = "learning_rate", "rate / limit"


class HyperParameters(StepCallback):
    """Adds a run to the table of the HParams page; use it together with a `TensorBoardLogger` of the same run.

    ============== ===========================================================================================
    settings       `learning_rate` (the first one, as a number), `rate / limit` (this rate divided by the stability
                   limit), `batch_size`, `rows`, `features`, the truth's `noise`, and your own; each if it is known
    results        `steps` (the total), `steps to optimum` (the first recorded step within `fraction` of the optimum;
                   empty if there was none), and the last `loss`, `error/optimization`, `error/truth` and
                   `learning_rate` that the logger wrote
    status         success; failure if Ctrl-C ended the fit, its loss is not finite, or it ended away from the optimum
                   with a rate above the stability limit; unknown while the fit runs, and if its process was killed
    ============== ===========================================================================================

    All runs have these columns, so that the runs of several log folders form one table. For this, give all of them the
    same names of settings. A run that is resumed keeps its row and shows the settings and the status of its latest fit.
    A TensorBoard that is already open shows them after a restart.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the name of the run, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data; its noise is recorded.
        settings: additional settings by name, such as {"seed": 7}; None marks a setting that this run does not have.
        fraction: a fit has reached the optimum when every parameter is within this fraction of its standard error;
            0.1 by default, as in the verdict of `linfit.compare`.
        every: check steps 0, every, 2 every, ...; use the value given to the `TensorBoardLogger`.

    Raises:
        InputError: a setting is not a number or a string, the fraction is not above 0, or the folder cannot be written.

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
                    f"a setting must be a number or a string, got {name}={value!r}. Try settings={{'{name}': 7}}."
                )
        self.fraction = checks.positive(fraction, "fraction")

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the run, and find the optimum with its tolerance and the stability limit."""
        super().on_train_begin(logs)
        self._file = open_run(self.log_dir, self.run, self.model)
        self._first_step, self._step_at_optimum = self.step, math.inf
        self._row = HParamsRow(self._file, self._first_step)
        self._stability_limit, self._optimum, self._tolerance = math.inf, np.array(math.nan), np.array(math.nan)
        self._objective = objective = current_objective(self.model)
        if objective is not None:
            point = self.here().point()
            self._stability_limit = objective.curvature.stability_limit
            self._optimum = flat_reference(objective.optimum, point, "optimum")
            tolerance = self.fraction * objective.optimum_in_model_units.standard_error(point)
            self._tolerance = np.where(np.isfinite(tolerance), tolerance, math.nan)

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Write the settings with the first steps, and check whether the fit has reached the optimum."""
        if not self._row.started:  # not before: callbacks share a run's file only if it is empty when they open it
            settings = self._fit_settings(trajectory) | self.settings
            given = [name for name, value in self.settings.items() if value is not None]
            self._row.start(settings, [_RATE, _RATE_TO_LIMIT, *given], has_truth=self.truth is not None)
        errors = trajectory.values - self._optimum
        errors = errors if self._objective is None else self._objective.to_model_units(errors)
        near = np.all(np.abs(errors) <= self._tolerance, axis=1)
        self._is_at_optimum = bool(near[-1])
        if self._step_at_optimum == math.inf and near.any():
            self._step_at_optimum = int(trajectory.step[np.argmax(near)])

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Write the results and the status of the run."""
        super().on_train_end(logs)
        totals: dict[str, float] = {STEPS: self.step}
        # A resumed fit that starts at the optimum reached it earlier, and the earlier fit has written the step.
        started_there = 0 < self._first_step == self._step_at_optimum
        if self._step_at_optimum < math.inf and not started_there:
            totals[STEPS_TO_OPTIMUM] = self._step_at_optimum
        self._file.scalars(self.step, totals)
        self._row.end(self.step, self._has_failed(logs))
        del self._file, self._row, self._objective

    def _fit_settings(self, trajectory: Trajectory) -> dict[str, float | str | None]:
        """Return the settings of this fit by name, None for unknown ones."""
        rate = float(f"{trajectory.learning_rate[0]:.6g}")  # drops the rounding error of float32
        rows = current_rows(self.model)
        kernel = trajectory.parameters.get("w")
        return {
            _RATE: rate,
            _RATE_TO_LIMIT: float(f"{rate / self._stability_limit:.4g}") if self._stability_limit < math.inf else None,
            "batch_size": None if rows is None else min(self.model.batch_size, rows.count),
            "rows": None if rows is None else rows.count,
            "features": None if kernel is None else kernel.shape[1],
        }

    def _has_failed(self, logs: dict[str, Any] | None) -> bool:
        if not logs or not math.isfinite(logs.get("loss", math.nan)):  # after Ctrl-C there are no logs
            return True
        rate = float(self.model.optimizer.learning_rate.numpy())
        return is_plain_sgd(self.model.optimizer) and rate > self._stability_limit and not self._is_at_optimum
