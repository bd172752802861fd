"""The optimum in closed form, and how far from the truth the noise may have put it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from linfit.checks import InputError
from linfit.parameter_names import flat, scalar_names
from linfit.text.report import Report
from linfit.text.text_table import number

_TITLES = ["", "value", "standard error", "95 % from", "95 % to"]


class Bound(NamedTuple):
    """One end of the confidence intervals of all parameters: w of shape (features, targets), b of (targets,)."""

    w: np.ndarray
    b: np.ndarray


@dataclass(frozen=True)
class LeastSquares:
    """The point that gradient descent on the mean squared error descends to, and what is known about it.

    Standard errors are those of independent noise of one size on every row (of variance σ²/weight where rows are
    weighted): Draper & Smith, "Applied Regression Analysis" (1998), sections 1.4 and 5.1.

    Attributes:
        w: weights, float64, shape (features, targets).
        b: biases, shape (targets,); zeros without a bias.
        loss: the mean squared error there, with the penalty if there is one: the smallest loss of all (w, b).
        residual_std: estimate of the noise's standard deviation, in units of y, shape (targets,): the root of the
            sum of squared residuals over `degrees_of_freedom`; NaN where there are none left.
        unit_error_w: the standard error of w for noise of standard deviation 1, shape (features,); infinite for
            features that depend on each other, whose w could be any. A penalty's bias is not in it.
        unit_error_b: the same of b; 0 without a bias.
        r_squared: the share of the variance of y that the optimum explains, shape (targets,); without a bias of
            the mean square of y.
        rank: how many columns of x are independent of each other, and of the column of ones.
        condition_number: the largest over the smallest singular value of [x, 1] as it is; its square is that of
            the loss's curvature, and decides how slow gradient descent is.
        degrees_of_freedom: the rows that weigh something, less the parameters (with a penalty: less the trace of
            2H - HHᵀ, with the matrix H that makes predictions of y; Hastie, Tibshirani & Friedman, "The Elements of
            Statistical Learning", 2009, section 7.6).
        dependent: the features that depend on each other, one tuple of indices for each such group.
        feature_names: a name for each feature, or None.

    `print` it, or end a notebook's cell with it, to see the values with their standard errors and intervals.

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

    def __str__(self) -> str:
        return self._report().as_text()

    def _repr_html_(self) -> str:
        return self._report().as_html()

    def _report(self) -> Report:
        low, high = self.confidence_interval()
        order = ["w", "b"] if self.unit_error_b else ["w"]  # which is 0 without a bias only
        names = scalar_names({name: getattr(self, name).shape for name in order}, self.feature_names)
        values, lower, upper = (flat({name: getattr(point, name) for name in order}) for point in (self, low, high))
        columns = zip(names, values, self.standard_error(order), lower, upper, strict=True)
        lines = [[name, *map(number, numbers)] for name, *numbers in columns]
        features = len(self.w)
        note = (
            f"R² {_each(self.r_squared)}; residual standard deviation {_each(self.residual_std)}, with "
            f"{_count(self.degrees_of_freedom)} degrees of freedom; loss {number(self.loss)}. {self.rank} of "
            f"{features} feature{'s' * (features > 1)} independent; condition number {self.condition_number:.3g}."
        )
        return Report(_TITLES, lines, note, spare=_TITLES[2:3])

    @property
    def standard_error_w(self) -> np.ndarray:
        """The standard deviation of w over repetitions of the experiment, shape of w."""
        return _times(self.unit_error_w[:, np.newaxis], self.residual_std)

    @property
    def standard_error_b(self) -> np.ndarray:
        """The same of b, shape (targets,); zeros without a bias."""
        return _times(self.unit_error_b, self.residual_std)

    def standard_error(self, names: Iterable[str]) -> np.ndarray:
        """All standard errors one after another, w and b in the order of these names."""
        return np.concatenate([np.ravel({"w": self.standard_error_w, "b": self.standard_error_b}[n]) for n in names])

    def confidence_interval(self, level: Any = 0.95) -> tuple[Bound, Bound]:
        """The intervals that hold the true values in a share `level` of all experiments, by Student's t.

        Student, "The Probable Error of a Mean" (1908): estimate ± t standard errors, where t is the quantile for
        `degrees_of_freedom`.

        Args:
            level: between 0 and 1; 0.95 by default, the custom.

        Returns:
            The lower and the upper ends, each with w and b. A feature that depends on others has an infinite
            interval; without degrees of freedom the ends are NaN.
        """
        if not isinstance(level, int | float) or not 0 < level < 1:
            raise InputError(f"level must be a share between 0 and 1, got {level!r}. Try level=0.95.")
        from scipy.special import stdtrit

        t = float(stdtrit(self.degrees_of_freedom, (1 + level) / 2)) if self.degrees_of_freedom else np.nan
        with np.errstate(invalid="ignore"):
            width = Bound(t * self.standard_error_w, t * self.standard_error_b)
        return Bound(self.w - width.w, self.b - width.b), Bound(self.w + width.w, self.b + width.b)


def _times(unit_error: np.ndarray | float, noise: np.ndarray) -> np.ndarray:
    """Standard errors for this noise; what is infinite stays so for data without noise."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(unit_error), np.inf, unit_error * noise)


def _count(value: float) -> str:
    """A whole number in full; another, as a penalty makes it, in four digits."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def _each(values: np.ndarray) -> str:
    """One number for each target."""
    return ", ".join(map(number, values))
