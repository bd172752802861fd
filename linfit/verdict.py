"""Where a fit stands and what to do next, in words."""

import math
from collections.abc import Sequence

import keras
import numpy as np

from linfit.closed_form import Problem
from linfit.divergence import batch_size_of, explain_divergence, standardizing
from linfit.optimizer import is_plain_sgd
from linfit.parameters import flat, flat_reference
from linfit.text_table import number

NO_OPTIMUM = (
    "There is no optimum in closed form to compare with: that needs the mean squared error, without a penalty or with "
    "an L2 penalty on w."
)
NEAR = 0.1  # standard errors: a fit so near its optimum has converged, as its confidence intervals hardly move
_UNLIKELY = 1e-3  # a distance from the truth that noise brings about less often is not put down to it
_PATIENCE = 1_000_000  # steps


def verdict(
    model: keras.Model,
    problem: Problem,
    parameters: dict[str, np.ndarray],
    loss: float,
    names: Sequence[str],
    truth: np.ndarray | None = None,
) -> str:
    """One of four endings: converged, with the truth within the noise or not; not converged; diverged.

    Args:
        model: what was fitted; its optimizer says at which rate.
        problem: the least-squares problem of the rows that it was fitted to.
        parameters: the fitted values by name.
        loss: the loss there.
        names: a name for each scalar.
        truth: the true values, in the order of names.
    """
    if not math.isfinite(loss) or not np.isfinite(flat(parameters)).all():
        return f"Diverged: the loss is no longer a finite number. {explain_divergence(model, problem)}"
    ahead = _seen(problem, flat(parameters) - flat_reference(problem.optimum, parameters))
    error = np.abs(ahead)
    standard_error = _standard_errors(problem, parameters)
    rounding = _rounding(model, problem, parameters)
    # Numbers that rounding holds so far off that the loss shows it are not what anyone wants.
    rests = loss - problem.optimum.loss <= max(1e-3 * problem.total_variance, problem.rounding(model.dtype))
    if np.all(error <= NEAR * standard_error):
        text = f"Converged: {_gap(error, standard_error, names)} from the optimum; more steps cannot matter."
        return f"{text} {_about_the_truth(problem, parameters, truth, names)}"
    if rests and np.all(error <= np.maximum(NEAR * standard_error, rounding)):
        text = f"Converged: the fit is as close to the optimum as the rounding of {model.dtype} lets it come."
        return f"{text} {_about_the_truth(problem, parameters, truth, names)}"

    if _overshoots(model, problem, loss):
        return f"Diverging. {explain_divergence(model, problem)}"
    gap = _gap(error, standard_error, names) if problem.optimum.degrees_of_freedom else ""
    place = f"{gap} from the optimum" if gap else f"the loss {number(loss)} can fall to {number(problem.optimum.loss)}"
    text = f"Not converged: {place}. "
    if not is_plain_sgd(model.optimizer):
        if loss > problem.total_variance:
            return text + "That is worse than a constant: if it does not fall, try a smaller learning rate."
        return text + "More steps may bring it nearer."
    tolerance = NEAR * standard_error
    if not _has_noise(model, problem) and np.any(error > rounding):
        tolerance = np.maximum(tolerance, rounding)
    return text + _steps_needed(model, problem, ahead, tolerance)


def _overshoots(model: keras.Model, problem: Problem, loss: float) -> bool:
    """Whether each step leads further away: above the stability limit, or visibly so with mini-batches."""
    if not is_plain_sgd(model.optimizer):
        return False
    rate = float(model.optimizer.learning_rate.numpy())
    if rate > problem.curvature.stability_limit:
        return True
    batch_size = batch_size_of(model, problem)
    if batch_size is None or loss <= 10 * problem.total_variance:
        return False
    return rate > problem.curvature.critical_learning_rate(batch_size)


def _has_noise(model: keras.Model, problem: Problem) -> bool:
    """Whether the residuals are more than the rounding of the model's floats; not where nothing is known of them."""
    size = problem.statistics.root_mean_square[problem.statistics.features :]
    return bool(np.all(problem.optimum.residual_std > 10 * np.finfo(model.dtype).eps * size))


def _seen(problem: Problem, error: np.ndarray) -> np.ndarray:
    """What the loss sees of an error: where columns depend on each other, some directions change nothing."""
    if not problem.optimum.dependent:
        return error
    vectors, _ = _curved(problem)
    return np.ravel(vectors @ (vectors.T @ error.reshape(len(vectors), -1)))


def _curved(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvectors along which the loss changes, and their eigenvalues."""
    curved = problem.curvature.eigenvalues > 0
    return problem.curvature.eigenvectors[:, curved], problem.curvature.eigenvalues[curved]


def _standard_errors(problem: Problem, parameters: dict[str, np.ndarray]) -> np.ndarray:
    """Those of each scalar; where the data lie on the line, what the rounding of y alone would cause."""
    noise = _noise(problem)
    if problem.optimum.dependent:
        vectors, values = _curved(problem)
        inverse = vectors / (values * problem.statistics.rows * problem.statistics.targets / 2) @ vectors.T
        return np.ravel(np.sqrt(np.diag(inverse))[:, np.newaxis] * noise)
    unit = {"w": problem.optimum.unit_error_w[:, np.newaxis], "b": np.array([problem.optimum.unit_error_b])}
    return flat({name: np.where(np.isinf(unit[name]), np.inf, unit[name] * noise) for name in parameters})


def _noise(problem: Problem) -> np.ndarray:
    """The standard deviation of the residuals, at least that of y's own rounding, and that where there is no other."""
    floor = 100 * np.finfo("float64").eps * problem.statistics.root_mean_square[problem.statistics.features :]
    return np.fmax(problem.optimum.residual_std, floor)


def _rounding(model: keras.Model, problem: Problem, parameters: dict[str, np.ndarray]) -> np.ndarray:
    """How far from its optimum each scalar may come to rest because updates round to nothing.

    A parameter rests where the rate times its gradient g is below half the spacing of floats around it, here at the
    best rate; and g itself is a sum of numbers of the size of x y, each rounded. With the Hessian H, the error there
    is H⁻¹ g.
    """
    eps = float(np.finfo(model.dtype).eps)
    vectors, values = _curved(problem)
    inverse = np.abs(vectors / values @ vectors.T)
    rate = problem.curvature.usable_learning_rate
    optimum = np.vstack([np.atleast_2d(getattr(problem.optimum, name)) for name in parameters])
    size, features = problem.statistics.root_mean_square, problem.statistics.features
    sums = np.outer([*size[:features], 1.0][: len(optimum)], size[features:])
    gradient = eps * (np.abs(optimum) / (2 * rate) + 2 * sums)
    return np.ravel(inverse @ gradient)


def _gap(error: np.ndarray, standard_error: np.ndarray, names: Sequence[str]) -> str:
    """The largest distance, such as "2.3 standard errors (of w/area)"; empty where they are no measure for it."""
    if not np.all(standard_error > 0):
        return ""
    ratio = error / standard_error
    furthest = int(np.argmax(ratio))
    if ratio[furthest] > 1e6:
        return ""
    size = _figures(ratio[furthest])
    return f"{size} standard error{'' if size == '1' else 's'} (of {names[furthest]})"


def _about_the_truth(
    problem: Problem, parameters: dict[str, np.ndarray], truth: np.ndarray | None, names: Sequence[str]
) -> str:
    """Whether noise explains the distance from the optimum to the truth, by an F test of all parameters together."""
    if problem.l2:
        return "The penalty on w keeps the optimum away from any truth: the standard errors do not cover that."
    if truth is None:
        return "What is left is noise: its size is the standard error."
    if problem.optimum.degrees_of_freedom == 0:
        return "With no more rows than parameters, nothing says how large the noise is."
    distance = _seen(problem, flat_reference(problem.optimum, parameters) - truth)
    gap = _gap(np.abs(distance), _standard_errors(problem, parameters), names) or "far"
    chance = _chance(problem, distance)
    if chance >= _UNLIKELY:
        return f"The truth is within the noise, {gap} away."
    often = f"one of {1 / chance:,.0f} data sets" if chance > 1e-6 else "fewer than one of a million data sets"
    return (
        f"But the truth is not within the noise: {gap} away, which for all parameters together noise brings about in "
        f"{often}. The model is wrong (a bend, a missing feature), or the truth is not what generated these data."
    )


def _chance(problem: Problem, distance: np.ndarray) -> float:
    """How often noise alone puts the optimum at least this far from the truth, by the F test of all parameters.

    ‖A distance‖²/(p s²) follows F(p, n - p) for normal noise (Draper & Smith, 1998, section 5.2), here for each
    target; the smallest chance counts, times the number of targets (Bonferroni).
    """
    from scipy.special import fdtrc

    statistics = problem.statistics
    moved = np.linalg.norm(statistics.design() @ distance.reshape(-1, statistics.targets), axis=0)
    parameters = problem.optimum.rank + statistics.use_bias
    ratio = (moved / _noise(problem)) ** 2 / parameters
    chances = fdtrc(parameters, problem.optimum.degrees_of_freedom, ratio)
    return float(min(1.0, np.min(chances) * statistics.targets))


def _steps_needed(model: keras.Model, problem: Problem, error: np.ndarray, tolerance: np.ndarray) -> str:
    """How many more full-batch steps bring the fit to its optimum, at its rate and at the best."""
    curvature = problem.curvature
    shape = (-1, problem.statistics.targets)
    error, tolerance = error.reshape(shape), tolerance.reshape(shape)
    rate, best_rate = float(model.optimizer.learning_rate.numpy()), curvature.usable_learning_rate
    best = curvature.steps_from(error, tolerance, best_rate)
    if rate <= 0:
        return f"The learning rate has fallen to 0; about {_count(best)} steps at {best_rate:.3g} bring it there."
    here = curvature.steps_from(error, tolerance, rate)
    faster = f", or {_count(best)} at {best_rate:.3g}." if best < here else "."
    batch_size = batch_size_of(model, problem)
    if batch_size is not None:
        return (
            f"Steps of {batch_size} rows come near it, then jump around it. With all rows in each, about "
            f"{_count(here)} more steps at learning rate {rate:.4g} bring it there{faster}"
        )
    text = f"About {_count(here)} more full-batch steps at learning rate {rate:.4g} bring it there{faster}"
    if best > _PATIENCE:
        text += (
            " The features differ too much in scale, or depend on each other too closely. "
            f"{standardizing(problem.statistics.use_bias)}."
        )
    return text


def _count(steps: float) -> str:
    """Three digits are enough of a large number."""
    if math.isinf(steps):
        return "10¹² or"
    digits = max(0, len(str(int(steps))) - 3)
    return f"{round(int(steps), -digits):,}"


def _figures(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"
