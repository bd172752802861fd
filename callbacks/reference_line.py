"""ReferenceLine: a truth or an optimum as constant lines that all fits in a log folder share."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from linfit.callbacks.event_file import last_event, open_reference


class ReferenceLine:
    """Writes the same values at each step that a fit reaches.

    Two points would make a line, but TensorBoard scales a chart to the middle 90 % of its points, and leaves out
    a line that has so few. Steps that an earlier fit has reached with the same values are not written again: a
    shorter fit does not shorten the line.

    Args:
        log_dir: the folder of the logs.
        run: the name of the reference's run.
        values: the constants by tag.
    """

    def __init__(self, log_dir: Path, run: str, values: Mapping[str, float]):
        self.values = dict(values)
        last = last_event(log_dir, run)
        logged = {} if last is None else {value.tag: value.simple_value for value in last.summary.value}
        is_same = logged == {tag: float(np.float32(value)) for tag, value in self.values.items()}
        self._end = last.step if is_same else -1
        self._file = open_reference(log_dir, run)

    def reach(self, step: int) -> None:
        """Continues the line up to this step."""
        if step > self._end:
            self._end = step
            self._file.scalars(step, self.values)

    def flush(self) -> None:
        """Brings the line so far to the disk."""
        self._file.flush()
