"""RowsBar: a progress bar over the rows of a stream, or over its parts."""

import time
from typing import Any

from linfit.checks import InputError
from linfit.text import terminal
from linfit.text.bar import TIME_WIDTH, Bar

_SPEED_WIDTH = len(" 100,000,000 rows/s")


class RowsBar:
    """A context manager that shows the rows or parts read so far, rows per second, and the time left.

    Args:
        verbose: "auto" shows the bar in a terminal or notebook, 1 always, 0 never.
        unit: the unit of the count, "rows" or "parts".
        total: the count at the end; None if it is not known.
    """

    def __init__(self, verbose: Any, unit: str, total: int | None):
        if verbose not in ("auto", 0, 1):
            raise InputError(f"verbose must be 'auto', 0 or 1, got {verbose!r}.")
        self._is_shown = terminal.is_terminal() if verbose == "auto" else bool(verbose)
        self._unit, self._total = unit, total
        self._bar: Bar | None = None
        self._latest = (0, 0)  # the count, and the rows

    def __enter__(self) -> "RowsBar":
        self._started = time.monotonic()
        if self._is_shown:
            width = terminal.width() - len(self._text(self._total or 10**9, 10**9)) - TIME_WIDTH
            self._bar = Bar(self._total, width, self._text(0, 0))
        return self

    def show(self, done: int, rows: int) -> None:
        """Set the count and the rows so far; the bar is drawn a few times a second."""
        self._latest = done, rows
        if self._bar is not None and self._bar.is_due:
            self._bar.draw(done, self._text(done, rows))

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.draw(self._latest[0], self._text(*self._latest))
            self._bar.stop()
            self._bar = None

    def _text(self, done: int, rows: int) -> str:
        """Return the text beside the bar, padded to a constant width."""
        total = "" if self._total is None else f"{self._total:,}"
        count = f"{done:{len(total)},}" + (f"/{total}" if total else "")
        speed = f"{rows / max(1e-9, time.monotonic() - self._started):,.0f} rows/s" if rows else ""
        return f"{count} {self._unit}{speed:>{_SPEED_WIDTH}}"
