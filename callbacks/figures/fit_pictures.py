"""FitPictures: the pictures of one fit, drawn at any point of its path."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.bowl_figure import draw_bowl
from linfit.callbacks.figures.coefficients_figure import coefficients_size, draw_coefficients
from linfit.callbacks.figures.figure_style import Style, new_figure, style_of, with_project_style
from linfit.callbacks.figures.line_figure import draw_line
from linfit.callbacks.figures.prediction_figure import draw_prediction
from linfit.callbacks.fit_context import FitContext
from linfit.checks import InputError
from linfit.parameter_names import is_linear
from linfit.text.text_table import number
from linfit.training.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

_MAX_ROWS = 2000  # points that a picture can show
_SIZES = {"fit": (7.2, 5.0), "bowl": (7.2, 5.0), "predictions": (10.5, 4.9)}  # width and height in inches


class FitPictures:
    """The pictures of one fit, drawn at any point of its path.

    Args:
        context: what is known of the fit.
        truth: the `GroundTruth` of the data, or any object with its w and b; or None.
        x_label, y_label: labels of the axes of the line's picture; without an x_label, it is the feature's name.

    Attributes:
        names: the pictures that this fit has: "fit", the line or the coefficients; "bowl", for the squared loss of one
            target; "predictions", for several features and one target.

    Raises:
        InputError: there are no rows for the picture of the line; the truth has another shape than the model.
    """

    def __init__(self, context: FitContext, truth: Any = None, x_label: str | None = None, y_label: str = "y"):
        start, drawn = context.start, context.data_rows
        self._context, self._truth = context, truth
        parameters = start.parameters
        self._is_line = is_linear(parameters) and parameters["w"].size == 1
        if self._is_line and drawn is None:
            if context.rows is None:
                raise InputError("the picture of the line needs the rows of the fit, got none. Pass data=(x, y).")
            self._is_line = False  # the rows of a stream were condensed: there are no points to draw
        self._rows = None if drawn is None else drawn.evenly_spaced(_MAX_ROWS)
        self._total_rows = None if drawn is None else len(drawn)
        feature = start.names[0].removeprefix("w/") if "/" in start.names[0] else "x"
        self._x_label, self._y_label = x_label or feature, y_label
        self._noise, self._errors = _noise_and_errors(context)

        has_one_target = is_linear(parameters) and parameters["w"].shape[2] == 1
        self.names = ["fit"]
        if has_one_target and context.objective is not None:
            self.names.append("bowl")
        if has_one_target and drawn is not None and not self._is_line:
            self.names.append("predictions")

    @with_project_style
    def picture(self, name: str, path: Trajectory, *, dark: bool = False) -> "Figure":
        """Draw the picture of this name at the end of a path that begins at the start of the fit."""
        size = _SIZES[name]
        if name == "fit" and not self._is_line:
            size = coefficients_size(len(path.names), "standard_error" in self._errors)
        figure = new_figure(size, _title(path))
        self._draw(figure, name, path, style_of(dark))
        return figure

    @with_project_style
    def side_by_side(self, path: Trajectory, whole_path: Trajectory, *, dark: bool = False) -> "Figure":
        """Draw a frame of an animation of `whole_path`: the line or the coefficients, and the bowl if there is one."""
        names = [name for name in self.names if name in ("fit", "bowl")]
        figure = new_figure((6.4 * len(names), 4.8), _title(path))
        parts = figure.subfigures(1, len(names), squeeze=False)[0]
        for part, name in zip(parts, names, strict=True):
            self._draw(part, name, path, style_of(dark), whole_path)
        return figure

    def _draw(
        self,
        canvas: "Figure | SubFigure",
        name: str,
        path: Trajectory,
        style: Style,
        whole_path: Trajectory | None = None,
    ) -> None:
        if name == "bowl":
            self._draw_bowl(canvas, path, style)
        elif name == "predictions":
            self._draw_predictions(canvas, path, style)
        elif self._is_line:
            self._draw_line(canvas, path, style, whole_path)
        else:
            start = self._context.start.values[0]
            values = {"start": start, **self._errors, **self._context.points}
            draw_coefficients(canvas, path.names, path.values[-1], style=style, **values)

    def _draw_bowl(self, canvas: "Figure | SubFigure", path: Trajectory, style: Style) -> None:
        objective = self._context.objective
        assert objective is not None
        draw_bowl(canvas, path, objective.optimum, objective.curvature_of_data, truth=self._truth, style=style)

    def _draw_predictions(self, canvas: "Figure | SubFigure", path: Trajectory, style: Style) -> None:
        rows = self._rows
        assert rows is not None
        predicted = rows.x @ path.w[-1] + path.parameters.get("b", np.zeros((1, 1)))[-1]
        draw_prediction(
            canvas,
            rows.y,
            predicted,
            style=style,
            residual_std=self._noise,
            y_label=self._y_label,
            total_rows=self._total_rows,
        )

    def _draw_line(
        self, canvas: "Figure | SubFigure", path: Trajectory, style: Style, whole_path: Trajectory | None
    ) -> None:
        rows = self._rows
        assert rows is not None
        references = {name: _line(point) for name, point in self._context.points.items()}
        draw_line(
            canvas,
            rows.x,
            rows.y,
            _line(path.values[-1]),
            style=style,
            truth=references.get("truth"),
            optimum=references.get("optimum"),
            start=_line(self._context.start.values[0]),
            residual_std=self._noise,
            x_label=self._x_label,
            y_label=self._y_label,
            lines_in_view=[] if whole_path is None else [_line(point) for point in whole_path.values],
        )


def _noise_and_errors(context: FitContext) -> tuple[float | None, dict[str, Any]]:
    """Return the residual standard deviation, and arguments of `draw_coefficients`, of an optimum that has them."""
    if context.objective is None:
        return None, {}
    optimum = context.objective.optimum
    noise = float(optimum.residual_std[0])  # NaN unless there are more rows than parameters
    errors = optimum.standard_error(context.start.parameters)
    arguments = {"standard_error": errors, "degrees_of_freedom": optimum.degrees_of_freedom}
    return noise if np.isfinite(noise) else None, arguments if np.isfinite(errors).any() else {}


def _title(path: Trajectory) -> str:
    step, loss = f"step {int(path.step[-1]):,}", float(path.loss[-1])
    return step if math.isnan(loss) else f"{step}, loss {number(loss)}"  # with mini-batches, no loss at the end


def _line(point: np.ndarray) -> tuple[float, float]:
    """Return a point of one feature as slope and intercept, which is 0 without a bias."""
    w, *b = point.tolist()
    return w, b[0] if b else 0.0
