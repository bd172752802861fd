"""Advice: why a fit diverges, what keeps its learning rate low, and what to do about it."""

import keras
import numpy as np

from linfit.analysis.squared_error import SquaredError
from linfit.arguments import Argument
from linfit.keras_utils.optimizer import is_plain_sgd


def explain_divergence(model: keras.Model, objective: SquaredError | None) -> str:
    """Why a loss overflows, as far as the rows are known, and what to do."""
    if objective is None or not is_plain_sgd(model.optimizer):
        return "The usual reason is a learning rate that is too large: try a tenth of it."
    curvature, rate = objective.curvature, float(model.optimizer.learning_rate.numpy())
    limit = curvature.stability_limit
    if rate <= limit:
        batch_size = batch_size_of(model, objective)
        if batch_size is not None:
            critical = curvature.critical_learning_rate(batch_size)
            if rate > critical:
                return (
                    f"The learning rate {rate:g} is above {critical:.3g}, up to which batches of {batch_size} rows of "
                    f"these data are sure to converge. Try {critical / 2:.1g}, or larger batches."
                )
        return "The usual reason is a learning rate that is too large: try a tenth of it."
    text = (
        f"The learning rate {rate:g} is above these data's stability limit {limit:.3g} (2/λmax), so every step "
        f"overshoots; the fastest stable rate is {curvature.fastest_learning_rate:.3g}."
    )
    remedy = scale_remedy(objective)
    return text if remedy is None else f"{text} {remedy}"


def scale_remedy(objective: SquaredError) -> str | None:
    """What makes the stability limit low, and what to do; None where no column's scale is to blame."""
    curvature = objective.curvature
    statistics = objective.statistics
    if objective.units is not None:
        return adapting(objective)
    if 10 * curvature.stability_limit >= statistics.targets * statistics.rows / statistics.weight:
        return None  # columns of size 1 have no higher limit than this: the trace of their Hessian is at least so large
    standardized = statistics.standardized().curvature(objective.l2).stability_limit
    if standardized <= 10 * curvature.stability_limit:
        return None
    feature = curvature.dominating_feature
    label = objective.statistics.labels[feature]
    scales = np.delete(curvature.scales, feature)
    times = curvature.scales[feature] / scales.max() if len(scales) and scales.max() > 0 else 0
    larger = f", {times:.2g} times those of the next feature" if times > 1.5 else ""
    return (
        f"The limit is so low because of {label}, with values around {curvature.scales[feature]:.3g}{larger}. "
        f"With {Argument('normalize', True, call='LinearRegression')} the limit rises to {standardized:.2g}."
    )


def adapting(objective: SquaredError) -> str | None:
    """What to do where the features are standardized by other rows than these; None where that does no harm."""
    own = objective.statistics.standardized().curvature(objective.l2)
    if objective.units is None or own.condition_number > objective.curvature.condition_number / 100:
        return None
    return (
        "The features are standardized by the rows of an earlier fit. Try "
        "model.adapt(linfit.SufficientStatistics.from_rows(x, y)) before the next one."
    )


def batch_size_of(model: keras.Model, objective: SquaredError) -> int | None:
    """The rows in each step of the model's latest fit, where that is known and not all rows."""
    batch_size = getattr(model, "batch_size", None)
    return batch_size if batch_size is not None and batch_size < objective.statistics.rows else None
