"""SquaredError: what least squares knows of the loss of a model on its rows."""

import warnings
from dataclasses import replace
from functools import cached_property

import keras
import numpy as np

from linfit.analysis.l2_penalty import l2_penalty
from linfit.data.rows import Rows
from linfit.keras_utils.variables import named_parameters, units_of
from linfit.statistics.closed_form import optimum_of
from linfit.statistics.condensed_rows import CondensedRows, statistics_of
from linfit.statistics.curvature import Curvature
from linfit.statistics.design_matrix import longest_row_of
from linfit.statistics.qr import BLOCK_ROWS
from linfit.statistics.solution import LeastSquares
from linfit.statistics.standardization import Standardization
from linfit.statistics.sufficient_statistics import SufficientStatistics


class SquaredError:
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
        self._rows = rows

    @cached_property
    def optimum(self) -> LeastSquares:
        return optimum_of(self.statistics, self._rows, self.l2, self._penalty_scale)

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
        if self.units is not None and not isinstance(self._rows, CondensedRows):  # which have no mini-batches
            statistics = replace(statistics, longest_row=_longest_row(self._rows, self.units, statistics.use_bias))
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


def squared_error_of(
    model: keras.Model, rows: Rows, feature_names: tuple[str, ...] | None = None
) -> SquaredError | None:
    """Return the squared error of a model on these rows; None where its loss has no closed-form minimum."""
    l2 = l2_penalty(model)
    if l2 is None:
        return None
    names = feature_names or getattr(model, "feature_names", None)
    statistics = statistics_of(rows, "b" in named_parameters(model), names)
    return SquaredError(rows, statistics, l2, units_of(model))


def _longest_row(rows: Rows, units: Standardization, use_bias: bool) -> float:
    """The largest squared length of a row [u, 1] in these units, times its weight."""
    blocks = (rows.part(start, start + BLOCK_ROWS) for start in range(0, len(rows), BLOCK_ROWS))
    return max(longest_row_of(replace(block, x=units.standardized(block.x)), use_bias) for block in blocks)
