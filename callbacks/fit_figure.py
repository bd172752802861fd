"""FitFigure: the fit as a picture every N steps, in TensorBoard and as a PNG."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.event_file import open_run
from linfit.callbacks.figures import coefficients_figure, line_figure
from linfit.checks import InputError
from linfit.closed_form import running_problem
from linfit.parameters import flat_reference, is_linear
from linfit.rows import Rows, as_rows
from linfit.step_callback import StepCallback
from linfit.text_table import number
from linfit.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FitFigure(StepCallback):
    """Draws the fit every N steps: an image in TensorBoard, and `fit.png` in the run's folder, the latest one.

    With one feature and one target: the data, the true line in green, the fitted line in red, and the line it
    started from. Otherwise each fitted coefficient beside its true value and its optimum.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the run the pictures belong to, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data, or anything with its w and b.
        every: draw at steps 0, every, 2 every, ..., and at the end. A picture takes about 0.1 s.
        data: x and y to draw, where the fit's rows are not in memory or the model is not linfit's.
        x_label, y_label: names of the axes of the line's picture, with units if they have any.

    Raises:
        InputError: no data for the line's picture; a truth of another shape than the model; a folder that
            cannot be written.

    Example:
        >>> import linfit, tempfile
        >>> x, y = linfit.GroundTruth(w=0.1, b=0.5).sample(120, seed=7)
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate=0.05)
        >>> with tempfile.TemporaryDirectory() as logs:
        ...     _ = model.fit(x, y, verbose=0, callbacks=[FitFigure(logs)])
        ...     Path(logs, "fit", "fit.png").is_file()
        True
    """

    first_rows = 1

    def __init__(
        self,
        log_dir: str | Path,
        run: str = "fit",
        truth: Any = None,
        every: int = 20,
        data: tuple[Any, Any] | None = None,
        x_label: str | None = None,
        y_label: str = "y",
    ):
        super().__init__(every=every, feature_names=getattr(truth, "feature_names", None))
        self.log_dir = Path(log_dir)
        self.run = run
        self.truth = truth
        self.data = data
        self.x_label = x_label
        self.y_label = y_label

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Finds data and references, and remembers where the fit starts."""
        super().on_train_begin(logs)
        self._start = self.here()
        self._rows: Rows | None = getattr(self.model, "training_rows", None)
        if self.data is not None:
            self._rows = as_rows(*self.data)
        values = self._start.parameters
        self._is_line = is_linear(values) and values["w"].size == 1
        if self._is_line and self._rows is None:
            raise InputError("FitFigure needs the rows to draw them. Try FitFigure(..., data=(x, y)).")
        problem = running_problem(self.model)
        references = {"truth": self.truth, "optimum": None if problem is None else problem.optimum}
        self._references = {
            name: flat_reference(reference, self._start.point(), name)
            for name, reference in references.items()
            if reference is not None
        }
        self._file = open_run(self.log_dir, self.run, self.model)

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Draws each recorded step."""
        for step, loss, values in zip(trajectory.step.tolist(), trajectory.loss, trajectory.values, strict=True):
            figure = self._draw(values, trajectory.names, f"step {step:,}, loss {number(loss)}")
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png")
            width, height = figure.canvas.get_width_height()
            self._file.image(step, "fit", buffer.getvalue(), (width, height))
            self._file.save_beside("fit.png", buffer.getvalue())
            self._file.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Draws the end."""
        super().on_train_end(logs)
        del self._file, self._rows

    def _draw(self, values: np.ndarray, names: tuple[str, ...], title: str) -> "Figure":
        if self._is_line:
            assert self._rows is not None
            lines = {"start": self._start.values[0], **self._references}
            return line_figure(
                self._rows.x,
                self._rows.y,
                _line(values),
                title=title,
                x_label=self.x_label or (names[0].removeprefix("w/") if "/" in names[0] else "x"),
                y_label=self.y_label,
                **{name: _line(line) for name, line in lines.items()},
            )
        return coefficients_figure(names, values, title=title, **self._references)


def _line(values: np.ndarray) -> tuple[float, float]:
    w, *b = values.tolist()
    return w, b[0] if b else 0.0
