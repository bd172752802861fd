"""The curvature of the squared loss: which learning rates it allows, and how many steps they need."""

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from linfit import checks
from linfit.checks import InputError
from linfit.statistics.r_factor import RFactor
from linfit.statistics.standardization import Standardization

_MOST_STEPS = 10**12
_EXACT_STEPS = 4096  # early on, errors of several directions mix, and may grow before they fall


@dataclass(frozen=True)
class Curvature:
    """The spectrum of the Hessian of the mean squared error, which is the same at every (w, b).

    A full-batch step multiplies the error along the eigenvector of λ by 1 - η λ (LeCun, Bottou, Orr & Müller,
    "Efficient BackProp", 1998, section 5.1): all of its behaviour follows from the learning rate η and these.
    Rates have the unit 1/λ; with several targets each has the same spectrum.

    Attributes:
        eigenvalues: ascending, shape (features + 1,), or (features,) without a bias; 0 along what the data leave open.
        eigenvectors: one in each column; their entries are the features', then the bias's. Of length 1 and orthogonal,
            unless the descent is that of standardized features.
        dual_vectors: what takes an error apart, one in each row: `dual_vectors @ error` is how much of each eigenvector
            is in it. The eigenvectors themselves, where these are orthogonal.
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
    def from_r_factor(cls, statistics: RFactor, l2: float = 0.0) -> "Curvature":
        """The Hessian of mean (x w + b - y)² + l2 Σ w² is 2/n AᵀA + 2 l2 with A = [x, 1] and n the values of y.

        Its eigenvalues are the squares of the singular values of A, which R has too: no AᵀA is formed.
        """
        values = statistics.rows * statistics.targets
        l2 = checks.not_negative(l2, "l2")
        p = statistics.features
        a = np.vstack([statistics.design(), math.sqrt(l2 * values) * np.eye(p, p + statistics.use_bias)])
        _, singular, rows = np.linalg.svd(a, full_matrices=False)
        if l2 == 0:
            flat = statistics.independent_columns()[1].shape[1]
            singular[len(singular) - flat :] = 0.0  # what is there is rounding
        return cls(
            eigenvalues=2 / values * singular[::-1] ** 2,
            eigenvectors=rows[::-1].T,
            dual_vectors=rows[::-1],
            sharpest_row=2 / statistics.targets * statistics.longest_row + 2 * l2,
            scales=np.linalg.norm(a[:, :p], axis=0) / math.sqrt(statistics.rows),
        )

    def in_data_units(self, units: Standardization) -> "Curvature":
        """The curvature of a descent in standardized units, with its directions in the units of the data.

        There (w, b) is T (v, c): an eigenvector v of the Hessian becomes T v, and vᵀ becomes vᵀ T⁻¹.
        """
        there, back = units.matrices(use_bias=len(self.eigenvectors) > len(self.scales))
        return replace(self, eigenvectors=there @ self.eigenvectors, dual_vectors=self.dual_vectors @ back)

    @property
    def stability_limit(self) -> float:
        """The learning rate at which full-batch descent stops converging, 2/λmax; infinite if nothing curves."""
        largest = self.eigenvalues[-1]
        return float(2 / largest) if largest > 0 else math.inf

    @property
    def fastest_learning_rate(self) -> float:
        """The rate that shrinks the slowest part of the error most, 2/(λmin + λmax).

        There 1 - η λmin and η λmax - 1 are equal (Nesterov, "Introductory Lectures on Convex Optimization", 2004,
        theorem 2.1.15). λmin is the smallest eigenvalue above 0: along the others nothing is to be done.
        """
        curved = self.eigenvalues[self.eigenvalues > 0]
        return float(2 / (curved[0] + curved[-1])) if len(curved) else math.inf

    @property
    def usable_learning_rate(self) -> float:
        """The fastest rate, but at most 95 % of the stability limit: what `compile(learning_rate="auto")` takes.

        For a large condition number the fastest rate is a hair below the limit, where the stiffest part of the
        error, which often is the largest at the start, shrinks as slowly as the flattest. 5 % below the limit it
        falls to a tenth with each 22 steps, for at most 5 % more steps in all; and rounding cannot cross the limit.
        """
        return min(self.fastest_learning_rate, 0.95 * self.stability_limit)

    @property
    def condition_number(self) -> float:
        """λmax/λmin, of the eigenvalues above 0: about how many steps take the error down by e² at the best rate."""
        curved = self.eigenvalues[self.eigenvalues > 0]
        return float(curved[-1] / curved[0]) if len(curved) else 1.0

    @property
    def dominating_feature(self) -> int:
        """The index of the feature whose scale sets the stability limit: the largest in the stiffest direction."""
        return int(np.argmax(np.abs(self.eigenvectors[: len(self.scales), -1])))

    def critical_learning_rate(self, batch_size: int) -> float:
        """The rate below which mini-batches of this size are sure to converge, to where noise-free data lie.

        Ma, Bassily & Belkin, "The Power of Interpolation" (2018), theorem 3: for batches drawn at random with
        replacement, 2m / (β + (m - 1) λmax), with β the curvature of the sharpest single row. It is sufficient for
        any data with that β and λmax, and sharp for rows of one length. Half of it is a safe choice.

        Args:
            batch_size: m, the rows in each step.
        """
        m = checks.count(batch_size, "batch_size")
        return 2 * m / (self.sharpest_row + (m - 1) * float(self.eigenvalues[-1])) if self.sharpest_row else math.inf

    def contraction(self, learning_rate: float) -> float:
        """The factor by which a full-batch step shrinks the slowest part of the error: max |1 - η λ|, λ > 0."""
        rate = checks.learning_rate(learning_rate)
        return float(np.max(np.abs(1 - rate * self.eigenvalues[self.eigenvalues > 0]), initial=0.0))

    def steps_to(self, tolerance: float, learning_rate: float) -> float:
        """The full-batch steps that shrink any error to `tolerance` of its length: log tolerance / log contraction.

        Args:
            tolerance: a share of the error at the start, such as 1e-3.
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
        """The full-batch steps from a given point until each parameter is within its tolerance of the optimum.

        After k steps the part of each eigenvector in the error is (1 - η λ)ᵏ times what it is now.

        Args:
            error: point - optimum, shape (features + 1, targets), or (features, targets) without a bias.
            tolerance: what is left to each parameter, in its units: a number, or an array of error's shape.
            learning_rate: the rate of these steps.

        Returns:
            A whole number; infinity where that is never reached, or after more than 10¹² steps.
        """
        factors = 1 - checks.learning_rate(learning_rate) * self.eigenvalues
        error = np.asarray(error, "float64")
        if error.ndim != 2 or len(error) != len(self.eigenvalues):
            raise InputError(f"error must have the shape ({len(self.eigenvalues)}, targets), got {error.shape}.")
        parts = self.dual_vectors @ error
        tolerance = np.broadcast_to(np.asarray(tolerance, "float64"), parts.shape)

        def reached(step: int) -> bool:
            with np.errstate(over="ignore", invalid="ignore"):
                left = self.eigenvectors @ (factors[:, np.newaxis] ** step * parts)
            return bool(np.all(np.abs(left) <= tolerance))

        if not np.all(np.isfinite(parts)):
            return math.inf
        for step in range(_EXACT_STEPS):
            if reached(step):
                return step
        if not reached(_MOST_STEPS):
            return math.inf
        return _EXACT_STEPS + bisect_left(range(_EXACT_STEPS, _MOST_STEPS), True, key=reached)
