"""One bar over all steps of a fit, or over all rows of a stream."""

import importlib.util
import sys
import time
from typing import Any

from linfit import terminal
from linfit.checks import InputError
from linfit.step_callback import StepCallback
from linfit.text_table import number
from linfit.trajectory import Trajectory

_INTERVAL = 0.2  # seconds between two drawings
_LOSS, _SPEED, _TIME = len(" loss 2.710e+00"), len(" 10,000,000 steps/s"), len(" 0:00:00")
_PACE = len(" 100,000,000 rows/s")
_SHORTEST, _LONGEST = 8, 40  # columns of the bar itself


def is_terminal() -> bool:
    """Whether somebody sees a bar move: in a terminal or a notebook, not in a pipe or a file."""
    notebook = "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets") is not None  # as rich needs
    return sys.stdout.isatty() or notebook


class ProgressBar(StepCallback):
    """Shows how many steps are made, the loss, steps per second, and the time that is left.

    A fit has one by itself where somebody sees it (`verbose="auto"`). What is printed meanwhile appears above it. A
    narrow terminal gets no speed, and a very narrow one no loss. In a file there is one line, at the end.

    Args:
        total: how many steps there are.
    """

    first_rows = 2**16

    def __init__(self, total: int):
        super().__init__()
        self.total = total
        self._bar: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        from rich import progress

        room = terminal.width() - len(self._steps(0)) - _TIME - _SHORTEST
        self._has_loss, self._has_speed = room >= _LOSS, room >= _LOSS + _SPEED
        room += _SHORTEST - _LOSS * self._has_loss - _SPEED * self._has_speed
        self._bar = progress.Progress(
            progress.BarColumn(bar_width=max(1, min(_LONGEST, room - 1))),
            progress.TextColumn("{task.fields[text]}"),
            progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            auto_refresh=False,
        )
        self._first, self._loss = self.step, "-"
        self._started = self._drawn = time.monotonic()
        self._task = self._bar.add_task("", total=self.total, text=self._text(0, ""))
        self._bar.start()

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Moves the bar, a few times a second."""
        self._loss = number(float(trajectory.loss[-1]))
        if time.monotonic() > self._drawn + _INTERVAL:
            self._draw()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Draws the end."""
        self._draw()
        self.close()

    def close(self) -> None:
        """Gives the terminal back; also after a fit that an error has ended."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        made = self.step - self._first
        speed = f"{made / (self._drawn - self._started):,.0f} steps/s"
        self._bar.update(self._task, completed=made, text=self._text(made, speed), refresh=True)

    def _steps(self, made: int) -> str:
        total = f"{self.total:,}"
        return f"{made:{len(total)},}/{total} steps"

    def _text(self, made: int, speed: str) -> str:
        """What stands beside the bar, always in as many columns, so that nothing moves but the bar."""
        loss = f" loss {self._loss}".ljust(_LOSS) if self._has_loss else ""
        return self._steps(made) + loss + (speed.rjust(_SPEED) if self._has_speed else "")


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
        self._shows = is_terminal() if verbose == "auto" else bool(verbose)
        self._unit, self._total = unit, total
        self._bar: Any = None
        self._last = (0, 0)

    def __enter__(self) -> "RowsBar":
        self._started = self._drawn = time.monotonic()
        if self._shows:
            from rich import progress

            room = terminal.width() - len(self._text(self._total or 10**9, 10**9)) - _TIME
            self._bar = progress.Progress(
                progress.BarColumn(bar_width=max(1, min(_LONGEST, room - 1))),
                progress.TextColumn("{task.fields[text]}"),
                progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                auto_refresh=False,
            )
            self._task = self._bar.add_task("", total=self._total, text=self._text(0, 0))
            self._bar.start()
        return self

    def show(self, done: int, rows: int) -> None:
        """Moves the bar, a few times a second, to where so many are done, with so many rows."""
        self._last = done, rows
        if self._bar is not None and time.monotonic() > self._drawn + _INTERVAL:
            self._draw()

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._draw()
            self._bar.stop()
            self._bar = None

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._bar.update(self._task, completed=self._last[0], text=self._text(*self._last), refresh=True)

    def _text(self, done: int, rows: int) -> str:
        """What stands beside the bar, always in as many columns."""
        total = "" if self._total is None else f"{self._total:,}"
        count = f"{done:{len(total)},}" + (f"/{total}" if total else "")
        pace = f"{rows / max(1e-9, time.monotonic() - self._started):,.0f} rows/s" if rows else ""
        return f"{count} {self._unit}{pace:>{_PACE}}"
