"""Recovery: the estimates from many data sets, compared with the predictions of theory."""

from collections.abc import Sequence

import numpy as np
from scipy import special, stats

LEVEL = 0.95
UNLIKELY = 0.001  # if theory holds, about one study in a thousand is still reported as unexpected
MOST = 25  # parameters shown


class Recovery:
    """Estimates of the same parameters from many data sets, compared with the standard errors of each data set.

    Args:
        names: the names of the parameters.
        truth: the values that generated the data, shape (parameters,).
        estimates, standard_errors: one row for each data set, shape (sets, parameters).
        degrees_of_freedom: the degrees of freedom of the standard errors, for Student's t.

    Attributes:
        bias: the bias of the mean estimate in units of its Monte Carlo error. Shape (parameters,), like all attributes
            without another shape.
        spread, predicted: the standard deviation of the estimates, and the root mean square of the standard errors.
        ratio, ratio_error: spread / predicted, and its error by the delta method for the ratio of two mean squares.
        coverage, coverage_error: the share of the intervals that hold the truth, and its binomial error.
        standardized: (estimate - truth) / standard error, shape (sets, parameters). In theory it follows Student's t.
        overall, overall_error: the coverage of all intervals, and its error as a mean over data sets, because the
            intervals of one data set share its residuals.
        chance: p-values of bias, ratio and coverage, shape (3, parameters).
        unexpected: true where a p-value is too small, with Bonferroni's correction, shape (3, parameters).
        recovered: true if nothing is unexpected, including the overall coverage.
    """

    def __init__(
        self,
        names: Sequence[str],
        truth: np.ndarray,
        estimates: np.ndarray,
        standard_errors: np.ndarray,
        degrees_of_freedom: int,
    ):
        self.names, self.truth, self.degrees_of_freedom = tuple(names), truth, degrees_of_freedom
        self.sets = len(estimates)
        root = np.sqrt(self.sets)
        self.mean = estimates.mean(axis=0)
        self.spread = estimates.std(axis=0, ddof=1)
        self.bias = root * (self.mean - truth) / self.spread
        self.predicted = np.sqrt(np.mean(standard_errors**2, axis=0))
        self.ratio = self.spread / self.predicted
        shares = ((estimates - self.mean) / self.spread) ** 2 - (standard_errors / self.predicted) ** 2
        self.ratio_error = self.ratio * shares.std(axis=0, ddof=1) / (2 * root)
        self.standardized = (estimates - truth) / standard_errors
        held = np.abs(self.standardized) <= special.stdtrit(degrees_of_freedom, (1 + LEVEL) / 2)
        self.coverage = held.mean(axis=0)
        self.coverage_error = np.sqrt(self.coverage * (1 - self.coverage)) / root
        self.overall = held.mean()
        self.overall_error = held.mean(axis=1).std(ddof=1) / root

        counts = held.sum(axis=0).tolist()
        self.chance = np.array(
            [
                2 * special.stdtr(self.sets - 1, -np.abs(self.bias)),
                2 * special.stdtr(self.sets - 1, -np.abs(np.log(self.ratio)) * self.ratio / self.ratio_error),
                [stats.binomtest(count, self.sets, LEVEL).pvalue for count in counts],
            ]
        )
        limit = UNLIKELY / (self.chance.size + 1)
        independent = np.sqrt(LEVEL * (1 - LEVEL) / held.size)  # a lower bound of the error
        overall = 2 * special.ndtr(-abs(self.overall - LEVEL) / max(self.overall_error, independent))
        self.unexpected = self.chance < limit
        self.recovered = not self.unexpected.any() and overall >= limit

    def shown(self) -> list[int]:
        """Return the parameters to show: all in their order, or the 25 furthest from the prediction, furthest first."""
        furthest = np.argsort(self.chance.min(axis=0), kind="stable").tolist()
        return furthest[:MOST] if len(furthest) > MOST else sorted(furthest)
