"""Picture of many coefficients: each fitted one beside its optimum, with its interval, and its true value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from linfit.callbacks.figures.coefficient_panels import draw_distances, draw_values
from linfit.callbacks.figures.figure_style import Style, in_style, new_picture, style_of
from linfit.checks import InputError
from linfit.text.text_table import shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

Values = Sequence[float] | np.ndarray
_MOST_COEFFICIENTS = 40
_FRAME, _ROW = 2.4, 0.28  # heights in inches, of all around the coefficients and of one


@in_style
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
    """Each fitted coefficient beside its true value and its optimum, the largest on top.

    With standard errors a second panel shows how many of them the fit and the truth are away from the optimum: what
    is outside the shaded zone is still to be reached, or, of the truth, rare.

    Args:
        names: a name for each coefficient. The 40 largest are drawn, by their goal (the truth, or else the optimum)
            or else their fitted value.
        fitted: shape (coefficients,), as truth and optimum; None is left out.
        standard_error: those of the optimum, shape (coefficients,), in units of the coefficients; one that is
            infinite or NaN, of a feature that depends on others, leaves its coefficient out of the second panel.
        degrees_of_freedom: of the standard errors, for Student's t in the 95 % intervals; by default they are
            taken as known exactly, which is a factor of 1.96.
        title: above the picture.
        dark: for a dark background.

    Raises:
        InputError: standard errors without an optimum; not as many values as names.

    Returns:
        A matplotlib Figure, which a notebook shows.

    Example:
        >>> figure = coefficients_figure(["w/area", "b"], [1.4, 0.2], truth=[1.5, 0.0])
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['w/area', 'b']
    """
    picture = new_picture(coefficients_size(len(names), standard_error is not None))
    draw_coefficients(
        picture,
        names,
        fitted,
        style=style_of(dark),
        truth=truth,
        optimum=optimum,
        standard_error=standard_error,
        degrees_of_freedom=degrees_of_freedom,
        title=title,
    )
    return picture


def coefficients_size(count: int, with_errors: bool) -> tuple[float, float]:
    """Width and height in inches that the picture of so many coefficients needs, with or without standard errors."""
    return 10.5 if with_errors else 7.2, _FRAME + _ROW * min(max(count, 2), _MOST_COEFFICIENTS)


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
    """Draws the picture of `coefficients_figure` on a figure or a part of one, with as many as there is room for.

    Where the start of a fit is given, there is room for it: so all pictures of the fit have the same axes.
    """
    from scipy.special import stdtrit

    if standard_error is not None and optimum is None:
        raise InputError("standard_error needs the optimum that it belongs to. Try optimum=....")
    given = {"fitted": fitted, "true": truth, "optimum": optimum, "start": start, "error": standard_error}
    values = {name: _finite(each) for name, each in given.items() if each is not None}
    for name, each in values.items():
        if len(each) != len(names) or not len(names):
            raise InputError(
                f"as many {name} values as names are needed, and at least one: got {len(each)} and {len(names)}."
            )
    goal = values[next(name for name in ("true", "optimum", "fitted") if name in values)]
    width, height = canvas.bbox.width / canvas.dpi, canvas.bbox.height / canvas.dpi
    room = max(1, round((height - _FRAME) / _ROW))
    order = np.argsort(-np.abs(np.nan_to_num(goal)), kind="stable")[: min(room, _MOST_COEFFICIENTS)]
    goal, values = goal[order], {name: each[order] for name, each in values.items()}
    error = values.pop("error", None)

    panels = canvas.subplots(1, 1 if error is None else 2, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.axvline(0, color=style.muted, linewidth=1)
        axes.locator_params("x", nbins=6)
    left_out = len(names) - len(order)
    panels[0].set_xlabel("value" + (f"\n({left_out:,} smaller ones\nare left out)" if left_out else ""))
    reach = None
    if error is not None:
        factor = float(stdtrit(degrees_of_freedom, 0.975)) if 0 < degrees_of_freedom < np.inf else 1.96
        reach = factor * error
        draw_distances(panels[1], values, error, factor, style)
    draw_values(panels[0], values, goal, reach, style)
    panels[0].set_yticks(np.arange(len(order)), [shortened(names[i], round(4 * width)) for i in order])
    panels[0].set_ylim(len(order) - 0.4, -0.6)
    if title:
        canvas.suptitle(title)
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, handlelength=1.5)


def _finite(values: Values) -> np.ndarray:
    """What is not finite, as NaN, which matplotlib leaves out."""
    array = np.ravel(values).astype("float64")
    return np.where(np.isfinite(array), array, np.nan)
