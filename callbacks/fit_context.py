"""FitContext: the facts about a fit that are known before its first step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from linfit.analysis.squared_error import SquaredError, squared_error_of
from linfit.checks import InputError
from linfit.data.array_input import as_rows
from linfit.data.rows import Rows
from linfit.parameter_names import flat_reference, is_linear
from linfit.statistics.condensed_rows import CondensedRows
from linfit.statistics.solution import LeastSquares
from linfit.training.fit import current_objective, current_rows
from linfit.training.trajectory import Trajectory


@dataclass(frozen=True)
class FitContext:
    """The rows, objective, optimum and truth of a fit, as known before its first step; create it with `fit_context`.

    Attributes:
        model: the model that is fitted, any Keras model.
        start: the starting point of the fit, a trajectory of one row.
        rows: the rows that are fitted; None if they are not in memory. A stream may have been condensed to a few rows
            with the same loss.
        data_rows: the rows that are the data themselves and can be plotted; None if there are none in memory.
        batch_size: how many rows each step has; None if that is not known.
        objective: the loss on `rows`, if it is the mean squared error, alone or with an L2 penalty; otherwise None.
        optimum: the minimum of the loss, solved from `objective` or passed by the user; None if it is not known.
        solved_objective: the objective from which `optimum` was solved; None if the optimum was passed or is not known.
        points: the values of "truth" and "optimum", each if it is known, in the order of `start.names`.
        losses: the loss at "truth" and at "optimum", each if it is known.
    """

    model: keras.Model
    start: Trajectory
    rows: Rows | None
    data_rows: Rows | None
    batch_size: int | None
    objective: SquaredError | None
    optimum: LeastSquares | None
    solved_objective: SquaredError | None
    points: Mapping[str, np.ndarray]
    losses: Mapping[str, float]

    @property
    def is_linear(self) -> bool:
        """Return whether the model is y = x w + b, or y = x w, without further layers or an activation."""
        if not is_linear(self.start.parameters) or self.start.w.ndim != 3:
            return False
        layers = [layer for layer in self.model.layers if not isinstance(layer, keras.layers.InputLayer)]
        return len(layers) <= 1 and all(
            isinstance(layer, keras.layers.Dense) and layer.activation is keras.activations.linear for layer in layers
        )

    def zone(self, name: str) -> np.ndarray:
        """Return the point "truth" or "optimum" with the lower and upper ends of its zone, shape (3, parameters).

        The zone of the optimum is its 95 % confidence interval. Its ends are not finite where there is no interval, for
        example where features depend on each other. The zone of the truth has a width of 0.
        """
        point = self.points[name]
        if name == "truth" or self.optimum is None:
            return np.stack([point] * 3)
        ends = self.optimum.confidence_interval(0.95)
        return np.stack([point, *(flat_reference(end, self.start.point()) for end in ends)])


def fit_context(
    model: keras.Model,
    start: Trajectory,
    settings: Mapping[str, Any],
    truth: Any = None,
    optimum: Any = "auto",
    data: tuple[Any, ...] | None = None,
) -> FitContext:
    """Collect what is known of the fit that `model` is running.

    Args:
        model: the model that is fitted, any Keras model.
        start: the starting point of the fit, a trajectory of one row.
        settings: the `params` that Keras gives a callback; they hold the number of steps per epoch.
        truth, optimum, data: as for `TensorBoardLogger`.

    Raises:
        InputError: the truth, the optimum or the data do not have the model's shape.
    """
    point = start.point()
    names = getattr(truth, "feature_names", None)
    rows = current_rows(model)
    is_condensed = isinstance(rows, CondensedRows)  # these have the loss of a stream but are not its data
    given = None if data is None else _checked(data, point)
    if given is None or is_condensed:
        data_rows, objective = given if is_condensed else rows, current_objective(model, names)
    else:
        rows, data_rows, objective = given, given, squared_error_of(model, given, names)
    solved_objective = objective if isinstance(optimum, str) else None
    if isinstance(optimum, str):
        optimum = None if objective is None else objective.optimum
    points, losses = {}, {}
    if truth is not None:
        points["truth"] = flat_reference(truth, point, "truth")
        if rows is not None and objective is not None:
            losses["truth"] = objective.loss(rows.mean_squared_error(truth.w, getattr(truth, "b", 0.0)), truth.w)
    if optimum is not None:
        points["optimum"] = flat_reference(optimum, point, "optimum")
        losses["optimum"] = optimum.loss
    batch_size = None if rows is None else _batch_size(model, rows.count, settings.get("steps"))
    return FitContext(model, start, rows, data_rows, batch_size, objective, optimum, solved_objective, points, losses)


def _checked(data: tuple[Any, ...], point: Mapping[str, np.ndarray]) -> Rows:
    x, y, *weight = data
    rows = as_rows(x, y, weight[0] if weight else None, dtype=None)
    shape = (rows.x.shape[1], rows.y.shape[1])
    if is_linear(point) and point["w"].shape != shape:
        raise InputError(
            f"data=(x, y) must have the columns of the fitted rows: the model's w has the shape (features, targets) = "
            f"{point['w'].shape}, got {shape[0]} features and {shape[1]} targets. Pass the x and y of model.fit."
        )
    return rows


def _batch_size(model: keras.Model, rows: int, steps_per_epoch: int | None) -> int | None:
    """Return how many rows each step has, or None if that is not known.

    A stock Keras model does not say; then it is known only if each epoch is one step of all rows.
    """
    batch_size = getattr(model, "batch_size", None)
    if batch_size is None:
        return rows if steps_per_epoch == 1 else None
    return min(batch_size, rows)
