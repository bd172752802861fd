"""Advice: why a fit diverges, what keeps its learning rate low, and what to do about it."""

import keras
import numpy as np

from linfit.analysis.squared_error import SquaredError
from linfit.arguments import Argument
from linfit.keras_utils.optimizer import is_plain_sgd

_USUAL_CAUSE = "The usual cause is a learning rate that is too large: try a tenth of it."


def explain_divergence(model: keras.Model, objective: SquaredError | None) -> str:
    """Return why a loss overflows and what to do, as specifically as the rows allow."""
    if objective is None or not is_plain_sgd(model.optimizer):
        return _USUAL_CAUSE
    curvature, rate = objective.curvature, float(model.optimizer.learning_rate.numpy())
    limit = curvature.stability_limit
    if rate <= limit:
        batch_size = mini_batch_size(model, objective)
        if batch_size is not None:
            critical = curvature.critical_learning_rate(batch_size)
            if rate > critical:
                return (
                    f"The learning rate {rate:g} is above {critical:.3g}, a rate below which steps of {batch_size} "
                    f"rows are sure to converge. Try {critical / 2:.1g}, or larger batches."
                )
        return _USUAL_CAUSE
    text = (
        f"The learning rate {rate:g} is above this data's stability limit {limit:.3g} (2/λmax), so every step "
        f"overshoots; the fastest stable rate is {curvature.fastest_learning_rate:.3g}."
    )
    remedy = explain_low_limit(objective)
    return text if remedy is None else f"{text} {remedy}"


def explain_low_limit(objective: SquaredError) -> str | None:
    """Return why the stability limit is low and what to do; None if no column's scale is the cause."""
    curvature = objective.curvature
    statistics = objective.statistics
    if objective.units is not None:
        return suggest_adapt(objective)
    # The limit of columns of size 1 is at most the right-hand side, by the trace of their Hessian.
    if 10 * curvature.stability_limit >= statistics.targets * statistics.rows / statistics.weight:
        return None
    standardized = statistics.standardized().curvature(objective.l2).stability_limit
    if standardized <= 10 * curvature.stability_limit:
        return None
    feature = curvature.dominating_feature
    label = objective.statistics.labels[feature]
    scales = np.delete(curvature.scales, feature)
    times = curvature.scales[feature] / scales.max() if len(scales) and scales.max() > 0 else 0
    larger = f", {times:.2g} times those of the next feature" if times > 1.5 else ""
    return (
        f"The limit is low because {label} has values around {curvature.scales[feature]:.3g}{larger}. "
        f"With {Argument('normalize', True, call='LinearRegression')} the limit rises to {standardized:.2g}."
    )


def suggest_adapt(objective: SquaredError) -> str | None:
    """Return the advice to standardize by these rows instead of earlier ones; None if that would change little."""
    own = objective.statistics.standardized().curvature(objective.l2)
    if objective.units is None or own.condition_number > objective.curvature.condition_number / 100:
        return None
    return (
        "The features are standardized by the rows of an earlier fit. Try "
        "model.adapt(linfit.SufficientStatistics.from_rows(x, y)) before the next fit."
    )


def mini_batch_size(model: keras.Model, objective: SquaredError) -> int | None:
    """Return the rows in each step of the model's latest fit; None if unknown, or if each step takes all rows."""
    batch_size = getattr(model, "batch_size", None)
    return batch_size if batch_size is not None and batch_size < objective.statistics.rows else None
