"""Recovery: the estimates of many data sets against what theory says of them."""

from collections.abc import Sequence

import numpy as np
from scipy import special, stats

LEVEL = 0.95
UNLIKELY = 0.001  # where all is as predicted, about one of a thousand studies is called otherwise
MOST = 25  # parameters shown


class Recovery:
    """Estimates of the same parameters from many data sets, against what each of these predicts of its own.

    Args:
        names: of the parameters.
        truth: what generated the data, shape (parameters,).
        estimates, standard_errors: of each data set, shape (sets, parameters).
        degrees_of_freedom: of the standard errors, for Student's t.

    Attributes:
        bias: of the mean estimate, in units of its Monte Carlo error, as all below of shape (parameters,).
        spread, predicted: the estimates' standard deviation, and the root mean square of the standard errors.
        ratio, ratio_error: spread over predicted; by the delta method for the ratio of the two mean squares.
        coverage, coverage_error: the share of the intervals that hold the truth, and its binomial error.
        standardized: (estimate - truth) / standard error, shape (sets, parameters): Student's t in theory.
        overall, overall_error: the share of all intervals. Those of one data set share its residuals, so the error
            is that of a mean over data sets.
        chance: how often chance alone puts bias, ratio and coverage that far off, shape (3, parameters).
        unexpected: whether that is too rare, by Bonferroni for all tests of the study, shape (3, parameters).
        recovered: whether nothing is unexpected, the overall coverage included.
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
        independent = np.sqrt(LEVEL * (1 - LEVEL) / held.size)  # the least that the error can be
        overall = 2 * special.ndtr(-abs(self.overall - LEVEL) / max(self.overall_error, independent))
        self.unexpected = self.chance < limit
        self.recovered = not self.unexpected.any() and overall >= limit

    def shown(self) -> list[int]:
        """The parameters to show: all in their order, or the 25 furthest from what is predicted, these first."""
        furthest = np.argsort(self.chance.min(axis=0), kind="stable").tolist()
        return furthest[:MOST] if len(furthest) > MOST else sorted(furthest)
