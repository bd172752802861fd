"""The picture of a recovery study: how far the estimates of many data sets are from the truth."""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures import FITTED, TRUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PARAMETERS = 25
_MOST_HISTOGRAMS = 2  # more lie over each other
_SOUND = "#24292f"
_HISTOGRAMS: tuple[dict[str, Any], ...] = (
    {"color": _SOUND, "linestyle": "-"},
    {"color": "#0969da", "linestyle": (0, (3, 1, 1, 1))},
)


def recovery_figure(
    names: Sequence[str],
    standardized: Sequence[Sequence[float]] | np.ndarray,
    degrees_of_freedom: float,
    *,
    unexpected: Collection[str] = (),
    title: str = "",
) -> "Figure":
    """The errors of many estimates beside Student's t, and how many of their 95 % intervals hold the truth.

    Args:
        names: a name for each parameter. The 25 with a coverage furthest from 95 % are drawn.
        standardized: (estimate - truth) / standard error of each data set, shape (sets, parameters).
        degrees_of_freedom: of the standard errors.
        unexpected: names of the parameters to mark as not what theory predicts.
        title: above the picture.

    Returns:
        A matplotlib Figure.

    Example:
        >>> draws = np.random.default_rng(7).standard_t(10, size=(1000, 2))
        >>> figure = recovery_figure(["w", "b"], draws, degrees_of_freedom=10)
        >>> [label.get_text() for label in figure.axes[1].get_yticklabels()]
        ['w: 95.6 %', 'b: 93.8 %']
    """
    from matplotlib.figure import Figure
    from scipy.special import stdtrit

    errors = np.asarray(standardized)
    limit = float(stdtrit(degrees_of_freedom, 0.975))
    coverage = np.mean(np.abs(errors) <= limit, axis=0)
    shown = list(range(len(names)))
    if len(names) > _MOST_PARAMETERS:
        shown = np.argsort(-np.abs(coverage - 0.95), kind="stable")[:_MOST_PARAMETERS].tolist()
    names, errors, coverage = [names[i] for i in shown], errors[:, shown], coverage[shown]

    figure = Figure(figsize=(10.5, max(4.2, 2.0 + 0.26 * len(names))), dpi=110, layout="constrained")
    figure.suptitle(title, fontsize=13)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    for axes in (left, right):
        axes.grid(color="#d0d7de", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    left.set_title("How far the estimates are from the truth", fontsize=11)
    left.set_xlabel("(estimate - truth) / standard error")
    if len(names) <= _MOST_HISTOGRAMS:
        _histograms(left, names, errors, degrees_of_freedom, limit)
    else:
        _bars(left, names, errors, limit)
    right.set_title("How many 95 % intervals hold the truth", fontsize=11)
    _coverages(right, names, coverage, len(errors), unexpected)
    return figure


def _histograms(axes: "Axes", names: Sequence[str], errors: np.ndarray, freedom: float, limit: float) -> None:
    """Each parameter's errors over the density of Student's t; what is further out is in the last bins."""
    ends = 2.2 * limit
    t = np.linspace(-ends, ends, 400)
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    density = np.exp(scale - (freedom + 1) / 2 * np.log1p(t**2 / freedom))
    inside = np.abs(t) <= limit
    axes.fill_between(t[inside], density[inside], color="#d8eee0", label="95 % belong here")
    axes.plot(t, density, label="theory: Student's t", **TRUE)
    bins = np.linspace(-ends, ends, 45)
    for name, column, style in zip(names, errors.T, _HISTOGRAMS, strict=False):
        shares, _ = np.histogram(np.clip(column, -ends, ends), bins)
        axes.stairs(shares / len(column) / np.diff(bins), bins, linewidth=2, label=f"{name}, measured", **style)
    if np.any(np.abs(errors) > ends):
        axes.set_xlabel(f"{axes.get_xlabel()}; the outermost bins hold all beyond")
    axes.set_yticks([])
    axes.set_ylabel("how often")
    axes.set_ylim(0, 1.45 * axes.get_ylim()[1])  # the legend lies above the curves
    axes.legend(loc="upper center", ncols=2, framealpha=0.9, handlelength=3.2)


def _bars(axes: "Axes", names: Sequence[str], errors: np.ndarray, limit: float) -> None:
    """The mean and the middle 95 % of each parameter's errors."""
    low, high = np.quantile(errors, [0.025, 0.975], axis=0)
    height = np.arange(len(names))
    axes.axvline(0, color="#afb8c1", linewidth=1)
    axes.axvline(-limit, label="theory", **TRUE)
    axes.axvline(limit, **TRUE)
    axes.hlines(height, low, high, color=_SOUND, linewidth=2.5, label="middle 95 %, measured")
    axes.plot(errors.mean(axis=0), height, "o", color=_SOUND, markersize=6, label="mean")
    axes.set_yticks(height, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3, handlelength=3.2)


def _coverages(
    axes: "Axes", names: Sequence[str], coverage: np.ndarray, sets: int, unexpected: Collection[str]
) -> None:
    """The coverage of each parameter with two binomial errors to each side, and 95 %."""
    height = np.arange(len(names))
    error = 2 * np.sqrt(coverage * (1 - coverage) / sets)
    marked = np.isin(names, list(unexpected))
    axes.axvline(95, **TRUE)
    for chosen, marker, color in ((~marked, "o", _SOUND), (marked, "X", FITTED["color"])):
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
    axes.set_yticks(height, [f"{name}: {100 * share:.1f} %" for name, share in zip(names, coverage, strict=True)])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("% of the data sets (bars: ± 2 binomial errors)")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 92), max(high, 98))
    axes.locator_params("x", integer=True)
