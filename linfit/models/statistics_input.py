"""SufficientStatistics in place of rows, as input to a fit or a comparison."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from linfit.analysis.l2_penalty import l2_penalty
from linfit.checks import InputError
from linfit.keras_utils.variables import named_parameters
from linfit.models.tabular_model import TabularModel
from linfit.statistics.condensed_rows import CondensedRows
from linfit.statistics.sufficient_statistics import SufficientStatistics


def condensed_rows(model: keras.Model, statistics: SufficientStatistics) -> CondensedRows:
    """Return a few rows with the loss of all rows of the statistics; the first statistics build the model.

    Raises:
        InputError: the model has other features or targets than the statistics, or only one of them has a bias.
    """
    check_statistics(model, statistics)
    return CondensedRows.of(statistics)


def check_statistics(model: keras.Model, statistics: SufficientStatistics) -> None:
    """Refuse statistics that do not match the model's columns and bias; the first statistics build the model."""
    if isinstance(model, TabularModel):
        model.check_statistics(statistics)
    use_bias = "b" in named_parameters(model)
    if use_bias != statistics.use_bias:
        raise InputError(
            f"the statistics must have the model's use_bias={use_bias}, got use_bias={statistics.use_bias}. "
            f"Try SufficientStatistics.from_batches(batches, use_bias={use_bias})."
        )


def refuse_what_needs_rows(model: Any, statistics: SufficientStatistics, given: Mapping[str, Any]) -> None:
    """Refuse a fit to statistics if something needs single rows, which they do not have.

    Args:
        model: the model to fit.
        statistics: the statistics to fit it to.
        given: the other arguments of `fit` by name.

    Raises:
        InputError: an argument, the loss or a metric needs single rows.
    """
    batch_size = given.get("batch_size")
    if batch_size is not None and batch_size < statistics.rows:
        raise InputError(
            f"each step on statistics takes all {statistics.rows:,} rows, got batch_size={batch_size}. Leave it out, "
            "or train on mini-batches of rows: model.fit(read_batches(...).dataset(batch_size))."
        )
    for name, value in given.items():
        if name != "batch_size" and value is not None and not np.array_equal(value, 0):
            raise InputError(
                f"statistics include all rows with their targets and weights, and cannot be combined with {name}. "
                f"Leave {name} out, or pass rows: model.fit(x, y)."
            )
    if model.compiled and l2_penalty(model) is None:
        raise InputError(
            "a fit to statistics requires the mean squared error, without a penalty or with an L2 penalty on w. "
            "Compile with loss='mse', or pass rows: model.fit(x, y), or a stream of them: "
            "model.fit(read_batches(...).dataset(batch_size))."
        )
    if model.needs_rows:
        raise InputError(
            "metrics and a train_step of your own need single rows, and statistics have none. Leave them out, or pass "
            "rows: model.fit(x, y)."
        )
