"""Names and order of the scalars in a point of parameters."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from linfit import checks
from linfit.checks import InputError


def is_linear(names: Collection[str]) -> bool:
    """Whether parameters of these names are those of y = x w + b, or of y = x w."""
    return "w" in names and set(names) <= {"w", "b"}


def scalar_names(shapes: Mapping[str, Sequence[int]], feature_names: Sequence[str] | None = None) -> tuple[str, ...]:
    """A name for each scalar, in the order in which `flat` lays the values out.

    The kernel w of shape (features, targets) gives `w/<feature>`, or `w/<feature>/<target>` for several
    targets; b gives `b`, or `b/<target>`. Features without names are x0, x1, ...; a single one gives just `w`.

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
    """All values of one point one after another, shape (parameters,)."""
    return np.concatenate([np.ravel(values) for values in parameters.values()])


def flat_reference(reference: Any, parameters: Mapping[str, np.ndarray], name: str = "truth") -> np.ndarray:
    """A reference point (a truth, an optimum) with its values in the order of `parameters`.

    Raises:
        InputError: the reference has no value of that name, or one of another shape.
    """
    for key, values in parameters.items():
        arrived = getattr(getattr(reference, key, None), "shape", None)
        if arrived != np.shape(values):
            raise InputError(
                f"the {name}'s {key} must have the model's shape {np.shape(values)}, got {arrived}. "
                f"Give the {name} as many features and targets as the data have."
            )
    return flat({key: getattr(reference, key) for key in parameters})
