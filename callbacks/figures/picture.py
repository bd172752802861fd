"""Picture: a matplotlib Figure that a notebook shows."""

from typing import Any

import matplotlib
from matplotlib.figure import Figure

from linfit.callbacks.figures.png import png_of


class Picture(Figure):
    """A `Figure` of the object-oriented interface, which no notebook would show by itself.

    It is drawn and saved with the settings that it was made with: matplotlib reads fonts, sizes of ticks and colours
    anew each time.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._settings: dict[Any, Any] = {
            name: value for name, value in matplotlib.rcParams.items() if name != "backend"
        }

    def draw(self, renderer: Any) -> None:
        """Draws the picture, as `Figure.draw`."""
        with matplotlib.rc_context(self._settings):
            super().draw(renderer)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Saves the picture, as `Figure.savefig`."""
        with matplotlib.rc_context(self._settings):
            super().savefig(*args, **kwargs)

    def png(self) -> bytes:
        """The picture as the content of a PNG file."""
        return png_of(self)

    def _repr_png_(self) -> bytes:
        return self.png()
