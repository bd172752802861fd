"""Curvature: the spectrum of the squared loss, the learning rates it allows and the steps they need."""

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from linfit import checks
from linfit.checks import InputError
from linfit.statistics.r_factor import RFactor
from linfit.statistics.standardization import Standardization

_MAX_STEPS = 10**12
_EXACT_STEPS = 4096  # tried one by one: at first the errors of several directions mix, and may grow before they fall


@dataclass(frozen=True)
class Curvature:
    """The spectrum of the Hessian of the mean squared error, which is the same at every (w, b).

    A full-batch step multiplies the error along the eigenvector of λ by 1 - η λ (LeCun, Bottou, Orr & Müller,
    "Efficient BackProp", 1998, section 5.1). The learning rate η and the spectrum therefore determine a full-batch
    descent completely. Rates have the unit 1/λ. All targets have the same spectrum.

    Attributes:
        eigenvalues: in ascending order, shape (features + 1,), or (features,) without a bias; 0 in directions that the
            data do not determine.
        eigenvectors: one in each column, with an entry for each feature, then one for the bias. Orthonormal, unless the
            descent is in standardized units.
        dual_vectors: one in each row; `dual_vectors @ error` gives the components of an error along the eigenvectors.
            The transposed eigenvectors where these are orthonormal.
        sharpest_row: the largest second derivative of the loss of any single row, in any direction.
        scales: the root mean square of each feature, in its units, shape (features,).

    Example:
        >>> import linfit
        >>> x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
        >>> curvature = linfit.SufficientStatistics.from_rows(x, y).curvature()
        >>> print(f"{curvature.stability_limit:.3f}, fastest {curvature.fastest_learning_rate:.3f}")
        0.263, fastest 0.250
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    dual_vectors: np.ndarray
    sharpest_row: float
    scales: np.ndarray

    @classmethod
    def from_statistics(cls, statistics: RFactor, l2: float = 0.0) -> "Curvature":
        """Return the curvature of mean (x w + b - y)² + l2 Σ w².

        The Hessian is 2/n AᵀA, plus 2 l2 on the diagonal entries of w, with A = [x, 1] and n the number of values in y.
        Without a penalty, its eigenvalues are 2/n times the squared singular values of A, which are those of R; a
        penalty adds the rows √(l2 n) I to R. AᵀA is never formed.
        """
        values = statistics.rows * statistics.targets
        l2 = checks.not_negative(l2, "l2")
        p = statistics.features
        a = np.vstack([statistics.design(), math.sqrt(l2 * values) * np.eye(p, p + statistics.use_bias)])
        _, singular, rows = np.linalg.svd(a, full_matrices=False)
        if l2 == 0:
            undetermined = statistics.independent_columns()[1].shape[1]
            singular[len(singular) - undetermined :] = 0.0  # these are rounding errors
        return cls(
            eigenvalues=2 / values * singular[::-1] ** 2,
            eigenvectors=rows[::-1].T,
            dual_vectors=rows[::-1],
            sharpest_row=2 / statistics.targets * statistics.longest_row + 2 * l2,
            scales=np.linalg.norm(a[:, :p], axis=0) / math.sqrt(statistics.rows),
        )

    def in_data_units(self, units: Standardization) -> "Curvature":
        """Return the curvature of a descent in standardized units, with its directions in the units of the data.

        In the units of the data, (w, b) = T (v, c): an eigenvector v of the Hessian becomes T v, and vᵀ becomes vᵀ T⁻¹.
        """
        to_data, from_data = units.matrices(use_bias=len(self.eigenvectors) > len(self.scales))
        return replace(self, eigenvectors=to_data @ self.eigenvectors, dual_vectors=self.dual_vectors @ from_data)

    @property
    def stability_limit(self) -> float:
        """The learning rate at which full-batch descent stops converging, 2/λmax; infinite without any curvature."""
        largest = self.eigenvalues[-1]
        return float(2 / largest) if largest > 0 else math.inf

    @property
    def fastest_learning_rate(self) -> float:
        """The rate at which the slowest component of the error shrinks fastest, 2/(λmin + λmax).

        At this rate 1 - η λmin equals η λmax - 1 (Nesterov, "Introductory Lectures on Convex Optimization", 2004,
        theorem 2.1.15). λmin is the smallest eigenvalue above 0: where an eigenvalue is 0, no step changes the error.
        """
        curved = self.eigenvalues[self.eigenvalues > 0]
        return float(2 / (curved[0] + curved[-1])) if len(curved) else math.inf

    @property
    def usable_learning_rate(self) -> float:
        """The fastest rate, but at most 95 % of the stability limit; `compile(learning_rate="auto")` uses it.

        If the condition number is large, the fastest rate is just below the limit. There the stiffest component of the
        error, often the largest at the start, shrinks as slowly as the flattest. At 95 % of the limit it falls to a
        tenth every 22 steps, at the cost of at most 5 % more steps in total, and rounding cannot push the rate over
        the limit.
        """
        return min(self.fastest_learning_rate, 0.95 * self.stability_limit)

    @property
    def condition_number(self) -> float:
        """λmax/λmin of the eigenvalues above 0: about the steps that divide the error by e² at the fastest rate."""
        curved = self.eigenvalues[self.eigenvalues > 0]
        return float(curved[-1] / curved[0]) if len(curved) else 1.0

    @property
    def dominating_feature(self) -> int:
        """The index of the feature whose scale sets the stability limit: the largest in the stiffest direction."""
        return int(np.argmax(np.abs(self.eigenvectors[: len(self.scales), -1])))

    def critical_learning_rate(self, batch_size: int) -> float:
        """Return the rate below which mini-batches of this size are certain to converge on data without noise.

        Ma, Bassily & Belkin, "The Power of Interpolation" (2018), theorem 3: for batches drawn at random with
        replacement, 2m / (β + (m - 1) λmax), with β the curvature of the sharpest single row. It is sufficient for
        all data with this β and λmax, and sharp for rows of equal length. Half of it is a safe choice.

        Args:
            batch_size: m, the number of rows in each step.
        """
        m = checks.count(batch_size, "batch_size")
        return 2 * m / (self.sharpest_row + (m - 1) * float(self.eigenvalues[-1])) if self.sharpest_row else math.inf

    def contraction(self, learning_rate: float) -> float:
        """Return the factor of a full-batch step on the slowest component of the error: max |1 - η λ|, λ > 0."""
        rate = checks.learning_rate(learning_rate)
        return float(np.max(np.abs(1 - rate * self.eigenvalues[self.eigenvalues > 0]), initial=0.0))

    def steps_to(self, tolerance: float, learning_rate: float) -> float:
        """Return the full-batch steps that shrink any error to `tolerance` of its length.

        Their number is log tolerance / log contraction.

        Args:
            tolerance: a fraction of the error at the start, such as 1e-3.
            learning_rate: the rate of these steps.

        Returns:
            A whole number, or infinity at or above the stability limit.
        """
        tolerance = checks.positive(tolerance, "tolerance")
        contraction = self.contraction(learning_rate)
        if tolerance >= 1:
            return 0
        if contraction >= 1:
            return math.inf
        return math.ceil(math.log(tolerance) / math.log(contraction)) if contraction > 0 else 1

    def steps_from(self, error: Any, tolerance: Any, learning_rate: float) -> float:
        """Return the full-batch steps from a given point until each parameter is within its tolerance of the optimum.

        k steps multiply the error's component along the eigenvector of λ by (1 - η λ)ᵏ.

        Args:
            error: point - optimum, shape (features + 1, targets), or (features, targets) without a bias.
            tolerance: the largest remaining error of each parameter, in its units: a number, or an array of error's
                shape.
            learning_rate: the rate of these steps.

        Returns:
            A whole number; infinity if the tolerance is never reached, or only after more than 10¹² steps.
        """
        factors = 1 - checks.learning_rate(learning_rate) * self.eigenvalues
        error = np.asarray(error, "float64")
        if error.ndim != 2 or len(error) != len(self.eigenvalues):
            raise InputError(f"error must have the shape ({len(self.eigenvalues)}, targets), got {error.shape}.")
        components = self.dual_vectors @ error
        tolerance = np.broadcast_to(np.asarray(tolerance, "float64"), components.shape)

        def reached(step: int) -> bool:
            with np.errstate(over="ignore", invalid="ignore"):
                remaining = self.eigenvectors @ (factors[:, np.newaxis] ** step * components)
            return bool(np.all(np.abs(remaining) <= tolerance))

        if not np.all(np.isfinite(components)):
            return math.inf
        for step in range(_EXACT_STEPS):
            if reached(step):
                return step
        if not reached(_MAX_STEPS):
            return math.inf
        return _EXACT_STEPS + bisect_left(range(_EXACT_STEPS, _MAX_STEPS), True, key=reached)
