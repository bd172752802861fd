"""LeastSquares: an optimum in closed form, with its standard errors and confidence intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from linfit.checks import InputError
from linfit.parameter_names import flat, scalar_names
from linfit.statistics.r_factor import RFactor
from linfit.statistics.solve_r_factor import solve_r_factor
from linfit.text.report import Report
from linfit.text.text_table import number

_TITLES = ["", "value", "standard error", "95 % from", "95 % to"]


class Bound(NamedTuple):
    """One end of the confidence intervals of all parameters: w of shape (features, targets), b of (targets,)."""

    w: np.ndarray
    b: np.ndarray


@dataclass(frozen=True)
class LeastSquares:
    """The optimum that gradient descent on the mean squared error approaches, with its uncertainty.

    Standard errors assume independent noise with the same variance σ² in every row, or σ²/weight in weighted rows
    (Draper & Smith, "Applied Regression Analysis", 1998, sections 1.4 and 5.1).

    Attributes:
        w: weights, float64, shape (features, targets).
        b: biases, shape (targets,); zeros without a bias.
        loss: the mean squared error at the optimum, plus the penalty if there is one: the smallest loss of all (w, b).
        residual_std: an estimate of the noise's standard deviation, in units of y, shape (targets,): the square root of
            the sum of squared residuals over `degrees_of_freedom`; NaN if there are 0 degrees of freedom.
        unit_error_w: the standard error of w for noise of standard deviation 1, shape (features,); infinite for
            features that depend on each other, whose w is undetermined. It does not include the bias due to a penalty.
        unit_error_b: the standard error of b for noise of standard deviation 1; 0 without a bias.
        r_squared: the fraction of the variance of y that the optimum explains, shape (targets,); without a bias, the
            fraction of the mean square of y.
        rank: the number of columns of x that are independent of each other and of the column of ones.
        condition_number: the ratio of the largest to the smallest singular value of [x, 1]. Its square is the condition
            number of the loss's Hessian, which determines how slow gradient descent is.
        degrees_of_freedom: the number of rows with a weight above 0 minus the number of independent parameters. With a
            penalty: minus the trace of 2H - HHᵀ, where the matrix H maps y to the predictions (Hastie, Tibshirani &
            Friedman, "The Elements of Statistical Learning", 2009, section 7.6).
        dependent: the groups of features that depend on each other, as tuples of indices.
        feature_names: a name for each feature, or None.

    Print it, or make it the last line of a notebook cell, to see a table of values, standard errors and intervals.

    Example:
        >>> import linfit
        >>> x, y = linfit.GroundTruth(w=2.0, b=1.0, noise=0.5).sample(1000, seed=7)
        >>> optimum = linfit.least_squares(x, y)
        >>> low, high = optimum.confidence_interval(0.95)
        >>> print(f"w = {optimum.w.item():.3f}, with 95 % between {low.w.item():.3f} and {high.w.item():.3f}")
        w = 1.976, with 95 % between 1.939 and 2.012
    """

    w: np.ndarray
    b: np.ndarray
    loss: float
    residual_std: np.ndarray
    unit_error_w: np.ndarray
    unit_error_b: float
    r_squared: np.ndarray
    rank: int
    condition_number: float
    degrees_of_freedom: float
    dependent: tuple[tuple[int, ...], ...] = ()
    feature_names: tuple[str, ...] | None = None

    @classmethod
    def from_statistics(cls, statistics: RFactor, l2: float = 0.0, scale: np.ndarray | float = 1.0) -> "LeastSquares":
        """Return the optimum of the rows behind these statistics; see `linfit.statistics.solve_r_factor`.

        Args:
            statistics: of the rows.
            l2: the factor of Keras's `regularizers.L2`; 0 for no penalty.
            scale: the scale of each feature, shape (features,), if the penalty applies to standardized features; else
                1.

        Raises:
            InputError: l2 is not a finite number of 0 or more.

        Warns:
            UserWarning: columns depend on each other, or there are fewer rows than parameters.
        """
        return cls(**solve_r_factor(statistics, l2, scale))

    def __str__(self) -> str:
        return self._report().as_text()

    def _repr_html_(self) -> str:
        return self._report().as_html()

    def _report(self) -> Report:
        low, high = self.confidence_interval()
        order = ["w", "b"] if self.unit_error_b else ["w"]  # the error is 0 only without a bias
        names = scalar_names({name: getattr(self, name).shape for name in order}, self.feature_names)
        values, lower, upper = (flat({name: getattr(point, name) for name in order}) for point in (self, low, high))
        columns = zip(names, values, self.standard_error(order), lower, upper, strict=True)
        lines = [[name, *map(number, numbers)] for name, *numbers in columns]
        features = len(self.w)
        note = (
            f"R² {_joined(self.r_squared)}; residual standard deviation {_joined(self.residual_std)}, with "
            f"{_count_text(self.degrees_of_freedom)} degrees of freedom; loss {number(self.loss)}. {self.rank} of "
            f"{features} feature{'s' * (features > 1)} independent; condition number {self.condition_number:.3g}."
        )
        return Report(_TITLES, lines, note, optional=_TITLES[2:3])

    @property
    def standard_error_w(self) -> np.ndarray:
        """The standard deviation of w over repetitions of the experiment, shape (features, targets)."""
        return _scaled(self.unit_error_w[:, np.newaxis], self.residual_std)

    @property
    def standard_error_b(self) -> np.ndarray:
        """The standard deviation of b over repetitions of the experiment, shape (targets,); zeros without a bias."""
        return _scaled(self.unit_error_b, self.residual_std)

    def standard_error(self, names: Iterable[str]) -> np.ndarray:
        """Return all standard errors in one flat array, those of w and b in the order of these names."""
        return np.concatenate([np.ravel({"w": self.standard_error_w, "b": self.standard_error_b}[n]) for n in names])

    def confidence_interval(self, level: Any = 0.95) -> tuple[Bound, Bound]:
        """Return intervals that contain the true values in a fraction `level` of repeated experiments.

        Each is the estimate ± t standard errors, where t is the quantile of Student's distribution for
        `degrees_of_freedom` (Student, "The Probable Error of a Mean", 1908).

        Args:
            level: a fraction between 0 and 1; 0.95, the convention, by default.

        Returns:
            The lower and the upper ends, each with w and b. The interval of a feature that depends on others is
            infinite; with 0 degrees of freedom the ends are NaN.

        Raises:
            InputError: the level is not a fraction between 0 and 1.
        """
        if not isinstance(level, int | float) or not 0 < level < 1:
            raise InputError(f"level must be a fraction between 0 and 1, got {level!r}. Try level=0.95.")
        from scipy.special import stdtrit

        t = float(stdtrit(self.degrees_of_freedom, (1 + level) / 2)) if self.degrees_of_freedom else np.nan
        with np.errstate(invalid="ignore"):
            width = Bound(t * self.standard_error_w, t * self.standard_error_b)
        return Bound(self.w - width.w, self.b - width.b), Bound(self.w + width.w, self.b + width.b)


def _scaled(unit_error: np.ndarray | float, noise: np.ndarray) -> np.ndarray:
    """Return the standard errors for this noise; infinite ones stay infinite for data without noise."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(unit_error), np.inf, unit_error * noise)


def _count_text(value: float) -> str:
    """Format a whole number in full, and a fractional one, which a penalty causes, with four digits."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def _joined(values: np.ndarray) -> str:
    """Format the numbers of all targets in one string."""
    return ", ".join(map(number, values))
