"""The distance of a point from the optimum, measured in standard errors and against float rounding."""

from collections.abc import Sequence

import keras
import numpy as np

from linfit.analysis.squared_error import SquaredError
from linfit.parameter_names import flat


def has_noise(model: keras.Model, objective: SquaredError) -> bool:
    """Return whether the residuals exceed the rounding of the model's floats; False if their size is unknown."""
    size = objective.statistics.root_mean_square[objective.statistics.features :]
    return bool(np.all(objective.optimum.residual_std > 10 * np.finfo(model.dtype).eps * size))


def acceptable_excess_loss(model: keras.Model, objective: SquaredError) -> float:
    """Return how far the loss of a converged fit that rounding has stopped may exceed the optimum's.

    Without this bound, a fit with a rate so small that its updates round to nothing could count as converged.
    """
    return max(1e-3 * objective.total_variance, objective.rounding_loss(model.dtype))


def identifiable_error(objective: SquaredError, error: np.ndarray) -> np.ndarray:
    """Return the part of an error that changes the loss, in the model's units.

    If columns are linearly dependent, the loss is constant along some directions; the error along them is removed.
    """
    error = objective.to_model_units(error)
    if not objective.optimum.dependent:
        return error
    vectors, _ = curved_directions(objective)
    return np.ravel(vectors @ (vectors.T @ error.reshape(len(vectors), -1)))


def standard_errors(objective: SquaredError, parameters: dict[str, np.ndarray]) -> np.ndarray:
    """Return the standard error of each scalar, in the model's units.

    For data without noise, it is the error that the rounding of y alone would cause.
    """
    noise = noise_std(objective)
    if objective.optimum.dependent:
        vectors, values = curved_directions(objective)
        inverse = vectors / (values * objective.statistics.rows * objective.statistics.targets / 2) @ vectors.T
        return np.ravel(np.sqrt(np.diag(inverse))[:, np.newaxis] * noise)
    optimum = objective.optimum_in_model_units
    unit = {"w": optimum.unit_error_w[:, np.newaxis], "b": np.array([optimum.unit_error_b])}
    return flat({name: np.where(np.isinf(unit[name]), np.inf, unit[name] * noise) for name in parameters})


def rounding_error(model: keras.Model, objective: SquaredError, parameters: dict[str, np.ndarray]) -> np.ndarray:
    """Return how far from its optimum each scalar may stop because updates round to nothing, in the model's units.

    A parameter stops moving where the learning rate times its gradient g is below half the spacing of floats around it;
    the rate is taken to be the best one. g itself is a sum of rounded numbers of the size of x y. With the Hessian H,
    the error there is H⁻¹ g. Standardized features carry the rounding of the original values, relative to 0.
    """
    eps = float(np.finfo(model.dtype).eps)
    vectors, values = curved_directions(objective)
    inverse = np.abs(vectors / values @ vectors.T)
    rate = objective.curvature.usable_learning_rate
    optimum = np.vstack([np.atleast_2d(getattr(objective.optimum_in_model_units, name)) for name in parameters])
    size, features = objective.statistics.root_mean_square, objective.statistics.features
    x = size[:features] if objective.units is None else size[:features] / objective.units.scale
    sums = np.outer([*x, 1.0][: len(optimum)], size[features:])
    gradient = eps * (np.abs(optimum) / (2 * rate) + 2 * sums)
    return np.ravel(inverse @ gradient)


def labels_in_model_units(objective: SquaredError, names: Sequence[str]) -> list[str]:
    """Return the names of the scalars, with b called "b at the mean of x" where the model standardizes."""
    if objective.units is None:
        return list(names)
    weights = objective.statistics.features * objective.statistics.targets
    return [*names[:weights], *(f"{name} at the mean of x" for name in names[weights:])]


def distance_in_words(error: np.ndarray, standard_error: np.ndarray, names: Sequence[str]) -> str:
    """Return the largest distance in words, such as "2.3 standard errors (of w/area)"; empty if not measurable."""
    measured = standard_error > 0  # 0 for a column that never changes
    if not measured.any():
        return ""
    ratio = np.divide(error, standard_error, out=np.zeros_like(error), where=measured)
    furthest = int(np.argmax(ratio))
    if ratio[furthest] > 1e6:
        return ""
    size = f"{ratio[furthest]:.2g}" if ratio[furthest] < 10 else f"{ratio[furthest]:,.0f}"
    return f"{size} standard error{'' if size == '1' else 's'} (of {names[furthest]})"


def curved_directions(objective: SquaredError) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvectors of the Hessian along which the loss changes, and their eigenvalues."""
    curved = objective.curvature.eigenvalues > 0
    return objective.curvature.eigenvectors[:, curved], objective.curvature.eigenvalues[curved]


def noise_std(objective: SquaredError) -> np.ndarray:
    """Return the standard deviation of each target's residuals, but at least that of y's own float64 rounding."""
    rounding = 100 * np.finfo("float64").eps * objective.statistics.root_mean_square[objective.statistics.features :]
    return np.fmax(objective.optimum.residual_std, rounding)
