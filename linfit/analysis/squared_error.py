"""SquaredError: the squared-error loss of a model on its rows, with its optimum and curvature."""

import warnings
from dataclasses import replace
from functools import cached_property
from weakref import ref

import keras
import numpy as np

from linfit.analysis.l2_penalty import l2_penalty
from linfit.data.rows import Rows
from linfit.keras_utils.variables import named_parameters, units_of
from linfit.statistics.condensed_rows import CondensedRows, statistics_of
from linfit.statistics.curvature import Curvature
from linfit.statistics.design_matrix import longest_row_of
from linfit.statistics.least_squares import optimum_of
from linfit.statistics.qr import BLOCK_ROWS
from linfit.statistics.solution import LeastSquares
from linfit.statistics.standardization import Standardization
from linfit.statistics.sufficient_statistics import SufficientStatistics


class SquaredError:
    """The squared-error loss of a model on its rows, with its optimum and curvature in closed form.

    "Model units" are the units of the model's own w and b: those of the standardized features if the model normalizes,
    otherwise those of the data.

    Attributes:
        statistics: the sufficient statistics of the rows.
        l2: the factor of the L2 penalty on w, in model units.
        units: the model's standardization; None if it descends in the units of the data.
        optimum: the minimizer of the loss, in the units of the data.
        optimum_in_model_units: the minimizer and its standard errors, in model units.
        curvature: the curvature of the loss, in model units.
        curvature_of_data: the same eigenvalues, with directions in the units of the data.
    """

    def __init__(self, rows: Rows, statistics: SufficientStatistics, l2: float, units: Standardization | None):
        self.statistics, self.l2, self.units = statistics, l2, units
        self._weak_rows = ref(rows)  # callbacks may keep the objective, which must not keep the rows

    @property
    def _rows(self) -> Rows:
        rows = self._weak_rows()
        assert rows is not None, "the rows of this objective are gone"
        return rows

    @cached_property
    def optimum(self) -> LeastSquares:
        return optimum_of(self.statistics, self._rows, self.l2, self._penalty_scale)

    @cached_property
    def optimum_in_model_units(self) -> LeastSquares:
        if self.units is None:
            return self.optimum
        with warnings.catch_warnings():  # `optimum` already warns of dependent columns
            warnings.simplefilter("ignore", UserWarning)
            return self._statistics_in_model_units.least_squares(self.l2)

    @cached_property
    def curvature(self) -> Curvature:
        statistics = self._statistics_in_model_units
        if self.units is not None and not isinstance(self._rows, CondensedRows):  # these have no mini-batches
            statistics = replace(statistics, longest_row=_longest_row(self._rows, self.units, statistics.use_bias))
        return statistics.curvature(self.l2)

    @cached_property
    def _statistics_in_model_units(self) -> SufficientStatistics:
        return self.statistics if self.units is None else self.statistics.standardized(self.units)

    @cached_property
    def curvature_of_data(self) -> Curvature:
        return self.curvature if self.units is None else self.curvature.in_data_units(self.units)

    def to_model_units(self, errors: np.ndarray) -> np.ndarray:
        """Return errors of the parameters converted from the units of the data to model units, shape (..., scalars).

        With standardized features, b is the height of the line at the means of x. It has its own standard error: where
        x is far from 0, w and b in the units of the data may each be close to the optimum while the line is far away.
        """
        if self.units is None:
            return errors
        _, back = self.units.matrices(self.statistics.use_bias)
        return np.matmul(back, errors.reshape(*errors.shape[:-1], len(back), -1)).reshape(errors.shape)

    @property
    def total_variance(self) -> float:
        """The (weighted) mean square of y around its mean, averaged over the targets."""
        y = self.statistics.deviations[:, self.statistics.features :]
        return float(np.sum(y**2) / self.statistics.rows / self.statistics.targets)

    def rounding_loss(self, dtype: str) -> float:
        """Return an upper estimate of the mean squared error caused by rounding y to a float type."""
        size = self.statistics.root_mean_square[self.statistics.features :]
        return float(np.mean((10 * np.finfo(dtype).eps * size) ** 2))

    def loss(self, mean_squared_error: float, w: np.ndarray) -> float:
        """Return the training loss, a mean squared error plus the penalty on w, given in the units of the data."""
        return mean_squared_error + self.l2 * float(np.sum((self._penalty_scale * np.asarray(w, "float64").T) ** 2))

    @property
    def _penalty_scale(self) -> np.ndarray | float:
        return 1.0 if self.units is None else self.units.scale


def squared_error_of(
    model: keras.Model, rows: Rows, feature_names: tuple[str, ...] | None = None
) -> SquaredError | None:
    """Return the squared error of a model on these rows; None if its loss has no closed-form minimum."""
    l2 = l2_penalty(model)
    if l2 is None:
        return None
    names = feature_names or getattr(model, "feature_names", None)
    statistics = statistics_of(rows, "b" in named_parameters(model), names)
    return SquaredError(rows, statistics, l2, units_of(model))


def _longest_row(rows: Rows, units: Standardization, use_bias: bool) -> float:
    """Return the largest squared length of a standardized row [u, 1], times its weight."""
    blocks = (rows.part(start, start + BLOCK_ROWS) for start in range(0, len(rows), BLOCK_ROWS))
    return max(longest_row_of(replace(block, x=units.standardized(block.x)), use_bias) for block in blocks)
