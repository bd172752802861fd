"""DescentLog: a run's data for the Descent tab, written as its fit goes."""

import time

from tensorboard_plugin_linfit import summary

from linfit.callbacks.descent.descent_facts import about, arrays
from linfit.callbacks.descent.path_pieces import PathPieces, dense_rows
from linfit.callbacks.events.event_file import EventFile
from linfit.callbacks.fit_context import FitContext
from linfit.training.trajectory import Trajectory

_PAUSE = 1.0  # seconds between two writings of the present piece ...
_NEWS = 8  # ... if so many rows are new to it;
_PATIENCE = 10.0  # seconds, after which one is enough


class DescentLog:
    """Writes what the Descent tab shows of one fit.

    Args:
        file: the event file of the fit's run.
        known: what is known of the fit at its start.
        every: the distance of the recorded steps.
    """

    def __init__(self, file: EventFile, context: FitContext, every: int):
        self._file = file
        self._arrays = arrays(context)
        names = [tag.removeprefix(summary.PREFIX) for tag in self._arrays]
        self._about = about(context) | {"arrays": names, "finished": False}
        dense = dense_rows(len(context.start.names))
        self._pieces = PathPieces(every, dense) if dense else None
        self._last_time: float | None = None

    def add(self, steps: Trajectory) -> None:
        """Takes the next recorded steps, and writes what is new once that is worth it."""
        if self._pieces is not None:
            self._pieces.add(steps)
        if self._is_time():
            self._write(int(steps.step[-1]))

    def end(self, step: int) -> None:
        """Writes where the fit has ended: after this step."""
        self._about["finished"] = True
        self._write(step)

    def _is_time(self) -> bool:
        if self._last_time is None:
            return True
        new_rows = 0 if self._pieces is None else self._pieces.new_rows
        pause = time.monotonic() - self._last_time
        return new_rows > 0 and pause > (_PAUSE if new_rows >= _NEWS else _PATIENCE)

    def _write(self, step: int) -> None:
        """Writes all that is new as one event; at the start and at the end of the fit also what is known of it."""
        values = []
        if self._last_time is None or self._about["finished"]:
            values.append(summary.about_summary(self._about))
        values += [summary.array_summary(tag, array) for tag, array in self._arrays.items()]
        if self._pieces is not None:
            values += [summary.array_summary(f"{summary.PATH}{start}", rows) for start, rows in self._pieces.taken()]
        self._file.values(step, values)
        self._arrays = {}
        self._last_time = time.monotonic()
