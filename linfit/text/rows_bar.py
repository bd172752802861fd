"""RowsBar: a progress bar over the rows of a stream, or over its parts."""

import time
from typing import Any

from linfit.checks import InputError
from linfit.text import terminal
from linfit.text.bar import TIME_WIDTH, Bar

_PACE = len(" 100,000,000 rows/s")


class RowsBar:
    """Shows how many rows or parts are read, rows per second, and the time that is left; a context.

    Args:
        verbose: "auto" shows it where somebody sees it, 1 always, 0 never.
        unit: what is counted, "rows" or "parts".
        total: how many there are; None where that is not known.
    """

    def __init__(self, verbose: Any, unit: str, total: int | None):
        if verbose not in ("auto", 0, 1):
            raise InputError(f"verbose must be 'auto', 0 or 1, got {verbose!r}.")
        self._shows = terminal.is_terminal() if verbose == "auto" else bool(verbose)
        self._unit, self._total = unit, total
        self._bar: Bar | None = None
        self._last = (0, 0)

    def __enter__(self) -> "RowsBar":
        self._started = time.monotonic()
        if self._shows:
            room = terminal.width() - len(self._text(self._total or 10**9, 10**9)) - TIME_WIDTH
            self._bar = Bar(self._total, room, self._text(0, 0))
        return self

    def show(self, done: int, rows: int) -> None:
        """Moves the bar, a few times a second, to where so many are done, with so many rows."""
        self._last = done, rows
        if self._bar is not None and self._bar.is_due:
            self._bar.draw(done, self._text(done, rows))

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.draw(self._last[0], self._text(*self._last))
            self._bar.stop()
            self._bar = None

    def _text(self, done: int, rows: int) -> str:
        """What stands beside the bar, always in as many columns."""
        total = "" if self._total is None else f"{self._total:,}"
        count = f"{done:{len(total)},}" + (f"/{total}" if total else "")
        pace = f"{rows / max(1e-9, time.monotonic() - self._started):,.0f} rows/s" if rows else ""
        return f"{count} {self._unit}{pace:>{_PACE}}"
