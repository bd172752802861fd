"""Picture of a fit to real data: what was observed against what is predicted, and what is left over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from linfit import checks
from linfit.callbacks.figures.figure_style import Style, in_style, new_picture, style_of, wrapped
from linfit.checks import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Values = Sequence[float] | np.ndarray
_MOST_POINTS = 2000
_MANY_POINTS = 500  # from there on they lie over each other


@in_style
def prediction_figure(
    y: Values,
    predicted: Values,
    *,
    residual_std: float | np.ndarray | None = None,
    title: str = "",
    y_label: str = "y",
    dark: bool = False,
) -> "Figure":
    """What was observed against what is predicted, and the residuals, observed - predicted, below their prediction.

    Both panels have the prediction on their x axis: a point's way up or down to the diagonal on the left is its
    residual on the right. A bend or a funnel there is what a line cannot fit.

    Args:
        y: the target, shape (rows,) or (rows, 1). Of more than 2,000 rows an even selection is drawn.
        predicted: the predictions of the same rows.
        residual_std: the noise's standard deviation, in units of y, a number or an array of one; shades twice that to
            each side of zero.
        title: above the picture.
        y_label: the name of the target, with its unit if it has one.
        dark: for a dark background.

    Raises:
        InputError: not as many predictions as rows.

    Returns:
        A matplotlib Figure, which a notebook shows.

    Example:
        >>> figure = prediction_figure([1.0, 2.0, 4.0], [1.5, 2.0, 3.0], y_label="price, €")
        >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
        ('predicted price, €', 'observed price, €')
    """
    picture = new_picture((10.5, 4.9))
    draw_prediction(
        picture, y, predicted, style=style_of(dark), residual_std=residual_std, title=title, y_label=y_label
    )
    return picture


def draw_prediction(
    canvas: "Figure | SubFigure",
    y: Values,
    predicted: Values,
    *,
    style: Style,
    residual_std: float | np.ndarray | None = None,
    title: str = "",
    y_label: str = "y",
    rows_in_all: int | None = None,
) -> None:
    """Draws the picture of `prediction_figure` on a figure or a part of one; of all rows, some may have been chosen."""
    y, predicted = np.ravel(y).astype("float64"), np.ravel(predicted).astype("float64")
    checks.same_length(y, "y", predicted, "predicted")
    if not len(y):
        raise InputError("a picture of predictions needs at least one row, got none.")
    rows = np.unique(np.linspace(0, len(y) - 1, _MOST_POINTS).astype(int))
    rows = rows[np.isfinite(y[rows]) & np.isfinite(predicted[rows])]
    many = len(rows) > _MANY_POINTS
    look = {"color": style.blue, "markersize": 3 if many else 5, "alpha": 0.35 if many else 0.6, "markeredgewidth": 0}

    count = rows_in_all or len(y)
    shown = f"{len(rows):,} of " if len(rows) < count else ""
    left, right = canvas.subplots(1, 2, sharex=True)
    left.plot(predicted[rows], y[rows], "o", label=f"{shown}{count:,} rows", **look)
    ends = np.concatenate([y[rows], predicted[rows]])
    diagonal = [ends.min(), ends.max()] if len(ends) else [0.0, 1.0]
    left.plot(diagonal, diagonal, label="observed = predicted", **style.true)
    right.plot(predicted[rows], y[rows] - predicted[rows], "o", **look)
    right.axhline(0, **style.true)
    if residual_std is not None:
        reach = 2 * float(np.ravel(residual_std)[0])
        label = "± 2 residual std (95 %)"
        right.axhspan(-reach, reach, color=style.green, alpha=0.25, linewidth=0, label=label, zorder=0)
    left.set_ylabel(wrapped(f"observed {y_label}"))
    right.set_ylabel(wrapped(f"residual of {y_label}") + "\n(observed - predicted)")
    for axes in (left, right):
        axes.set_xlabel(wrapped(f"predicted {y_label}"))
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.locator_params("x", nbins=4)
    if title:
        canvas.suptitle(title)
    canvas.legend(loc="outside lower left", ncols=3, frameon=False, markerscale=2)
