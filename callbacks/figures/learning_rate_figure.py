"""learning_rate_figure: picture of the steps that each learning rate needs, and of the limit where descent diverges."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.figure_style import Style, new_figure, style_of, with_project_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Points = tuple[Sequence[float] | np.ndarray, Sequence[float] | np.ndarray]
_OPEN: dict[str, Any] = {"linestyle": "", "fillstyle": "none"}


@with_project_style
def learning_rate_figure(
    predicted: Points,
    converged: Points,
    *,
    stability_limit: float,
    fastest: float | None = None,
    unfinished: Sequence[float] = (),
    most_steps: int = 1,
    diverged: Sequence[float] = (),
    title: str = "",
    y_label: str = "steps needed",
    dark: bool = False,
) -> "Figure":
    """Draw the steps that each learning rate needs, on logarithmic axes, and the stability limit.

    Args:
        predicted: rates in ascending order, and the predicted number of steps for each; infinite numbers are skipped.
        converged: the rates of the runs that converged, and the numbers of steps they took.
        stability_limit: the rate above which descent diverges.
        fastest: a rate to mark on the predicted curve.
        unfinished: the rates of the runs that had not converged after `most_steps`, drawn there as upward arrowheads.
        most_steps: the number of steps after which a run was stopped.
        diverged: the rates of the runs that diverged, drawn as crosses at the top.
        title: the title of the picture.
        y_label: the label of the y axis, the number of steps.
        dark: whether to draw on a dark background.

    Returns:
        A matplotlib Figure. It draws 0 steps at 1, because the axis is logarithmic.

    Example:
        >>> figure = learning_rate_figure(
        ...     ([0.1, 0.5, 0.9], [20, 3, 20]), ([0.1, 0.5], [20, 3]), stability_limit=1.0, diverged=[1.2]
        ... )
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['predicted', 'measured', 'diverged']
    """
    figure = new_figure((8.4, 5.2))
    style = style_of(dark)
    axes = figure.add_subplot(title=title)
    rates, steps = (np.asarray(values, "float64") for values in predicted)
    rates, steps = rates[np.isfinite(steps)], np.maximum(steps[np.isfinite(steps)], 1)
    measured = np.maximum(np.asarray(converged[1], "float64"), 1)
    left = min([*rates, *converged[0], *unfinished, stability_limit]) / 1.2
    right = max([*diverged, 1.8 * stability_limit]) * 1.25  # wide enough for the words at the limit
    ends = [most_steps] if len(unfinished) else []
    highest = max([*ends, *measured, *([3 * min(steps)] if len(steps) else [])], default=1)
    lowest = min([*steps, *measured, *ends], default=1)
    room = max(10, highest / lowest) ** 0.28  # for the crosses above, and for the words below
    bottom, top = lowest / room, highest * room
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(bottom, top), xlabel="learning rate", ylabel=y_label)
    _set_ticks(axes.xaxis, right / left, "{:g}")
    _set_ticks(axes.yaxis, top / bottom, "{:,g}")

    crosses = top / np.sqrt(room)
    _draw_limit(axes, stability_limit, right, bottom, crosses, style)
    axes.plot(rates, steps, color=style.ink, linewidth=1.8, label="predicted")
    if len(measured):
        axes.plot(converged[0], measured, "o", color=style.red, markersize=7, label="measured")
    if len(unfinished):
        axes.axhline(most_steps, color=style.muted, linestyle=":", linewidth=1.2)
        label = f"not converged after {most_steps:,} steps"
        arrows: dict[str, Any] = {"markersize": 10, "markeredgewidth": 1.8, **_OPEN}
        axes.plot(unfinished, np.full(len(unfinished), most_steps), "^", color=style.red, label=label, **arrows)
    if len(diverged):
        at = np.full(len(diverged), crosses)
        axes.plot(diverged, at, "x", color=style.red, markersize=9, markeredgewidth=2.5, label="diverged")
    if fastest is not None and len(rates):
        needed = np.exp(np.interp(np.log(fastest), np.log(rates), np.log(steps)))
        axes.plot([fastest], [needed], "D", color=style.green, markersize=15, markeredgewidth=2.5, **_OPEN)
        label = f"fastest: {fastest:.4g}"
        axes.annotate(label, (fastest, needed), (-12, -22), ha="right", textcoords="offset points", color=style.ink)
    figure.legend(loc="outside upper left", ncols=4, frameon=False, handlelength=2)
    return figure


def _draw_limit(axes: "Axes", limit: float, right: float, bottom: float, crosses: float, style: Style) -> None:
    """Draw the stability limit as a vertical line, shaded beyond, with words below and at the height of the crosses."""
    axes.axvspan(limit, right, color=style.shade, linewidth=0)
    axes.axvline(limit, color=style.ink, linestyle=(0, (5, 3)), linewidth=1.8)
    middle = np.sqrt(limit * right)
    words: dict[str, Any] = {"ha": "center", "textcoords": "offset points", "color": style.ink}
    axes.annotate(f"stability\nlimit\n{limit:.4g}", (middle, bottom), (0, 8), va="bottom", **words)
    axes.annotate("diverges", (middle, crosses), (0, -14), va="top", **words)


def _set_ticks(axis: "Axis", span: float, text: str) -> None:
    """Label the ticks of a logarithmic axis in this format; over less than three decades also at 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < 1000 else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text.format(value)))
    axis.set_minor_formatter(NullFormatter())
