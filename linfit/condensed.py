"""Statistics in the place of rows: what a fit and a comparison make of them."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from linfit.checks import InputError
from linfit.closed_form import l2_penalty
from linfit.parameters import named_parameters
from linfit.rows import Rows
from linfit.sufficient_statistics import SufficientStatistics
from linfit.tabular_model import TabularModel


def condensed_rows(model: keras.Model, statistics: SufficientStatistics) -> Rows:
    """The few rows that have the loss of all, for a model that has their columns, or is made for them now.

    Raises:
        InputError: the model has other features or targets, or a bias where the statistics have none.
    """
    check_statistics(model, statistics)
    x, y, *weight = statistics.pseudo_observations()
    return Rows(x, y, weight[0] if weight else None, statistics)


def check_statistics(model: keras.Model, statistics: SufficientStatistics) -> None:
    """Refuses statistics of other columns than the model's, which is made for them if they are the first."""
    if isinstance(model, TabularModel):
        names = statistics.feature_names
        if names and model.feature_names and names != model.feature_names:
            raise InputError(
                f"the statistics must have the features {list(model.feature_names)}, in this order, got {list(names)}. "
                f"Try linfit.read_batches(..., features={list(model.feature_names)})."
            )
        _check_levels(model, statistics)
        model.check_features(statistics.features)
        model.build_for(statistics.features, statistics.targets, statistics.feature_names, statistics.categories)
    use_bias = "b" in named_parameters(model)
    if use_bias != statistics.use_bias:
        raise InputError(
            f"the statistics were made with use_bias={statistics.use_bias}, the model has use_bias={use_bias}. "
            f"Try SufficientStatistics.from_batches(batches, use_bias={use_bias})."
        )


def _check_levels(model: TabularModel, statistics: SufficientStatistics) -> None:
    """Features of the same name mean something else where the reference level is another."""
    for column, levels in (statistics.categories or {}).items():
        expected = tuple(model.categories.get(column, levels))
        if tuple(levels) != expected:
            raise InputError(
                f"column {column!r} of the statistics has the levels {list(levels)}, the model's has {list(expected)}; "
                "the first is the reference level. Try linfit.read_batches(..., categorical=model.categories)."
            )


def refuse_statistics(values: Any, remedy: str) -> None:
    """Refuses statistics where Keras looks at rows one by one."""
    if isinstance(values, SufficientStatistics):
        raise InputError(
            f"statistics have no rows to evaluate; linfit.compare(model, statistics) tells the loss on them. {remedy}"
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
