"""ProgressBar: one bar over all steps of a fit."""

import time
from typing import Any

from linfit.text import terminal
from linfit.text.bar import TIME_WIDTH, Bar
from linfit.text.text_table import number
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory

_LOSS_WIDTH, _SPEED_WIDTH = len(" loss 2.710e+00"), len(" 10,000,000 steps/s")
_MIN_BAR_WIDTH = 8  # columns, without the text beside the bar


class ProgressBar(StepCallback):
    """Shows the steps made so far, the loss, the steps per second and the remaining time.

    `verbose="auto"` adds one to a fit in a terminal. Text printed during the fit appears above the bar. A narrow
    terminal shows no speed, and a very narrow one no loss. A file gets a single line, at the end.

    Args:
        total: the number of steps of the fit.
    """

    first_rows = 2**16

    def __init__(self, total: int):
        super().__init__()
        self.total = total
        self._bar: Bar | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        room = terminal.width() - len(self._steps(0)) - TIME_WIDTH - _MIN_BAR_WIDTH
        self._has_loss, self._has_speed = room >= _LOSS_WIDTH, room >= _LOSS_WIDTH + _SPEED_WIDTH
        room += _MIN_BAR_WIDTH - _LOSS_WIDTH * self._has_loss - _SPEED_WIDTH * self._has_speed
        self._first, self._loss = self.step, "-"
        self._bar = Bar(self.total, room, self._text(0, ""))

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Update the bar, a few times a second."""
        self._loss = number(float(trajectory.loss[-1]))
        if self._bar is not None and self._bar.is_due:
            self._draw()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Draw the end and release the terminal."""
        self._draw()
        self.close()

    def close(self) -> None:
        """Release the terminal, also after a fit that ended with an error."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self) -> None:
        if self._bar is not None:
            done = self.step - self._first
            speed = f"{done / (time.monotonic() - self._bar.started):,.0f} steps/s"
            self._bar.draw(done, self._text(done, speed))

    def _steps(self, done: int) -> str:
        total = f"{self.total:,}"
        return f"{done:{len(total)},}/{total} steps"

    def _text(self, done: int, speed: str) -> str:
        """Return the text beside the bar; its width is constant, so that only the bar moves."""
        loss = f" loss {self._loss}".ljust(_LOSS_WIDTH) if self._has_loss else ""
        return self._steps(done) + loss + (speed.rjust(_SPEED_WIDTH) if self._has_speed else "")
