"""Iterative refinement of an optimum, with residuals in extended precision."""

from dataclasses import replace

import numpy as np

from linfit.data.rows import Rows
from linfit.statistics.design_matrix import design_matrix
from linfit.statistics.solution import LeastSquares
from linfit.statistics.sufficient_statistics import SufficientStatistics

_MAX_ROUNDS = 3
_MAX_VALUES = 1_000_000  # of x: these take about 0.1 s


def refined(optimum: LeastSquares, statistics: SufficientStatistics, rows: Rows) -> LeastSquares:
    """Return the optimum with the rounding errors of w and b corrected by a pass over the rows.

    Residuals r and parameters v together solve r + A v = y and Aᵀ r = 0. The residuals of both equations are computed
    in extended precision, and the corrections are solved for with the triangle R (Björck, "Iterative refinement of
    linear least squares solutions I", 1967, in the seminormal form of his "Stability analysis of the method of
    seminormal equations for linear least squares problems", 1987). This also recovers the digits that noise in y costs
    in an ill-conditioned problem.

    The optimum is returned unchanged if x has more than a million values or its columns depend on each other. On
    systems whose `longdouble` is no longer than a double, the refinement neither helps nor harms.
    """
    if optimum.dependent or rows.x.size > _MAX_VALUES:
        return optimum
    p, first = statistics.features, int(statistics.use_bias)
    table = design_matrix(rows, statistics.origin, statistics.use_bias, np.longdouble)
    scale = np.exp2(np.round(np.log2(np.linalg.norm(statistics.triangle[:, : p + first], axis=0))))
    a, y = table[:, : p + first] / scale, table[:, p + first :]
    r = statistics.triangle[: p + first, : p + first] / scale

    v = np.linalg.solve(r, statistics.triangle[: p + first, p + first :]).astype(np.longdouble)
    residual = y - a @ v
    last = np.inf
    for _ in range(_MAX_ROUNDS):
        missing = y - residual - a @ v
        right = (a.T @ missing + a.T @ residual).astype("float64")
        change = np.linalg.solve(r, np.linalg.solve(r.T, right))
        size = float(np.max(np.abs(change)))
        if not size < last:  # the condition number is too large for refinement
            break
        last = size
        v = v + change
        residual = residual + missing - a @ change
    v = v / scale[:, np.newaxis]
    w = v[first:]
    b = optimum.b
    if statistics.use_bias:
        b = (v[0] - statistics.origin[:p].astype(np.longdouble) @ w + statistics.origin[p:]).astype("float64")
    return replace(optimum, w=w.astype("float64"), b=b)
