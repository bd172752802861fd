"""ProgressBar: one bar over all steps of a fit."""

import time
from typing import Any

from linfit.text import terminal
from linfit.text.bar import TIME_WIDTH, Bar
from linfit.text.text_table import number
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

_LOSS, _SPEED = len(" loss 2.710e+00"), len(" 10,000,000 steps/s")
_SHORTEST = 8  # columns of the bar itself


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
        self._bar: Bar | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        room = terminal.width() - len(self._steps(0)) - TIME_WIDTH - _SHORTEST
        self._has_loss, self._has_speed = room >= _LOSS, room >= _LOSS + _SPEED
        room += _SHORTEST - _LOSS * self._has_loss - _SPEED * self._has_speed
        self._first, self._loss = self.step, "-"
        self._bar = Bar(self.total, room, self._text(0, ""))

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Moves the bar, a few times a second."""
        self._loss = number(float(trajectory.loss[-1]))
        if self._bar is not None and self._bar.is_due:
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
        if self._bar is not None:
            made = self.step - self._first
            speed = f"{made / (time.monotonic() - self._bar.started):,.0f} steps/s"
            self._bar.draw(made, self._text(made, speed))

    def _steps(self, made: int) -> str:
        total = f"{self.total:,}"
        return f"{made:{len(total)},}/{total} steps"

    def _text(self, made: int, speed: str) -> str:
        """What stands beside the bar, always in as many columns, so that nothing moves but the bar."""
        loss = f" loss {self._loss}".ljust(_LOSS) if self._has_loss else ""
        return self._steps(made) + loss + (speed.rjust(_SPEED) if self._has_speed else "")
