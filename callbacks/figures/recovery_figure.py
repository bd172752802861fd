"""The picture of a recovery study: how far the estimates of many data sets are from the truth."""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.figure_style import Style, in_style, new_picture, style_of
from linfit.text.text_table import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PARAMETERS = 25
_LONGEST_NAME = 24
_MOST_HISTOGRAMS = 2  # more lie over each other


@in_style
def recovery_figure(
    names: Sequence[str],
    standardized: Sequence[Sequence[float]] | np.ndarray,
    degrees_of_freedom: float,
    *,
    unexpected: Collection[str] = (),
    title: str = "",
    dark: bool = False,
) -> "Figure":
    """The errors of many estimates beside Student's t, and how many of their 95 % intervals hold the truth.

    Args:
        names: a name for each parameter. The 25 with a coverage furthest from 95 % are drawn.
        standardized: (estimate - truth) / standard error of each data set, shape (sets, parameters).
        degrees_of_freedom: of the standard errors.
        unexpected: names of the parameters to mark as not what theory predicts.
        title: above the picture.
        dark: for a dark background.

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
    picture = new_picture((10.5 + 0.18 * max(0, longest - 8), max(4.2, 2.0 + 0.26 * min(len(names), _MOST_PARAMETERS))))
    style = style_of(dark)
    errors = np.asarray(standardized)
    limit = float(stdtrit(degrees_of_freedom, 0.975))
    coverage = np.mean(np.abs(errors) <= limit, axis=0)
    shown = list(range(len(names)))
    if len(names) > _MOST_PARAMETERS:
        shown = np.argsort(-np.abs(coverage - 0.95), kind="stable")[:_MOST_PARAMETERS].tolist()
    names, errors, coverage = [names[i] for i in shown], errors[:, shown], coverage[shown]

    if title:
        picture.suptitle(title)
    left, right = picture.subplots(1, 2, width_ratios=[1.25, 1])
    left.set_title("How far the estimates are from the truth")
    left.set_xlabel("(estimate - truth) / standard error")
    if len(names) <= _MOST_HISTOGRAMS:
        _histograms(left, names, errors, degrees_of_freedom, limit, style)
    else:
        _bars(left, names, errors, limit, style)
    right.set_title("How many 95 % intervals hold the truth")
    _coverages(right, names, coverage, len(errors), unexpected, style)
    return picture


def _histograms(
    axes: "Axes", names: Sequence[str], errors: np.ndarray, freedom: float, limit: float, style: Style
) -> None:
    """Each parameter's errors over the density of Student's t; what is further out is in the last bins."""
    ends = 2.2 * limit
    t = np.linspace(-ends, ends, 400)
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    density = np.exp(scale - (freedom + 1) / 2 * np.log1p(t**2 / freedom))
    inside = np.abs(t) <= limit
    axes.fill_between(t[inside], density[inside], color=style.green, alpha=0.18, linewidth=0, label="95 % belong here")
    axes.plot(t, density, label="theory: Student's t", **style.true)
    bins = np.linspace(-ends, ends, 45)
    looks: tuple[dict[str, Any], ...] = (
        {"color": style.ink, "linestyle": "-"},
        {"color": style.blue, "linestyle": (0, (3, 1, 1, 1))},
    )
    for name, column, look in zip(names, errors.T, looks, strict=False):
        shares, _ = np.histogram(np.clip(column, -ends, ends), bins)
        axes.stairs(
            shares / len(column) / np.diff(bins),
            bins,
            linewidth=2,
            label=f"{shortened(name, _LONGEST_NAME)}, measured",
            **look,
        )
    if np.any(np.abs(errors) > ends):
        axes.set_xlabel(f"{axes.get_xlabel()}; the outermost bins hold all beyond")
    axes.set_yticks([])
    axes.set_ylabel("how often")
    axes.set_ylim(0, 1.45 * axes.get_ylim()[1])  # the legend lies above the curves
    axes.legend(loc="upper center", ncols=2)


def _bars(axes: "Axes", names: Sequence[str], errors: np.ndarray, limit: float, style: Style) -> None:
    """The mean and the middle 95 % of each parameter's errors."""
    low, high = np.quantile(errors, [0.025, 0.975], axis=0)
    height = np.arange(len(names))
    axes.axvline(0, color=style.muted, linewidth=1)
    axes.axvline(-limit, label="theory", **style.true)
    axes.axvline(limit, **style.true)
    axes.hlines(height, low, high, color=style.ink, linewidth=2.5, label="middle 95 %, measured")
    axes.plot(errors.mean(axis=0), height, "o", color=style.ink, markersize=6, label="mean")
    axes.set_yticks(height, [shortened(name, _LONGEST_NAME) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3)


def _coverages(
    axes: "Axes", names: Sequence[str], coverage: np.ndarray, sets: int, unexpected: Collection[str], style: Style
) -> None:
    """The coverage of each parameter with two binomial errors to each side, and 95 %."""
    height = np.arange(len(names))
    error = 2 * np.sqrt(coverage * (1 - coverage) / sets)
    marked = np.isin(names, list(unexpected))
    axes.axvline(95, **style.true)
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
    axes.set_xlabel("% of the data sets (bars: ± 2 binomial errors)")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 92), max(high, 98))
    axes.locator_params("x", integer=True)
