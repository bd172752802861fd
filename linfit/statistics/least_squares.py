"""least_squares: the optimum of rows in closed form, refined to nearly full precision."""

from typing import Any

import numpy as np

from linfit.checks import InputError
from linfit.data.array_input import as_rows, column_names
from linfit.data.rows import Rows
from linfit.statistics.condensed_rows import CondensedRows
from linfit.statistics.refinement import refined
from linfit.statistics.solution import LeastSquares
from linfit.statistics.sufficient_statistics import SufficientStatistics


def least_squares(
    x: Any, y: Any = None, sample_weight: Any = None, use_bias: bool = True, l2: float = 0.0
) -> LeastSquares:
    """Solve min over w, b of mean (x w + b - y)² + l2 Σ w² for rows in memory.

    It takes two passes: `SufficientStatistics` computes R, then a refinement recovers the digits lost to rounding.

    Args:
        x: features, shape (rows, features) or (rows,); or a `Table`, which includes y; or `SufficientStatistics`, whose
            rows need not be in memory and whose optimum is not refined.
        y: targets, shape (rows, targets) or (rows,).
        sample_weight: shape (rows,), or None. Weighted squares are divided by the number of rows, as in Keras.
        use_bias: False solves for a line through the origin.
        l2: the factor of a penalty on w, as in Keras's `regularizers.L2`.

    Raises:
        InputError: lengths differ, there are no rows, or a value is not finite; or x is statistics, and y or weights
            are given as well or use_bias differs from theirs.

    Warns:
        UserWarning: columns depend on each other (the warning names them), or there are fewer rows than parameters.

    Example:
        >>> optimum = least_squares([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
        >>> print(round(optimum.w.item(), 6), round(optimum.b.item(), 6))
        2.0 1.0
    """
    if isinstance(x, SufficientStatistics):
        if y is not None or sample_weight is not None:
            raise InputError("statistics already include y and sample_weight. Try linfit.least_squares(statistics).")
        if x.use_bias != use_bias:
            raise InputError(
                f"the statistics were computed with use_bias={x.use_bias}, got use_bias={use_bias}. "
                f"Try linfit.least_squares(statistics, use_bias={x.use_bias})."
            )
        return x.least_squares(l2)
    rows = as_rows(x, y, sample_weight, dtype=None)
    statistics = SufficientStatistics.of(rows, use_bias, column_names(x))
    return optimum_of(statistics, rows, l2)


def optimum_of(
    statistics: SufficientStatistics, rows: Rows, l2: float = 0.0, scale: np.ndarray | float = 1.0
) -> LeastSquares:
    """Return the optimum of validated rows, refined if the rows are in memory and there is no penalty.

    Args:
        statistics: of the rows.
        rows: the rows themselves.
        l2, scale: as for `linfit.statistics.solve_r_factor.solve`.
    """
    optimum = LeastSquares.from_statistics(statistics, l2, scale)
    return optimum if l2 or isinstance(rows, CondensedRows) else refined(optimum, statistics, rows)
