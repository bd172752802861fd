"""The optimum's 95 % zones as TensorBoard's margin charts draw them, and the part of a fit that they show."""

from collections.abc import Iterable, Iterator

import numpy as np

from linfit.callbacks.events.curve_thinner import CurveThinner

_DENSE = 2**7  # points of the fit of which each may be drawn; after them it is thinned
_NEAR = 5.0  # half widths of the zone; a curve drawn from further away would squeeze the zone into a line


def zone_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of the zones of these parameters: all centers, then all lower ends, then all upper ends.

    A margin chart shows an error unless a run has all three at the same steps.
    """
    tags = tuple(tags)
    return tuple(f"zone_95/{part}/{tag}" for part in ("center", "lower", "upper") for tag in tags)


class ZoneCurve:
    """Chooses the points of a fit that the zone charts show: those near a parameter's zone, and the end.

    Args:
        center, lower, upper: the centers and ends of the zones, shape (zones,).
    """

    def __init__(self, center: np.ndarray, lower: np.ndarray, upper: np.ndarray):
        self._center = center
        self._near = np.where(upper > lower, _NEAR * (upper - lower) / 2, np.inf)
        self._thinner = CurveThinner(_DENSE)
        self._end: tuple[np.ndarray, np.ndarray] | None = None

    def points(self, steps: np.ndarray, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the points to write: steps, and a table for the tags of `zone_tags` in which NaN marks a missing value.

        Args:
            steps: the recorded steps, shape (steps,).
            values: the parameters that have a zone, shape (steps, zones).
        """
        kept = self._thinner.keep(len(steps))
        with np.errstate(invalid="ignore"):
            near = np.abs(values[kept] - self._center) <= self._near
        for i in np.flatnonzero(near.any(axis=0)).tolist():  # rows that lack the same values are written fastest
            rows = near[:, i]
            drawn = np.full((int(rows.sum()), near.shape[1]), np.nan)
            drawn[:, i] = values[kept][rows, i]
            yield steps[kept][rows], np.hstack([drawn] * 3)
        unwritten = np.where(near[-1:], np.nan, values[-1:]) if kept[-1] else values[-1:]
        self._end = (steps[-1:], unwritten)

    def end(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the values of the last point that have not been written yet, in the form of `points`."""
        if self._end is not None and not np.isnan(self._end[1]).all():
            steps, unwritten = self._end
            yield steps, np.hstack([unwritten] * 3)
