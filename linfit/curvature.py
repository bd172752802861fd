"""The curvature of the squared loss: which learning rates it allows, and how many steps they need."""

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from linfit.rows import Rows


@dataclass(frozen=True)
class Curvature:
    """The spectrum of the Hessian of the mean squared error, which is the same at every (w, b).

    A full-batch step multiplies the error along the eigenvector of λ by 1 - η λ (LeCun, Bottou, Orr & Müller,
    "Efficient BackProp", 1998, section 5.1): all of its behaviour follows from the learning rate η and these.

    Attributes:
        eigenvalues: ascending, shape (features + 1,), or (features,) without a bias.
        eigenvectors: one in each column, of length 1; their entries are the features', then the bias's.
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    @classmethod
    def from_rows(cls, rows: Rows, use_bias: bool = True) -> "Curvature":
        """The Hessian is 2/n AᵀA with A = [x, 1] and n the number of values in y; the same for each target."""
        a = rows.x.astype("float64")
        if use_bias:
            a = np.column_stack([a, np.ones(len(a))])
        if rows.sample_weight is not None:
            a = a * np.sqrt(rows.sample_weight)[:, np.newaxis]
        eigenvalues, eigenvectors = np.linalg.eigh(2 / rows.y.size * (a.T @ a))
        return cls(eigenvalues.clip(min=0), eigenvectors)

    @property
    def stability_limit(self) -> float:
        """The learning rate at which full-batch descent stops converging, 2/λmax; infinite if nothing curves."""
        largest = self.eigenvalues[-1]
        return float(2 / largest) if largest > 0 else math.inf

    def excess(self, error: np.ndarray) -> np.ndarray:
        """How much the loss lies above its minimum because of the error along each eigenvector: ½ λ (vᵀ error)².

        Args:
            error: point - optimum, shape (features + 1, targets), or (features, targets) without a bias.

        Returns:
            Shape of the eigenvalues; the sum is loss - minimum.
        """
        return self.eigenvalues / 2 * np.sum((self.eigenvectors.T @ error) ** 2, axis=1)

    def steps_until(self, goal: float, error: np.ndarray, learning_rate: float, most: int = 10**6) -> float:
        """The full-batch steps after which the loss is within `goal` of its minimum; infinite if over `most`.

        After k steps the excess is Σ excess(error) (1 - η λ)²ᵏ, which falls with k below the stability limit.
        """
        excess, rate = self.excess(error), (1 - learning_rate * self.eigenvalues) ** 2

        def reached(steps: int) -> bool:
            return float(np.sum(excess * rate**steps)) <= goal

        if not reached(most):
            return math.inf
        return bisect_left(range(most), True, key=reached)
