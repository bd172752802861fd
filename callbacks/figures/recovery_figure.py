"""recovery_figure: picture of a recovery study, with the errors of the estimates from many data sets."""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.figure_style import Style, new_figure, style_of, with_project_style
from linfit.text.text_table import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_PARAMETERS = 25
_LONGEST_NAME = 24  # characters
_MAX_HISTOGRAMS = 2  # more would overlap


@with_project_style
def recovery_figure(
    names: Sequence[str],
    standardized: Sequence[Sequence[float]] | np.ndarray,
    degrees_of_freedom: float,
    *,
    unexpected: Collection[str] = (),
    title: str = "",
    dark: bool = False,
) -> "Figure":
    """Compare the errors of many estimates with Student's t, and draw how many 95 % intervals contain the truth.

    Args:
        names: a name for each parameter. Of more than 25, those with a coverage furthest from 95 % are drawn.
        standardized: (estimate - truth) / standard error of each data set, shape (sets, parameters).
        degrees_of_freedom: of the standard errors.
        unexpected: names of the parameters to mark, because their errors are not as theory predicts.
        title: the title of the picture.
        dark: whether to draw on a dark background.

    Returns:
        A matplotlib Figure.

    Example:
        >>> draws = np.random.default_rng(7).standard_t(10, size=(1000, 2))
        >>> figure = recovery_figure(["w", "b"], draws, degrees_of_freedom=10)
        >>> [label.get_text() for label in figure.axes[1].get_yticklabels()]
        ['w: 95.6 %', 'b: 93.8 %']
    """
    from scipy.special import stdtrit

    longest = min(max(map(len, names)), _LONGEST_NAME)
    height = max(4.2, 2.0 + 0.26 * min(len(names), _MAX_PARAMETERS))
    figure = new_figure((10.5 + 0.18 * max(0, longest - 8), height))
    style = style_of(dark)
    errors = np.asarray(standardized)
    limit = float(stdtrit(degrees_of_freedom, 0.975))
    coverage = np.mean(np.abs(errors) <= limit, axis=0)
    drawn = list(range(len(names)))
    if len(names) > _MAX_PARAMETERS:
        drawn = np.argsort(-np.abs(coverage - 0.95), kind="stable")[:_MAX_PARAMETERS].tolist()
    names, errors, coverage = [names[i] for i in drawn], errors[:, drawn], coverage[drawn]

    if title:
        figure.suptitle(title)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    left.set_title("Distance of the estimates from the truth")
    left.set_xlabel("(estimate - truth) / standard error")
    if len(names) <= _MAX_HISTOGRAMS:
        _draw_histograms(left, names, errors, degrees_of_freedom, limit, style)
    else:
        _draw_bars(left, names, errors, limit, style)
    right.set_title("How many 95 % intervals contain the truth")
    _draw_coverages(right, names, coverage, len(errors), unexpected, style)
    return figure


def _draw_histograms(
    axes: "Axes", names: Sequence[str], errors: np.ndarray, freedom: float, limit: float, style: Style
) -> None:
    """Draw histograms of each parameter's errors, larger ones in the outer bins, and Student's t density."""
    ends = 2.2 * limit
    t = np.linspace(-ends, ends, 400)
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    density = np.exp(scale - (freedom + 1) / 2 * np.log1p(t**2 / freedom))
    inside = np.abs(t) <= limit
    axes.fill_between(
        t[inside], density[inside], color=style.green, alpha=0.18, linewidth=0, label="95 % expected here"
    )
    axes.plot(t, density, label="theory: Student's t", **style.true_line)
    bins = np.linspace(-ends, ends, 45)
    styles: tuple[dict[str, Any], ...] = (
        {"color": style.ink, "linestyle": "-"},
        {"color": style.blue, "linestyle": (0, (3, 1, 1, 1))},
    )
    for name, column, line in zip(names, errors.T, styles, strict=False):
        shares, _ = np.histogram(np.clip(column, -ends, ends), bins)
        axes.stairs(
            shares / len(column) / np.diff(bins),
            bins,
            linewidth=2,
            label=f"{shortened(name, _LONGEST_NAME)}, measured",
            **line,
        )
    if np.any(np.abs(errors) > ends):
        axes.set_xlabel(f"{axes.get_xlabel()}; outer bins include larger ones")
    axes.set_yticks([])
    axes.set_ylabel("density")
    axes.set_ylim(0, 1.45 * axes.get_ylim()[1])  # room for the legend above the curves
    axes.legend(loc="upper center", ncols=2)


def _draw_bars(axes: "Axes", names: Sequence[str], errors: np.ndarray, limit: float, style: Style) -> None:
    """Draw the mean and the middle 95 % of each parameter's errors."""
    low, high = np.quantile(errors, [0.025, 0.975], axis=0)
    height = np.arange(len(names))
    axes.axvline(0, color=style.muted, linewidth=1)
    axes.axvline(-limit, label="theory", **style.true_line)
    axes.axvline(limit, **style.true_line)
    axes.hlines(height, low, high, color=style.ink, linewidth=2.5, label="middle 95 %, measured")
    axes.plot(errors.mean(axis=0), height, "o", color=style.ink, markersize=6, label="mean")
    axes.set_yticks(height, [shortened(name, _LONGEST_NAME) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3)


def _draw_coverages(
    axes: "Axes", names: Sequence[str], coverage: np.ndarray, sets: int, unexpected: Collection[str], style: Style
) -> None:
    """Draw each parameter's coverage with two binomial standard errors on each side, and the 95 % line."""
    height = np.arange(len(names))
    error = 2 * np.sqrt(coverage * (1 - coverage) / sets)
    marked = np.isin(names, list(unexpected))
    axes.axvline(95, **style.true_line)
    for chosen, marker, color in ((~marked, "o", style.ink), (marked, "X", style.red)):
        axes.errorbar(
            100 * coverage[chosen],
            height[chosen],
            xerr=100 * error[chosen],
            fmt=marker,
            color=color,
            markersize=8,
            capsize=4,
            linewidth=2,
        )
    labels = [shortened(name, _LONGEST_NAME) for name in names]
    axes.set_yticks(height, [f"{label}: {100 * share:.1f} %" for label, share in zip(labels, coverage, strict=True)])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("% of the data sets (bars: ± 2 standard errors)")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 92), max(high, 98))
    axes.locator_params("x", integer=True)
