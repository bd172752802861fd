"""What is known of a fit before its first step: its rows, its truth, and the optimum that it descends to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from linfit.checks import InputError
from linfit.closed_form import Problem, problem_of
from linfit.least_squares import LeastSquares
from linfit.parameters import flat_reference, is_linear
from linfit.rows import Rows, as_rows
from linfit.trajectory import Trajectory


@dataclass(frozen=True)
class Known:
    """What is known of a fit before its first step; make it with `known_of`.

    Attributes:
        model: what is fitted: any Keras model.
        start: the one point at which it stands.
        rows: those of the fit; None where they are not in memory.
        drawn: rows that are data, and can be shown; None where there are none, as of a stream that was condensed.
        batch_size: how many of them are in each step; None where that is not known.
        problem: the least-squares problem whose minimum `optimum` is; None where there is none, or it is another's.
        optimum: the minimum of the loss, or what was passed as such; or None.
        points: the values of "truth" and "optimum" in the order of the start's names; of those that are known.
        losses: the loss at each of these points, where it is known.
    """

    model: keras.Model
    start: Trajectory
    rows: Rows | None
    drawn: Rows | None
    batch_size: int | None
    problem: Problem | None
    optimum: LeastSquares | None
    points: Mapping[str, np.ndarray]
    losses: Mapping[str, float]

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


def known_of(
    model: keras.Model,
    start: Trajectory,
    settings: Mapping[str, Any],
    truth: Any = None,
    optimum: Any = "auto",
    data: tuple[Any, ...] | None = None,
) -> Known:
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
    rows, drawn = rows_of(model, None if data is None else _checked(data, point))
    problem = None if rows is None else problem_of(model, rows, getattr(truth, "feature_names", None))
    is_own = isinstance(optimum, str)
    if is_own:
        optimum = None if problem is None else problem.optimum
    points, losses = {}, {}
    if truth is not None:
        points["truth"] = flat_reference(truth, point, "truth")
        if rows is not None and problem is not None:
            losses["truth"] = problem.loss(rows.mean_squared_error(truth.w, truth.b), truth.w)
    if optimum is not None:
        points["optimum"] = flat_reference(optimum, point, "optimum")
        losses["optimum"] = optimum.loss
    batch_size = None if rows is None else _batch_size(model, rows.count, settings.get("steps"))
    return Known(model, start, rows, drawn, batch_size, problem if is_own else None, optimum, points, losses)


def rows_of(model: keras.Model, data: Rows | None) -> tuple[Rows | None, Rows | None]:
    """The rows that `model` is fitted to, and those that can be shown: data that were passed come first.

    A stream's few rows have its loss, and are no data: they are fitted, and not shown.
    """
    rows: Rows | None = getattr(model, "training_rows", None)
    if rows is not None and rows.statistics is not None:
        return rows, data
    return (rows, rows) if data is None else (data, data)


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
