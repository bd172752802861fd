"""The checks of single values that come in, and the words they answer with."""

import math
import sys
import warnings
from collections.abc import Sized
from typing import Any

import numpy as np

from linfit.arguments import Argument


class InputError(ValueError):
    """An input that cannot be used; the message says what was required, what arrived and what to type next.

    Args:
        parts: the message, in one string or in several; an `Argument` among them is worded as the running program
            words its arguments.
    """

    def __init__(self, *parts: str | Argument):
        super().__init__(*parts)

    def __str__(self) -> str:
        return "".join(map(str, self.args))


class NoRows(InputError):
    """There is no row, or none that weighs more than 0: of a part no mistake, as long as others have some."""


def warn(text: str) -> None:
    """A warning that names the line of the user's own code, not one of linfit or Keras."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("linfit", "keras"):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def learning_rate(value: Any, name: str = "learning_rate") -> float:
    """A rate that gradient descent can use: a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InputError(
            f"{name} must be a finite number above 0, 'auto' or a keras LearningRateSchedule, got {value!r}. "
            f"Try {name}=0.05; an SGD optimizer is passed as optimizer=..."
        )
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a finite number above 0, got {float(value):g}. Try 0.05.")
    return float(value)


def standard_deviation(value: Any, name: str) -> float:
    """A finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise InputError(f"{name} must be a standard deviation, a finite number of 0 or more, got {value!r}. Try 0.05.")
    return float(value)


def positive(value: Any, name: str) -> float:
    """A finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < math.inf:
        raise InputError(f"{name} must be a finite number above 0, got {value!r}.")
    return float(value)


def factor(value: Any, name: str) -> float:
    """A finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise InputError(f"{name} must be a finite number of 0 or more, got {value!r}.")
    return float(value)


def count(value: Any, name: str) -> int:
    """A number of steps, epochs or rows: whole, at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def seed(value: Any, name: str) -> int:
    """What seeds a random generator: a whole number from 0 to 2³² - 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < 2**32:
        raise InputError(f"{name} must be a whole number from 0 to 4294967295, got {value!r}. Try {name}=7.")
    return int(value)


def names(values: Any, name: str) -> tuple[str, ...]:
    """Names of features or targets: strings, each once."""
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise InputError(f"{name} must be a list of strings, got {values!r}. Try {name}=['area', 'rooms'].")
    twice = [value for value in values if list(values).count(value) > 1]
    if twice:
        raise InputError(f"{name} must differ from each other, got {twice[0]!r} more than once. Rename one.")
    return tuple(values)


def one_name_each(feature_names: Sized, count: int) -> None:
    """There are as many feature names as features."""
    if len(feature_names) != count:
        raise InputError(
            f"feature_names must have a name for each of the {count} features, got {len(feature_names)} names."
        )


def same_length(left: Sized, left_name: str, right: Sized, right_name: str) -> None:
    """Two collections that describe the same things must be of one length."""
    if len(left) != len(right):
        raise InputError(f"{left_name} and {right_name} must have the same length, got {len(left)} and {len(right)}.")


def as_numbers(values: Any, name: str) -> np.ndarray:
    """A number or nested sequence of finite numbers as a float64 array."""
    try:
        array = np.asarray(values, dtype="float64")
    except (TypeError, ValueError):
        raise InputError(f"{name} must hold numbers only, got {values!r}.") from None
    if not np.isfinite(array).all():
        raise InputError(f"{name} must hold finite numbers, got {array.tolist()}.")
    return array
