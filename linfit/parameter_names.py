"""The names of parameters and of the scalars in them, and points as flat arrays in this order."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from linfit import checks
from linfit.checks import InputError


def is_linear(names: Collection[str]) -> bool:
    """Return whether these are the parameter names of y = x w + b or y = x w."""
    return "w" in names and set(names) <= {"w", "b"}


def scalar_names(shapes: Mapping[str, Sequence[int]], feature_names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return a name for each scalar, in the order of the values in `flat`.

    The kernel w of shape (features, targets) gives `w/<feature>`, and b gives `b`. Features without names are called
    x0, x1, ...; a single one is omitted, which leaves `w`. Several targets add `/y0`, `/y1`, ... to each name.

    Example:
        >>> scalar_names({"w": (2, 1), "b": (1,)}, ["area", "rooms"])
        ('w/area', 'w/rooms', 'b')
    """
    result = []
    if feature_names is not None and "w" in shapes:
        checks.one_name_each(feature_names, shapes["w"][0])
    for name, shape in shapes.items():
        axes = [[str(i) for i in range(size)] for size in shape]
        if name == "w" and len(shape) == 2:
            axes = [
                list(feature_names or [f"x{i}" for i in range(shape[0])]),
                [f"y{i}" for i in range(shape[1])],
            ]
            if feature_names is None and shape[0] == 1:
                axes[0] = [""]
        elif name == "b" and len(shape) == 1:
            axes = [[f"y{i}" for i in range(shape[0])]]
        if axes and len(axes[-1]) == 1:
            axes[-1] = [""]
        for index in np.ndindex(*shape):
            labels = [axis[i] for axis, i in zip(axes, index, strict=True)]
            result.append("/".join(filter(None, [name, *labels])))
    return tuple(result)


def flat(parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return all values of a point in one array, shape (scalars,)."""
    return np.concatenate([np.ravel(values) for values in parameters.values()])


def flat_reference(reference: Any, parameters: Mapping[str, np.ndarray], name: str = "truth") -> np.ndarray:
    """Return the values of a reference point (a truth or an optimum) in the order of `parameters`, shape (scalars,).

    Args:
        reference: an object with an attribute for each parameter.
        parameters: the values of the model's parameters by name.
        name: the name of the reference in messages.

    Raises:
        InputError: the reference lacks a parameter, or has one of another shape.
    """
    for key, values in parameters.items():
        arrived = getattr(getattr(reference, key, None), "shape", None)
        if arrived != np.shape(values):
            raise InputError(
                f"the {name}'s {key} must have the model's shape {np.shape(values)}, got {arrived}. "
                f"Give the {name} as many features and targets as the data have."
            )
    return flat({key: getattr(reference, key) for key in parameters})
