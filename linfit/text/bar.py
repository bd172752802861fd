"""Bar: a progress bar on the terminal, with a text beside it."""

import time
from typing import Any

INTERVAL = 0.2
"""Seconds between two drawings."""

TIME_WIDTH = len(" 0:00:00")
_LONGEST = 40  # columns of the bar itself


class Bar:
    """A progress bar with a text, and the time that is left.

    Args:
        total: the count at the end; None where it is not known.
        room: the terminal's columns that the bar itself may take.
        text: what to show beside it at first.
    """

    def __init__(self, total: int | None, room: int, text: str):
        from rich import progress

        self._progress: Any = progress.Progress(
            progress.BarColumn(bar_width=max(1, min(_LONGEST, room - 1))),
            progress.TextColumn("{task.fields[text]}"),
            progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            auto_refresh=False,
        )
        self.started = self._drawn = time.monotonic()
        self._task = self._progress.add_task("", total=total, text=text)
        self._progress.start()

    @property
    def is_due(self) -> bool:
        """Return whether it is time for the next drawing."""
        return time.monotonic() > self._drawn + INTERVAL

    def draw(self, completed: int, text: str) -> None:
        """Draw the bar at a count."""
        self._drawn = time.monotonic()
        self._progress.update(self._task, completed=completed, text=text, refresh=True)

    def stop(self) -> None:
        """Give the terminal back."""
        self._progress.stop()
