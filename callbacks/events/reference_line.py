"""ReferenceLine: a truth or an optimum as constant lines that all fits in a log folder share."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from linfit.callbacks.events.event_file import last_event, open_reference

_DENSE = 10  # a chart has 1,000 points a tag; up to 2**10, a line has a point at each step
_SPARSE = 7  # the charts of the zones have few points of a fit, too


class Thinning:
    """Chooses the points of a curve: each of the first 2**dense, then every second, from twice as many on every fourth.

    Args:
        dense: so many bits has the number of the first points, all of which are kept.
    """

    def __init__(self, dense: int):
        self._dense = dense
        self._count = 0

    def keep(self, points: int) -> np.ndarray:
        """Which of the next points are kept, shape (points,)."""
        count = self._count + np.arange(points)
        self._count += points
        return count % (1 << np.maximum(np.frexp(count)[1] - self._dense, 0)) == 0  # frexp: the bits of a count


class ReferenceLine:
    """Writes the same values along the steps that a fit reaches.

    Two points would make a line, but TensorBoard scales a chart to the middle 90 % of its points, and leaves out
    a line that has so few. It shows 1,000 points a tag of any curve: up to about so many the line has one at each
    step of the fit, and fewer and fewer from there on. Steps that an earlier fit has reached with the same values
    are not written again: a shorter fit does not shorten the line.

    Args:
        log_dir: the folder of the logs.
        run: the name of the reference's run.
        values: the constants by tag.
        zones: those of the charts of zones, at fewer steps.
    """

    def __init__(self, log_dir: Path, run: str, values: Mapping[str, float], zones: Mapping[str, float]):
        self._tags, self._zone_tags = tuple(values), tuple(zones)
        with np.errstate(over="ignore"):
            self._row = np.array(list(values.values()), np.float32)
            self._zone_row = np.array(list(zones.values()), np.float32)
        last = last_event(log_dir, run)
        logged = {} if last is None else {value.tag: value.simple_value for value in last.summary.value}
        is_same = logged == dict(zip(self._tags, self._row.tolist(), strict=True))
        self._written = self._reached = last.step if is_same else -1
        self._thinning, self._zone_thinning = Thinning(_DENSE), Thinning(_SPARSE)  # of the steps that this fit adds
        self._file = open_reference(log_dir, run)

    def reach(self, steps: np.ndarray) -> None:
        """Continues the line along these steps, which increase."""
        new = steps[steps > self._reached]
        if len(new):
            self._write(new[self._thinning.keep(len(new))], new[self._zone_thinning.keep(len(new))])
            self._reached = int(new[-1])

    def end(self) -> None:
        """Lets the line end where the fit does."""
        if self._written < self._reached:
            last = np.array([self._reached])
            self._write(last, last)

    def flush(self) -> None:
        """Ends a block of steps."""
        self._file.flush()

    def _write(self, steps: np.ndarray, zone_steps: np.ndarray) -> None:
        if len(zone_steps) and self._zone_tags:
            row = np.broadcast_to(self._zone_row, (len(zone_steps), len(self._zone_row)))
            self._file.table(zone_steps, self._zone_tags, row)
        if len(steps):  # last: by the last event the next fit knows how far the line goes
            self._file.table(steps, self._tags, np.broadcast_to(self._row, (len(steps), len(self._row))))
            self._written = int(steps[-1])


def start_without_lines(log_dir: Path, run: str, why: str) -> None:
    """Starts the run of a reference that is not known, so that those after it keep their colours, and says why.

    It says so once, and not where an earlier fit has drawn lines.
    """
    last = last_event(log_dir, run)
    file = open_reference(log_dir, run)
    if last is None or not any(value.HasField("simple_value") or value.tag == "run" for value in last.summary.value):
        file.text(0, "run", why)  # where the fits say how they were started
        file.flush()
