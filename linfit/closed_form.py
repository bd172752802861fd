"""Where the optimum is known without a single step: for rows in memory, and for models that fit them."""

import math
import warnings
from dataclasses import replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary, ref

import keras
import numpy as np

from linfit.checks import InputError
from linfit.curvature import Curvature
from linfit.design import longest_of
from linfit.least_squares import LeastSquares
from linfit.optimizer import DEFAULT_LEARNING_RATE
from linfit.parameters import is_linear, named_parameters, units_of
from linfit.refinement import refined
from linfit.rows import Rows, as_rows, column_names
from linfit.standardization import Standardization, same_units
from linfit.sufficient_statistics import SufficientStatistics
from linfit.triangle import BLOCK_ROWS


def least_squares(
    x: Any, y: Any = None, sample_weight: Any = None, use_bias: bool = True, l2: float = 0.0
) -> LeastSquares:
    """Solves min over w, b of mean (x w + b - y)² + l2 Σ w² for rows in memory.

    Two passes: R by `SufficientStatistics`, then a refinement that gains back the digits that rounding cost.

    Args:
        x: features, shape (rows, features) or (rows,); or a `Table`, which has y, too; or `SufficientStatistics` of
            rows that need not be in memory, which are solved without the refinement.
        y: targets, shape (rows, targets) or (rows,).
        sample_weight: shape (rows,), or None. Weighted squares are divided by the number of rows, as in Keras.
        use_bias: False solves for a line through the origin.
        l2: the factor of a penalty on w, as of Keras's `regularizers.L2`.

    Raises:
        InputError: lengths differ, no rows, or a value that is no finite number; statistics beside which y or weights
            are given, or that were made with another use_bias.

    Warns:
        UserWarning: columns that depend on each other, by name, or fewer rows than parameters.

    Example:
        >>> optimum = least_squares([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
        >>> print(round(optimum.w.item(), 6), round(optimum.b.item(), 6))
        2.0 1.0
    """
    if isinstance(x, SufficientStatistics):
        if y is not None or sample_weight is not None:
            raise InputError("statistics have y and its weights in them. Try linfit.least_squares(statistics).")
        if x.use_bias != use_bias:
            raise InputError(
                f"the statistics were made with use_bias={x.use_bias}, got use_bias={use_bias}. "
                f"Try linfit.least_squares(statistics, use_bias={x.use_bias})."
            )
        return x.least_squares(l2)
    rows = as_rows(x, y, sample_weight, dtype=None)
    statistics = SufficientStatistics.of(rows, use_bias, column_names(x))
    return _optimum(statistics, rows, l2)


class Problem:
    """What least squares knows of rows that a model is fitted to.

    Attributes:
        statistics: of the rows.
        l2: the factor of the model's penalty on w.
        units: in which the model descends, where these are not the data's; a penalty is on w in these units.
        optimum: the minimum of the model's loss on them.
        optimum_in_units: the same, with its standard errors, in the units of the descent.
        curvature: of the model's loss on them, in the units of the descent.
        curvature_of_data: the same, with its directions in the units of the data.
    """

    def __init__(self, rows: Rows, statistics: SufficientStatistics, l2: float, units: Standardization | None):
        self.statistics, self.l2, self.units = statistics, l2, units
        self._rows = ref(rows)  # which the problem is kept for, and not the other way round

    @cached_property
    def optimum(self) -> LeastSquares:
        rows = self._rows()
        assert rows is not None
        return _optimum(self.statistics, rows, self.l2, self._penalty_scale)

    @cached_property
    def optimum_in_units(self) -> LeastSquares:
        if self.units is None:
            return self.optimum
        with warnings.catch_warnings():  # which columns depend on each other is said of the data's optimum
            warnings.simplefilter("ignore", UserWarning)
            return self._statistics_in_units.least_squares(self.l2)

    @cached_property
    def curvature(self) -> Curvature:
        statistics = self._statistics_in_units
        if self.units is not None:
            rows = self._rows()
            assert rows is not None
            if rows.statistics is None:  # else there are no batches, which alone need it
                statistics = replace(statistics, longest_row=_longest_row(rows, self.units, statistics.use_bias))
        return statistics.curvature(self.l2)

    @cached_property
    def _statistics_in_units(self) -> SufficientStatistics:
        return self.statistics if self.units is None else self.statistics.standardized(self.units)

    @cached_property
    def curvature_of_data(self) -> Curvature:
        return self.curvature if self.units is None else self.curvature.in_data_units(self.units)

    def in_units(self, errors: np.ndarray) -> np.ndarray:
        """Errors of the parameters in the units of the descent, shape (..., scalars).

        There b is the height of the line at the means of x, with a standard error of its own: where x is far from 0,
        w and b may both be within theirs, and the line as a whole far away.
        """
        if self.units is None:
            return errors
        _, back = self.units.matrices(self.statistics.use_bias)
        return np.matmul(back, errors.reshape(*errors.shape[:-1], len(back), -1)).reshape(errors.shape)

    @property
    def total_variance(self) -> float:
        """The mean over the targets of the (weighted) mean square of y around its mean."""
        y = self.statistics.deviations[:, self.statistics.features :]
        return float(np.sum(y**2) / self.statistics.rows / self.statistics.targets)

    def rounding(self, dtype: str) -> float:
        """The mean squared error that rounding y to this float type makes, generously."""
        size = self.statistics.root_mean_square[self.statistics.features :]
        return float(np.mean((10 * np.finfo(dtype).eps * size) ** 2))

    def loss(self, mean_squared_error: float, w: np.ndarray) -> float:
        """The loss that the model trains on, where its mean squared error is this."""
        return mean_squared_error + self.l2 * float(np.sum((self._penalty_scale * np.asarray(w, "float64").T) ** 2))

    @property
    def _penalty_scale(self) -> np.ndarray | float:
        return 1.0 if self.units is None else self.units.scale


_reduced: WeakKeyDictionary[Rows, SufficientStatistics] = WeakKeyDictionary()
_solved: WeakKeyDictionary[Rows, Problem] = WeakKeyDictionary()  # once for all the callbacks of a fit


def statistics_of(
    rows: Rows, use_bias: bool = True, feature_names: tuple[str, ...] | None = None
) -> SufficientStatistics:
    """Those of rows that are checked already, found only once."""
    if rows.statistics is not None:
        return rows.statistics
    if rows not in _reduced:
        _reduced[rows] = SufficientStatistics.of(rows, use_bias, feature_names)
    return _reduced[rows]


def problem_of(model: keras.Model, rows: Rows, feature_names: tuple[str, ...] | None = None) -> Problem | None:
    """The least-squares problem that `model` poses on these rows; None where its loss has no closed-form minimum."""
    l2 = l2_penalty(model)
    if l2 is None:
        return None
    units = units_of(model)
    if rows not in _solved or not same_units(_solved[rows].units, units):
        names = feature_names or getattr(model, "feature_names", None)
        statistics = statistics_of(rows, "b" in named_parameters(model), names)
        _solved[rows] = Problem(rows, statistics, l2, units)
    return _solved[rows]


def running_problem(model: keras.Model) -> Problem | None:
    """That of the fit which `model` is running, where its rows are in memory."""
    rows: Rows | None = getattr(model, "training_rows", None)
    return None if rows is None else problem_of(model, rows)


def fastest_learning_rate(model: keras.Model) -> float:
    """The rate that "auto" stands for, for the rows of the fit that `model` is about to run."""
    problem = running_problem(model)
    if problem is None:
        raise InputError(
            "learning_rate='auto' needs the rows in memory and the mean squared error, without a penalty or with an L2 "
            "penalty on w. For a stream try SufficientStatistics.from_batches(batches).curvature()."
            "fastest_learning_rate; else a number, as in compile(learning_rate=0.05)."
        )
    rate = problem.curvature.usable_learning_rate
    if model.batch_size < problem.statistics.rows:
        rate = problem.curvature.critical_learning_rate(model.batch_size) / 2
    return rate if math.isfinite(rate) else DEFAULT_LEARNING_RATE  # where nothing curves, any rate will do


def l2_penalty(model: keras.Model) -> float | None:
    """The factor of Keras's `regularizers.L2` on w with which the model's loss is the mean squared error, or 0.

    None where the loss is another one, or has another penalty: least squares is not where such a fit goes.
    """
    parameters = named_parameters(model)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    if any(getattr(layer, "activation", None) is not keras.activations.linear for layer in layers) or len(layers) > 1:
        return None  # a stock model that is more than one Dense layer without an activation
    if not is_linear(parameters) or isinstance(model.loss, list | tuple | dict):
        return None
    loss = keras.losses.get(model.loss)
    if type(loss) is keras.losses.MeanSquaredError:
        squared = loss.reduction in ("sum_over_batch_size", "mean")
    else:
        squared = loss is keras.losses.mean_squared_error
    if not squared:
        return None
    penalties = {name: variable.regularizer for name, variable in parameters.items() if variable.regularizer}
    if len(model.losses) > len(penalties) or set(penalties) - {"w"}:
        return None
    penalty = penalties.get("w")
    if penalty is None:
        return 0.0
    if not isinstance(penalty, keras.regularizers.L2 | keras.regularizers.L1L2):
        return None
    factors = penalty.get_config()
    return None if factors.get("l1") else float(factors["l2"])


def _optimum(statistics: SufficientStatistics, rows: Rows, l2: float, scale: np.ndarray | float = 1.0) -> LeastSquares:
    optimum = LeastSquares.from_statistics(statistics, l2, scale)
    return optimum if l2 or rows.statistics else refined(optimum, statistics, rows)


def _longest_row(rows: Rows, units: Standardization, use_bias: bool) -> float:
    """The largest squared length of a row [u, 1] in these units, times its weight."""
    blocks = (rows.part(start, start + BLOCK_ROWS) for start in range(0, len(rows), BLOCK_ROWS))
    return max(longest_of(replace(block, x=units.standardized(block.x)), use_bias) for block in blocks)
