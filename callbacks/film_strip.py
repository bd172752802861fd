"""FilmStrip: what is taken down of a fit in order to draw it."""

from pathlib import Path
from typing import Any

import numpy as np

from linfit.callbacks.events.event_file import open_run
from linfit.callbacks.figures.fit_pictures import FitPictures
from linfit.callbacks.figures.step_selection import geometric_steps, in_thinned_path
from linfit.callbacks.fit_context import fit_context
from linfit.training.step_callback import StepCallback
from linfit.training.trajectory import Trajectory


class FilmStrip(StepCallback):
    """Takes down the path of a fit, close together early and far apart late; a subclass draws it.

    Attributes:
        count: how many points of the path are to be drawn, at most.
        pictures: draws them.
        planned: the steps of these points.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the run that the pictures belong to, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data, or anything with its w and b.
        data: x and y to draw, where the fit's rows are not in memory or the model is not linfit's.
        x_label, y_label: names of the axes of the line's picture, with units if they have any.
    """

    only_writes = True
    first_rows = 2**16
    count = 10

    def __init__(
        self,
        log_dir: str | Path,
        run: str = "fit",
        truth: Any = None,
        data: tuple[Any, Any] | None = None,
        x_label: str | None = None,
        y_label: str = "y",
    ):
        super().__init__(feature_names=getattr(truth, "feature_names", None))
        self.log_dir = Path(log_dir)
        self.run = run
        self.truth = truth
        self.data = data
        self.x_label = x_label
        self.y_label = y_label

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Finds data and references, and plans what to draw."""
        super().on_train_begin(logs)
        context = fit_context(self.model, self.here(), self.params, self.truth, data=self.data)
        self.pictures = FitPictures(context, self.truth, self.x_label, self.y_label)
        self.file = open_run(self.log_dir, self.run, self.model)
        self.first_step, self.last_step = self.step, self._last_step()
        self.planned = self.plan()
        self._parts: list[Trajectory] = []

    def plan(self) -> list[int]:
        """The steps to draw, of those from `first_step` to `last_step`, which is None where Keras does not know."""
        return [step for step in geometric_steps(self.last_step, self.count) if step >= self.first_step]

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Takes down the path."""
        kept = in_thinned_path(trajectory.step - self.first_step) | np.isin(
            trajectory.step, [self.first_step, *self.planned]
        )
        if kept.any():
            self._parts.append(trajectory[kept])
        self.latest = trajectory[-1:]

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Takes down the end; a subclass calls `close` when it has drawn."""
        super().on_train_end(logs)
        if not self._parts or self._parts[-1].step[-1] < self.latest.step[0]:
            self._parts.append(self.latest)

    def path(self) -> Trajectory:
        """The path so far."""
        self._parts = [Trajectory.joined(self._parts)]
        return self._parts[0]

    def close(self) -> None:
        """Lets go of rows and file."""
        del self.pictures, self.file, self.latest, self._parts

    def _last_step(self) -> int | None:
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        return None if epochs is None or steps is None else self.step + epochs * steps
