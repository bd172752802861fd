"""What is known of a fit before its first step: its rows, its truth, and the optimum that it descends to."""

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
from linfit.training.fit import current_fit
from linfit.training.trajectory import Trajectory


@dataclass(frozen=True)
class FitContext:
    """What is known of a fit before its first step; make it with `fit_context`.

    Attributes:
        model: what is fitted: any Keras model.
        start: the one point at which it stands.
        rows: those of the fit; None where they are not in memory.
        drawn: rows that are data, and can be shown; None where there are none, as of a stream that was condensed.
        batch_size: how many of them are in each step; None where that is not known.
        objective: the loss on these rows, where it is the squared error; else None.
        finds_optimum: whether `optimum` is the objective's own minimum, and not one that was passed.
        optimum: the minimum of the loss, or what was passed as such; or None.
        points: the values of "truth" and "optimum" in the order of the start's names; of those that are known.
        losses: the loss at each of these points, where it is known.
    """

    model: keras.Model
    start: Trajectory
    rows: Rows | None
    drawn: Rows | None
    batch_size: int | None
    objective: SquaredError | None
    finds_optimum: bool
    optimum: LeastSquares | None
    points: Mapping[str, np.ndarray]
    losses: Mapping[str, float]

    @property
    def problem(self) -> SquaredError | None:
        """Return the objective whose minimum `optimum` is; None where there is none, or the optimum was passed."""
        return self.objective if self.finds_optimum else None

    @property
    def is_linear(self) -> bool:
        """Whether the model is y = x w + b, or y = x w, of the rows as they are."""
        if not is_linear(self.start.parameters) or self.start.w.ndim != 3:
            return False
        layers = [layer for layer in self.model.layers if not isinstance(layer, keras.layers.InputLayer)]
        return len(layers) <= 1 and all(
            isinstance(layer, keras.layers.Dense) and layer.activation is keras.activations.linear for layer in layers
        )

    def zone(self, name: str) -> np.ndarray:
        """A point and the ends of the interval around it, shape (3, scalars): 95 % for the optimum, none for the truth.

        What has no interval, as of features that depend on each other, has ends that are no finite numbers.
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
    """Finds what is known of the fit that `model` is running.

    Args:
        model: what is fitted: any Keras model.
        start: the one point at which it stands.
        settings: Keras's own `params` of a callback: the steps in each epoch.
        truth, optimum, data: as for `TensorBoardLogger`.

    Raises:
        InputError: a truth, an optimum or data of another shape than the model.
    """
    point = start.point()
    names = getattr(truth, "feature_names", None)
    fit = current_fit(model)
    rows, objective = (None, None) if fit is None else (fit.rows, fit.objective(names))
    is_condensed = isinstance(rows, CondensedRows)  # which have the loss of a stream, and are not its data
    drawn = None if is_condensed else rows
    if data is not None:
        drawn = _checked(data, point)
        if not is_condensed:
            rows, objective = drawn, squared_error_of(model, drawn, names)
    is_own = isinstance(optimum, str)
    if is_own:
        optimum = None if objective is None else objective.optimum
    points, losses = {}, {}
    if truth is not None:
        points["truth"] = flat_reference(truth, point, "truth")
        if rows is not None and objective is not None:
            losses["truth"] = objective.loss(rows.mean_squared_error(truth.w, truth.b), truth.w)
    if optimum is not None:
        points["optimum"] = flat_reference(optimum, point, "optimum")
        losses["optimum"] = optimum.loss
    batch_size = None if rows is None else _batch_size(model, rows.count, settings.get("steps"))
    return FitContext(model, start, rows, drawn, batch_size, objective, is_own, optimum, points, losses)


def _checked(data: tuple[Any, ...], point: Mapping[str, np.ndarray]) -> Rows:
    x, y, *weight = data
    rows = as_rows(x, y, weight[0] if weight else None, dtype=None)
    shape = (rows.x.shape[1], rows.y.shape[1])
    if is_linear(point) and point["w"].shape != shape:
        raise InputError(
            f"data=(x, y) must have the columns of the rows that are fitted, of which w has the shape "
            f"{point['w'].shape}; got {shape[0]} features and {shape[1]} targets. Pass the x and y of model.fit."
        )
    return rows


def _batch_size(model: keras.Model, rows: int, steps_per_epoch: int | None) -> int | None:
    """Of a stock model that is not known, unless each step has all rows."""
    batch_size = getattr(model, "batch_size", None)
    if batch_size is None:
        return rows if steps_per_epoch == 1 else None
    return min(batch_size, rows)
