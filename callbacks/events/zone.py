"""The optimum's 95 % zones, as TensorBoard's margin charts draw them, and a fit's way into them."""

from collections.abc import Iterable, Iterator

import numpy as np

from linfit.callbacks.events.reference_line import Thinning

_DENSE = 7  # bits: the way in is drawn at each of the first 128 points, then at fewer and fewer
_NEAR = 5.0  # half widths of the zone: a way drawn from further off would make the zone a line


def zone_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags of the zones of these parameters: all centers, then the lower ends, then the upper ones.

    A margin chart asks for all three of each run, at the same steps; else it shows an error.
    """
    tags = tuple(tags)
    return tuple(f"zone_95/{place}/{tag}" for place in ("center", "lower", "upper") for tag in tags)


class ZoneApproach:
    """The points of a fit in the charts of the zones: near the zone, and where the fit ends.

    Args:
        center, lower, upper: the zones, shape (zones,).
    """

    def __init__(self, center: np.ndarray, lower: np.ndarray, upper: np.ndarray):
        self._center = center
        self._reach = np.where(upper > lower, _NEAR * (upper - lower) / 2, np.inf)
        self._thinning = Thinning(_DENSE)
        self._end: tuple[np.ndarray, np.ndarray] | None = None

    def points(self, steps: np.ndarray, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What to write of these steps, values of shape (steps, zones): steps, and a table for the tags of `zone_tags`.

        NaN stands for what is left out.
        """
        kept = self._thinning.keep(len(steps))
        with np.errstate(invalid="ignore"):
            near = np.abs(values[kept] - self._center) <= self._reach
        for i in np.flatnonzero(near.any(axis=0)).tolist():  # rows with the same gaps are written fastest
            rows = near[:, i]
            drawn = np.full((int(rows.sum()), near.shape[1]), np.nan)
            drawn[:, i] = values[kept][rows, i]
            yield steps[kept][rows], np.hstack([drawn] * 3)
        left = np.where(near[-1:], np.nan, values[-1:]) if kept[-1] else values[-1:]
        self._end = (steps[-1:], left)

    def end(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What of the last point has not been written yet."""
        if self._end is not None and not np.isnan(self._end[1]).all():
            steps, left = self._end
            yield steps, np.hstack([left] * 3)
