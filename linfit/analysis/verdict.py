"""Where a fit stands and what to do next, in words."""

import math
from collections.abc import Sequence

import keras
import numpy as np

from linfit.analysis.advice import adapting, batch_size_of, explain_divergence
from linfit.analysis.distance import (
    about_the_truth,
    has_noise,
    in_standard_errors,
    names_in_units,
    rest_loss,
    rounding_error,
    seen,
    yardstick,
)
from linfit.analysis.squared_error import SquaredError
from linfit.arguments import Argument
from linfit.keras_utils.optimizer import is_plain_sgd
from linfit.parameter_names import flat, flat_reference
from linfit.text.text_table import number

NO_OPTIMUM = (
    "There is no optimum in closed form to compare with: that needs the mean squared error, without a penalty or with "
    "an L2 penalty on w."
)
NEAR = 0.1  # standard errors: a fit so near its optimum has converged, as its confidence intervals hardly move
_PATIENCE = 1_000_000  # steps


def verdict(
    model: keras.Model,
    objective: SquaredError,
    parameters: dict[str, np.ndarray],
    loss: float,
    names: Sequence[str],
    truth: np.ndarray | None = None,
) -> str:
    """One of four endings: converged, with the truth within the noise or not; not converged; diverged.

    Args:
        model: what was fitted; its optimizer says at which rate.
        objective: the least-squares objective of the rows that it was fitted to.
        parameters: the fitted values by name.
        loss: the loss there.
        names: a name for each scalar.
        truth: the true values, in the order of names.
    """
    if not math.isfinite(loss) or not np.isfinite(flat(parameters)).all():
        return f"Diverged: the loss is no longer a finite number. {explain_divergence(model, objective)}"
    ahead = seen(objective, flat(parameters) - flat_reference(objective.optimum, parameters))
    error, measured = np.abs(ahead), names_in_units(objective, names)
    standard_error = yardstick(objective, parameters)
    rounding = rounding_error(model, objective, parameters)
    rests = loss - objective.optimum.loss <= rest_loss(model, objective)
    if np.all(error <= NEAR * standard_error):
        gap = in_standard_errors(error, standard_error, measured)
        text = f"Converged: {f'{gap} from' if gap else 'at'} the optimum; more steps cannot matter."
        return f"{text} {about_the_truth(objective, parameters, truth, names)}"
    if rests and np.all(error <= np.maximum(NEAR * standard_error, rounding)):
        text = f"Converged: the fit is as close to the optimum as the rounding of {model.dtype} lets it come."
        return f"{text} {about_the_truth(objective, parameters, truth, names)}"

    if _overshoots(model, objective, loss):
        return f"Diverging. {explain_divergence(model, objective)}"
    gap = in_standard_errors(error, standard_error, measured) if objective.optimum.degrees_of_freedom else ""
    place = (
        f"{gap} from the optimum" if gap else f"the loss {number(loss)} can fall to {number(objective.optimum.loss)}"
    )
    text = f"Not converged: {place}. "
    if not is_plain_sgd(model.optimizer):
        if loss > objective.total_variance:
            return text + "That is worse than a constant: if it does not fall, try a smaller learning rate."
        return text + "More steps may bring it nearer."
    tolerance = NEAR * standard_error
    if not has_noise(model, objective) and np.any(error > rounding):
        tolerance = np.maximum(tolerance, rounding)
    return text + _steps_needed(model, objective, ahead, tolerance)


def _overshoots(model: keras.Model, objective: SquaredError, loss: float) -> bool:
    """Whether each step leads further away: above the stability limit, or visibly so with mini-batches."""
    if not is_plain_sgd(model.optimizer):
        return False
    rate = float(model.optimizer.learning_rate.numpy())
    if rate > objective.curvature.stability_limit:
        return True
    batch_size = batch_size_of(model, objective)
    if batch_size is None or loss <= 10 * objective.total_variance:
        return False
    return rate > objective.curvature.critical_learning_rate(batch_size)


def _steps_needed(model: keras.Model, objective: SquaredError, error: np.ndarray, tolerance: np.ndarray) -> str:
    """How many more full-batch steps bring the fit to its optimum, at its rate and at the best."""
    curvature = objective.curvature
    shape = (-1, objective.statistics.targets)
    error, tolerance = error.reshape(shape), tolerance.reshape(shape)
    rate, best_rate = float(model.optimizer.learning_rate.numpy()), curvature.usable_learning_rate
    best = curvature.steps_from(error, tolerance, best_rate)
    if rate <= 0:
        return f"The learning rate has fallen to 0; about {_count(best)} steps at {best_rate:.3g} bring it there."
    here = curvature.steps_from(error, tolerance, rate)
    faster = f", or {_count(best)} at {best_rate:.3g}." if best < here else "."
    batch_size = batch_size_of(model, objective)
    if batch_size is not None:
        return (
            f"Steps of {batch_size} rows come near it, then jump around it. With all rows in each, about "
            f"{_count(here)} more steps at learning rate {rate:.4g} bring it there{faster}"
        )
    text = f"About {_count(here)} more full-batch steps at learning rate {rate:.4g} bring it there{faster}"
    if best > _PATIENCE and objective.units is None:
        text += (
            " The features differ too much in scale, or depend on each other too closely. "
            f"Try {Argument('normalize', True, call='LinearRegression')}."
        )
    elif best > _PATIENCE:
        text += f" {adapting(objective) or 'The features depend on each other too closely: leave some of them out.'}"
    return text


def _count(steps: float) -> str:
    """Three digits are enough of a large number."""
    if math.isinf(steps):
        return "10¹² or"
    digits = max(0, len(str(int(steps))) - 3)
    return f"{round(int(steps), -digits):,}"
