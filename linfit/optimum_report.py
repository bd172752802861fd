"""An optimum as a table for people, in text and in HTML."""

from typing import TYPE_CHECKING

import numpy as np

from linfit import terminal
from linfit.html_table import html_table
from linfit.parameters import flat, scalar_names
from linfit.text_table import narrowed, number

if TYPE_CHECKING:
    from linfit.least_squares import LeastSquares

_TITLES = ["", "value", "standard error", "95 % from", "95 % to"]


def as_text(optimum: "LeastSquares") -> str:
    """The table as wide as the terminal allows, and below it how well the optimum explains the data."""
    table = narrowed(_TITLES, _lines(optimum), terminal.width() - 1, spare=_TITLES[2:3])
    return "\n".join([*table, "", terminal.filled(_note(optimum))])


def as_html(optimum: "LeastSquares") -> str:
    """The same for a notebook."""
    return html_table(_TITLES, _lines(optimum), _note(optimum))


def _lines(optimum: "LeastSquares") -> list[list[str]]:
    low, high = optimum.confidence_interval()
    order = ["w", "b"] if optimum.unit_error_b else ["w"]  # which is 0 without a bias only
    names = scalar_names({name: getattr(optimum, name).shape for name in order}, optimum.feature_names)
    values, lower, upper = (flat({name: getattr(point, name) for name in order}) for point in (optimum, low, high))
    columns = zip(names, values, optimum.standard_error(order), lower, upper, strict=True)
    return [[name, *map(number, numbers)] for name, *numbers in columns]


def _note(optimum: "LeastSquares") -> str:
    features = len(optimum.w)
    return (
        f"R² {_each(optimum.r_squared)}; residual standard deviation {_each(optimum.residual_std)}, with "
        f"{_count(optimum.degrees_of_freedom)} degrees of freedom; loss {number(optimum.loss)}. {optimum.rank} of "
        f"{features} feature{'s' * (features > 1)} independent; condition number {optimum.condition_number:.3g}."
    )


def _count(value: float) -> str:
    """A whole number in full; another, as a penalty makes it, in four digits."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def _each(values: np.ndarray) -> str:
    """One number for each target."""
    return ", ".join(map(number, values))
