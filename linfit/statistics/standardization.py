"""Standardization: units in which descent is fast, and the conversion of points to and from the units of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from linfit import checks
from linfit.statistics.r_factor import RFactor

_MAX_ROUNDING = 1e-4  # of a feature's values, in standard deviations


@dataclass(frozen=True)
class Standardization:
    """Units that measure features from their means, in standard deviations: u = (x - mean) / scale.

    A line y = u v + c is y = x w + b with w = v / scale and b = c - mean w. If the columns of x differ in size or are
    far from 0, descent on v and c takes far fewer steps (LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998,
    section 4.3).

    Attributes:
        mean: the mean of each feature, shape (features,); zeros without a bias, which alone could compensate for it.
        scale: the standard deviation of each feature, shape (features,), or its root mean square without a bias; 1 for
            a constant feature.

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
        """Return the standardization of the rows of these statistics, weighted as they are."""
        p = statistics.features
        mean = statistics.mean[:p]
        scale = np.linalg.norm(statistics.deviations[:, :p], axis=0) / np.sqrt(statistics.weight)
        is_constant = scale <= np.finfo("float64").eps * np.abs(mean)  # these are rounding errors
        return cls(mean, np.where(is_constant, 1.0, scale))

    def standardized(self, x: np.ndarray) -> np.ndarray:
        """Return features in these units, shape (rows, features)."""
        return (x - self.mean) / self.scale

    def to_data_units(self, point: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return "w" and "b" of a line from its v and c, in float64.

        Args:
            point: v as "w", shape (..., features, targets), and c as "b", shape (..., targets), if there is a bias.
        """
        result = {"w": np.asarray(point["w"], "float64") / self.scale[:, np.newaxis]}
        if "b" in point:
            result["b"] = np.asarray(point["b"], "float64") - np.matmul(self.mean, result["w"])
        return result

    def from_data_units(self, point: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return v as "w" and c as "b" from w and b; the inverse of `to_data_units`."""
        w = np.asarray(point["w"], "float64")
        result = {"w": w * self.scale[:, np.newaxis]}
        if "b" in point:
            result["b"] = np.asarray(point["b"], "float64") + np.matmul(self.mean, w)
        return result

    def matrices(self, use_bias: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return T and its inverse, with (w, b) = T (v, c).

        Both have the shape (features + 1, features + 1), or (features, features) without a bias.
        """
        to_data, from_data = np.diag(1 / self.scale), np.diag(self.scale)
        if not use_bias:
            return to_data, from_data
        side, corner = np.zeros((len(self.scale), 1)), np.ones(1)
        return (
            np.block([[to_data, side], [-self.mean / self.scale, corner]]),
            np.block([[from_data, side], [self.mean, corner]]),
        )

    def warn_of_rounding(self, dtype: str, labels: Sequence[str]) -> None:
        """Warn of the feature whose values are so far from 0 that floats of this type cannot tell them apart."""
        eps = float(np.finfo(dtype).eps)
        rounding = eps * np.abs(self.mean) / self.scale
        worst = int(np.argmax(rounding))
        if rounding[worst] > _MAX_ROUNDING:
            mean, scale = self.mean[worst], self.scale[worst]
            remedy = "dtype='float64'" if dtype == "float32" else f"subtracting {mean:.3g} from it"
            checks.warn(
                f"{labels[worst]} is around {mean:.6g} and varies by {scale:.2g}: {dtype} rounds its values to "
                f"{eps * abs(mean):.1g}. Try {remedy}."
            )


def same_units(one: Standardization | None, other: Standardization | None) -> bool:
    """Return whether two descents are in the same units; None stands for the units of the data."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one.mean, other.mean) and np.array_equal(one.scale, other.scale)
