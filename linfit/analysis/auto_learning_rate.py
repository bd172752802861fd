"""The learning rate that `compile(learning_rate="auto")` chooses."""

import math

from linfit.analysis.squared_error import SquaredError
from linfit.checks import InputError
from linfit.keras_utils.optimizer import DEFAULT_LEARNING_RATE


def fastest_learning_rate(objective: SquaredError | None, batch_size: int | None) -> float:
    """Return the fastest safe learning rate for the rows of a fit.

    Args:
        objective: the loss on these rows; None if it is not the squared error of rows in memory.
        batch_size: the rows in each step; None if unknown, as for a stream.

    Returns:
        The rate: with full batches `Curvature.usable_learning_rate`, with mini-batches half of
        `Curvature.critical_learning_rate`, and Keras's default if the loss is constant.

    Raises:
        InputError: the objective is None.
    """
    if objective is None:
        raise InputError(
            "learning_rate='auto' requires rows in memory and the mean squared error, without a penalty or with an L2 "
            "penalty on w. For a stream, try SufficientStatistics.from_batches(batches).curvature()."
            "fastest_learning_rate. Otherwise pass a number, as in compile(learning_rate=0.05)."
        )
    rate = objective.curvature.usable_learning_rate
    if batch_size is not None and batch_size < objective.statistics.rows:
        rate = objective.curvature.critical_learning_rate(batch_size) / 2
    return rate if math.isfinite(rate) else DEFAULT_LEARNING_RATE  # infinite for a constant loss
