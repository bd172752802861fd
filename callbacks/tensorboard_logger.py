"""TensorBoardLogger: every step of a fit beside its truth and its optimum, as TensorBoard runs."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from linfit.callbacks.descent.descent_log import DescentLog
from linfit.callbacks.events import dashboard
from linfit.callbacks.events.event_file import last_layout, open_run, save_layout
from linfit.callbacks.events.reference_line import ReferenceLine, start_without_lines
from linfit.callbacks.events.run_text import run_text
from linfit.callbacks.events.zone import ZoneApproach, zone_tags
from linfit.callbacks.fit_context import fit_context
from linfit.checks import InputError
from linfit.comparison import compare_rows
from linfit.parameter_names import is_linear
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

_ERRORS = {"truth": "error/truth", "optimum": "error/optimization"}  # a fit's distance to each reference
_NO_LINES = {
    "truth": "No truth was given to the fit `{}`: this run has no lines.",
    "optimum": (
        "The optimum of the fit `{}` is not known: this run has no lines. The closed form needs the rows, in memory or "
        "passed as data=(x, y), and the mean squared error, without a penalty or with an L2 penalty on w."
    ),
}


class TensorBoardLogger(StepCallback):
    """Logs a fit as runs that share tags, which TensorBoard overlays in one chart each.

    ======== ============================================ =========================================
    run      tags
    ======== ============================================ =========================================
    truth    each parameter, `loss`, its zone             constant lines, where a truth is given
    optimum  each parameter, `loss`, its zone,            constant lines, where it has a closed form
             `error/truth`
    <run>    each parameter, `loss`, `learning_rate`,     every recorded step
             `error/optimization`, `error/truth`
             its zone                                     some of the steps near it, and the end
    ======== ============================================ =========================================

    `truth` and `optimum` are always there and come first, so that they have the same colours in every log folder; a
    text says so where there is nothing to draw.

    The two errors are Euclidean norms of (parameters - optimum) and (parameters - truth): descent takes the first to
    zero, and the second to that of the optimum. The zone of a parameter is
    the optimum's 95 % confidence interval, where the truth is to be expected: `zone_95/center/...`, `zone_95/lower/...`
    and `zone_95/upper/...`. Truth and fit, drawn in the same charts, have a zone without a width. (TensorBoard sorts
    these cards behind w.) A parenthesis in a name becomes a bracket, because Custom Scalars cannot draw such a tag.

    The Custom Scalars page has a chart with fit, truth and optimum for each parameter, and one with its zone; of more
    than 16 parameters those 16 that are largest or furthest from the truth, and the rest in groups of ten.

    The Descent tab plays the fit: its path, thinned, with what is known of the rows, goes into the run's own file.

    The run's text page gets its configuration at the start and, where the rows are in memory, the table of
    `linfit.compare` at the end.

    Args:
        log_dir: the folder of these runs; look at it with `tensorboard --logdir log_dir`.
        run: the name of the fit's run. A new fit into a folder that has this run already becomes `fit-2`.
        truth: the `GroundTruth` of the data, or anything with its w and b.
        optimum: "auto" solves least squares for the rows of the fit, where they are in memory and the loss is
            the squared one; a `LeastSquares` of your own, as for a stream; or None.
        every: log steps 0, every, 2 every, ..., and the end.
        data: x and y, or x, y and sample_weight: the rows of the fit, where they are not in memory or the model is not
            linfit's.

    Raises:
        InputError: a truth, an optimum or data of another shape than the model; a folder that cannot be written.

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
        """Opens the runs: TensorBoard colours them in this order."""
        super().on_train_begin(logs)
        start = self.here()
        self._context = context = fit_context(self.model, start, self.params, self.truth, self.optimum, self.data)
        self._tags = dashboard.as_tags(start.names)
        constants = {run: {"loss": loss} for run, loss in context.losses.items()}
        if len(context.points) == 2:  # where the fit's own stops
            floor = np.linalg.norm(context.points["optimum"] - context.points["truth"])
            constants["optimum"][_ERRORS["truth"]] = float(floor)

        goal = context.points.get("optimum", context.points.get("truth", start.values[0]))
        zones = {run: context.zone(run) for run in context.points}
        has_zone = np.isfinite(zones["optimum"]).all(axis=0) if "optimum" in zones else np.zeros(len(goal), bool)
        self._shown = self._to_show(goal)
        self._zoned = [i for i in self._shown if has_zone[i]]
        self._zone_tags = zone_tags(self._tags[i] for i in self._zoned)
        self._approach = ZoneApproach(*zones.get("optimum", np.empty((3, len(goal))))[:, self._zoned])
        self._lay_out()
        self._lines: list[ReferenceLine] = []
        for run in _ERRORS:
            if run in context.points:
                values = dict(zip(self._tags, context.points[run].tolist(), strict=True)) | constants.get(run, {})
                zone = dict(zip(self._zone_tags, zones[run][:, self._zoned].ravel().tolist(), strict=True))
                self._lines.append(ReferenceLine(self.log_dir, run, values, zone))
            else:
                start_without_lines(self.log_dir, run, _NO_LINES[run].format(self.run))
        self._file = open_run(self.log_dir, self.run, self.model)
        self._run_text: str | None = run_text(self.model, start, self.params, self.truth)
        self._descent = DescentLog(self._file, context, self.every)

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Writes the recorded steps, all values of a step as one event."""
        tags = (*self._tags, "loss", "learning_rate", *(_ERRORS[run] for run in self._context.points))
        values = trajectory.values
        distances = [np.linalg.norm(values - point, axis=1) for point in self._context.points.values()]
        table = np.column_stack([values, trajectory.loss, trajectory.learning_rate, *distances])
        if self._run_text is not None:  # by now all callbacks have opened their runs, which must be new for that
            self._file.text(int(trajectory.step[0]), "run", self._run_text)
            self._run_text = None
        for steps, zones in self._approach.points(trajectory.step, values[:, self._zoned]):
            self._file.table(steps, self._zone_tags, zones)  # before the last step: a run goes on from its last event
        self._descent.add(trajectory)
        self._file.table(trajectory.step, tags, table)
        self._file.flush()
        for line in self._lines:
            line.reach(trajectory.step)
            line.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Writes the end point and, where the rows are at hand, the comparison as text."""
        super().on_train_end(logs)
        for steps, zones in self._approach.end():
            self._file.table(steps, self._zone_tags, zones)
        for line in self._lines:
            line.end()
        if "optimum" not in self._context.points:  # nothing better to go by than where the fit has ended
            shown = self._to_show(self.here().values[0])
            if set(shown) != set(self._shown):
                self._shown = shown
                with suppress(InputError):  # the charts are all there, in another order
                    self._lay_out(anew=True)
        step, rows = self.step, self._context.rows
        self._descent.end(step)
        if rows is not None and is_linear(self._context.start.parameters):
            self._file.text(
                step,
                "comparison",
                compare_rows(self.model, rows, self.truth, objective=self._context.objective).to_markdown(),
            )
        self._file.flush()
        del self._lines, self._file, self._descent, self._context

    def _to_show(self, values: np.ndarray) -> list[int]:
        truth = self._context.points.get("truth")
        return dashboard.most_telling(values, None if truth is None else values - truth)

    def _lay_out(self, anew: bool = False) -> None:
        """Writes the layout of Custom Scalars into a run that all fits share, if it shows something new."""
        zoned = [self._tags[i] for i in self._zoned]
        errors = [tag for run, tag in _ERRORS.items() if run in self._context.points]
        page = dashboard.layout(self._tags, self._shown, zoned, errors[::-1])
        earlier = last_layout(self.log_dir, "truth")
        if anew or not dashboard.shows_all_of(earlier, page):
            save_layout(self.log_dir, "truth", dashboard.with_earlier(page, earlier))
