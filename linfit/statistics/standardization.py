"""Standardization: the units in which descent is fast, and what a point in them is in the units of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from linfit import checks
from linfit.statistics.r_factor import RFactor

_MOST_LOST = 1e-4  # of a feature's standard deviation, by rounding its values


@dataclass(frozen=True)
class Standardization:
    """Features counted from their means, in standard deviations: u = (x - mean) / scale.

    A line y = u v + c is y = x w + b with w = v / scale and b = c - mean w. Where the columns of x differ in size, or
    lie far from 0, descent on v and c takes far fewer steps (LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998,
    section 4.3).

    Attributes:
        mean: of each feature, shape (features,); zeros without a bias, which alone could make up for it.
        scale: the standard deviation of each feature, shape (features,); without a bias the root mean square. 1 for
            a feature that never changes.

    Example:
        >>> import linfit
        >>> units = Standardization.of(linfit.SufficientStatistics.from_rows([1995.0, 2005.0], [1.0, 2.0]))
        >>> print(units.mean, units.scale)
        [2000.] [5.]
        >>> units.to_data_units({"w": np.array([[0.5]]), "b": np.array([1.5])})
        {'w': array([[0.1]]), 'b': array([-198.5])}
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, statistics: RFactor) -> "Standardization":
        """That of the rows behind these statistics, by their weights."""
        p = statistics.features
        mean = statistics.mean[:p]
        scale = np.linalg.norm(statistics.deviations[:, :p], axis=0) / np.sqrt(statistics.weight)
        never_changes = scale <= np.finfo("float64").eps * np.abs(mean)  # what is there is rounding
        return cls(mean, np.where(never_changes, 1.0, scale))

    def standardized(self, x: np.ndarray) -> np.ndarray:
        """Features in these units, shape (rows, features)."""
        return (x - self.mean) / self.scale

    def to_data_units(self, point: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """W and b of a line from its v and c, float64.

        Args:
            point: v as "w" of shape (..., features, targets) and c as "b" of shape (..., targets), if there is one.
        """
        result = {"w": np.asarray(point["w"], "float64") / self.scale[:, np.newaxis]}
        if "b" in point:
            result["b"] = np.asarray(point["b"], "float64") - np.matmul(self.mean, result["w"])
        return result

    def from_data_units(self, point: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The way back: v as "w" and c as "b"."""
        w = np.asarray(point["w"], "float64")
        result = {"w": w * self.scale[:, np.newaxis]}
        if "b" in point:
            result["b"] = np.asarray(point["b"], "float64") + np.matmul(self.mean, w)
        return result

    def matrices(self, use_bias: bool) -> tuple[np.ndarray, np.ndarray]:
        """T and its inverse, with (w, b) = T (v, c): shape (features + 1, features + 1), without a bias one less."""
        there, back = np.diag(1 / self.scale), np.diag(self.scale)
        if not use_bias:
            return there, back
        side, corner = np.zeros((len(self.scale), 1)), np.ones(1)
        return (
            np.block([[there, side], [-self.mean / self.scale, corner]]),
            np.block([[back, side], [self.mean, corner]]),
        )

    def warn_of_rounding(self, dtype: str, labels: Sequence[str]) -> None:
        """Names the feature whose values floats of this type cannot tell apart, so far from 0 they are."""
        eps = float(np.finfo(dtype).eps)
        lost = eps * np.abs(self.mean) / self.scale
        worst = int(np.argmax(lost))
        if lost[worst] > _MOST_LOST:
            mean, scale = self.mean[worst], self.scale[worst]
            remedy = "dtype='float64'" if dtype == "float32" else f"counting it from {mean:.3g}"
            checks.warn(
                f"{labels[worst]} is around {mean:.6g} and varies by {scale:.2g}: {dtype} rounds its values to "
                f"{eps * abs(mean):.1g}. Try {remedy}."
            )


def same_units(one: Standardization | None, other: Standardization | None) -> bool:
    """Whether two descents are in the same units."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one.mean, other.mean) and np.array_equal(one.scale, other.scale)
