"""prediction_figure: picture of a fit to real data, with observed against predicted values, and the residuals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from linfit import checks
from linfit.callbacks.figures.figure_style import Style, new_figure, style_of, with_project_style, wrapped_label
from linfit.checks import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Values = Sequence[float] | np.ndarray
_MAX_POINTS = 2000
_MANY_POINTS = 500  # more points overlap, so they are drawn smaller and more transparent


@with_project_style
def prediction_figure(
    y: Values,
    predicted: Values,
    *,
    residual_std: float | np.ndarray | None = None,
    title: str = "",
    y_label: str = "y",
    dark: bool = False,
) -> "Figure":
    """Draw observed against predicted values, and the residuals (observed - predicted) against predicted values.

    Both panels share the x axis. A point's vertical distance from the diagonal on the left is its residual on the
    right. A bend or a funnel in the residuals shows that a linear model does not describe the data.

    Args:
        y: the target, shape (rows,) or (rows, 1). Of more than 2,000 rows, an evenly spaced selection is drawn.
        predicted: the predictions for the same rows.
        residual_std: standard deviation of the noise in units of y, as a number or an array with one value. A band of
            twice this width is shaded on each side of zero.
        title: the title of the picture.
        y_label: the name of the target, with its unit.
        dark: whether to draw on a dark background.

    Raises:
        InputError: y and predicted differ in length, or have no rows.

    Returns:
        A matplotlib Figure. A notebook displays it.

    Example:
        >>> figure = prediction_figure([1.0, 2.0, 4.0], [1.5, 2.0, 3.0], y_label="price, €")
        >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
        ('predicted price, €', 'observed price, €')
    """
    figure = new_figure((10.5, 4.9))
    draw_prediction(figure, y, predicted, style=style_of(dark), residual_std=residual_std, title=title, y_label=y_label)
    return figure


def draw_prediction(
    canvas: "Figure | SubFigure",
    y: Values,
    predicted: Values,
    *,
    style: Style,
    residual_std: float | np.ndarray | None = None,
    title: str = "",
    y_label: str = "y",
    total_rows: int | None = None,
) -> None:
    """Draw the picture of `prediction_figure` on a figure or a subfigure.

    `total_rows` is the number of rows that the legend names, if y is already a selection of them.
    """
    y, predicted = np.ravel(y).astype("float64"), np.ravel(predicted).astype("float64")
    checks.same_length(y, "y", predicted, "predicted")
    if not len(y):
        raise InputError("y and predicted must have at least one row, got none. Pass the rows to draw.")
    rows = np.unique(np.linspace(0, len(y) - 1, _MAX_POINTS).astype(int))
    rows = rows[np.isfinite(y[rows]) & np.isfinite(predicted[rows])]
    many = len(rows) > _MANY_POINTS
    size, alpha = (3, 0.35) if many else (5, 0.6)
    points = {"color": style.blue, "markersize": size, "alpha": alpha, "markeredgewidth": 0}

    count = total_rows or len(y)
    drawn = f"{len(rows):,} of " if len(rows) < count else ""
    left, right = canvas.subplots(1, 2, sharex=True)
    left.plot(predicted[rows], y[rows], "o", label=f"{drawn}{count:,} rows", **points)
    ends = np.concatenate([y[rows], predicted[rows]])
    diagonal = [ends.min(), ends.max()] if len(ends) else [0.0, 1.0]
    left.plot(diagonal, diagonal, label="observed = predicted", **style.true_line)
    right.plot(predicted[rows], y[rows] - predicted[rows], "o", **points)
    right.axhline(0, **style.true_line)
    if residual_std is not None:
        half_width = 2 * float(np.ravel(residual_std)[0])
        label = "± 2 residual std (95 %)"
        right.axhspan(-half_width, half_width, color=style.green, alpha=0.25, linewidth=0, label=label, zorder=0)
    left.set_ylabel(wrapped_label(f"observed {y_label}"))
    right.set_ylabel(wrapped_label(f"residual of {y_label}") + "\n(observed - predicted)")
    for axes in (left, right):
        axes.set_xlabel(wrapped_label(f"predicted {y_label}"))
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.locator_params("x", nbins=4)
    if title:
        canvas.suptitle(title)
    canvas.legend(loc="outside lower left", ncols=3, frameon=False, markerscale=2)
