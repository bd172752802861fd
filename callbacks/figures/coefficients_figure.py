"""coefficients_figure: picture of many coefficients, each with its optimum, its 95 % interval and its true value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from linfit.callbacks.figures.coefficient_panels import draw_distances, draw_values
from linfit.callbacks.figures.figure_style import Style, new_figure, style_of, with_project_style
from linfit.checks import InputError
from linfit.text.text_table import shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Values = Sequence[float] | np.ndarray
_MAX_COEFFICIENTS = 40
_FRAME, _ROW = 2.4, 0.28  # heights in inches: of everything around the rows, and of one row


@with_project_style
def coefficients_figure(
    names: Sequence[str],
    fitted: Values,
    *,
    truth: Values | None = None,
    optimum: Values | None = None,
    standard_error: Values | None = None,
    degrees_of_freedom: float = float("inf"),
    title: str = "",
    dark: bool = False,
) -> "Figure":
    """Draw each fitted coefficient with its true value and its optimum, sorted by size, the largest at the top.

    With standard errors, a second panel shows how many standard errors the fit and the truth are from the optimum. A
    fit outside the shaded 95 % interval has not reached the optimum; a truth outside it is rare.

    Args:
        names: a name for each coefficient. The 40 largest are drawn, by truth, else by optimum, else by fitted value.
        fitted, truth, optimum: the values, shape (coefficients,); None is not drawn.
        standard_error: standard errors of the optimum, shape (coefficients,), in the units of the coefficients. One
            that is zero, infinite or NaN (a feature may depend linearly on others) is replaced by the words "no
            standard error" in the second panel.
        degrees_of_freedom: of the standard errors, for the Student's t quantile of the 95 % intervals. By default the
            standard errors are taken as exact, and the factor is 1.96.
        title: the title of the picture.
        dark: whether to draw on a dark background.

    Raises:
        InputError: there are standard errors but no optimum; the numbers of values and names differ, or are 0.

    Returns:
        A matplotlib Figure. A notebook displays it.

    Example:
        >>> figure = coefficients_figure(["w/area", "b"], [1.4, 0.2], truth=[1.5, 0.0])
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['w/area', 'b']
    """
    figure = new_figure(coefficients_size(len(names), standard_error is not None))
    draw_coefficients(
        figure,
        names,
        fitted,
        style=style_of(dark),
        truth=truth,
        optimum=optimum,
        standard_error=standard_error,
        degrees_of_freedom=degrees_of_freedom,
        title=title,
    )
    return figure


def coefficients_size(count: int, with_errors: bool) -> tuple[float, float]:
    """Return the width and height in inches of a picture of `count` coefficients, with or without standard errors."""
    return 10.5 if with_errors else 7.2, _FRAME + _ROW * min(max(count, 2), _MAX_COEFFICIENTS)


def draw_coefficients(
    canvas: "Figure | SubFigure",
    names: Sequence[str],
    fitted: Values,
    *,
    style: Style,
    truth: Values | None = None,
    optimum: Values | None = None,
    standard_error: Values | None = None,
    degrees_of_freedom: float = float("inf"),
    title: str = "",
    start: Values | None = None,
) -> None:
    """Draw the picture of `coefficients_figure` on a figure or a subfigure, with as many coefficients as fit.

    `start` extends the view to the values at the start of the fit, so that all pictures of a fit have the same axes.
    """
    from scipy.special import stdtrit

    if standard_error is not None and optimum is None:
        raise InputError(
            "standard_error needs the optimum that it belongs to, got optimum=None. Pass one value for each name."
        )
    given = {"fitted": fitted, "true": truth, "optimum": optimum, "start": start, "error": standard_error}
    values = {name: _finite(each) for name, each in given.items() if each is not None}
    for name, each in values.items():
        if len(each) != len(names) or not len(names):
            raise InputError(
                f"coefficients_figure needs as many {name} values as names, and at least one: got {len(each)} values "
                f"and {len(names)} names. Pass one value for each name."
            )
    goal = values[next(name for name in ("true", "optimum", "fitted") if name in values)]
    width, height = canvas.bbox.width / canvas.dpi, canvas.bbox.height / canvas.dpi
    rows = max(1, round((height - _FRAME) / _ROW))
    order = np.argsort(-np.abs(np.nan_to_num(goal)), kind="stable")[: min(rows, _MAX_COEFFICIENTS)]
    goal, values = goal[order], {name: each[order] for name, each in values.items()}
    error = values.pop("error", None)

    panels = canvas.subplots(1, 1 if error is None else 2, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.axvline(0, color=style.muted, linewidth=1)
        axes.locator_params("x", nbins=6)
    hidden = len(names) - len(order)
    panels[0].set_xlabel("value" + (f"\n({hidden:,} smaller ones\nnot shown)" if hidden else ""))
    half_widths = None
    if error is not None:
        factor = float(stdtrit(degrees_of_freedom, 0.975)) if 0 < degrees_of_freedom < np.inf else 1.96
        half_widths = factor * error
        draw_distances(panels[1], values, error, factor, style)
    draw_values(panels[0], values, goal, half_widths, style)
    panels[0].set_yticks(np.arange(len(order)), [shortened(names[i], round(4 * width)) for i in order])
    panels[0].set_ylim(len(order) - 0.4, -0.6)
    if title:
        canvas.suptitle(title)
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, handlelength=1.5)


def _finite(values: Values) -> np.ndarray:
    """Return the values with NaN in place of infinities, because matplotlib skips NaN."""
    array = np.ravel(values).astype("float64")
    return np.where(np.isfinite(array), array, np.nan)
