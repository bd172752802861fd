"""Where a fit stands and what to do next, in words."""

import math
from collections.abc import Sequence

import keras
import numpy as np

from linfit.curvature import Curvature
from linfit.least_squares import LeastSquares, has_closed_form
from linfit.parameters import named_parameters, scalar_names
from linfit.rows import Rows
from linfit.text_table import number

_CONVERGED = 1e-3  # a loss this close to the lowest possible one, relative to it, counts as having reached it


def verdict(model: keras.Model, rows: Rows, loss: float, optimum: LeastSquares | None, names: Sequence[str]) -> str:
    """One or two sentences on a model that has this loss on these rows."""
    if optimum is None:
        return "There is no closed-form optimum to compare with: the loss trained on is not the mean squared error."
    parameters = {name: variable.numpy().astype("float64") for name, variable in named_parameters(model).items()}
    curvature = Curvature.from_rows(rows, use_bias="b" in parameters)
    rate = _learning_rate(model)
    rounding = _rounding(model, rows, curvature, rate)
    goal = max(_CONVERGED * optimum.loss, rounding)
    if loss - optimum.loss <= goal:
        if goal == rounding:
            return (
                f"Converged: the loss is as close to the lowest possible as the rounding of {model.dtype} lets it come."
            )
        return (
            f"Converged: the loss is within {_CONVERGED:.1%} of the lowest that these data allow. "
            "More steps change little; what is left is noise."
        )
    if rate > curvature.stability_limit:
        return f"Diverging. {_explain_overshoot(rows, curvature, rate, names)}"
    if not math.isfinite(loss):
        return "Diverged: the loss is no longer a finite number. Start again with a smaller learning rate."

    error = np.vstack([np.atleast_2d(values - getattr(optimum, name)) for name, values in parameters.items()])
    text = f"Not converged: the loss {number(loss)} can still fall to {number(optimum.loss)}. "
    steps = curvature.steps_until(goal, error, rate)
    if math.isfinite(steps):
        return text + f"About {steps:,} more full-batch steps at learning rate {rate:g} bring it there."
    faster = 0.9 * curvature.stability_limit
    steps = curvature.steps_until(goal, error, faster)
    text += f"At learning rate {rate:g} that takes more than 1,000,000 full-batch steps"
    if math.isfinite(steps):
        return f"{text}; at {faster:.2g} about {steps:,}."
    return (
        f"{text}, and above {curvature.stability_limit:.2g} the fit diverges: the features differ too much in "
        "scale. Subtract each column's mean and divide it by its standard deviation."
    )


def _rounding(model: keras.Model, rows: Rows, curvature: Curvature, learning_rate: float) -> float:
    """How far above its minimum the loss comes to rest because updates round to nothing.

    A step stalls when η λ error falls below the spacing of floats, eps |y|; the loss is the square of that error.
    """
    curved = curvature.eigenvalues[curvature.eigenvalues > 1e-12 * curvature.eigenvalues[-1]]
    slowest = min(1.0, learning_rate * curved.min()) if len(curved) else 1.0
    stalled = np.finfo(model.dtype).eps ** 2 * float(np.mean(rows.y**2)) / slowest**2
    return min(stalled, _CONVERGED * float(np.var(rows.y)))


def explain_divergence(model: keras.Model) -> str:
    """Why the loss of the fit that `model` is running overflows, as far as its rows are in memory."""
    rows = getattr(model, "training_rows", None)
    if rows is not None and has_closed_form(model):
        parameters = named_parameters(model)
        curvature = Curvature.from_rows(rows, use_bias="b" in parameters)
        if _learning_rate(model) > curvature.stability_limit:
            names = scalar_names({name: values.shape for name, values in parameters.items()}, model.feature_names)
            return _explain_overshoot(rows, curvature, _learning_rate(model), names)
    return "The usual reason is a learning rate that is too large: try a tenth of it."


def _explain_overshoot(rows: Rows, curvature: Curvature, learning_rate: float, names: Sequence[str]) -> str:
    limit = curvature.stability_limit
    text = (
        f"The learning rate {learning_rate:g} is above these data's stability limit {limit:.3g} (2/λmax), so every "
        f"step overshoots. Try {limit / 2:.1g}."
    )
    size = np.sqrt(np.mean(np.square(rows.x, dtype="float64"), axis=0))
    if size.max() > 10:
        text += (
            f" The limit is so low because of {names[size.argmax() * rows.y.shape[1]]}, with values around "
            f"{size.max():.3g}. Subtract each column's mean and divide it by its standard deviation."
        )
    return text


def _learning_rate(model: keras.Model) -> float:
    return float(model.optimizer.learning_rate.numpy())
