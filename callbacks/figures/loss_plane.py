"""The plane in which the loss bowl is drawn, and the height of the loss above it."""

from typing import Any, NamedTuple

import numpy as np

from linfit.checks import InputError
from linfit.parameter_names import flat_reference
from linfit.statistics.curvature import Curvature
from linfit.text.text_table import shortened
from linfit.training.trajectory import Trajectory

_ROOM = 1.12  # around what has to be seen
_MOST = 0.8  # of an axis, which is then named after those parameters
_LONGEST_NAME = 24


class LossPlane(NamedTuple):
    """A plane through the optimum, or a line, in parameter space.

    Attributes:
        axes: what reads off a place along each of them, one in each column, shape (parameters, 1 or 2).
        labels: a name for each axis.
        hessian: of the loss, along the axes.
        slope: a step at d from the optimum along the axes changes it by this times d, times minus the learning rate.
            It is the Hessian, unless the descent is that of standardized features.
        optimum: in parameter space, shape (parameters,).
        shift: added to distances from the optimum: where the axes are the parameters, their values there.
        lowest: the loss at the optimum.
        curvature: of the loss in all directions.
        noise: three standard errors of the optimum along the axes, 0 where there are none.
    """

    axes: np.ndarray
    labels: list[str]
    hessian: np.ndarray
    slope: np.ndarray
    optimum: np.ndarray
    shift: np.ndarray
    lowest: float
    curvature: Curvature
    noise: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points of parameter space, shape (points, parameters), in the coordinates that are shown."""
        return (points - self.optimum) @ self.axes + self.shift

    def height(self, d: np.ndarray) -> np.ndarray:
        """The loss above its lowest at distances from the optimum along the axes, shape (..., axes)."""
        return 0.5 * np.einsum("...i,ij,...j", d, self.hessian, d)

    def on_curve(self, points: np.ndarray) -> np.ndarray:
        """Points of the only axis, shape (points, 1), with the loss there, shape (points, 2)."""
        return np.hstack([points, self.lowest + self.height(points - self.shift)[:, np.newaxis]])

    def reach(self, start: np.ndarray, true: np.ndarray | None) -> np.ndarray:
        """How far from the optimum along each axis a stable descent from the start may come, and where the truth is.

        Below the stability limit no |c| ever grows. From a start at the optimum it is as far as noise would reach.
        """
        c = np.abs(self.curvature.dual_vectors @ (start - self.optimum))
        reach = np.abs(self.axes.T @ self.curvature.eigenvectors) @ c
        if true is not None:
            reach = np.maximum(reach, np.abs(true - self.shift)[0])
        if np.all(reach <= self.noise):  # a fit that has arrived before it begins
            reach = self.noise
        otherwise = np.max(reach, initial=0.0) or 1.0
        reach = np.where(reach > 0, reach, otherwise)
        if len(self.optimum) > 2:  # the walls of the valley are to be seen, however near to its floor the start is
            flat, steep = np.diag(self.hessian)
            reach[1] = max(reach[1], reach[0] * np.sqrt(flat / steep)) if steep > 0 else reach[1]
        return _ROOM * reach


def plane_of(trajectory: Trajectory, optimum: Any, curvature: Curvature) -> LossPlane:
    """The parameters' own plane, if there are two of them, or the one of the flattest and the steepest direction.

    Raises:
        InputError: several targets, or an optimum of another shape.
    """
    values, vectors, duals = curvature.eigenvalues, curvature.eigenvectors, curvature.dual_vectors
    names, point = trajectory.names, flat_reference(optimum, trajectory.point(), "optimum")
    if len(values) != len(point):
        raise InputError(
            f"the picture of the loss bowl needs one target, got a w of shape {trajectory.w.shape[1:]}. "
            "Fit and draw each target on its own."
        )
    if len(values) <= 2:
        axes, labels, shift = np.eye(len(values)), list(names), point
        hessian, slope = duals.T * values @ duals, vectors * values @ duals
    else:
        curved = np.flatnonzero(values > 0)
        chosen = curved[[0, -1]] if len(curved) > 1 else np.array([len(values) - 2, len(values) - 1])
        axes, shift = duals[chosen].T, np.zeros(2)
        hessian = slope = np.diag(values[chosen])
        shares = np.maximum(axes * vectors[:, chosen], 0.0)  # of each parameter in an axis: they add up to 1
        parts = np.sign(axes) * np.sqrt(shares)
        sign = np.sign(parts[np.argmax(np.abs(parts), axis=0), [0, 1]])  # which is arbitrary
        axes, parts = axes * sign, parts * sign
        titles = ("along the flattest direction", "along the steepest direction")
        labels = [title + _made_of(part, names) for title, part in zip(titles, parts.T, strict=True)]
    errors = optimum.standard_error(trajectory.parameters)
    noise = 3 * np.abs(axes.T) @ np.where(np.isfinite(errors), errors, 0.0)
    return LossPlane(axes, labels, hessian, slope, point, shift, float(optimum.loss), curvature, noise)


def _made_of(axis: np.ndarray, names: tuple[str, ...]) -> str:
    """One or two parameters, if at least 80 % of the axis are theirs, by the squares of its entries."""
    first, second = np.argsort(-np.abs(axis), kind="stable")[:2].tolist()
    one, other = (shortened(names[i], _LONGEST_NAME) for i in (first, second))
    if axis[first] ** 2 >= _MOST:
        return f", mostly {one}"
    if axis[first] ** 2 + axis[second] ** 2 >= _MOST:
        return f", mostly {axis[first]:.2f} {one} {'-' if axis[second] < 0 else '+'} {abs(axis[second]):.2f} {other}"
    return ""
