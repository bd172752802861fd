"""What the Descent tab is told of a fit at its start: single facts, and arrays by tag."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from tensorboard_plugin_linfit import summary

from linfit.callbacks.known import Known
from linfit.callbacks.loss_words import loss_in_words
from linfit.callbacks.path_pieces import dense_rows, most_parameters
from linfit.closed_form import Problem, l2_penalty
from linfit.divergence import scale_remedy
from linfit.nearness import about_the_truth, has_noise, rest_loss, rounding_error, yardstick
from linfit.optimizer import is_plain_sgd
from linfit.rows import Rows
from linfit.verdict import NO_OPTIMUM

_MOST_POINTS = 1000  # of the data: more hide the line, and so many tell one set of rows from another
_MOST_DIRECTIONS = 512  # whose curvature is written: 2 MB


def about(known: Known) -> dict[str, Any]:
    """What can be said in words and single numbers; None stands for what is not known or not finite."""
    model, start = known.model, known.start
    features, targets = start.w.shape[1:] if known.is_linear else (None, None)
    return {
        "names": list(start.names) if dense_rows(len(start.names)) else [],
        "features": features,
        "targets": targets,
        "bias": "b" in start.parameters,
        "rows": None if known.rows is None else known.rows.count,
        "loss": loss_in_words(model.loss),
        "batch_size": known.batch_size,
        "plain_sgd": is_plain_sgd(model.optimizer),
        "dtype": str(model.dtype),
        "optimum_loss": _finite(known.losses.get("optimum")),
        "truth_loss": _finite(known.losses.get("truth")),
        **_of_the_optimum(known),
        **_of_the_problem(known),
        "signature": _signature(known.rows),
        "message": _message(known),
    }


def arrays(known: Known) -> dict[str, np.ndarray]:
    """The arrays that are known, by tag: points of the data, optimum, curvature and truth."""
    drawn, point = known.drawn, known.start.point()
    result: dict[str, np.ndarray] = {}
    if not dense_rows(len(known.start.names)):
        return result
    if drawn is not None and drawn.x.shape[1] == 1:
        points = slice(None, None, math.ceil(len(drawn) / _MOST_POINTS))
        result[summary.DATA] = np.hstack([drawn.x[points], drawn.y[points]])
    problem = _drawn(known)
    if known.optimum is not None:
        error = known.optimum.standard_error(point)
        measures = [error, np.zeros_like(error)]
        if problem is not None:
            measures = [yardstick(problem, point), rounding_error(known.model, problem, point)]
        result[summary.OPTIMUM] = np.stack([known.points["optimum"], error, *measures])
    if problem is not None:
        curvature = problem.curvature_of_data
        columns = [curvature.eigenvalues, curvature.eigenvectors.T]
        if problem.units is not None:  # else all three are the same
            columns += [curvature.dual_vectors, problem.curvature.eigenvectors.T]
        result[summary.CURVATURE] = np.column_stack(columns)
    if "truth" in known.points:
        result[summary.TRUTH] = known.points["truth"]
    return result


def _drawn(known: Known) -> Problem | None:
    """The problem, if it is small enough for its curvature: of thousands of features that takes a minute."""
    problem = known.problem
    if problem is None or not dense_rows(len(known.start.names)):
        return None
    return problem if problem.statistics.features + problem.statistics.use_bias <= _MOST_DIRECTIONS else None


def _signature(rows: Rows | None) -> list[float] | None:
    """Numbers that are the same, up to rounding, for the same rows: sizes, means and correlations of their columns.

    Sizes as logarithms, and all else in units of these, so that equal differences mean the same in each.
    """
    if rows is None:
        return None
    some = rows if rows.statistics is not None else rows.some(_MOST_POINTS)
    columns = np.hstack([some.x, some.y]).astype("float64")
    size = np.sqrt(np.mean(columns**2, axis=0))
    columns = np.divide(columns, size, out=np.zeros_like(columns), where=size > 0)
    products = columns[:, : some.x.shape[1]].T @ columns[:, some.x.shape[1] :] / len(columns)
    sizes = np.log(size, out=np.zeros_like(size), where=size > 0)
    return [round(value, 6) for value in np.concatenate([sizes, columns.mean(axis=0), products.ravel()]).tolist()]


def _of_the_optimum(known: Known) -> dict[str, Any]:
    optimum = known.optimum
    facts: dict[str, Any] = {"degrees_of_freedom": None, "residual_std": None, "t95": None, "undetermined": []}
    if optimum is None:
        return facts
    freedom = _finite(optimum.degrees_of_freedom)
    if freedom:
        from scipy.special import stdtrit

        facts["t95"] = _finite(stdtrit(freedom, 0.975))
    is_open = np.isinf(optimum.standard_error(known.start.parameters)).tolist()
    return facts | {
        "degrees_of_freedom": freedom,
        "residual_std": _finite_ones(optimum.residual_std.tolist()),
        "undetermined": [name for name, open_ in zip(known.start.names, is_open, strict=True) if open_],
    }


def _of_the_problem(known: Known) -> dict[str, Any]:
    problem, model, point = _drawn(known), known.model, known.start.point()
    if problem is None:
        facts = ("l2", "usable_learning_rate", "stability_limit", "critical_learning_rate", "has_noise", "rest_loss")
        return dict.fromkeys((*facts, "total_variance", "truth_verdict", "remedy"))
    curvature, batch_size = problem.curvature, known.batch_size
    critical = None
    if batch_size is not None and batch_size < problem.statistics.rows:
        critical = _finite(curvature.critical_learning_rate(batch_size))
    return {
        "l2": problem.l2,
        "usable_learning_rate": _finite(curvature.usable_learning_rate),
        "stability_limit": _finite(curvature.stability_limit),
        "critical_learning_rate": critical,
        "normalized": problem.units is not None,
        "has_noise": has_noise(model, problem),
        "rest_loss": _finite(rest_loss(model, problem)),
        "total_variance": _finite(problem.total_variance),
        "truth_verdict": about_the_truth(problem, point, known.points.get("truth"), known.start.names),
        "remedy": scale_remedy(problem),
    }


def _message(known: Known) -> str | None:
    """What cannot be shown, and why; None where all can."""
    parameters = len(known.start.names)
    if not dense_rows(parameters):
        return f"{parameters:,} parameters are more than this page shows ({most_parameters():,})."
    if not known.is_linear:
        return "This model is not y = x w + b: there is no optimum in closed form to compare with."
    if known.rows is None:
        return "The rows were not in memory: pass data=(x, y) to TensorBoardLogger to see them and their optimum."
    if known.problem is not None and _drawn(known) is None:
        return f"{parameters:,} parameters are more than those whose loss bowl is drawn: there is no forecast."
    if known.problem is not None:
        return None
    if l2_penalty(known.model) is None:
        words = loss_in_words(known.model.loss)
        if words == "loss":
            return f"{NO_OPTIMUM} This fit has several losses."
        if words == "mean squared error":
            return f"{NO_OPTIMUM} This fit has another penalty, or adds its errors up otherwise."
        return f"{NO_OPTIMUM} This fit's loss is the {words}."
    if known.optimum is None:
        return 'No optimum was asked for: pass optimum="auto" to TensorBoardLogger.'
    return "The optimum was passed to TensorBoardLogger: the shape of the loss around it is not known."


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _finite_ones(values: Iterable[float]) -> list[float | None]:
    return [_finite(value) for value in values]
