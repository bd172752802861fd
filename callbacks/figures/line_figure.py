"""Picture of a fit to one feature: the data, the fitted line, and the line to reach."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from linfit import checks
from linfit.callbacks.figures.figure_style import Style, in_style, new_picture, style_of, wrapped
from linfit.checks import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Line = tuple[float, float]
Values = Sequence[float] | np.ndarray
_MOST_POINTS = 2000
_MOST_ROOM = 4.0  # heights of the data that the view adds for a line beside them


@in_style
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
    """The data of one feature, the fitted line in red, the true one in green, and where the fit started.

    Args:
        x: the feature, shape (rows,) or (rows, 1). Of more than 2,000 rows an even selection is drawn.
        y: the target, shape (rows,) or (rows, 1).
        fitted, truth, optimum, start: lines as (w, b); None is left out. The optimum is drawn, as the line to
            reach, where there is no truth. The view stays on the data: a line far from them is named only.
        residual_std: the noise's standard deviation, in units of y, a number or an array of one; shades twice
            that to each side of the line to reach, or of the fitted line where there is none.
        title: above the picture.
        x_label, y_label: names of the axes, with units if they have any.
        dark: for a dark background.

    Raises:
        InputError: x and y of different lengths, or no rows.

    Returns:
        A matplotlib Figure, which a notebook shows; `figure.savefig("line.png")` saves it.

    Example:
        >>> figure = line_figure([0, 1, 2], [1, 3, 5], fitted=(1.8, 1.1), truth=(2, 1), start=(0, 0))
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['data', 'start: 0.000 x + 0.000', 'true: 2.000 x + 1.000', 'fitted: 1.800 x + 1.100']
    """
    picture = new_picture((7.2, 4.9))
    draw_line(
        picture,
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
    return picture


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
    room_for: Sequence[Line] = (),
) -> None:
    """Draws the picture of `line_figure` on a figure or a part of one, with room for lines of a film's other frames."""
    x, y = np.ravel(x), np.ravel(y)
    checks.same_length(x, "x", y, "y")
    if not len(x):
        raise InputError("a picture of the line needs at least one row, got none.")
    axes = canvas.add_subplot()
    shown = np.unique(np.linspace(0, len(x) - 1, _MOST_POINTS).astype(int))
    axes.plot(x[shown], y[shown], "o", color=style.muted, markersize=4, alpha=0.55, markeredgewidth=0, label="data")

    goal, goal_name = (truth, "true") if truth is not None else (optimum, "optimum")
    looks = {"start": (start, style.start), goal_name: (goal, style.true), "fitted": (fitted, style.fitted)}
    lines = {name: (float(line[0]), float(line[1])) for name, (line, _) in looks.items() if line is not None}
    ends = np.array([x.min(), x.max()], "float64")
    with np.errstate(over="ignore", invalid="ignore"):  # of a fit that diverges
        heights = {name: w * ends + b for name, (w, b) in lines.items()}
    others = [w * ends + b for w, b in room_for]
    low, high = _view(y, [*heights.values(), *others])
    seen = {name: np.isfinite(at).all() and min(at) < high and max(at) > low for name, at in heights.items()}

    to_reach = "fitted" if goal is None else goal_name
    if residual_std is not None and seen[to_reach]:
        reach = 2 * float(np.ravel(residual_std)[0])
        edges = heights[to_reach] - reach, heights[to_reach] + reach
        label = "noise: ± 2 residual std (95 %)"
        axes.fill_between(ends, *edges, color=style.green, alpha=0.25, linewidth=0, label=label)
    for name, (w, b) in lines.items():
        label = f"{name}: {w:#.4g} x {'-' if b < 0 else '+'} {abs(b):#.4g}"
        axes.plot(ends, heights[name], label=label if seen[name] else f"{label}\n(out of view)", **looks[name][1])
    axes.set(title=title, xlabel=x_label, ylabel=wrapped(y_label), ylim=(low, high))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.locator_params("x", nbins=6)
    canvas.legend(loc="outside lower left", ncols=2, frameon=False, markerscale=1.5)


def _view(y: np.ndarray, lines: list[np.ndarray]) -> Line:
    """From where to where the y axis shows the data, and the ends of lines that are not too far from them."""
    low, high = float(y.min()), float(y.max())
    room = _MOST_ROOM * ((high - low) or abs(high) or 1.0)
    ends = [end for line in lines for end in line.tolist() if low - room <= end <= high + room]
    bottom, top = min([low, *ends]), max([high, *ends])
    margin = 0.05 * ((top - bottom) or abs(high) or 1.0)
    return bottom - margin, top + margin
