"""The two panels of the coefficients picture: the values, and their distances from the optimum in standard errors."""

from typing import TYPE_CHECKING, Any

import numpy as np

from linfit.callbacks.figures.figure_style import Style
from linfit.callbacks.figures.symmetric_scale import symmetric_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE = 100.0  # times the small coefficients: a linear axis this long would not separate them from zero
_FAR = 8.0  # standard errors: on a linear axis longer than this, the 95 % interval would be hard to see


def draw_values(
    axes: "Axes", values: dict[str, np.ndarray], goal: np.ndarray, half_widths: np.ndarray | None, style: Style
) -> None:
    """Draw the values, with the optimum's 95 % intervals of these half-widths."""
    height = np.arange(len(goal))
    _draw_markers(axes, values, height, style)
    axes.hlines(height, goal, values["fitted"], color=style.red, linewidth=1.2)
    drawn = np.concatenate([[0.0], *values.values()])
    low, high = np.nanmin(drawn), np.nanmax(drawn)
    if half_widths is not None:
        label = "95 % interval"
        optimum = values["optimum"]
        bars: dict[str, Any] = {"fmt": "none", "ecolor": style.ink, "elinewidth": 1.5, "capsize": 4}
        axes.errorbar(optimum, height, xerr=half_widths, label=label, **bars)
        span = high - low  # at most this is added on each side, or wide intervals would squeeze the values together
        low = max(np.nanmin([low, *(optimum - half_widths)]), low - span)
        high = min(np.nanmax([high, *(optimum + half_widths)]), high + span)
    margin = 0.05 * ((high - low) or 1.0)
    sizes = np.abs(goal[goal != 0])
    small = float(np.nanquantile(sizes, 0.25, method="lower")) if np.isfinite(sizes).any() else 1.0
    farthest = float(np.nanmax(np.abs(drawn)))
    if farthest > _WIDE * small:
        linear = 10.0 ** np.floor(np.log10(small))
        symmetric_scale(axes, farthest, linear)
        axes.set_xlabel(axes.get_xlabel().replace("value", f"value, logarithmic\nbeyond ±{linear:g}"))
        low, high, margin = 2 * low, 2 * high, 0.3 * linear
    axes.set_xlim(low - margin, high + margin)


def draw_distances(axes: "Axes", values: dict[str, np.ndarray], error: np.ndarray, factor: float, style: Style) -> None:
    """Draw how many standard errors the fit and the truth are from the optimum; `factor` of them make its interval."""
    height = np.arange(len(error))
    known = np.isfinite(error) & (error > 0)
    unit = np.where(known, error, np.nan)
    distances = {name: (each - values["optimum"]) / unit for name, each in values.items() if name != "optimum"}
    axes.axvspan(-factor, factor, color=style.shade, linewidth=0)
    _draw_markers(axes, distances, height, style)
    axes.hlines(height, 0, distances["fitted"], color=style.red, linewidth=1.2)
    for i in np.flatnonzero(~known).tolist():
        axes.text(0, i, "no standard error", ha="center", va="center", color=style.muted, backgroundcolor=style.shade)
    farthest = max(
        [factor, *(float(np.nanmax(np.abs(each))) for each in distances.values() if np.isfinite(each).any())]
    )
    axes.set_xlabel("standard errors\nfrom the optimum\n(shaded: 95 % interval)")
    if farthest > _FAR:
        axes.set_xlabel("standard errors from the\noptimum, logarithmic beyond ±1\n(shaded: 95 % interval)")
        symmetric_scale(axes, farthest, 1.0)
        farthest *= 2
    axes.set_xlim(-1.15 * farthest, 1.15 * farthest)


def _draw_markers(axes: "Axes", values: dict[str, np.ndarray], height: np.ndarray, style: Style) -> None:
    """Draw each kind of value with its own marker and colour."""
    markers: dict[str, dict[str, Any]] = {
        "true": {"marker": "D", "color": style.green, "markersize": 10, "fillstyle": "none", "markeredgewidth": 2.2},
        "optimum": {"marker": "|", "color": style.ink, "markersize": 18, "markeredgewidth": 2},
        "fitted": {"marker": "o", "color": style.red, "markersize": 6},
    }
    for name, marker in markers.items():
        if name in values:
            axes.plot(values[name], height, linestyle="", label=name, **marker)
