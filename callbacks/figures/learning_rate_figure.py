"""Picture of a sweep over learning rates: how many steps each needs, and from where on descent diverges."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.figure_style import in_style, new_picture, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Points = tuple[Sequence[float] | np.ndarray, Sequence[float] | np.ndarray]
_OPEN: dict[str, Any] = {"linestyle": "", "fillstyle": "none"}


@in_style
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
    """The steps that each learning rate needs, on logarithmic axes, with a wall where descent starts to diverge.

    Args:
        predicted: rates in ascending order, and the steps that each needs; infinite ones are left out.
        converged: the rates of runs that arrived, and the steps they took.
        stability_limit: the rate of the wall.
        fastest: the rate to mark on the predicted curve.
        unfinished: the rates of runs that had not arrived after `most_steps`; drawn there, as arrowheads upwards.
        most_steps: after how many steps a run was ended.
        diverged: the rates of runs that diverged; drawn as crosses at the top, where no number of steps is enough.
        title: above the picture.
        y_label: what the steps are counted to.
        dark: for a dark background.

    Returns:
        A matplotlib Figure; a count of 0 steps is drawn at 1.

    Example:
        >>> figure = learning_rate_figure(
        ...     ([0.1, 0.5, 0.9], [20, 3, 20]), ([0.1, 0.5], [20, 3]), stability_limit=1.0, diverged=[1.2]
        ... )
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['predicted', 'measured', 'diverged']
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    picture = new_picture((8.4, 5.2))
    style = style_of(dark)
    axes = picture.add_subplot(title=title)
    rates, steps = (np.asarray(values, "float64") for values in predicted)
    rates, steps = rates[np.isfinite(steps)], np.maximum(steps[np.isfinite(steps)], 1)
    taken = np.maximum(np.asarray(converged[1], "float64"), 1)
    left = min([*rates, *converged[0], *unfinished, stability_limit]) / 1.2
    right = max([*diverged, 1.8 * stability_limit]) * 1.25  # wide enough for a word
    ends = [most_steps] if len(unfinished) else []
    highest = max([*ends, *taken, *([3 * min(steps)] if len(steps) else [])], default=1)
    lowest = min([*steps, *taken, *ends], default=1)
    room = max(10, highest / lowest) ** 0.28  # above for the crosses, below for the words
    bottom, top = lowest / room, highest * room
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(bottom, top), xlabel="learning rate", ylabel=y_label)
    for axis, span, text in (axes.xaxis, right / left, "{:g}"), (axes.yaxis, top / bottom, "{:,g}"):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < 1000 else (1,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _, text=text: text.format(value)))
        axis.set_minor_formatter(NullFormatter())

    axes.axvspan(stability_limit, right, color=style.shade, linewidth=0)
    axes.axvline(stability_limit, color=style.ink, linestyle=(0, (5, 3)), linewidth=1.8)
    words: dict[str, Any] = {"textcoords": "offset points", "color": style.ink}
    wall = np.sqrt(stability_limit * right)
    axes.annotate(f"stability\nlimit\n{stability_limit:.4g}", (wall, bottom), (0, 8), ha="center", va="bottom", **words)
    axes.annotate("diverges", (wall, top / np.sqrt(room)), (0, -14), ha="center", va="top", **words)
    axes.plot(rates, steps, color=style.ink, linewidth=1.8, label="predicted")
    if len(taken):
        axes.plot(converged[0], taken, "o", color=style.red, markersize=7, label="measured")
    if len(unfinished):
        axes.axhline(most_steps, color=style.muted, linestyle=":", linewidth=1.2)
        at, label = np.full(len(unfinished), most_steps), f"not there after {most_steps:,}"
        axes.plot(unfinished, at, "^", color=style.red, markersize=10, markeredgewidth=1.8, label=label, **_OPEN)
    if len(diverged):
        at = np.full(len(diverged), top / np.sqrt(room))
        axes.plot(diverged, at, "x", color=style.red, markersize=9, markeredgewidth=2.5, label="diverged")
    if fastest is not None and len(rates):
        needed = np.exp(np.interp(np.log(fastest), np.log(rates), np.log(steps)))
        axes.plot([fastest], [needed], "D", color=style.green, markersize=15, markeredgewidth=2.5, **_OPEN)
        axes.annotate(f"fastest: {fastest:.4g}", (fastest, needed), (-12, -22), ha="right", **words)
    picture.legend(loc="outside upper left", ncols=4, frameon=False, handlelength=2)
    return picture
