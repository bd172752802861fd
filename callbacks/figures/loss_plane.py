"""LossPlane: the plane in parameter space in which the loss bowl is drawn, and the loss on it."""

from typing import Any, NamedTuple

import numpy as np

from linfit.checks import InputError
from linfit.parameter_names import flat_reference
from linfit.statistics.curvature import Curvature
from linfit.text.text_table import shortened
from linfit.training.trajectory import Trajectory

_MARGIN = 1.12  # times the distance that must be visible
_DOMINANT_SHARE = 0.8  # of an axis: parameters with at least this share give it their name
_LONGEST_NAME = 24  # characters


class LossPlane(NamedTuple):
    """A plane, or a line, through the optimum in parameter space, with coordinates of its own.

    Attributes:
        projection: the coordinates of a difference of points are `difference @ projection`; shape (parameters, axes).
        labels: a label for each axis.
        hessian: the Hessian of the loss in these coordinates.
        step_matrix: at coordinates d relative to the optimum, a gradient step is -learning_rate * step_matrix @ d. It
            is the Hessian, unless the model descends on standardized features.
        optimum: the optimum in parameter space, shape (parameters,).
        center: the coordinates of the optimum: its parameters if these are the axes, else 0.
        lowest_loss: the loss at the optimum.
        curvature: the curvature of the loss in all directions.
        noise: three standard errors of the optimum along each axis, 0 where there are none.
    """

    projection: np.ndarray
    labels: list[str]
    hessian: np.ndarray
    step_matrix: np.ndarray
    optimum: np.ndarray
    center: np.ndarray
    lowest_loss: float
    curvature: Curvature
    noise: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the coordinates of points in parameter space, shape (points, parameters)."""
        return (points - self.optimum) @ self.projection + self.center

    def excess_loss(self, d: np.ndarray) -> np.ndarray:
        """Return the loss minus the lowest loss, at coordinates d relative to the optimum, shape (..., axes)."""
        return 0.5 * np.einsum("...i,ij,...j", d, self.hessian, d)

    def with_loss(self, coordinates: np.ndarray) -> np.ndarray:
        """Return coordinates on a plane with one axis, shape (points, 1), with the loss as a second column."""
        return np.hstack([coordinates, self.lowest_loss + self.excess_loss(coordinates - self.center)[:, np.newaxis]])

    def half_widths(self, start: np.ndarray, truth: np.ndarray | None) -> np.ndarray:
        """Return how far a picture must extend from the optimum along each axis.

        It must show every stable descent from the start, because below the stability limit no |c| ever grows, and the
        truth, given by its coordinates. A fit that starts at the optimum gets the width of the noise.
        """
        c = np.abs(self.curvature.dual_vectors @ (start - self.optimum))
        widths = np.abs(self.projection.T @ self.curvature.eigenvectors) @ c
        if truth is not None:
            widths = np.maximum(widths, np.abs(truth - self.center)[0])
        if np.all(widths <= self.noise):  # the fit starts at its optimum
            widths = self.noise
        fallback = np.max(widths, initial=0.0) or 1.0
        widths = np.where(widths > 0, widths, fallback)
        if len(self.optimum) > 2:  # show the walls of the valley, even if the fit starts on its floor
            flat, steep = np.diag(self.hessian)
            widths[1] = max(widths[1], widths[0] * np.sqrt(flat / steep)) if steep > 0 else widths[1]
        return _MARGIN * widths


def loss_plane(trajectory: Trajectory, optimum: Any, curvature: Curvature) -> LossPlane:
    """Return the plane of the parameters, if there are at most two, or of the flattest and the steepest direction.

    Raises:
        InputError: there are several targets, or the optimum has another shape than the parameters.
    """
    values, vectors, duals = curvature.eigenvalues, curvature.eigenvectors, curvature.dual_vectors
    names, point = trajectory.names, flat_reference(optimum, trajectory.point(), "optimum")
    if len(values) != len(point):
        raise InputError(
            f"the picture of the loss bowl needs one target, got w of shape {trajectory.w.shape[1:]}. "
            "Fit and draw each target separately."
        )
    if len(values) <= 2:
        projection, labels, center = np.eye(len(values)), list(names), point
        hessian, step_matrix = duals.T * values @ duals, vectors * values @ duals
    else:
        curved = np.flatnonzero(values > 0)
        chosen = curved[[0, -1]] if len(curved) > 1 else np.array([len(values) - 2, len(values) - 1])
        projection, center = duals[chosen].T, np.zeros(2)
        hessian = step_matrix = np.diag(values[chosen])
        shares = np.maximum(projection * vectors[:, chosen], 0.0)  # of each parameter in an axis; their sum is 1
        parts = np.sign(projection) * np.sqrt(shares)
        sign = np.sign(parts[np.argmax(np.abs(parts), axis=0), [0, 1]])  # the sign of an eigenvector is arbitrary
        projection, parts = projection * sign, parts * sign
        titles = ("along the flattest direction", "along the steepest direction")
        labels = [title + _main_parameters(part, names) for title, part in zip(titles, parts.T, strict=True)]
    errors = optimum.standard_error(trajectory.parameters)
    noise = 3 * np.abs(projection.T) @ np.where(np.isfinite(errors), errors, 0.0)
    return LossPlane(projection, labels, hessian, step_matrix, point, center, float(optimum.loss), curvature, noise)


def _main_parameters(axis: np.ndarray, names: tuple[str, ...]) -> str:
    """Return the one or two parameters whose squared entries make up at least 80 % of an axis, or an empty string."""
    first, second = np.argsort(-np.abs(axis), kind="stable")[:2].tolist()
    one, other = (shortened(names[i], _LONGEST_NAME) for i in (first, second))
    if axis[first] ** 2 >= _DOMINANT_SHARE:
        return f", mostly {one}"
    if axis[first] ** 2 + axis[second] ** 2 >= _DOMINANT_SHARE:
        return f", mostly {axis[first]:.2f} {one} {'-' if axis[second] < 0 else '+'} {abs(axis[second]):.2f} {other}"
    return ""
