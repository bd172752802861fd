"""The verdict on a fit, in words: converged, not converged or diverged, and what to do next."""

import math
from collections.abc import Sequence

import keras
import numpy as np

from linfit.analysis.advice import explain_divergence, mini_batch_size, suggest_adapt
from linfit.analysis.distance_to_optimum import (
    acceptable_excess_loss,
    distance_in_words,
    has_noise,
    identifiable_error,
    labels_in_model_units,
    rounding_error,
    standard_errors,
)
from linfit.analysis.squared_error import SquaredError
from linfit.analysis.truth_within_noise import truth_verdict
from linfit.arguments import Argument
from linfit.keras_utils.optimizer import is_plain_sgd
from linfit.parameter_names import flat, flat_reference
from linfit.text.text_table import number

NO_OPTIMUM = (
    "There is no optimum in closed form to compare with: that requires the mean squared error, without a penalty or "
    "with an L2 penalty on w."
)
CONVERGED_WITHIN = 0.1  # standard errors: closer to the optimum, confidence intervals hardly change
_PATIENCE = 1_000_000  # steps: if even the best rate needs more, the features are the cause


def verdict(
    model: keras.Model,
    objective: SquaredError,
    parameters: dict[str, np.ndarray],
    loss: float,
    names: Sequence[str],
    truth: np.ndarray | None = None,
) -> str:
    """Return the verdict: converged, with a test of the truth; not converged; diverging; or diverged.

    Args:
        model: the fitted model; the learning rate is that of its optimizer.
        objective: the least-squares objective of the training rows.
        parameters: the fitted values by name.
        loss: the loss at these values.
        names: a name for each scalar.
        truth: the true values in the order of names; None if unknown.
    """
    if not math.isfinite(loss) or not np.isfinite(flat(parameters)).all():
        return f"Diverged: the loss is no longer a finite number. {explain_divergence(model, objective)}"
    error = identifiable_error(objective, flat(parameters) - flat_reference(objective.optimum, parameters))
    size, labels = np.abs(error), labels_in_model_units(objective, names)
    standard_error = standard_errors(objective, parameters)
    rounding = rounding_error(model, objective, parameters)
    loss_is_close = loss - objective.optimum.loss <= acceptable_excess_loss(model, objective)
    if np.all(size <= CONVERGED_WITHIN * standard_error):
        distance = distance_in_words(size, standard_error, labels)
        text = f"Converged: {f'{distance} from' if distance else 'at'} the optimum; more steps make no difference."
        return f"{text} {truth_verdict(objective, parameters, truth, names)}"
    if loss_is_close and np.all(size <= np.maximum(CONVERGED_WITHIN * standard_error, rounding)):
        text = f"Converged: the fit is as close to the optimum as {model.dtype} rounding allows."
        return f"{text} {truth_verdict(objective, parameters, truth, names)}"

    if _overshoots(model, objective, loss):
        return f"Diverging. {explain_divergence(model, objective)}"
    distance = distance_in_words(size, standard_error, labels) if objective.optimum.degrees_of_freedom else ""
    losses = f"the loss can still fall from {number(loss)} to {number(objective.optimum.loss)}"
    text = f"Not converged: {f'{distance} from the optimum' if distance else losses}. "
    if not is_plain_sgd(model.optimizer):
        if loss > objective.total_variance:
            return text + (
                "The loss is above that of a constant prediction: if it does not fall, try a smaller learning rate."
            )
        return text + "More steps may bring it closer."
    tolerance = CONVERGED_WITHIN * standard_error
    if not has_noise(model, objective) and np.any(size > rounding):
        tolerance = np.maximum(tolerance, rounding)
    return text + _steps_needed(model, objective, error, tolerance)


def _overshoots(model: keras.Model, objective: SquaredError, loss: float) -> bool:
    """Return whether each step moves away: above the stability limit, or with mini-batches and a large loss."""
    if not is_plain_sgd(model.optimizer):
        return False
    rate = float(model.optimizer.learning_rate.numpy())
    if rate > objective.curvature.stability_limit:
        return True
    batch_size = mini_batch_size(model, objective)
    if batch_size is None or loss <= 10 * objective.total_variance:
        return False
    return rate > objective.curvature.critical_learning_rate(batch_size)


def _steps_needed(model: keras.Model, objective: SquaredError, error: np.ndarray, tolerance: np.ndarray) -> str:
    """Return how many more full-batch steps the fit needs, at its own learning rate and at the best one."""
    curvature = objective.curvature
    shape = (-1, objective.statistics.targets)
    error, tolerance = error.reshape(shape), tolerance.reshape(shape)
    rate, best_rate = float(model.optimizer.learning_rate.numpy()), curvature.usable_learning_rate
    best = curvature.steps_from(error, tolerance, best_rate)
    if rate <= 0:
        return (
            f"The learning rate has fallen to 0; about {_count(best)} more full-batch steps at {best_rate:.3g} would "
            "reach the optimum."
        )
    here = curvature.steps_from(error, tolerance, rate)
    faster = f", or {_count(best)} at {best_rate:.3g}." if best < here else "."
    batch_size = mini_batch_size(model, objective)
    if batch_size is not None:
        return (
            f"Steps of {batch_size} rows approach the optimum, then jump around it. With all rows in each step, the "
            f"fit needs about {_count(here)} more steps at learning rate {rate:.4g}{faster}"
        )
    text = f"The fit needs about {_count(here)} more full-batch steps at learning rate {rate:.4g}{faster}"
    if best > _PATIENCE and objective.units is None:
        text += (
            " The features differ too much in scale or are nearly linearly dependent. "
            f"Try {Argument('normalize', True, call='LinearRegression')}."
        )
    elif best > _PATIENCE:
        text += f" {suggest_adapt(objective) or 'The features are nearly linearly dependent: leave some of them out.'}"
    return text


def _count(steps: float) -> str:
    """Return a number of steps to three digits; "10¹² or", to be followed by "more", if it is infinite."""
    if math.isinf(steps):
        return "10¹² or"
    digits = max(0, len(str(int(steps))) - 3)
    return f"{round(int(steps), -digits):,}"
