"""DescentLog: writes the data of a run for the Descent tab while its fit runs."""

import time

from tensorboard_plugin_linfit import summary

from linfit.callbacks.descent.descent_arrays import descent_arrays
from linfit.callbacks.descent.descent_facts import descent_facts
from linfit.callbacks.descent.path_pieces import PathPieces, rows_per_octave
from linfit.callbacks.events.event_file import EventFile
from linfit.callbacks.fit_context import FitContext
from linfit.training.trajectory import Trajectory

_PAUSE = 1.0  # seconds between two writes of the current piece, if it has at least _MANY_ROWS new rows
_MANY_ROWS = 8
_LONG_PAUSE = 10.0  # seconds between two writes, if it has fewer


class DescentLog:
    """Writes what the Descent tab shows of one fit.

    Args:
        file: the event file of the fit's run.
        context: what is known of the fit at its start.
        every: the distance between recorded steps.
    """

    def __init__(self, file: EventFile, context: FitContext, every: int):
        self._file = file
        self._arrays = descent_arrays(context)
        names = [tag.removeprefix(summary.PREFIX) for tag in self._arrays]
        self._facts = descent_facts(context) | {"arrays": names, "finished": False}
        rows = rows_per_octave(len(context.start.names))
        self._pieces = PathPieces(every, rows) if rows else None
        self._last_time: float | None = None

    def add(self, steps: Trajectory) -> None:
        """Add the next recorded steps, and write the new data if it is time."""
        if self._pieces is not None:
            self._pieces.add(steps)
        if self._is_time():
            self._write(int(steps.step[-1]))

    def end(self, step: int) -> None:
        """Write the rest of a fit that ended after this step."""
        self._facts["finished"] = True
        self._write(step)

    def _is_time(self) -> bool:
        if self._last_time is None:
            return True
        new_rows = 0 if self._pieces is None else self._pieces.new_rows
        pause = time.monotonic() - self._last_time
        return new_rows > 0 and pause > (_PAUSE if new_rows >= _MANY_ROWS else _LONG_PAUSE)

    def _write(self, step: int) -> None:
        """Write all new data as one event; the first and the last event also have the facts."""
        values = []
        if self._last_time is None or self._facts["finished"]:
            values.append(summary.about_summary(self._facts))
        values += [summary.array_summary(tag, array) for tag, array in self._arrays.items()]
        if self._pieces is not None:
            pieces = self._pieces.pop_unwritten()
            values += [summary.array_summary(f"{summary.PATH}{start}", rows) for start, rows in pieces]
        self._file.values(step, values)
        self._arrays = {}
        self._last_time = time.monotonic()
