"""More digits for an optimum: iterative refinement with residuals in extended precision."""

from dataclasses import replace

import numpy as np

from linfit.data.rows import Rows
from linfit.statistics.design_matrix import design_matrix
from linfit.statistics.solution import LeastSquares
from linfit.statistics.sufficient_statistics import SufficientStatistics

_ROUNDS = 3
_MOST_VALUES = 1_000_000  # of x: some 0.1 s


def refined(optimum: LeastSquares, statistics: SufficientStatistics, rows: Rows) -> LeastSquares:
    """The optimum with w and b corrected by what the rows themselves say of its rounding errors.

    Residuals r and parameters v solve r + A v = y and Aᵀ r = 0 together. What is missing from both equations is
    computed in extended precision and solved for with the triangle R (Björck, "Iterative refinement of linear
    least squares solutions I", 1967, in the seminormal form of his "Stability analysis of the method of
    seminormal equations for linear least squares problems", 1987). The digits that noise in y costs an
    ill-conditioned problem come back as well.

    Tables of more than a million values, and those whose columns depend on each other, are left as they are. Where
    a system's `longdouble` is no longer than its double, nothing is gained and nothing lost.
    """
    if optimum.dependent or rows.x.size > _MOST_VALUES:
        return optimum
    p, first = statistics.features, int(statistics.use_bias)
    table = design_matrix(rows, statistics.origin, statistics.use_bias, np.longdouble)
    scale = np.exp2(np.round(np.log2(np.linalg.norm(statistics.triangle[:, : p + first], axis=0))))
    a, y = table[:, : p + first] / scale, table[:, p + first :]
    r = statistics.triangle[: p + first, : p + first] / scale

    v = np.linalg.solve(r, statistics.triangle[: p + first, p + first :]).astype(np.longdouble)
    residual = y - a @ v
    last = np.inf
    for _ in range(_ROUNDS):
        missing = y - residual - a @ v
        right = (a.T @ missing + a.T @ residual).astype("float64")
        change = np.linalg.solve(r, np.linalg.solve(r.T, right))
        size = float(np.max(np.abs(change)))
        if not size < last:  # the condition number is beyond the reach of refinement
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
