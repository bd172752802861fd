"""TensorBoardLogger: every step of a fit beside its truth and its optimum, as TensorBoard runs."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from linfit.callbacks.event_file import open_run
from linfit.callbacks.reference_line import ReferenceLine
from linfit.closed_form import running_problem
from linfit.comparison import compare_rows
from linfit.parameters import flat_reference, is_linear, named_parameters
from linfit.step_callback import StepCallback
from linfit.trajectory import Trajectory

_ERRORS = {"truth": "error/truth", "optimum": "error/optimization"}  # a fit's distance to each reference


class TensorBoardLogger(StepCallback):
    """Logs a fit as runs that share tags, which TensorBoard overlays in one chart each.

    ======== ============================================ =========================================
    run      tags
    ======== ============================================ =========================================
    truth    each parameter, `loss`                       constant lines; where a truth is given
    optimum  each parameter, `loss`,                      constant lines; where it has a closed form
             `zone_95/lower/...`, `zone_95/upper/...`
    <run>    each parameter, `loss`, `learning_rate`,     every recorded step
             `error/optimization`, `error/truth`
    ======== ============================================ =========================================

    The two errors are Euclidean norms of (parameters - optimum) and (parameters - truth). The zone is the 95 %
    confidence interval of each parameter, where the truth is to be expected (TensorBoard sorts its cards behind w).
    At the end, the
    run's text page gets the table of `linfit.compare`, where the rows are in memory.

    Args:
        log_dir: the folder of these runs; look at it with `tensorboard --logdir log_dir`.
        run: the name of the fit's run. A new fit into a folder that has this run already becomes `fit-2`.
        truth: the `GroundTruth` of the data, or anything with its w and b.
        optimum: "auto" solves least squares for the rows of the fit, where they are in memory and the loss is
            the squared one; a `LeastSquares` of your own, as for a stream; or None.
        every: log steps 0, every, 2 every, ..., and the end.

    Raises:
        InputError: a truth or optimum of another shape than the model; a folder that cannot be written.

    Example:
        >>> import linfit, tempfile
        >>> truth = linfit.GroundTruth(w=0.1, b=0.5)
        >>> x, y = truth.sample(120, seed=7)
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate=0.05)
        >>> with tempfile.TemporaryDirectory() as logs:
        ...     _ = model.fit(x, y, verbose=0, callbacks=[TensorBoardLogger(logs, truth=truth)])
        ...     sorted(folder.name for folder in Path(logs).iterdir())
        ['fit', 'optimum', 'truth']
    """

    first_rows = 2**16

    def __init__(
        self,
        log_dir: str | Path,
        run: str = "fit",
        truth: Any = None,
        optimum: Any = "auto",
        every: int = 1,
    ):
        super().__init__(every=every, feature_names=getattr(truth, "feature_names", None))
        self.log_dir = Path(log_dir)
        self.run = run
        self.truth = truth
        self.optimum = optimum

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the runs: TensorBoard colours them in this order."""
        super().on_train_begin(logs)
        start = self.here()
        problem = running_problem(self.model)
        optimum = self.optimum
        if isinstance(optimum, str):
            optimum = None if problem is None else problem.optimum
        self._points: dict[str, np.ndarray] = {}
        constants: dict[str, dict[str, float]] = {"truth": {}, "optimum": {}}
        if self.truth is not None:
            self._points["truth"] = flat_reference(self.truth, start.point(), "truth")
            if problem is not None:
                mean_squared_error = self.model.training_rows.mean_squared_error(self.truth.w, self.truth.b)
                constants["truth"] = {"loss": problem.loss(mean_squared_error, self.truth.w)}
        if optimum is not None:
            self._points["optimum"] = flat_reference(optimum, start.point(), "optimum")
            ends = zip(("lower", "upper"), optimum.confidence_interval(0.95), strict=True)
            constants["optimum"] = {"loss": optimum.loss} | {
                f"zone_95/{side}/{name}": value
                for side, end in ends
                for name, value in zip(start.names, flat_reference(end, start.point()).tolist(), strict=True)
                if math.isfinite(value)
            }
        self._lines = [
            ReferenceLine(self.log_dir, run, dict(zip(start.names, point.tolist(), strict=True)) | constants[run])
            for run, point in self._points.items()
        ]
        self._file = open_run(self.log_dir, self.run, self.model)

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Writes the recorded steps, all values of a step as one event."""
        tags = (*trajectory.names, "loss", "learning_rate", *(_ERRORS[run] for run in self._points))
        values = trajectory.values
        distances = [np.linalg.norm(values - point, axis=1) for point in self._points.values()]
        table = np.column_stack([values, trajectory.loss, trajectory.learning_rate, *distances])
        self._file.table(trajectory.step, tags, table)
        self._file.flush()
        for line in self._lines:
            line.reach(trajectory.step)
            line.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Writes the end point and, where the rows are at hand, the comparison as text."""
        super().on_train_end(logs)
        for line in self._lines:
            line.end()
        rows = getattr(self.model, "training_rows", None)
        if rows is not None and is_linear(named_parameters(self.model)):
            self._file.text(self.step, "comparison", compare_rows(self.model, rows, self.truth).to_markdown())
            self._file.flush()
        del self._lines, self._file
