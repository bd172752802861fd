"""Pictures of a fit: the line, and the coefficients."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Green and red are the lesson's; a reader who cannot tell them apart goes by dashes, widths and markers.
TRUE: dict[str, Any] = {"color": "#2fae66", "linestyle": (0, (6, 2)), "linewidth": 3.5}
FITTED: dict[str, Any] = {"color": "#c1121f", "linestyle": "-", "linewidth": 2.0}
START: dict[str, Any] = {"color": "#6e7781", "linestyle": ":", "linewidth": 2.0}
_MOST_POINTS = 2000
_MOST_COEFFICIENTS = 40


def line_figure(
    x: Sequence[float] | np.ndarray,
    y: Sequence[float] | np.ndarray,
    fitted: tuple[float, float],
    *,
    truth: tuple[float, float] | None = None,
    optimum: tuple[float, float] | None = None,
    start: tuple[float, float] | None = None,
    title: str = "",
    x_label: str = "x",
    y_label: str = "y",
) -> "Figure":
    """The data of one feature, the fitted line in red, the true one in green, and where the fit started.

    Args:
        x: the feature, shape (rows,) or (rows, 1). Of more than 2,000 rows an even selection is drawn.
        y: the target, shape (rows,) or (rows, 1).
        fitted, truth, optimum, start: lines as (w, b); None is left out. The optimum is drawn, as the line to
            reach, where there is no truth.
        title: above the picture.
        x_label, y_label: names of the axes, with units if they have any.

    Returns:
        A matplotlib Figure; `figure.savefig("line.png")` saves it.

    Example:
        >>> figure = line_figure([0, 1, 2], [1, 3, 5], fitted=(1.8, 1.1), truth=(2, 1), start=(0, 0))
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['data', 'start: 0.000 x + 0.000', 'true: 2.000 x + 1.000', 'fitted: 1.800 x + 1.100']
    """
    figure, axes = _axes((7.2, 4.5), title)
    x, y = np.ravel(x), np.ravel(y)
    shown = np.unique(np.linspace(0, len(x) - 1, _MOST_POINTS).astype(int))
    axes.plot(x[shown], y[shown], "o", color="#57606a", markersize=4, alpha=0.55, markeredgewidth=0, label="data")

    ends = np.array([x.min(), x.max()])
    goal, goal_name = (truth, "true") if truth is not None else (optimum, "optimum")
    for name, line, style in [("start", start, START), (goal_name, goal, TRUE), ("fitted", fitted, FITTED)]:
        if line is not None:
            w, b = (float(value) for value in line)
            label = f"{name}: {w:#.4g} x {'-' if b < 0 else '+'} {abs(b):#.4g}"
            axes.plot(ends, w * ends + b, label=label, **style)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.legend(loc="best", framealpha=0.9, handlelength=3.2)
    return figure


def coefficients_figure(
    names: Sequence[str],
    fitted: Sequence[float] | np.ndarray,
    *,
    truth: Sequence[float] | np.ndarray | None = None,
    optimum: Sequence[float] | np.ndarray | None = None,
    title: str = "",
) -> "Figure":
    """Each fitted coefficient beside its true value and its optimum, the largest on top.

    Args:
        names: a name for each coefficient. The 40 largest are drawn, by their goal or else their fitted value.
        fitted: shape (coefficients,), as truth and optimum; None is left out.
        title: above the picture.

    Returns:
        A matplotlib Figure.

    Example:
        >>> figure = coefficients_figure(["w/area", "b"], [1.4, 0.2], truth=[1.5, 0.0])
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['w/area', 'b']
    """
    reached = np.asarray(fitted)
    goal = next((np.asarray(values) for values in (truth, optimum) if values is not None), reached)
    order = np.argsort(-np.abs(goal), kind="stable")[:_MOST_COEFFICIENTS]
    height = np.arange(len(order))
    figure, axes = _axes((7.2, 1.6 + 0.28 * len(order)), title)

    axes.axvline(0, color="#afb8c1", linewidth=1)
    if truth is not None:
        axes.plot(
            np.asarray(truth)[order],
            height,
            "D",
            color=TRUE["color"],
            markersize=10,
            fillstyle="none",
            markeredgewidth=2.2,
            label="true",
        )
    if optimum is not None:
        axes.plot(
            np.asarray(optimum)[order],
            height,
            "|",
            color="#24292f",
            markersize=18,
            markeredgewidth=2,
            label="optimum",
        )
    axes.plot(reached[order], height, "o", color=FITTED["color"], markersize=6, label="fitted")
    axes.hlines(height, goal[order], reached[order], color=FITTED["color"], linewidth=1.2)
    axes.set_yticks(height, [names[i] for i in order])
    axes.invert_yaxis()
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlabel("value")
    axes.legend(loc="best", framealpha=0.9)
    return figure


def _axes(size: tuple[float, float], title: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=12)
    axes.grid(color="#d0d7de", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
