"""FitAnimation: a fit as a short film, an animated GIF."""

import io
from typing import Any

import numpy as np

from linfit.callbacks.figures.png import png_of
from linfit.callbacks.figures.thinned_steps import geometric_steps
from linfit.callbacks.path_recorder import PathRecorder
from linfit.training.trajectory import Trajectory

_FRAME_MS, _LAST_FRAME_MS = 120, 2500
_COLOURS = 96  # enough for these pictures, and half the file size of 256


class FitAnimation(PathRecorder):
    """Films a fit: `fit.gif` in the run's folder, with the line and the loss bowl side by side.

    With several features, the coefficients replace the line. About 50 frames show steps that are close together early
    and far apart late. The film is created when the fit is over, which takes about ten seconds. It repeats endlessly.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the run the film belongs to, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data, or any object with its w and b.
        data: x and y to draw, if the fit's rows are not in memory or the model is not from linfit.
        x_label, y_label: axis labels of the line's picture, with units if there are any.
        dark: whether to draw on a dark background.

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
        ...     _ = model.fit(x, y, verbose=0, callbacks=[FitAnimation(logs)])
        ...     Path(logs, "fit", "fit.gif").read_bytes()[:6]
        b'GIF89a'
    """

    count = 48

    def __init__(self, *args: Any, dark: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.dark = dark

    def plan(self) -> list[int]:
        """Return the steps of the frames: close together at the start of this fit, even if it is a resumed one."""
        steps = None if self.last_step is None else self.last_step - self.first_step
        return [self.first_step + step for step in geometric_steps(steps, self.count)]

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Create the film; not after Ctrl-C, so that the user does not have to wait."""
        super().on_train_end(logs)
        if logs:
            path = self.path()
            ends = np.flatnonzero(np.isin(path.step, [*self.planned, path.step[-1]])) + 1
            self.file.save_beside("fit.gif", self._film(path, ends))
        self.close()

    def _film(self, path: Trajectory, ends: np.ndarray) -> bytes:
        from PIL import Image

        pngs = [png_of(self.pictures.side_by_side(path[:end], path, dark=self.dark)) for end in ends.tolist()]
        images = [Image.open(io.BytesIO(png)).convert("RGB") for png in pngs]
        palette = images[-1].quantize(_COLOURS)
        frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        file = io.BytesIO()
        durations = [_FRAME_MS] * (len(frames) - 1) + [_LAST_FRAME_MS]
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
        return file.getvalue()
