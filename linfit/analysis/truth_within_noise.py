"""A test of the truth: whether noise explains its distance from the optimum."""

from collections.abc import Sequence

import numpy as np

from linfit.analysis.distance_to_optimum import (
    distance_in_words,
    identifiable_error,
    labels_in_model_units,
    noise_std,
    standard_errors,
)
from linfit.analysis.squared_error import SquaredError
from linfit.parameter_names import flat_reference

_SIGNIFICANCE = 1e-3  # p-value below which a distance from the truth is no longer attributed to noise


def truth_verdict(
    objective: SquaredError, parameters: dict[str, np.ndarray], truth: np.ndarray | None, names: Sequence[str]
) -> str:
    """Return whether noise explains the distance from the optimum to the truth, in words.

    Args:
        objective: the loss on the training rows.
        parameters: the model's parameters by name; only their names and shapes count.
        truth: the true values in the order of names, shape (parameters,); None if unknown.
        names: a name for each scalar.
    """
    if objective.l2:
        return "The penalty on w moves the optimum away from the truth; the standard errors do not include this bias."
    if truth is None:
        return "The remaining error is noise; its size is the standard error."
    if objective.optimum.degrees_of_freedom == 0:
        return "There are no more rows than parameters, so the size of the noise is unknown."
    error = flat_reference(objective.optimum, parameters) - truth
    size = np.abs(identifiable_error(objective, error))
    labels = labels_in_model_units(objective, names)
    distance = distance_in_words(size, standard_errors(objective, parameters), labels) or "far"
    p = _p_value(objective, error)
    if p >= _SIGNIFICANCE:
        return f"The truth is within the noise, {distance} away."
    frequency = f"one of {1 / p:,.0f} data sets" if p > 1e-6 else "fewer than one of a million data sets"
    return (
        f"But the truth is not within the noise: it is {distance} away. For all parameters together, noise causes a "
        f"distance this large in {frequency}. Either the model is wrong (a bend, a missing feature), or the given "
        "truth did not generate this data."
    )


def _p_value(objective: SquaredError, error: np.ndarray) -> float:
    """Return how often noise alone puts the optimum at least this far from the truth: an F test of all parameters.

    ‖A error‖²/(p s²) follows F(p, n - p) for normal noise (Draper & Smith, 1998, section 5.2), separately for each
    target. The smallest p-value counts, times the number of targets (Bonferroni).
    """
    from scipy.special import fdtrc

    statistics = objective.statistics
    moved = np.linalg.norm(statistics.design() @ error.reshape(-1, statistics.targets), axis=0)
    parameters = objective.optimum.rank + statistics.use_bias
    ratio = (moved / noise_std(objective)) ** 2 / parameters
    p_values = fdtrc(parameters, objective.optimum.degrees_of_freedom, ratio)
    return float(min(1.0, np.min(p_values) * statistics.targets))
