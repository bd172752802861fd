"""The optimum in closed form, and how far from the truth the noise may have put it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linfit import checks, optimum_report
from linfit.checks import InputError
from linfit.rank import groups
from linfit.triangle import from_blocks

if TYPE_CHECKING:
    from linfit.sufficient_statistics import SufficientStatistics


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

    @classmethod
    def from_statistics(
        cls, statistics: "SufficientStatistics", l2: float = 0.0, scale: np.ndarray | float = 1.0
    ) -> "LeastSquares":
        """Solves min over w, b of mean (x w + b - y)² + l2 Σ (scale w)² by back substitution in R.

        The first row of R takes b out of the problem: w solves that of the deviations from the means, then
        b = mean(y) - mean(x) w. The penalty, which leaves b alone as Keras's does, is √(l2 n targets) times
        the diagonal of the scales below the deviations (Golub & Van Loan, 2013, section 6.1.4).

        Args:
            statistics: those of the rows.
            l2: the factor of Keras's `regularizers.L2`; 0 for none.
            scale: of each feature, shape (features,), where the penalty is on standardized features; else 1.

        Raises:
            InputError: an l2 that is no finite number of 0 or more.

        Warns:
            UserWarning: columns that depend on each other, by name, or fewer rows than parameters. The w of
                smallest norm is returned.
        """
        p, targets = statistics.features, statistics.targets
        l2 = checks.factor(l2, "l2")
        deviations, mean = statistics.deviations, statistics.mean
        x, y = deviations[:, :p], deviations[:, p:]
        nullspace = np.empty((p, 0))
        dependent: tuple[tuple[int, ...], ...] = ()
        if l2 > 0:
            ridge = np.sqrt(l2 * statistics.rows * targets)
            penalty = ridge * np.diag(np.broadcast_to(scale, p)) @ np.eye(p, p + targets)
            penalized = from_blocks([deviations, penalty], p + targets)
            w, inverse = _back_substitute(penalized[:p, :p], penalized[:p, p:])
            inverse = inverse @ (inverse.T @ x[:p].T)  # (AᵀA + Λ)⁻¹ Aᵀ
            influence = x[:p] @ inverse
            used = 2 * np.trace(influence) - np.sum(influence**2)
        else:
            independent, nullspace = statistics.independent_columns()
            dependent = groups(nullspace)
            w, inverse = _solve(x[:p], y[:p], independent, nullspace)
            used = len(independent)
        residual = np.sum((y - x @ w) ** 2, axis=0)
        freedom = max(0.0, statistics.weighted_rows - used - statistics.use_bias)
        with np.errstate(divide="ignore", invalid="ignore"):
            residual_std = np.sqrt(np.where(freedom > 0, residual / freedom, np.nan))
            r_squared = 1 - residual / np.sum(y**2, axis=0)
        unit_w = np.linalg.norm(inverse, axis=1)
        unit_b = 0.0
        if statistics.use_bias:
            unit_b = float(np.hypot(1 / np.sqrt(statistics.weight), np.linalg.norm(mean[:p] @ inverse)))
        if dependent:
            _warn(statistics, dependent)
            unit_w[[i for group in dependent for i in group]] = np.inf
            shift = np.abs(mean[:p] @ nullspace)
            if np.any(shift > 1e-8 * (np.abs(mean[:p]) @ np.abs(nullspace))):
                unit_b = np.inf if statistics.use_bias else 0.0
        singular = np.linalg.svd(statistics.design(), compute_uv=False)
        return cls(
            w=w,
            b=_intercept(statistics, w),
            loss=float(np.sum(residual) / statistics.rows / targets + l2 * np.sum((scale * w.T) ** 2)),
            residual_std=residual_std,
            unit_error_w=unit_w,
            unit_error_b=unit_b,
            r_squared=r_squared,
            rank=p - nullspace.shape[1],
            condition_number=float("inf") if dependent or singular[-1] == 0 else float(singular[0] / singular[-1]),
            degrees_of_freedom=float(freedom),
            dependent=dependent,
            feature_names=statistics.feature_names,
        )

    def __str__(self) -> str:
        return optimum_report.as_text(self)

    def _repr_html_(self) -> str:
        return optimum_report.as_html(self)

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


def _back_substitute(r: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The solution and the inverse of a triangle; LU with pivots leaves a triangle as it is."""
    scale = np.exp2(np.round(np.log2(np.linalg.norm(r, axis=0))))[:, np.newaxis]  # exact; no over- or underflow
    return np.linalg.solve(r / scale.T, right) / scale, np.linalg.inv(r / scale.T) / scale


def _solve(
    x: np.ndarray, y: np.ndarray, independent: np.ndarray, nullspace: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The w of smallest norm, and the inverse that gives the standard errors."""
    w, inverse = np.zeros((x.shape[1], y.shape[1])), np.zeros((x.shape[1], len(x)))
    if len(independent) < x.shape[1]:  # the others add nothing: leave them out, then go to the nearest w to 0
        q, r = np.linalg.qr(x[:, independent])
        if len(independent):
            w[independent], inverse_r = _back_substitute(r, q.T @ y)
            inverse[independent] = inverse_r @ q.T
        q, _ = np.linalg.qr(nullspace)
        return w - q @ (q.T @ w), inverse - q @ (q.T @ inverse)
    return _back_substitute(x, y)


def _warn(statistics: "SufficientStatistics", dependent: tuple[tuple[int, ...], ...]) -> None:
    """Says which columns depend on each other, and what to do."""
    if statistics.weighted_rows < statistics.features + statistics.use_bias:
        text = (
            f"{statistics.weighted_rows} rows are fewer than the {statistics.features + statistics.use_bias} "
            "parameters: many w fit equally well, and their standard errors are unknown. Add rows, or leave out "
            "features."
        )
    else:
        names = statistics.labels
        alone = [names[group[0]] for group in dependent if len(group) == 1]
        together = [
            f"{', '.join(names[i] for i in group[:-1])} and {names[group[-1]]}" for group in dependent if len(group) > 1
        ]
        said = [f"{', '.join(alone)} never changes"] if alone else []
        said += [f"{group} depend linearly on each other" for group in together]
        text = (
            f"{'; '.join(said)}: many w fit equally well. The smallest is taken, and the standard errors of these "
            "features are infinite. Leave out one of each."
        )
    checks.warn(text)


def _intercept(statistics: "SufficientStatistics", w: np.ndarray) -> np.ndarray:
    """The b that goes with w, mean(y) - mean(x) w, first from the origin on, where the numbers are small."""
    p = statistics.features
    if not statistics.use_bias:
        return np.zeros(statistics.targets)
    offset = statistics.triangle[0, 1:] / statistics.triangle[0, 0]
    near = offset[p:] - offset[:p] @ w
    return near + (statistics.origin[p:] - statistics.origin[:p] @ w)
