"""SufficientStatistics in place of rows: what a fit and a comparison make of them."""

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
    """Return the few rows that have the loss of all, for a model of their columns; a new model is built for them.

    Raises:
        InputError: the model has other features or targets, or a bias where the statistics have none.
    """
    check_statistics(model, statistics)
    return CondensedRows.of(statistics)


def check_statistics(model: keras.Model, statistics: SufficientStatistics) -> None:
    """Refuse statistics of other columns than the model's; a new model is built for them."""
    if isinstance(model, TabularModel):
        model.check_statistics(statistics)
    use_bias = "b" in named_parameters(model)
    if use_bias != statistics.use_bias:
        raise InputError(
            f"the statistics were made with use_bias={statistics.use_bias}, the model has use_bias={use_bias}. "
            f"Try SufficientStatistics.from_batches(batches, use_bias={use_bias})."
        )


def refuse_beside_statistics(model: Any, statistics: SufficientStatistics, given: Mapping[str, Any]) -> None:
    """Refuses what needs single rows, of which statistics have none.

    Args:
        model: what is to be fitted.
        statistics: what to.
        given: the arguments of `fit` that may be in the way, by name.

    Raises:
        InputError: an argument, a loss or a metric that needs rows.
    """
    batch_size = given.get("batch_size")
    if batch_size is not None and batch_size < statistics.rows:
        raise InputError(
            f"a step on statistics takes all {statistics.rows:,} rows at once, got batch_size={batch_size}. Leave it "
            "out; mini-batches need the rows: try model.fit(read_batches(...).dataset(batch_size))."
        )
    for name, value in given.items():
        if name != "batch_size" and value is not None and not np.array_equal(value, 0):
            raise InputError(
                f"statistics stand for all rows, their targets and their weights; {name} cannot be given beside them. "
                f"Leave {name} out, or pass rows: model.fit(x, y)."
            )
    if model.compiled and l2_penalty(model) is None:
        raise InputError(
            "statistics know the mean squared error of their rows, without a penalty or with an L2 penalty on w, and "
            "no other loss. Compile with loss='mse', or pass rows: model.fit(x, y), or a stream of them: "
            "model.fit(read_batches(...).dataset(batch_size))."
        )
    if model.needs_rows:
        raise InputError(
            "statistics have no rows for a metric, or for a train step of your own, to look at. Leave metrics out, or "
            "pass rows: model.fit(x, y)."
        )
