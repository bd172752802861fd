"""Bar: a progress bar on the terminal, with a text beside it."""

import time
from typing import Any

INTERVAL = 0.2
"""Seconds between two drawings."""

TIME_WIDTH = len(" 0:00:00")
"""Terminal columns of the time left."""

_MAX_WIDTH = 40  # terminal columns of the bar itself


class Bar:
    """A progress bar with a text and the time left.

    Args:
        total: the count at the end; None if it is not known.
        width: the terminal columns available to the bar itself.
        text: the text beside the bar at the start.
    """

    def __init__(self, total: int | None, width: int, text: str):
        from rich import progress

        self._progress: Any = progress.Progress(
            progress.BarColumn(bar_width=max(1, min(_MAX_WIDTH, width - 1))),
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
        """Draw the bar with this count and text."""
        self._drawn = time.monotonic()
        self._progress.update(self._task, completed=completed, text=text, refresh=True)

    def stop(self) -> None:
        """Release the terminal."""
        self._progress.stop()
