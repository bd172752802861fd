"""ReferenceLine: a truth or an optimum as constant lines that all fits in a log folder share."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from linfit.callbacks.events.curve_thinner import CurveThinner
from linfit.callbacks.events.open_runs import last_event, open_reference

_DENSE = 2**10  # points with one at each step; a chart shows 1,000 points per tag
_DENSE_ZONE = 2**7  # the zone charts have few points of a fit, so the zone needs few as well


class ReferenceLine:
    """Writes constant values at the steps that a fit reaches.

    Two points would define a line, but TensorBoard scales a chart to the middle 90 % of its points and would ignore a
    line with so few. It shows 1,000 points per tag, so the line has a point at each of the first 1,024 steps of the fit
    and becomes sparser from there on. Steps that an earlier fit reached with the same values are not written again; a
    shorter fit does not shorten the line.

    Args:
        log_dir: the folder of the logs.
        run: the name of the reference's run.
        values: the constants by tag.
        zones: the constants of the zone charts by tag; they are written at fewer steps.

    Raises:
        InputError: the folder cannot be created or written.
    """

    def __init__(self, log_dir: Path, run: str, values: Mapping[str, float], zones: Mapping[str, float]):
        self._tags, self._zone_tags = tuple(values), tuple(zones)
        with np.errstate(over="ignore"):
            self._row = np.array(list(values.values()), np.float32)
            self._zone_row = np.array(list(zones.values()), np.float32)
        last = last_event(log_dir, run)
        logged = {} if last is None else {value.tag: value.simple_value for value in last.summary.value}
        is_same = logged == dict(zip(self._tags, self._row.tolist(), strict=True))
        self._last_written = self._last_step = last.step if is_same else -1
        self._thinner, self._zone_thinner = CurveThinner(_DENSE), CurveThinner(_DENSE_ZONE)
        self._file = open_reference(log_dir, run)

    def extend(self, steps: np.ndarray) -> None:
        """Continue the line along these steps, which increase; those that it has reached already are skipped."""
        new = steps[steps > self._last_step]
        if len(new):
            self._write(new[self._thinner.keep(len(new))], new[self._zone_thinner.keep(len(new))])
            self._last_step = int(new[-1])

    def end(self) -> None:
        """Write a point at the last step of the fit, if the line has none there."""
        if self._last_written < self._last_step:
            last = np.array([self._last_step])
            self._write(last, last)

    def flush(self) -> None:
        """End a block of steps."""
        self._file.flush()

    def _write(self, steps: np.ndarray, zone_steps: np.ndarray) -> None:
        if len(zone_steps) and self._zone_tags:
            row = np.broadcast_to(self._zone_row, (len(zone_steps), len(self._zone_row)))
            self._file.table(zone_steps, self._zone_tags, row)
        if len(steps):  # written last, because the next fit finds the end of the line in the last event
            self._file.table(steps, self._tags, np.broadcast_to(self._row, (len(steps), len(self._row))))
            self._last_written = int(steps[-1])


def start_without_lines(log_dir: Path, run: str, reason: str) -> None:
    """Start the run of a reference that is not known, so that the runs after it keep their colours.

    The reason is written as a text, once, unless an earlier fit has drawn lines.

    Raises:
        InputError: the folder cannot be created or written.
    """
    last = last_event(log_dir, run)
    file = open_reference(log_dir, run)
    if last is None or not any(value.HasField("simple_value") or value.tag == "run" for value in last.summary.value):
        file.text(0, "run", reason)  # under the tag of the fits' settings, so that the page shows both in one place
        file.flush()
