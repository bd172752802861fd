"""Gradient descent in plain NumPy: the reference result for every kind of fit."""

from typing import NamedTuple

import numpy as np


def squared(residuals):
    return residuals**2, 2 * residuals


def absolute(residuals):
    return np.abs(residuals), np.sign(residuals)


def huber(residuals):
    near = np.abs(residuals) <= 1
    return np.where(near, residuals**2 / 2, np.abs(residuals) - 0.5), np.clip(residuals, -1, 1)


def descend(x, y, batch_size, steps, learning_rate, weight=None, l2=0.0, loss=squared, use_bias=True):
    """Descend from zero over the rows in order; return w, b, and the loss and batch size of each step."""
    w, b = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
    weight = np.ones(len(x)) if weight is None else weight
    losses, counts, begin = [], [], 0
    for _ in range(steps):
        rows = slice(begin, begin + batch_size)
        values, slopes = loss(x[rows] @ w + b - y[rows])
        share = weight[rows, np.newaxis] / values.size
        losses.append(np.sum(values * share) + l2 * np.sum(w**2))
        counts.append(len(values))
        dw, db = x[rows].T @ (slopes * share) + 2 * l2 * w, np.sum(slopes * share, axis=0)
        w, b = w - learning_rate * dw, b - learning_rate * db * use_bias
        begin = begin + batch_size if begin + batch_size < len(x) else 0
    return w, b, np.array(losses), np.array(counts)


class Case(NamedTuple):
    """A fit of 50 steps: its batch size, which decides how batches split over replicas, and its other settings."""

    rows: int
    batch_size: int
    loss: str = "mse"
    weighted: bool = False
    l2: float = 0.0
    use_bias: bool = True

    def data(self):
        x, y, weight = table(self.rows)
        return (x, y, weight) if self.weighted else (x, y)

    def by_hand(self):
        loss = {"mse": squared, "mae": absolute, "huber": huber}[self.loss]
        x, y, *weight = self.data()
        return descend(x, y, self.batch_size, 50, 0.05, *weight, l2=self.l2, loss=loss, use_bias=self.use_bias)

    def __str__(self):
        return f"{self.rows}/{self.batch_size}"


CASES = [
    Case(64, 64),
    Case(67, 16, weighted=True, l2=0.125),
    Case(65, 13, loss="mae"),
    Case(3, 3, loss="huber", weighted=True, l2=0.125, use_bias=False),
    Case(50, 1),  # one replica never gets a row
]


def table(rows, seed=0):
    """Return x of shape (rows, 3), y of shape (rows, 2), and weights of shape (rows,)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    y = x @ [[1.0, -1.0], [2.0, 0.5], [-1.0, 3.0]] + [0.5, -2.0] + rng.normal(size=(rows, 2))
    return x, y, rng.uniform(0.5, 2.0, rows)
