"""descent_facts: the names, words and single numbers that the Descent tab gets at the start of a fit."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from linfit.analysis.advice import explain_low_limit
from linfit.analysis.distance_to_optimum import acceptable_excess_loss, has_noise
from linfit.analysis.truth_within_noise import truth_verdict
from linfit.callbacks.descent.descent_arrays import curved_objective
from linfit.callbacks.descent.descent_notice import descent_notice
from linfit.callbacks.descent.loss_name import loss_name
from linfit.callbacks.descent.path_pieces import rows_per_octave
from linfit.callbacks.fit_context import FitContext
from linfit.data.rows import Rows
from linfit.keras_utils.optimizer import is_plain_sgd
from linfit.statistics.condensed_rows import CondensedRows

_SIGNATURE_ROWS = 1000  # are enough to distinguish data sets


def descent_facts(context: FitContext) -> dict[str, Any]:
    """Return the facts about a fit as JSON values; None stands for a value that is unknown or not finite."""
    model, start = context.model, context.start
    features, targets = start.w.shape[1:] if context.is_linear else (None, None)
    return {
        "names": list(start.names) if rows_per_octave(len(start.names)) else [],
        "features": features,
        "targets": targets,
        "bias": "b" in start.parameters,
        "rows": None if context.rows is None else context.rows.count,
        "loss": loss_name(model.loss),
        "batch_size": context.batch_size,
        "plain_sgd": is_plain_sgd(model.optimizer),
        "dtype": str(model.dtype),
        "optimum_loss": _finite_or_none(context.losses.get("optimum")),
        "truth_loss": _finite_or_none(context.losses.get("truth")),
        **_optimum_facts(context),
        **_objective_facts(context),
        "signature": _signature(context.rows),
        "message": descent_notice(context),
    }


def _signature(rows: Rows | None) -> list[float] | None:
    """Return sizes, means and correlations of the columns, which are equal up to rounding for equal rows.

    The sizes are logarithms, and the means and correlations are relative to the sizes, so that one tolerance suits all.
    """
    if rows is None:
        return None
    selection = rows if isinstance(rows, CondensedRows) else rows.evenly_spaced(_SIGNATURE_ROWS)
    columns = np.hstack([selection.x, selection.y]).astype("float64")
    size = np.sqrt(np.mean(columns**2, axis=0))
    columns = np.divide(columns, size, out=np.zeros_like(columns), where=size > 0)
    features = selection.x.shape[1]
    correlations = columns[:, :features].T @ columns[:, features:] / len(columns)
    sizes = np.log(size, out=np.zeros_like(size), where=size > 0)
    numbers = np.concatenate([sizes, columns.mean(axis=0), correlations.ravel()])
    return [round(value, 6) for value in numbers.tolist()]


def _optimum_facts(context: FitContext) -> dict[str, Any]:
    optimum = context.optimum
    facts: dict[str, Any] = {"degrees_of_freedom": None, "residual_std": None, "t95": None, "undetermined": []}
    if optimum is None:
        return facts
    freedom = _finite_or_none(optimum.degrees_of_freedom)
    if freedom:
        from scipy.special import stdtrit

        facts["t95"] = _finite_or_none(stdtrit(freedom, 0.975))
    undetermined = np.isinf(optimum.standard_error(context.start.parameters))
    return facts | {
        "degrees_of_freedom": freedom,
        "residual_std": _finite_list(optimum.residual_std.tolist()),
        "undetermined": [context.start.names[i] for i in np.flatnonzero(undetermined).tolist()],
    }


def _objective_facts(context: FitContext) -> dict[str, Any]:
    objective, model, point = curved_objective(context), context.model, context.start.point()
    if objective is None:
        facts = ("l2", "usable_learning_rate", "stability_limit", "critical_learning_rate", "has_noise", "rest_loss")
        return dict.fromkeys((*facts, "total_variance", "truth_verdict", "remedy"))
    curvature, batch_size = objective.curvature, context.batch_size
    critical = None
    if batch_size is not None and batch_size < objective.statistics.rows:
        critical = _finite_or_none(curvature.critical_learning_rate(batch_size))
    return {
        "l2": objective.l2,
        "usable_learning_rate": _finite_or_none(curvature.usable_learning_rate),
        "stability_limit": _finite_or_none(curvature.stability_limit),
        "critical_learning_rate": critical,
        "normalized": objective.units is not None,
        "has_noise": has_noise(model, objective),
        "rest_loss": _finite_or_none(acceptable_excess_loss(model, objective)),
        "total_variance": _finite_or_none(objective.total_variance),
        "truth_verdict": truth_verdict(objective, point, context.points.get("truth"), context.start.names),
        "remedy": explain_low_limit(objective),
    }


def _finite_or_none(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _finite_list(values: Iterable[float]) -> list[float | None]:
    return [_finite_or_none(value) for value in values]
