"""The optimum in closed form: the w and b that minimize the mean squared error."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from linfit.parameters import is_linear, named_parameters
from linfit.rows import Rows, as_rows


@dataclass(frozen=True)
class LeastSquares:
    """The point that gradient descent on the mean squared error descends to.

    Attributes:
        w: weights, float64, shape (features, targets).
        b: biases, float64, shape (targets,); zeros without a bias.
        loss: the mean squared error there, the smallest that any w and b reach on these rows.
    """

    w: np.ndarray
    b: np.ndarray
    loss: float


def least_squares(x: Any, y: Any, sample_weight: Any = None, use_bias: bool = True) -> LeastSquares:
    """Solves min over w, b of mean (x w + b - y)² exactly.

    The columns are centred on their (weighted) means first, which takes b out of the problem and keeps more
    digits: w solves the centred problem, then b = mean(y) - mean(x) w (Draper & Smith, "Applied Regression
    Analysis", 1998, section 1.2). Where columns depend on each other, the w of smallest norm is returned.

    Args:
        x: features, shape (rows, features) or (rows,).
        y: targets, shape (rows, targets) or (rows,).
        sample_weight: shape (rows,), or None. Weighted squares are divided by the number of rows, as in Keras.
        use_bias: False solves for a line through the origin.

    Raises:
        InputError: lengths differ, no rows, or a value that is no finite number.

    Example:
        >>> optimum = least_squares([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
        >>> print(round(optimum.w.item(), 6), round(optimum.b.item(), 6))
        2.0 1.0
    """
    rows = as_rows(x, y, sample_weight)
    x_mean = np.average(rows.x, axis=0, weights=rows.sample_weight) * use_bias
    y_mean = np.average(rows.y, axis=0, weights=rows.sample_weight) * use_bias
    x_centred, y_centred = rows.x - x_mean, rows.y - y_mean
    if rows.sample_weight is not None:
        root = np.sqrt(rows.sample_weight)[:, np.newaxis]
        x_centred, y_centred = root * x_centred, root * y_centred
    w, *_ = np.linalg.lstsq(x_centred, y_centred, rcond=None)
    return LeastSquares(w=w, b=y_mean - x_mean @ w, loss=float(np.mean((y_centred - x_centred @ w) ** 2)))


def mean_squared_error(rows: Rows, w: np.ndarray, b: np.ndarray | float = 0.0) -> float:
    """The mean over rows and targets of (y - x w - b)² in float64, as Keras's "mse" weighs it."""
    with np.errstate(over="ignore", invalid="ignore"):  # the loss of a diverged fit is infinite
        squared = (rows.y - rows.x @ np.asarray(w, "float64") - b) ** 2
        return float(np.mean(squared if rows.sample_weight is None else squared * rows.sample_weight[:, np.newaxis]))


def has_closed_form(model: keras.Model) -> bool:
    """Whether least squares is the minimum of what the model trains on: the squared loss, without a penalty."""
    if not is_linear(named_parameters(model)) or isinstance(model.loss, list | tuple | dict):
        return False
    loss = keras.losses.get(model.loss)
    if type(loss) is keras.losses.MeanSquaredError:
        squared = loss.reduction in ("sum_over_batch_size", "mean")
    else:
        squared = loss is keras.losses.mean_squared_error
    return squared and not model.losses


def running_optimum(model: keras.Model) -> LeastSquares | None:
    """The optimum of the fit that `model` is running, where it has a closed form and its rows are in memory."""
    rows: Rows | None = getattr(model, "training_rows", None)
    if rows is None or not has_closed_form(model):
        return None
    return least_squares(*rows.as_tuple(), use_bias="b" in named_parameters(model))
