"""StyledFigure: a matplotlib Figure that keeps its style and that a notebook displays."""

from typing import Any

import matplotlib
from matplotlib.figure import Figure

from linfit.callbacks.figures.png import png_of


class StyledFigure(Figure):
    """A `Figure` without pyplot that a notebook displays as a PNG image.

    It is always drawn and saved with the settings under which it was created: matplotlib reads fonts, tick sizes and
    colours again at each drawing.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._settings: dict[Any, Any] = {
            name: value for name, value in matplotlib.rcParams.items() if name != "backend"
        }

    def draw(self, renderer: Any) -> None:
        """Draw the figure, as `Figure.draw` does."""
        with matplotlib.rc_context(self._settings):
            super().draw(renderer)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save the figure, as `Figure.savefig` does."""
        with matplotlib.rc_context(self._settings):
            super().savefig(*args, **kwargs)

    def png(self) -> bytes:
        """Return the figure as the content of a PNG file."""
        return png_of(self)

    def _repr_png_(self) -> bytes:
        return self.png()
