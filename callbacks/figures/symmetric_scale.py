"""An axis of values of both signs that differ by orders of magnitude: linear near zero, logarithmic further out."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_TICKS = 2  # on each side of zero


def symmetric_scale(axes: "Axes", farthest: float, linear: float) -> None:
    """Makes the x axis linear up to a power of ten and logarithmic up to the farthest value, with ticks that have room.

    The limits of the axis are left to the caller.

    Args:
        axes: those to change.
        farthest: the largest distance from zero that is shown.
        linear: a power of ten; below it the axis is linear.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    first = round(math.log10(linear))
    last = max(first + 1, math.floor(math.log10(farthest)))
    every = math.ceil((last - first + 1) / _MOST_TICKS)
    powers = np.arange(last, first - 1, -every)
    axes.set_xscale("symlog", linthresh=linear)
    ticks = [0.0, *(sign * 10.0**power for power in powers.tolist() for sign in (-1, 1))]
    axes.xaxis.set_major_locator(FixedLocator(sorted(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _power(value)))


def _power(value: float) -> str:
    """Plain up to 1,000, then as a power of ten."""
    if value == 0 or 1e-3 <= abs(value) <= 1e3:
        return f"{value:,g}".replace("-", "\N{MINUS SIGN}")
    sign, power = "\N{MINUS SIGN}" if value < 0 else "", str(round(math.log10(abs(value))))
    return f"{sign}10{power.translate(_RAISED)}"
