"""FitAnimation: a fit as a short film."""

import io
from typing import Any

import numpy as np

from linfit.callbacks.figures.png import png_of
from linfit.callbacks.figures.step_selection import geometric_steps
from linfit.callbacks.film_strip import FilmStrip
from linfit.training.trajectory import Trajectory

_FRAME_MS, _LAST_FRAME_MS = 120, 2500
_COLOURS = 96  # of so many, none is missed, and the file is half as large


class FitAnimation(FilmStrip):
    """Films a fit: `fit.gif` in the run's folder, with the line and the loss bowl side by side.

    For several features the coefficients take the place of the line. Some 50 frames show steps close together
    early and far apart late. The film is made when the fit is over, which takes about ten seconds, and starts over
    again at its end.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the run the film belongs to, as for `TensorBoardLogger`.
        truth: the `GroundTruth` of the data, or anything with its w and b.
        data: x and y to draw, where the fit's rows are not in memory or the model is not linfit's.
        x_label, y_label: names of the axes of the line's picture, with units if they have any.
        dark: draw it on a dark background.

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
        ...     _ = model.fit(x, y, verbose=0, callbacks=[FitAnimation(logs)])
        ...     Path(logs, "fit", "fit.gif").read_bytes()[:6]
        b'GIF89a'
    """

    count = 48

    def __init__(self, *args: Any, dark: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.dark = dark

    def plan(self) -> list[int]:
        """The steps of the frames: as close together at the start of this fit as at that of the first one."""
        steps = None if self.last_step is None else self.last_step - self.first_step
        return [self.first_step + step for step in geometric_steps(steps, self.count)]

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Makes the film; not after Ctrl-C, when nobody wants to wait for it."""
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
