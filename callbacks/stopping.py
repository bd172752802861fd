"""Callbacks that end a fit when it is close enough to the optimum or to the truth."""

from typing import Any

import numpy as np

from linfit import checks
from linfit.analysis.squared_error import SquaredError
from linfit.checks import InputError
from linfit.parameter_names import flat_reference
from linfit.statistics.solution import LeastSquares
from linfit.training.fit import current_objective
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory


class _StopNear(StepCallback):
    """Ends a fit at the first recorded step where every parameter is within its tolerance of a goal.

    The model keeps the parameters of that step; later updates are undone.

    Attributes:
        stopped_at: the step at which the latest fit was stopped; None if it was not.
    """

    first_rows = 2**16
    stopped_at: int | None = None
    _goal: np.ndarray
    _tolerance: np.ndarray | float
    _objective: SquaredError | None = None  # converts errors to the tolerance's units; None: the data's units

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start a fit; a subclass that overrides this then sets goal and tolerance."""
        super().on_train_begin(logs)
        self.stopped_at = None

    def stop_at(self, trajectory: Trajectory) -> int | None:
        """Return the first of these rows that is close enough, or None."""
        near = self._near(trajectory)
        return int(np.argmax(near)) if near.any() else None

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Record the step if the fit was stopped at it."""
        if self._near(trajectory[-1:]).all():
            self.stopped_at = int(trajectory.step[-1])

    def _near(self, trajectory: Trajectory) -> np.ndarray:
        errors = trajectory.values - self._goal
        if self._objective is not None:
            errors = self._objective.to_model_units(errors)
        return np.all(np.abs(errors) <= self._tolerance, axis=1)


class StopAtOptimum(_StopNear):
    """Ends a fit when every parameter is within a fraction of its standard error of the optimum.

    The optimum itself is about one standard error away from the truth, and no training changes that. At a hundredth of
    a standard error from the optimum, further steps add no information about the truth. If the features are
    standardized, b is compared at their means, as the height of the line there.

    Args:
        fraction: the distance at which to stop, as a fraction of the standard error; 0.01 by default.
        optimum: "auto" solves least squares for the fit's rows, if they are in memory and the loss is the mean squared
            error. Alternatively a `LeastSquares` of your own, for example for a stream or a stock Keras model.
        every: check steps 0, every, 2 every, ...; with 1, the default, the fit stops at exactly the first such step.

    Raises:
        InputError: the fraction is not above 0. At the start of a fit: there is no optimum, or no standard error to
            measure by, because the rows are not more than the parameters, columns depend on each other, or the noise
            is smaller than rounding.

    Example:
        >>> import linfit
        >>> x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate="auto")
        >>> stop = StopAtOptimum()
        >>> _ = model.fit(x, y, batch_size=len(x), epochs=1000, verbose=0, callbacks=[stop])
        >>> stop.stopped_at == int(model.optimizer.iterations) < 100
        True
    """

    def __init__(self, fraction: float = 0.01, optimum: "LeastSquares | str" = "auto", every: int = 1):
        super().__init__(every=every)
        self.fraction = checks.positive(fraction, "fraction")
        self.optimum = optimum

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Find the optimum and its standard errors."""
        super().on_train_begin(logs)
        objective, optimum = current_objective(self.model), self.optimum
        if isinstance(optimum, str):
            if objective is None:
                raise InputError(
                    "StopAtOptimum needs an optimum in closed form, which requires rows in memory and the mean squared "
                    "error. For a stream or a stock Keras model, try "
                    "StopAtOptimum(optimum=linfit.least_squares(x, y))."
                )
            self._objective, optimum = objective, objective.optimum
        point = self.here().point()
        self._goal = flat_reference(optimum, point, "optimum")
        measured = optimum if self._objective is None else self._objective.optimum_in_model_units
        self._tolerance = self.fraction * measured.standard_error(point)
        if not np.all(np.isfinite(self._tolerance)):
            raise InputError(
                "StopAtOptimum measures distances in standard errors, which these data do not determine: they have no "
                "more rows than parameters, or columns that depend on each other. Remove StopAtOptimum, or try "
                "StopAtTruth."
            )
        if np.any(self._tolerance < np.finfo(self.model.dtype).eps * np.abs(flat_reference(measured, point))):
            raise InputError(
                f"StopAtOptimum({self.fraction:g}) would stop {np.min(self._tolerance):.1g} from the optimum, which is "
                f"finer than {self.model.dtype} can resolve: the data have hardly any noise. Try a larger fraction or "
                "a model with dtype='float64'. If there is no noise at all, try StopAtTruth."
            )


class StopAtTruth(_StopNear):
    """Ends a fit when every parameter is within a tolerance of its true value.

    Noise keeps the optimum away from the truth: a tolerance below the standard errors may never be reached.

    Args:
        tolerance: the largest distance of a parameter, in its own units: one number, or one per parameter in the order
            w, then b.
        truth: the `GroundTruth` of the data, or any object with its w and b.
        every: check steps 0, every, 2 every, ...; with 1, the default, the fit stops at exactly the first such step.

    Raises:
        InputError: the tolerance is not above 0. At the start of a fit: the truth does not have the model's shape, or
            the number of tolerances is not the number of parameters.

    Example:
        >>> import linfit
        >>> truth = linfit.GroundTruth(w=2.0)
        >>> x, y = truth.sample(100, seed=7)
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate=0.1)
        >>> stop = StopAtTruth(0.01, truth)
        >>> _ = model.fit(x, y, batch_size=100, epochs=1000, verbose=0, callbacks=[stop])
        >>> abs(model.w.numpy().item() - 2.0) <= 0.01
        True
    """

    def __init__(self, tolerance: Any, truth: Any, every: int = 1):
        super().__init__(every=every, feature_names=getattr(truth, "feature_names", None))
        self.tolerance = checks.as_numbers(tolerance, "tolerance")
        if not np.all(self.tolerance > 0):
            raise InputError(f"tolerance must be above 0, got {self.tolerance.tolist()}. Try 0.01.")
        self.truth = truth

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Set the truth as the goal."""
        super().on_train_begin(logs)
        self._goal = flat_reference(self.truth, self.here().point())
        if self.tolerance.shape not in ((), self._goal.shape):
            raise InputError(
                f"tolerance must be one number or one for each of the {len(self._goal)} parameters, "
                f"got {len(self.tolerance)} numbers. Try tolerance=0.01."
            )
        self._tolerance = self.tolerance
