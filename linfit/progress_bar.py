"""ProgressBar: one bar over all steps of a fit."""

import importlib.util
import sys
import time
from typing import Any

from linfit import terminal
from linfit.step_callback import StepCallback
from linfit.text_table import number
from linfit.trajectory import Trajectory

_INTERVAL = 0.2  # seconds between two drawings
_LOSS, _SPEED, _TIME = len(" loss 2.710e+00"), len(" 10,000,000 steps/s"), len(" 0:00:00")
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
