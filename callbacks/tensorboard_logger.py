"""TensorBoardLogger: every step of a fit, beside its truth and its optimum, as TensorBoard runs."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from linfit.callbacks.descent.descent_log import DescentLog
from linfit.callbacks.events import custom_scalars
from linfit.callbacks.events.confidence_zone import ZoneCurve, zone_tags
from linfit.callbacks.events.layout_file import last_layout, save_layout
from linfit.callbacks.events.open_runs import open_run
from linfit.callbacks.events.reference_line import ReferenceLine, start_without_lines
from linfit.callbacks.events.run_text import run_text
from linfit.callbacks.fit_context import fit_context
from linfit.checks import InputError
from linfit.comparison import compare_rows
from linfit.parameter_names import is_linear
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

_ERRORS = {"truth": "error/truth", "optimum": "error/optimization"}  # tag of the fit's distance to each reference
_NO_LINES = {
    "truth": (
        "No truth was given to the fit `{}`, so this run has no lines. If the truth is known, pass it to "
        "TensorBoardLogger."
    ),
    "optimum": (
        "The optimum of the fit `{}` is not known, so this run has no lines. The closed form needs the rows (in memory "
        "or passed as data=(x, y)) and the mean squared error, with an L2 penalty on w or without a penalty."
    ),
}


class TensorBoardLogger(StepCallback):
    """Logs a fit, its truth and its optimum as runs with the same tags, which TensorBoard overlays in its charts.

    ======== ============================================ =========================================
    run      tags                                         steps
    ======== ============================================ =========================================
    truth    each parameter, `loss`, its zone             constant lines, if a truth is given
    optimum  each parameter, `loss`, its zone,            constant lines, if it has a closed form
             `error/truth`
    <run>    each parameter, `loss`, `learning_rate`,     every recorded step
             `error/optimization`, `error/truth`
             its zone                                     some of the steps near it, and the end
    ======== ============================================ =========================================

    The runs `truth` and `optimum` always exist and come first, so that they have the same colours in every log folder.
    If there is nothing to draw, a text in the run says why.

    The two errors are the Euclidean norms of (parameters - optimum) and (parameters - truth). Descent takes the first
    to zero; the second levels off at the distance between optimum and truth.

    The zone of a parameter is the optimum's 95 % confidence interval, where the truth is expected. Its tags are
    `zone_95/center/...`, `zone_95/lower/...` and `zone_95/upper/...`; TensorBoard sorts their cards behind those of w.
    Truth and fit are drawn in the same charts, with zones of width 0. Custom Scalars cannot draw a tag with
    parentheses, so parentheses in a name become brackets.

    The Custom Scalars page has one chart per parameter with fit, truth and optimum, and one with its zone. Of more than
    16 parameters, the 16 that are largest or furthest from the truth have charts of their own, and the rest share
    charts in groups of ten.

    The Descent tab plays the fit. Its data, the thinned path and the facts about the rows, are in the run's own file.

    The run's text page shows the configuration at the start. If the rows are in memory, it shows the table of
    `linfit.compare` at the end.

    Args:
        log_dir: the folder of these runs; view it with `tensorboard --logdir log_dir`.
        run: the name of the fit's run. If the folder already has this run, a new fit becomes `fit-2`.
        truth: the `GroundTruth` of the data, or any object with its w and b.
        optimum: "auto" solves least squares for the fit's rows, if they are in memory and the loss is the mean squared
            error. Alternatively a `LeastSquares` of your own, for example for a stream; or None.
        every: log steps 0, every, 2 every, ..., and the end.
        data: x and y, or x, y and sample_weight: the rows of the fit, if they are not in memory or the model is not
            from linfit.

    Raises:
        InputError: the truth, the optimum or the data do not have the model's shape, or the folder cannot be written.

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

    only_writes = True
    first_rows = 2**16

    def __init__(
        self,
        log_dir: str | Path,
        run: str = "fit",
        truth: Any = None,
        optimum: Any = "auto",
        every: int = 1,
        data: tuple[Any, ...] | None = None,
    ):
        super().__init__(every=every, feature_names=getattr(truth, "feature_names", None))
        self.log_dir = Path(log_dir)
        self.run = run
        self.truth = truth
        self.optimum = optimum
        self.data = data

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the runs in the order truth, optimum, fit; TensorBoard assigns their colours in this order."""
        super().on_train_begin(logs)
        start = self.here()
        self._context = fit_context(self.model, start, self.params, self.truth, self.optimum, self.data)
        self._tags = custom_scalars.drawable_tags(start.names)
        self._choose_charts(start)
        self._save_layout()
        self._open_references()
        self._file = open_run(self.log_dir, self.run, self.model)
        self._run_text: str | None = run_text(self.model, start, self.params, self.truth)
        self._descent = DescentLog(self._file, self._context, self.every)

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Write the recorded steps, all values of a step as one event."""
        tags = (*self._tags, "loss", "learning_rate", *(_ERRORS[run] for run in self._context.points))
        values = trajectory.values
        distances = [np.linalg.norm(values - point, axis=1) for point in self._context.points.values()]
        table = np.column_stack([values, trajectory.loss, trajectory.learning_rate, *distances])
        if self._run_text is not None:  # not before: callbacks share a run's file only if it is empty when they open it
            self._file.text(int(trajectory.step[0]), "run", self._run_text)
            self._run_text = None
        for steps, zones in self._zone_curve.points(trajectory.step, values[:, self._zoned]):
            self._file.table(steps, self._zone_tags, zones)  # before the table: a run continues from its last event
        self._descent.add(trajectory)
        self._file.table(trajectory.step, tags, table)
        self._file.flush()
        for line in self._lines:
            line.extend(trajectory.step)
            line.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Write the end point and, if the rows are in memory, the comparison as text."""
        super().on_train_end(logs)
        for steps, zones in self._zone_curve.end():
            self._file.table(steps, self._zone_tags, zones)
        for line in self._lines:
            line.end()
        if "optimum" not in self._context.points:
            self._choose_charts_by_end_point()
        step = self.step
        self._descent.end(step)
        self._write_comparison(step)
        self._file.flush()
        del self._lines, self._file, self._descent, self._context

    def _choose_charts(self, start: Trajectory) -> None:
        """Choose the parameters that get a chart of their own, and those of them whose zone is drawn."""
        points = self._context.points
        expected = points.get("optimum", points.get("truth", start.values[0]))  # the best guess of where the fit ends
        self._charted = self._parameters_with_a_chart(expected)
        self._zones = {run: self._context.zone(run) for run in points}
        zone = self._zones.get("optimum", np.full((3, len(expected)), np.nan))
        has_zone = np.isfinite(zone).all(axis=0)
        self._zoned = [i for i in self._charted if has_zone[i]]
        self._zone_tags = zone_tags(self._tags[i] for i in self._zoned)
        self._zone_curve = ZoneCurve(*zone[:, self._zoned])

    def _choose_charts_by_end_point(self) -> None:
        """Choose the charts again by where the fit has ended; without an optimum, only the end shows what is large."""
        charted = self._parameters_with_a_chart(self.here().values[0])
        if set(charted) != set(self._charted):
            self._charted = charted
            with suppress(InputError):  # the layout that was saved at the start has all charts, in another order
                self._save_layout(always=True)

    def _parameters_with_a_chart(self, values: np.ndarray) -> list[int]:
        truth = self._context.points.get("truth")
        return custom_scalars.parameters_with_a_chart(values, None if truth is None else values - truth)

    def _save_layout(self, always: bool = False) -> None:
        """Save the layout of Custom Scalars in a run that all fits share, if it has new charts or `always` is set."""
        zoned = [self._tags[i] for i in self._zoned]
        errors = [tag for run, tag in _ERRORS.items() if run in self._context.points]
        page = custom_scalars.layout(self._tags, self._charted, zoned, errors[::-1])
        earlier = last_layout(self.log_dir, "truth")
        if always or not custom_scalars.shows_all_of(earlier, page):
            save_layout(self.log_dir, "truth", custom_scalars.with_charts_of(page, earlier))

    def _open_references(self) -> None:
        """Open the runs of truth and optimum, with lines for the known ones."""
        self._lines: list[ReferenceLine] = []
        for run in _ERRORS:
            if run in self._context.points:
                zone = self._zones[run][:, self._zoned].ravel().tolist()
                zone_values = dict(zip(self._zone_tags, zone, strict=True))
                self._lines.append(ReferenceLine(self.log_dir, run, self._reference_values(run), zone_values))
            else:
                start_without_lines(self.log_dir, run, _NO_LINES[run].format(self.run))

    def _reference_values(self, run: str) -> dict[str, float]:
        """Return the constants of a reference by tag: its parameters, its loss, and the optimum's error."""
        points, losses = self._context.points, self._context.losses
        values = dict(zip(self._tags, points[run].tolist(), strict=True))
        if run in losses:
            values["loss"] = losses[run]
        if run == "optimum" and "truth" in points:  # where the fit's own error levels off
            values[_ERRORS["truth"]] = float(np.linalg.norm(points["optimum"] - points["truth"]))
        return values

    def _write_comparison(self, step: int) -> None:
        rows = self._context.rows
        if rows is not None and is_linear(self._context.start.parameters):
            comparison = compare_rows(self.model, rows, self.truth, objective=self._context.objective)
            self._file.text(step, "comparison", comparison.to_markdown())
