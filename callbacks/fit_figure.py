"""FitFigure: the fit in pictures, in TensorBoard and as PNG files."""

import time
from collections import deque
from typing import Any

from linfit.callbacks.figures.png import png_of
from linfit.callbacks.film_strip import FilmStrip
from linfit.training.trajectory import Trajectory

_SHARE = 0.04  # of the time that a fit will take goes into pictures while it runs: 5 %, with room for a bad guess
_FORESIGHT = 4.0  # times what its steps have taken: a fit may end early, and is not taken to be any longer
_USUAL_SECONDS = 0.5  # that a picture takes, before the first one has shown it


class FitFigure(FilmStrip):
    """Draws a fit at ten of its steps, close together early and far apart late.

    The pictures are images in TensorBoard, on a slider over the steps, and files in the run's folder, which show the
    latest step:

    =============== ========================================================= =========================================
    image and file  shows                                                     for
    =============== ========================================================= =========================================
    `fit`           data, true line, fitted line, and where it started        one feature and one target
    `fit`           each coefficient beside its true value and its optimum    all others
    `bowl`          the loss around its optimum, and the path of the fit      one target and the squared loss
    `predictions`   predicted against observed, and what is left              several features and one target
    =============== ========================================================= =========================================

    While the fit runs, a picture is drawn only between blocks of steps, one at a time, and only where all of
    them together take less than 5 % of the time that the fit will take, as far as that can be told. What is left is
    drawn when it is over, in a few seconds. A fit that goes on draws those of the ten that lie ahead.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the run the pictures belong to, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data, or anything with its w and b.
        data: x and y to draw, where the fit's rows are not in memory or the model is not linfit's.
        x_label, y_label: names of the axes of the line's picture, with units if they have any.

    Raises:
        InputError: no data for the line's picture; a truth of another shape than the model; a folder that
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
        """Finds data and references, and plans when to draw."""
        super().on_train_begin(logs)
        self._drawn: dict[str, int] = {}  # the latest step of each picture
        self._waiting: deque[tuple[str, int]] = deque()  # names of pictures, and the steps they are to show
        self._drawing, self._picture_seconds = 0.0, _USUAL_SECONDS
        self._stepping, self._timed_steps = 0.0, 0  # seconds that steps took, and how many of them were timed
        self._since: float | None = None  # when the steps went on, after the last ones had been seen
        self._pause = 0.0  # until the steps have had so much time, nothing is drawn

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Takes down the path, and draws one of the pictures that are due if there is time for it."""
        self._take_time(trajectory)
        super().on_steps_end(trajectory)
        due = [step for step in self.planned if trajectory.step[0] <= step <= trajectory.step[-1]]
        self._waiting.extend((name, step) for step in due for name in self.pictures.names)
        if self._waiting and self._has_time():
            self._draw(*self._waiting.popleft())
            self._pause = self._stepping + self._picture_seconds
        self._since = time.perf_counter()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Draws what is left, and the end; after Ctrl-C, which nobody wants to wait for, only the end."""
        super().on_train_end(logs)
        end = int(self.latest.step[0])
        due = [(name, step) for name, step in self._waiting if logs and step < end]
        due += [(name, end) for name in self.pictures.names if self._drawn.get(name) != end]
        for name, step in due:
            self._draw(name, step)
        self.close()

    def _take_time(self, trajectory: Trajectory) -> None:
        """Adds the time of these steps; not of the first ones, which were being compiled."""
        if self._since is not None:
            self._stepping += time.perf_counter() - self._since
            self._timed_steps += int(trajectory.step[-1] - self.latest.step[-1])

    def _has_time(self) -> bool:
        """Whether one more picture keeps below the share of the fit's time, as far as that can be told now.

        Between two pictures the steps get as much time as a picture takes.
        """
        if self._stepping <= self._pause:
            return False
        whole = self._stepping
        if self.last_step is not None and self._timed_steps:
            whole *= min(_FORESIGHT, (self.last_step - self.first_step) / self._timed_steps)
        return self._drawing + self._picture_seconds < _SHARE * whole

    def _draw(self, name: str, step: int) -> None:
        began = time.perf_counter()
        path = self.path()
        picture = self.pictures.picture(name, path[path.step <= step])
        png = png_of(picture)
        width, height = picture.canvas.get_width_height()
        self.file.image(step, name, png, (width, height))
        self.file.save_beside(f"{name}.png", png)
        self.file.flush()
        self._drawn[name] = step
        self._picture_seconds = time.perf_counter() - began
        self._drawing += self._picture_seconds
