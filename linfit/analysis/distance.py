"""How near a point is to the optimum, by the measures that fit the data: their noise, and the rounding of floats."""

from collections.abc import Sequence

import keras
import numpy as np

from linfit.analysis.squared_error import SquaredError
from linfit.parameter_names import flat, flat_reference

_UNLIKELY = 1e-3  # a distance from the truth that noise brings about less often is not put down to it


def has_noise(model: keras.Model, objective: SquaredError) -> bool:
    """Whether the residuals are more than the rounding of the model's floats; not where nothing is known of them."""
    size = objective.statistics.root_mean_square[objective.statistics.features :]
    return bool(np.all(objective.optimum.residual_std > 10 * np.finfo(model.dtype).eps * size))


def rest_loss(model: keras.Model, objective: SquaredError) -> float:
    """How far above the optimum's a loss may be where rounding lets a fit rest: more is not what anyone wants."""
    return max(1e-3 * objective.total_variance, objective.rounding(model.dtype))


def seen(objective: SquaredError, error: np.ndarray) -> np.ndarray:
    """What the loss sees of an error, in the units of the descent.

    Where columns depend on each other, some directions change nothing.
    """
    error = objective.in_units(error)
    if not objective.optimum.dependent:
        return error
    vectors, _ = _curved(objective)
    return np.ravel(vectors @ (vectors.T @ error.reshape(len(vectors), -1)))


def yardstick(objective: SquaredError, parameters: dict[str, np.ndarray]) -> np.ndarray:
    """The standard error of each scalar, in the units of the descent.

    Where the data lie on the line it is what the rounding of y alone would cause.
    """
    noise = _noise(objective)
    if objective.optimum.dependent:
        vectors, values = _curved(objective)
        inverse = vectors / (values * objective.statistics.rows * objective.statistics.targets / 2) @ vectors.T
        return np.ravel(np.sqrt(np.diag(inverse))[:, np.newaxis] * noise)
    optimum = objective.optimum_in_units
    unit = {"w": optimum.unit_error_w[:, np.newaxis], "b": np.array([optimum.unit_error_b])}
    return flat({name: np.where(np.isinf(unit[name]), np.inf, unit[name] * noise) for name in parameters})


def rounding_error(model: keras.Model, objective: SquaredError, parameters: dict[str, np.ndarray]) -> np.ndarray:
    """How far from its optimum each scalar may come to rest because updates round to nothing, in the descent's units.

    A parameter rests where the rate times its gradient g is below half the spacing of floats around it, here at the
    best rate; and g itself is a sum of numbers of the size of x y, each rounded. With the Hessian H, the error there
    is H⁻¹ g. Standardized features carry the rounding of what they were, counted from 0.
    """
    eps = float(np.finfo(model.dtype).eps)
    vectors, values = _curved(objective)
    inverse = np.abs(vectors / values @ vectors.T)
    rate = objective.curvature.usable_learning_rate
    optimum = np.vstack([np.atleast_2d(getattr(objective.optimum_in_units, name)) for name in parameters])
    size, features = objective.statistics.root_mean_square, objective.statistics.features
    x = size[:features] if objective.units is None else size[:features] / objective.units.scale
    sums = np.outer([*x, 1.0][: len(optimum)], size[features:])
    gradient = eps * (np.abs(optimum) / (2 * rate) + 2 * sums)
    return np.ravel(inverse @ gradient)


def names_in_units(objective: SquaredError, names: Sequence[str]) -> list[str]:
    """What to call the scalars in these units."""
    if objective.units is None:
        return list(names)
    weights = objective.statistics.features * objective.statistics.targets
    return [*names[:weights], *(f"{name} at the mean of x" for name in names[weights:])]


def in_standard_errors(error: np.ndarray, standard_error: np.ndarray, names: Sequence[str]) -> str:
    """The largest distance, such as "2.3 standard errors (of w/area)"; empty where they are no measure for it."""
    measured = standard_error > 0  # not those of columns that never change
    if not measured.any():
        return ""
    ratio = np.divide(error, standard_error, out=np.zeros_like(error), where=measured)
    furthest = int(np.argmax(ratio))
    if ratio[furthest] > 1e6:
        return ""
    size = _figures(ratio[furthest])
    return f"{size} standard error{'' if size == '1' else 's'} (of {names[furthest]})"


def about_the_truth(
    objective: SquaredError, parameters: dict[str, np.ndarray], truth: np.ndarray | None, names: Sequence[str]
) -> str:
    """Whether noise explains the distance from the optimum to the truth, by an F test of all parameters together."""
    if objective.l2:
        return "The penalty on w keeps the optimum away from any truth: the standard errors do not cover that."
    if truth is None:
        return "What is left is noise: its size is the standard error."
    if objective.optimum.degrees_of_freedom == 0:
        return "With no more rows than parameters, nothing says how large the noise is."
    distance = flat_reference(objective.optimum, parameters) - truth
    apart = np.abs(seen(objective, distance))
    gap = in_standard_errors(apart, yardstick(objective, parameters), names_in_units(objective, names)) or "far"
    chance = _chance(objective, distance)
    if chance >= _UNLIKELY:
        return f"The truth is within the noise, {gap} away."
    often = f"one of {1 / chance:,.0f} data sets" if chance > 1e-6 else "fewer than one of a million data sets"
    return (
        f"But the truth is not within the noise: {gap} away, which for all parameters together noise brings about in "
        f"{often}. The model is wrong (a bend, a missing feature), or the truth is not what generated these data."
    )


def _curved(objective: SquaredError) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvectors along which the loss changes, and their eigenvalues."""
    curved = objective.curvature.eigenvalues > 0
    return objective.curvature.eigenvectors[:, curved], objective.curvature.eigenvalues[curved]


def _noise(objective: SquaredError) -> np.ndarray:
    """The standard deviation of the residuals, at least that of y's own rounding, and that where there is no other."""
    floor = 100 * np.finfo("float64").eps * objective.statistics.root_mean_square[objective.statistics.features :]
    return np.fmax(objective.optimum.residual_std, floor)


def _chance(objective: SquaredError, distance: np.ndarray) -> float:
    """How often noise alone puts the optimum at least this far from the truth, by the F test of all parameters.

    ‖A distance‖²/(p s²) follows F(p, n - p) for normal noise (Draper & Smith, 1998, section 5.2), here for each
    target; the smallest chance counts, times the number of targets (Bonferroni).
    """
    from scipy.special import fdtrc

    statistics = objective.statistics
    moved = np.linalg.norm(statistics.design() @ distance.reshape(-1, statistics.targets), axis=0)
    parameters = objective.optimum.rank + statistics.use_bias
    ratio = (moved / _noise(objective)) ** 2 / parameters
    chances = fdtrc(parameters, objective.optimum.degrees_of_freedom, ratio)
    return float(min(1.0, np.min(chances) * statistics.targets))


def _figures(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"
