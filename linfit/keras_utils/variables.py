"""Named parameters: the trainable variables of a model by name, and the units of their values."""

from typing import Any

import keras
import numpy as np

from linfit.statistics.standardization import Standardization


def named_parameters(model: keras.Model) -> dict[str, Any]:
    """Return the trainable variables of any Keras model by name.

    A kernel is called w and a bias b, as in `LinearRegression`. A model with several layers, where these names
    would repeat, uses the variables' paths.
    """
    variables = model.trainable_variables
    short = [{"kernel": "w", "bias": "b"}.get(variable.name, variable.name) for variable in variables]
    if len(set(short)) < len(short):
        short = [variable.path for variable in variables]
    return dict(zip(short, variables, strict=True))


def units_of(model: keras.Model) -> Standardization | None:
    """Return the standardized units in which a model trains; None if it trains in the units of the data."""
    return getattr(model, "units", None)


def point_of(model: keras.Model) -> dict[str, np.ndarray]:
    """Return the values of the named parameters, in the units of the data."""
    point = {name: variable.numpy() for name, variable in named_parameters(model).items()}
    units = units_of(model)
    return point if units is None else units.to_data_units(point)
