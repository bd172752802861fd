"""What the Descent tab is told of a fit at its start: single facts, and arrays by tag."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from tensorboard_plugin_linfit import summary

from linfit.analysis.advice import scale_remedy
from linfit.analysis.distance import about_the_truth, has_noise, rest_loss, rounding_error, yardstick
from linfit.analysis.l2_penalty import l2_penalty
from linfit.analysis.squared_error import SquaredError
from linfit.analysis.verdict import NO_OPTIMUM
from linfit.callbacks.descent.loss_words import loss_in_words
from linfit.callbacks.descent.path_pieces import dense_rows, most_parameters
from linfit.callbacks.fit_context import FitContext
from linfit.data.rows import Rows
from linfit.keras_utils.optimizer import is_plain_sgd
from linfit.statistics.condensed_rows import CondensedRows

_MOST_POINTS = 1000  # of the data: more hide the line, and so many tell one set of rows from another
_MOST_DIRECTIONS = 512  # whose curvature is written: 2 MB


def about(context: FitContext) -> dict[str, Any]:
    """What can be said in words and single numbers; None stands for what is not known or not finite."""
    model, start = context.model, context.start
    features, targets = start.w.shape[1:] if context.is_linear else (None, None)
    return {
        "names": list(start.names) if dense_rows(len(start.names)) else [],
        "features": features,
        "targets": targets,
        "bias": "b" in start.parameters,
        "rows": None if context.rows is None else context.rows.count,
        "loss": loss_in_words(model.loss),
        "batch_size": context.batch_size,
        "plain_sgd": is_plain_sgd(model.optimizer),
        "dtype": str(model.dtype),
        "optimum_loss": _finite(context.losses.get("optimum")),
        "truth_loss": _finite(context.losses.get("truth")),
        **_of_the_optimum(context),
        **_of_the_problem(context),
        "signature": _signature(context.rows),
        "message": _message(context),
    }


def arrays(context: FitContext) -> dict[str, np.ndarray]:
    """The arrays that are known, by tag: points of the data, optimum, curvature and truth."""
    drawn, point = context.data_rows, context.start.point()
    result: dict[str, np.ndarray] = {}
    if not dense_rows(len(context.start.names)):
        return result
    if drawn is not None and drawn.x.shape[1] == 1:
        points = slice(None, None, math.ceil(len(drawn) / _MOST_POINTS))
        result[summary.DATA] = np.hstack([drawn.x[points], drawn.y[points]])
    objective = _drawn(context)
    if context.optimum is not None:
        error = context.optimum.standard_error(point)
        measures = [error, np.zeros_like(error)]
        if objective is not None:
            measures = [yardstick(objective, point), rounding_error(context.model, objective, point)]
        result[summary.OPTIMUM] = np.stack([context.points["optimum"], error, *measures])
    if objective is not None:
        curvature = objective.curvature_of_data
        columns = [curvature.eigenvalues, curvature.eigenvectors.T]
        if objective.units is not None:  # else all three are the same
            columns += [curvature.dual_vectors, objective.curvature.eigenvectors.T]
        result[summary.CURVATURE] = np.column_stack(columns)
    if "truth" in context.points:
        result[summary.TRUTH] = context.points["truth"]
    return result


def _drawn(context: FitContext) -> SquaredError | None:
    """The objective, if it is small enough for its curvature: of thousands of features that takes a minute."""
    objective = context.solved_objective
    if objective is None or not dense_rows(len(context.start.names)):
        return None
    return objective if objective.statistics.features + objective.statistics.use_bias <= _MOST_DIRECTIONS else None


def _signature(rows: Rows | None) -> list[float] | None:
    """Numbers that are the same, up to rounding, for the same rows: sizes, means and correlations of their columns.

    Sizes as logarithms, and all else in units of these, so that equal differences mean the same in each.
    """
    if rows is None:
        return None
    some = rows if isinstance(rows, CondensedRows) else rows.some(_MOST_POINTS)
    columns = np.hstack([some.x, some.y]).astype("float64")
    size = np.sqrt(np.mean(columns**2, axis=0))
    columns = np.divide(columns, size, out=np.zeros_like(columns), where=size > 0)
    products = columns[:, : some.x.shape[1]].T @ columns[:, some.x.shape[1] :] / len(columns)
    sizes = np.log(size, out=np.zeros_like(size), where=size > 0)
    return [round(value, 6) for value in np.concatenate([sizes, columns.mean(axis=0), products.ravel()]).tolist()]


def _of_the_optimum(context: FitContext) -> dict[str, Any]:
    optimum = context.optimum
    facts: dict[str, Any] = {"degrees_of_freedom": None, "residual_std": None, "t95": None, "undetermined": []}
    if optimum is None:
        return facts
    freedom = _finite(optimum.degrees_of_freedom)
    if freedom:
        from scipy.special import stdtrit

        facts["t95"] = _finite(stdtrit(freedom, 0.975))
    is_open = np.isinf(optimum.standard_error(context.start.parameters)).tolist()
    return facts | {
        "degrees_of_freedom": freedom,
        "residual_std": _finite_ones(optimum.residual_std.tolist()),
        "undetermined": [name for name, open_ in zip(context.start.names, is_open, strict=True) if open_],
    }


def _of_the_problem(context: FitContext) -> dict[str, Any]:
    objective, model, point = _drawn(context), context.model, context.start.point()
    if objective is None:
        facts = ("l2", "usable_learning_rate", "stability_limit", "critical_learning_rate", "has_noise", "rest_loss")
        return dict.fromkeys((*facts, "total_variance", "truth_verdict", "remedy"))
    curvature, batch_size = objective.curvature, context.batch_size
    critical = None
    if batch_size is not None and batch_size < objective.statistics.rows:
        critical = _finite(curvature.critical_learning_rate(batch_size))
    return {
        "l2": objective.l2,
        "usable_learning_rate": _finite(curvature.usable_learning_rate),
        "stability_limit": _finite(curvature.stability_limit),
        "critical_learning_rate": critical,
        "normalized": objective.units is not None,
        "has_noise": has_noise(model, objective),
        "rest_loss": _finite(rest_loss(model, objective)),
        "total_variance": _finite(objective.total_variance),
        "truth_verdict": about_the_truth(objective, point, context.points.get("truth"), context.start.names),
        "remedy": scale_remedy(objective),
    }


def _message(context: FitContext) -> str | None:
    """What cannot be shown, and why; None where all can."""
    parameters = len(context.start.names)
    if not dense_rows(parameters):
        return f"{parameters:,} parameters are more than this page shows ({most_parameters():,})."
    if not context.is_linear:
        return "This model is not y = x w + b: there is no optimum in closed form to compare with."
    if context.rows is None:
        return "The rows were not in memory: pass data=(x, y) to TensorBoardLogger to see them and their optimum."
    if context.solved_objective is not None and _drawn(context) is None:
        return f"{parameters:,} parameters are more than those whose loss bowl is drawn: there is no forecast."
    if context.solved_objective is not None:
        return None
    if l2_penalty(context.model) is None:
        words = loss_in_words(context.model.loss)
        if words == "loss":
            return f"{NO_OPTIMUM} This fit has several losses."
        if words == "mean squared error":
            return f"{NO_OPTIMUM} This fit has another penalty, or adds its errors up otherwise."
        return f"{NO_OPTIMUM} This fit's loss is the {words}."
    if context.optimum is None:
        return 'No optimum was asked for: pass optimum="auto" to TensorBoardLogger.'
    return "The optimum was passed to TensorBoardLogger: the shape of the loss around it is not context."


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _finite_ones(values: Iterable[float]) -> list[float | None]:
    return [_finite(value) for value in values]
