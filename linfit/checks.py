"""InputError, and the checks of single values that raise it."""

import math
import sys
import warnings
from collections.abc import Sized
from typing import Any

import numpy as np

from linfit.arguments import Argument


class InputError(ValueError):
    """An input that cannot be used. The message says what was required, what arrived and what to type next.

    Args:
        parts: the message in one or more parts. An `Argument` among them is worded for the running program: as a Python
            argument or as a command-line option.

    Example:
        >>> import linfit
        >>> try:
        ...     linfit.GroundTruth(w=0.1, noise=-1)
        ... except linfit.InputError as error:
        ...     print(error)
        noise must be a standard deviation, a finite number of 0 or more, got -1. Try 0.05.
    """

    def __init__(self, *parts: str | Argument):
        super().__init__(*parts)

    def __str__(self) -> str:
        return "".join(map(str, self.args))


class NoRows(InputError):
    """Data without a row whose weight is above 0. One part of a data set may be empty if another part is not."""


def warn(text: str) -> None:
    """Issue a warning that points to the user's own code, not to a line of linfit or Keras."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("linfit", "keras"):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def learning_rate(value: Any, name: str = "learning_rate") -> float:
    """Return a learning rate, which must be a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InputError(
            f"{name} must be a finite number above 0, 'auto' or a keras LearningRateSchedule, got {value!r}. "
            f"Try {name}=0.05, or pass an SGD optimizer as optimizer=..."
        )
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a finite number above 0, got {float(value):g}. Try 0.05.")
    return float(value)


def standard_deviation(value: Any, name: str) -> float:
    """Return a standard deviation, which must be a finite number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise InputError(f"{name} must be a standard deviation, a finite number of 0 or more, got {value!r}. Try 0.05.")
    return float(value)


def positive(value: Any, name: str) -> float:
    """Return a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < math.inf:
        raise InputError(f"{name} must be a finite number above 0, got {value!r}.")
    return float(value)


def not_negative(value: Any, name: str) -> float:
    """Return a finite number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise InputError(f"{name} must be a finite number of 0 or more, got {value!r}.")
    return float(value)


def count(value: Any, name: str) -> int:
    """Return a number of steps, epochs or rows, which must be a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def seed(value: Any, name: str) -> int:
    """Return a seed for random numbers, which must be a whole number from 0 to 2³² - 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < 2**32:
        raise InputError(f"{name} must be a whole number from 0 to 4294967295, got {value!r}. Try {name}=7.")
    return int(value)


def names(values: Any, name: str) -> tuple[str, ...]:
    """Return names of features or targets, which must be different strings."""
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise InputError(f"{name} must be a list of strings, got {values!r}. Try {name}=['area', 'rooms'].")
    twice = [value for value in values if list(values).count(value) > 1]
    if twice:
        raise InputError(f"{name} must be unique, got {twice[0]!r} more than once. Rename one.")
    return tuple(values)


def one_name_each(feature_names: Sized, count: int) -> None:
    """Refuse feature names that are not as many as the features."""
    if len(feature_names) != count:
        raise InputError(
            f"feature_names must hold one name for each of the {count} features, got {len(feature_names)} names."
        )


def same_length(left: Sized, left_name: str, right: Sized, right_name: str) -> None:
    """Refuse two collections of different lengths."""
    if len(left) != len(right):
        raise InputError(f"{left_name} and {right_name} must have the same length, got {len(left)} and {len(right)}.")


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Return a number or nested sequence of finite numbers as a float64 array."""
    try:
        array = np.asarray(values, dtype="float64")
    except (TypeError, ValueError):
        raise InputError(f"{name} must hold numbers only, got {values!r}.") from None
    if not np.isfinite(array).all():
        raise InputError(f"{name} must hold finite numbers, got {array.tolist()}.")
    return array
