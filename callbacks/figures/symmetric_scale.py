"""symmetric_scale: an axis for positive and negative values, linear near zero and logarithmic further out."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_TICKS = 2  # on each side of zero


def symmetric_scale(axes: "Axes", farthest: float, linear: float) -> None:
    """Make the x axis linear up to a power of ten and logarithmic beyond, with few enough ticks to label them all.

    The caller sets the limits of the axis.

    Args:
        axes: the axes to change.
        farthest: the largest distance from zero that is drawn.
        linear: the power of ten up to which the axis is linear.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    first = round(math.log10(linear))
    last = max(first + 1, math.floor(math.log10(farthest)))
    every = math.ceil((last - first + 1) / _MAX_TICKS)
    powers = np.arange(last, first - 1, -every)
    axes.set_xscale("symlog", linthresh=linear)
    ticks = [0.0, *(sign * 10.0**power for power in powers.tolist() for sign in (-1, 1))]
    axes.xaxis.set_major_locator(FixedLocator(sorted(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick_label(value)))


def _tick_label(value: float) -> str:
    """Return a tick's value: written out between 0.001 and 1,000, else as a power of ten."""
    if value == 0 or 1e-3 <= abs(value) <= 1e3:
        return f"{value:,g}".replace("-", "\N{MINUS SIGN}")
    sign, power = "\N{MINUS SIGN}" if value < 0 else "", str(round(math.log10(abs(value))))
    return f"{sign}10{power.translate(_SUPERSCRIPTS)}"
