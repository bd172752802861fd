"""FitPictures: what the pictures of one fit have in common, its rows, its references, and where it started."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.bowl_figure import draw_bowl
from linfit.callbacks.figures.coefficients_figure import coefficients_size, draw_coefficients
from linfit.callbacks.figures.figure_style import in_style, new_picture, style_of
from linfit.callbacks.figures.line_figure import draw_line
from linfit.callbacks.figures.prediction_figure import draw_prediction
from linfit.callbacks.fit_context import FitContext
from linfit.checks import InputError
from linfit.parameter_names import is_linear
from linfit.text.text_table import number
from linfit.training.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

_MOST_ROWS = 2000  # as many points as a picture can show


class FitPictures:
    """The pictures of one fit, at any point of its path.

    Args:
        context: what is known of the fit.
        truth: the `GroundTruth` of the data, or anything with its w and b; or None.
        x_label, y_label: names of the axes of the line's picture; None takes the feature's name.

    Attributes:
        names: of the pictures that this fit has: "fit", the line or the coefficients; "bowl", for the squared loss
            of one target; "predictions", for several features and one target.

    Raises:
        InputError: no data for the line's picture; a truth of another shape than the model.
    """

    def __init__(self, context: FitContext, truth: Any = None, x_label: str | None = None, y_label: str = "y"):
        start, drawn = context.start, context.data_rows
        values = start.parameters
        linear = is_linear(values)
        self._is_line = linear and values["w"].size == 1 and not (drawn is None and context.rows is not None)
        if self._is_line and drawn is None:
            raise InputError("a picture of the line needs the rows. Pass them as data=(x, y).")
        self._objective = context.objective if linear else None
        self._rows = None if drawn is None else drawn.some(_MOST_ROWS)
        self._count = None if drawn is None else len(drawn)
        self._start, self._truth, self._y_label = start, truth, y_label
        self._x_label = x_label or (start.names[0].removeprefix("w/") if "/" in start.names[0] else "x")
        self._references: dict[str, Any] = dict(context.points)
        self._noise = np.nan
        self._errors: dict[str, Any] = {}
        if self._objective is not None:
            optimum = self._objective.optimum
            self._noise = float(optimum.residual_std[0])  # NaN where there are no more rows than parameters
            errors = optimum.standard_error(values)
            if np.isfinite(errors).any():
                self._errors = {"standard_error": errors, "degrees_of_freedom": optimum.degrees_of_freedom}
        one_target = linear and values["w"].shape[2] == 1
        self.names = ["fit"]
        if one_target and self._objective is not None:
            self.names.append("bowl")
        if one_target and self._rows is not None and not self._is_line:
            self.names.append("predictions")

    @in_style
    def picture(self, name: str, path: Trajectory, *, dark: bool = False) -> "Figure":
        """One of the pictures, at the end of a path that begins at the start."""
        size = {"bowl": (7.2, 5.0), "predictions": (10.5, 4.9)}.get(name, (7.2, 5.0))
        if name == "fit" and not self._is_line:
            size = coefficients_size(len(path.names), "standard_error" in self._errors)
        picture = new_picture(size, _title(path))
        self._draw(picture, name, path, dark)
        return picture

    @in_style
    def side_by_side(self, path: Trajectory, whole: Trajectory, *, dark: bool = False) -> "Figure":
        """The line or the coefficients, and the bowl beside them where there is one: a frame of the film of a path."""
        names = self.names[:2] if "bowl" in self.names else self.names[:1]
        picture = new_picture((6.4 * len(names), 4.8), _title(path))
        parts = picture.subfigures(1, len(names), squeeze=False)[0]
        for part, name in zip(parts, names, strict=True):
            self._draw(part, name, path, dark, whole)
        return picture

    def _draw(
        self, canvas: "Figure | SubFigure", name: str, path: Trajectory, dark: bool, whole: Trajectory | None = None
    ) -> None:
        objective, rows, point = self._objective, self._rows, path.values[-1]
        common: dict[str, Any] = {"style": style_of(dark)}
        if np.isfinite(self._noise):
            common["residual_std"] = self._noise
        if name == "bowl":
            assert objective is not None
            draw_bowl(
                canvas, path, objective.optimum, objective.curvature_of_data, truth=self._truth, style=style_of(dark)
            )
        elif name == "predictions":
            assert rows is not None
            predicted = rows.x @ path.w[-1] + path.parameters.get("b", np.zeros((1, 1)))[-1]
            draw_prediction(canvas, rows.y, predicted, y_label=self._y_label, rows_in_all=self._count, **common)
        elif self._is_line:
            assert rows is not None
            common |= {name: _line(line) for name, line in self._references.items()}
            common |= {"x_label": self._x_label, "y_label": self._y_label, "start": _line(self._start.values[0])}
            others = [] if whole is None else [_line(values) for values in whole.values]
            draw_line(canvas, rows.x, rows.y, _line(point), room_for=others, **common)
        else:
            common = {"style": style_of(dark), "start": self._start.values[0]}
            draw_coefficients(canvas, path.names, point, **common, **self._errors, **self._references)


def _title(path: Trajectory) -> str:
    step, loss = f"step {int(path.step[-1]):,}", float(path.loss[-1])
    return step if math.isnan(loss) else f"{step}, loss {number(loss)}"  # no batch has seen the end of a fit


def _line(values: np.ndarray) -> tuple[float, float]:
    w, *b = values.tolist()
    return w, b[0] if b else 0.0
