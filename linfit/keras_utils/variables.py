"""Named parameters: the variables that descend, and a name for each of their scalars."""

from typing import Any

import keras
import numpy as np

from linfit.statistics.standardization import Standardization


def named_parameters(model: keras.Model) -> dict[str, Any]:
    """The trainable variables of any Keras model by name.

    One kernel and one bias, as in `Dense`, are called w and b, as `LinearRegression` calls them; with more
    layers each variable keeps its path.
    """
    variables = model.trainable_variables
    short = [{"kernel": "w", "bias": "b"}.get(variable.name, variable.name) for variable in variables]
    if len(set(short)) < len(short):
        short = [variable.path for variable in variables]
    return dict(zip(short, variables, strict=True))


def units_of(model: keras.Model) -> Standardization | None:
    """The units in which a model descends, where these are not the data's."""
    return getattr(model, "units", None)


def point_of(model: keras.Model) -> dict[str, np.ndarray]:
    """The values of the named parameters, in the units of the data."""
    point = {name: variable.numpy() for name, variable in named_parameters(model).items()}
    units = units_of(model)
    return point if units is None else units.to_data_units(point)
