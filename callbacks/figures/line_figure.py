"""line_figure: picture of a fit to one feature, with the data, the fitted line, and the true or optimal line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from linfit import checks
from linfit.callbacks.figures.figure_style import Style, new_figure, style_of, with_project_style, wrapped_label
from linfit.checks import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Line = tuple[float, float]
Values = Sequence[float] | np.ndarray
_MAX_POINTS = 2000
_MAX_EXTENSION = 4.0  # times the height of the data, above and below: the view is not extended to lines further out


@with_project_style
def line_figure(
    x: Values,
    y: Values,
    fitted: Line,
    *,
    truth: Line | None = None,
    optimum: Line | None = None,
    start: Line | None = None,
    residual_std: float | np.ndarray | None = None,
    title: str = "",
    x_label: str = "x",
    y_label: str = "y",
    dark: bool = False,
) -> "Figure":
    """Draw the rows of one feature with the fitted line in red, the true line in green, and the line at the start.

    Args:
        x: the feature, shape (rows,) or (rows, 1). Of more than 2,000 rows, an evenly spaced selection is drawn.
        y: the target, shape (rows,) or (rows, 1).
        fitted, truth, optimum, start: lines as (w, b); None is not drawn. The optimum is drawn only without a truth.
            The view stays on the data: a line far outside appears only in the legend.
        residual_std: standard deviation of the noise in units of y, as a number or an array with one value. A band of
            twice this width is shaded on each side of the true line, else of the optimum, else of the fitted line.
        title: the title of the picture.
        x_label, y_label: labels of the axes, with their units.
        dark: whether to draw on a dark background.

    Raises:
        InputError: x and y differ in length, or have no rows.

    Returns:
        A matplotlib Figure. A notebook displays it; `figure.savefig("line.png")` saves it.

    Example:
        >>> figure = line_figure([0, 1, 2], [1, 3, 5], fitted=(1.8, 1.1), truth=(2, 1), start=(0, 0))
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['data', 'start: 0.000 x + 0.000', 'true: 2.000 x + 1.000', 'fitted: 1.800 x + 1.100']
    """
    figure = new_figure((7.2, 4.9))
    draw_line(
        figure,
        x,
        y,
        fitted,
        style=style_of(dark),
        truth=truth,
        optimum=optimum,
        start=start,
        residual_std=residual_std,
        title=title,
        x_label=x_label,
        y_label=y_label,
    )
    return figure


def draw_line(
    canvas: "Figure | SubFigure",
    x: Values,
    y: Values,
    fitted: Line,
    *,
    style: Style,
    truth: Line | None = None,
    optimum: Line | None = None,
    start: Line | None = None,
    residual_std: float | np.ndarray | None = None,
    title: str = "",
    x_label: str = "x",
    y_label: str = "y",
    lines_in_view: Sequence[Line] = (),
) -> None:
    """Draw the picture of `line_figure` on a figure or a subfigure.

    `lines_in_view` extends the view to the lines of an animation's other frames, so that all frames have the same axes.
    """
    x, y = np.ravel(x), np.ravel(y)
    checks.same_length(x, "x", y, "y")
    if not len(x):
        raise InputError("x and y must have at least one row, got none. Pass the rows to draw.")
    axes = canvas.add_subplot()
    drawn = np.unique(np.linspace(0, len(x) - 1, _MAX_POINTS).astype(int))
    axes.plot(x[drawn], y[drawn], "o", color=style.muted, markersize=4, alpha=0.55, markeredgewidth=0, label="data")

    goal, goal_name = (truth, "true") if truth is not None else (optimum, "optimum")
    styles = {
        "start": (start, style.start_line),
        goal_name: (goal, style.true_line),
        "fitted": (fitted, style.fitted_line),
    }
    lines = {name: (float(line[0]), float(line[1])) for name, (line, _) in styles.items() if line is not None}
    ends = np.array([x.min(), x.max()], "float64")
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging fit may overflow
        heights = {name: w * ends + b for name, (w, b) in lines.items()}
    others = [w * ends + b for w, b in lines_in_view]
    low, high = _view(y, [*heights.values(), *others])
    visible = {name: np.isfinite(at).all() and min(at) < high and max(at) > low for name, at in heights.items()}

    middle = "fitted" if goal is None else goal_name
    if residual_std is not None and visible[middle]:
        half_width = 2 * float(np.ravel(residual_std)[0])
        edges = heights[middle] - half_width, heights[middle] + half_width
        label = "noise: ± 2 residual std (95 %)"
        axes.fill_between(ends, *edges, color=style.green, alpha=0.25, linewidth=0, label=label)
    for name, (w, b) in lines.items():
        label = f"{name}: {w:#.4g} x {'-' if b < 0 else '+'} {abs(b):#.4g}"
        axes.plot(ends, heights[name], label=label if visible[name] else f"{label}\n(out of view)", **styles[name][1])
    axes.set(title=title, xlabel=x_label, ylabel=wrapped_label(y_label), ylim=(low, high))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.locator_params("x", nbins=6)
    canvas.legend(loc="outside lower left", ncols=2, frameon=False, markerscale=1.5)


def _view(y: np.ndarray, lines: list[np.ndarray]) -> tuple[float, float]:
    """Return the limits of the y axis, which include the data and the ends of lines that are not too far from them."""
    low, high = float(y.min()), float(y.max())
    extension = _MAX_EXTENSION * ((high - low) or abs(high) or 1.0)
    ends = [end for line in lines for end in line.tolist() if low - extension <= end <= high + extension]
    bottom, top = min([low, *ends]), max([high, *ends])
    margin = 0.05 * ((top - bottom) or abs(high) or 1.0)
    return bottom - margin, top + margin
