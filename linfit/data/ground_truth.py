"""GroundTruth: the values that generate synthetic data, and data drawn from them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from linfit import checks
from linfit.checks import InputError, as_numbers
from linfit.data.array_input import as_matrix, as_rows


class GroundTruth:
    """A known linear law, y = x w + b + noise, whose values a fit of its data should recover.

    Args:
        w: a number (one feature), a sequence of shape (features,), or a matrix of shape (features, targets).
        b: a number for all targets, or a sequence of shape (targets,). 0 by default.
        noise: the standard deviation of the normal noise that is added to each target, in units of y. 0 by default:
            the data then lie exactly on the line.
        feature_names: a name for each feature, for logs, tables and pictures.

    Attributes:
        w: float64 array of shape (features, targets).
        b: float64 array of shape (targets,).

    Raises:
        InputError: a value is not a finite number, the noise is negative, or lengths do not match.

    Example:
        >>> truth = GroundTruth(w=[1.5, -2.0, 0.3], b=0.5)
        >>> x, y = truth.sample(120, seed=7)
        >>> x.shape, y.shape
        ((120, 3), (120, 1))
        >>> truth.loss(x, y) < 1e-30
        True
    """

    def __init__(self, w: Any, b: Any = 0.0, noise: float = 0.0, feature_names: Sequence[str] | None = None):
        self.w = as_numbers(w, "w")
        self.w = self.w.reshape(-1, 1) if self.w.ndim < 2 else self.w
        if self.w.ndim > 2 or self.w.size == 0:
            raise InputError(
                "w must be a number or a non-empty array of shape (features,) or (features, targets), "
                f"got shape {np.shape(w)}."
            )
        self.b = as_numbers(b, "b")
        if self.b.shape not in ((), (1,), (self.targets,)):
            raise InputError(f"b must be one number or one for each of {self.targets} targets, got {self.b.tolist()}.")
        self.b = np.broadcast_to(self.b, self.targets).copy()
        self.noise = checks.standard_deviation(noise, "noise")
        self.feature_names = None
        if feature_names is not None:
            self.feature_names = checks.names(feature_names, "feature_names")
            checks.same_length(self.w, "w", self.feature_names, "feature_names")

    @property
    def features(self) -> int:
        """The number of features."""
        return self.w.shape[0]

    @property
    def targets(self) -> int:
        """The number of targets."""
        return self.w.shape[1]

    def sample(
        self,
        rows: int | None = None,
        seed: int | None = None,
        low: float | Sequence[float] = 0.0,
        high: float | Sequence[float] = 3.0,
        features: Any = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows from the law: x uniform on [low, high), y = x w + b + normal noise.

        Args:
            rows: the number of rows to draw.
            seed: the same seed draws the same rows; None draws new ones each time. The x of a seed does not depend
                on the noise.
            low: the lower end of the range of x: one number for all features, or one for each.
            high: the upper end of the range of x: one number for all features, or one for each.
            features: your own x, shape (rows, features), instead of rows, low and high.

        Returns:
            x of shape (rows, features) and y of shape (rows, targets), both float64.

        Raises:
            InputError: rows and features are both missing or both given, low is not below high, a value is not a finite
                number, or x does not have the law's number of features.
        """
        generator = np.random.default_rng(None if seed is None else checks.seed(seed, "seed"))
        if features is not None:
            if rows is not None:
                raise InputError(
                    "rows and features exclude each other: features has its own rows. Leave one of them out."
                )
            x = self._as_features(features)
        elif rows is None:
            raise InputError("rows is missing. Try truth.sample(120), or pass your own x as features=...")
        else:
            lowest, highest = as_numbers(low, "low"), as_numbers(high, "high")
            if any(bound.shape not in ((), (self.features,)) for bound in (lowest, highest)):
                raise InputError(
                    f"low and high must be one number or one for each of the {self.features} features, "
                    f"got low={low!r} and high={high!r}."
                )
            if not np.all(lowest < highest):
                raise InputError(f"low must be below high, got low={low!r} and high={high!r}.")
            x = generator.uniform(lowest, highest, size=(checks.count(rows, "rows"), self.features))
        return x, self.predict(x) + self.noise * generator.standard_normal((len(x), self.targets))

    def predict(self, x: Any) -> np.ndarray:
        """Return the targets without noise, x w + b, shape (rows, targets)."""
        return self._as_features(x) @ self.w + self.b

    def loss(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the mean squared error of the true values on these rows, which is due to the noise alone.

        It is the mean over rows and targets of (y - x w - b)², with each row multiplied by its weight if weights are
        given, as in Keras's "mse".
        """
        rows = as_rows(self._as_features(x), y, sample_weight)
        if rows.y.shape[1] != self.targets:
            raise InputError(
                f"y must have one column for each of the truth's {self.targets} targets, got {rows.y.shape[1]}."
            )
        return rows.mean_squared_error(self.w, self.b)

    def _as_features(self, x: Any) -> np.ndarray:
        x = as_matrix(x, "x")
        if x.shape[1] != self.features:
            raise InputError(
                f"x must have one column for each of the truth's {self.features} features, got {x.shape[1]}."
            )
        return x

    def __repr__(self) -> str:
        return f"GroundTruth(w={self.w.squeeze().tolist()}, b={self.b.squeeze().tolist()}, noise={self.noise})"
