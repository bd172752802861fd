"""Fit: one running call of `model.fit`, with its rows and their objective."""

import math
from dataclasses import dataclass, field
from typing import Any

import keras

from linfit.analysis.squared_error import SquaredError, squared_error_of
from linfit.data.rows import Rows
from linfit.keras_utils.replicas import replica_loss_scale
from linfit.keras_utils.variables import units_of
from linfit.statistics.standardization import same_units
from linfit.training.block_runner import BlockRunner


@dataclass(eq=False)
class Fit:
    """One call of `model.fit` while it runs; callbacks read it as `model.current_fit`.

    Attributes:
        model: the model that is fitted.
        rows: the training rows in memory; None for a stream.
        held_out: the validation rows in memory, if there are any.
        batch_size: the rows in each step; None for a stream, which has its own batches.
        keras_arguments: `x`, `y`, `validation_data` and the like, as Keras's own loop takes them if they are not rows
            in memory.
        runner: runs the steps in compiled blocks; None in Keras's own loop.
    """

    model: keras.Model
    rows: Rows | None
    held_out: Rows | None
    batch_size: int | None
    keras_arguments: dict[str, Any]
    runner: BlockRunner | None = None
    _objective: SquaredError | None = field(default=None, repr=False)

    @property
    def validates_in_memory(self) -> bool:
        """Return whether the validation data, if any, are rows in memory."""
        return self.held_out is not None or self.keras_arguments["validation_data"] is None

    def objective(self, feature_names: tuple[str, ...] | None = None) -> SquaredError | None:
        """Return the model's squared error on the training rows; None for a stream, or another loss.

        It is computed once for all callbacks, and again only if a restored backup has changed the model's units.

        Args:
            feature_names: names for the features, used where the model has none.
        """
        if self.rows is None:
            return None
        if self._objective is None or not same_units(self._objective.units, units_of(self.model)):
            self._objective = squared_error_of(self.model, self.rows, feature_names)
        return self._objective

    def closing_loss(self) -> float:
        """Return the loss at the model's present point, if each step takes all rows in memory; else NaN."""
        if self.runner is not None:
            return self.runner.closing_loss if self.runner.closing_loss_is_current else self.runner.measure_loss()
        if self.rows is None or len(self.rows) > (self.batch_size or 0):
            return math.nan
        x, y, sample_weight = self.rows.as_type(self.model.dtype).as_tuple()
        loss = self.model.compute_loss(x, y, self.model(x), sample_weight)
        return float(loss / replica_loss_scale(self.model.dtype))

    def for_keras(self) -> dict[str, Any]:
        """Return the data as arguments of `keras.Model.fit`, with rows in the model's float type."""
        arguments, dtype = dict(self.keras_arguments), self.model.dtype
        if self.rows is not None:
            x, y, sample_weight = self.rows.as_type(dtype).as_tuple()
            arguments |= {"x": x, "y": y, "sample_weight": sample_weight, "validation_split": 0.0}
        if self.held_out is not None:
            arguments["validation_data"] = self.held_out.as_type(dtype).as_tuple()
        return arguments


def current_fit(model: keras.Model) -> Fit | None:
    """Return the fit that a model is running; None between fits, or if it is not a linfit model."""
    fit = getattr(model, "current_fit", None)
    return fit if isinstance(fit, Fit) else None


def runs_in_blocks(model: keras.Model) -> bool:
    """Return whether a model is running its steps in compiled blocks."""
    fit = current_fit(model)
    return fit is not None and fit.runner is not None


def current_rows(model: keras.Model) -> Rows | None:
    """Return the training rows of the fit that a model is running, if they are in memory."""
    fit = current_fit(model)
    return None if fit is None else fit.rows


def current_objective(model: keras.Model, feature_names: tuple[str, ...] | None = None) -> SquaredError | None:
    """Return the squared error on the rows of the fit that a model is running; see `Fit.objective`."""
    fit = current_fit(model)
    return None if fit is None else fit.objective(feature_names)
