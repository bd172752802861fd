"""descent_arrays: the arrays that the Descent tab gets at the start of a fit."""

import math

import numpy as np
from tensorboard_plugin_linfit import summary

from linfit.analysis.distance_to_optimum import rounding_error, standard_errors
from linfit.analysis.squared_error import SquaredError
from linfit.callbacks.descent.path_pieces import rows_per_octave
from linfit.callbacks.fit_context import FitContext

MAX_DIRECTIONS = 512  # features + bias: their eigenvectors take 2 MB, and those of thousands take a minute to compute
_MAX_POINTS = 1000  # of the data: more would hide the line


def descent_arrays(context: FitContext) -> dict[str, np.ndarray]:
    """Return the known arrays by tag: data points, optimum, curvature and truth."""
    drawn, point = context.data_rows, context.start.point()
    result: dict[str, np.ndarray] = {}
    if not rows_per_octave(len(context.start.names)):
        return result
    if drawn is not None and drawn.x.shape[1] == 1:
        points = slice(None, None, math.ceil(len(drawn) / _MAX_POINTS))
        result[summary.DATA] = np.hstack([drawn.x[points], drawn.y[points]])
    objective = curved_objective(context)
    if context.optimum is not None:
        error = context.optimum.standard_error(point)
        measures = [error, np.zeros_like(error)]
        if objective is not None:
            measures = [standard_errors(objective, point), rounding_error(context.model, objective, point)]
        result[summary.OPTIMUM] = np.stack([context.points["optimum"], error, *measures])
    if objective is not None:
        curvature = objective.curvature_of_data
        columns = [curvature.eigenvalues, curvature.eigenvectors.T]
        if objective.units is not None:  # otherwise, all three kinds of vectors are equal
            columns += [curvature.dual_vectors, objective.curvature.eigenvectors.T]
        result[summary.CURVATURE] = np.column_stack(columns)
    if "truth" in context.points:
        result[summary.TRUTH] = context.points["truth"]
    return result


def curved_objective(context: FitContext) -> SquaredError | None:
    """Return the objective whose minimum the optimum is, if it is small enough to compute and write its curvature."""
    objective = context.solved_objective
    if objective is None or not rows_per_octave(len(context.start.names)):
        return None
    return objective if objective.statistics.features + objective.statistics.use_bias <= MAX_DIRECTIONS else None
