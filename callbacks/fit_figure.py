"""FitFigure: pictures of a fit while it runs, in TensorBoard and as PNG files."""

import time
from collections import deque
from typing import Any

from linfit.callbacks.figures.png import png_of
from linfit.callbacks.path_recorder import PathRecorder
from linfit.training.trajectory import Trajectory

_SHARE = 0.04  # share of a fit's time for pictures while it runs: the promised 5 %, with a margin for a bad estimate
_MOST_FORESIGHT = 4.0  # a fit may end early, so its estimated time is at most this many times the time so far
_USUAL_SECONDS = 0.5  # assumed time for a picture until the first one has been drawn


class FitFigure(PathRecorder):
    """Draws a fit at ten of its steps, close together early and far apart late.

    TensorBoard shows the pictures as images with a slider over the steps. Files in the run's folder show the latest
    step:

    =============== ========================================================= =========================================
    image and file  shows                                                     for
    =============== ========================================================= =========================================
    `fit`           data, true line, fitted line, and where it started        one feature and one target
    `fit`           each coefficient beside its true value and its optimum    all others
    `bowl`          the loss around its optimum, and the path of the fit      one target and the squared loss
    `predictions`   predictions against observations, and the residuals       several features and one target
    =============== ========================================================= =========================================

    While the fit runs, pictures are drawn between blocks of steps, one at a time, and only while all of them together
    take less than 5 % of the estimated time of the fit. The others are drawn at the end, which takes a few seconds. A
    fit that is resumed draws only those of the ten steps that are still ahead.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the run the pictures belong to, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data, or any object with its w and b.
        data: x and y to draw, if the fit's rows are not in memory or the model is not from linfit.
        x_label, y_label: axis labels of the line's picture, with units if there are any.

    Raises:
        InputError: there are no data for the line's picture, the truth does not have the model's shape, or the folder
            cannot be written.

    Example:
        >>> import linfit, tempfile
        >>> from pathlib import Path
        >>> x, y = linfit.GroundTruth(w=0.1, b=0.5).sample(120, seed=7)
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate=0.05)
        >>> with tempfile.TemporaryDirectory() as logs:
        ...     _ = model.fit(x, y, verbose=0, callbacks=[FitFigure(logs)])
        ...     sorted(file.name for file in Path(logs, "fit").glob("*.png"))
        ['bowl.png', 'fit.png']
    """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Find data and references, and plan when to draw."""
        super().on_train_begin(logs)
        self._latest_drawn: dict[str, int] = {}  # the latest step that each picture shows
        self._waiting: deque[tuple[str, int]] = deque()  # pictures to draw, each with the step it shows
        self._drawing_seconds, self._picture_seconds = 0.0, _USUAL_SECONDS
        self._step_seconds, self._timed_steps = 0.0, 0  # time taken by the steps, and how many of them were timed
        self._resumed_at: float | None = None  # when the steps continued after the last block
        self._next_drawing_at = 0.0  # step seconds at which the next picture may be drawn

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Record the path, and draw one of the waiting pictures if there is time for it."""
        self._time_steps(trajectory)
        super().on_steps_end(trajectory)
        due = [step for step in self.planned if trajectory.step[0] <= step <= trajectory.step[-1]]
        self._waiting.extend((name, step) for step in due for name in self.pictures.names)
        if self._waiting and self._has_time():
            self._draw(*self._waiting.popleft())
            self._next_drawing_at = self._step_seconds + self._picture_seconds
        self._resumed_at = time.perf_counter()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Draw the waiting pictures and the end; after Ctrl-C only the end, so that the user does not have to wait."""
        super().on_train_end(logs)
        end = int(self.latest.step[0])
        due = [(name, step) for name, step in self._waiting if logs and step < end]
        due += [(name, end) for name in self.pictures.names if self._latest_drawn.get(name) != end]
        for name, step in due:
            self._draw(name, step)
        self.close()

    def _time_steps(self, trajectory: Trajectory) -> None:
        """Add the time of these steps, except that of the first block, which includes compilation."""
        if self._resumed_at is not None:
            self._step_seconds += time.perf_counter() - self._resumed_at
            self._timed_steps += int(trajectory.step[-1] - self.latest.step[-1])

    def _has_time(self) -> bool:
        """Return whether one more picture keeps drawing below its share of the fit's estimated time.

        Between two pictures, the steps get at least as much time as a picture takes.
        """
        if self._step_seconds <= self._next_drawing_at:
            return False
        fit_seconds = self._step_seconds
        if self.last_step is not None and self._timed_steps:
            fit_seconds *= min(_MOST_FORESIGHT, (self.last_step - self.first_step) / self._timed_steps)
        return self._drawing_seconds + self._picture_seconds < _SHARE * fit_seconds

    def _draw(self, name: str, step: int) -> None:
        start = time.perf_counter()
        path = self.path()
        picture = self.pictures.picture(name, path[path.step <= step])
        png = png_of(picture)
        width, height = picture.canvas.get_width_height()
        self.file.image(step, name, png, (width, height))
        self.file.save_beside(f"{name}.png", png)
        self.file.flush()
        self._latest_drawn[name] = step
        self._picture_seconds = time.perf_counter() - start
        self._drawing_seconds += self._picture_seconds
