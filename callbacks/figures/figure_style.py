"""Style of all pictures: colours on a light and a dark background, and sizes that are readable on a projector."""

import functools
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

_SETTINGS: dict[str, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": "figure",
    "font.size": 11,
    "figure.titlesize": 13,
    "axes.titlesize": 12,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.linewidth": 0.6,
    "legend.framealpha": 0.9,
    "legend.handlelength": 3.2,
    "text.parse_math": False,  # a dollar sign in a name is not the start of a formula
}

# The user's fonts are kept, because names may use an alphabet that matplotlib's default font lacks.
_FONTS = ("font.family", "font.sans-serif", "font.serif", "font.monospace")


@dataclass(frozen=True)
class Style:
    """Colours of a picture, and properties of the lines that several pictures draw.

    Green is the truth and red is the fit, as in the lesson. Dashes, widths and markers differ too, for readers who
    cannot distinguish these colours.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    red: str
    green: str
    blue: str
    shade: str
    high_loss: str  # the loss bowl is shaded from the colour of the paper at the optimum to this colour

    @property
    def true_line(self) -> dict[str, Any]:
        """Properties of the true line: green, wide, dashed."""
        return {"color": self.green, "linestyle": (0, (6, 2)), "linewidth": 3.5}

    @property
    def fitted_line(self) -> dict[str, Any]:
        """Properties of the fitted line: red, solid."""
        return {"color": self.red, "linestyle": "-", "linewidth": 2.0}

    @property
    def start_line(self) -> dict[str, Any]:
        """Properties of the line at the start of a fit: grey, dotted."""
        return {"color": self.muted, "linestyle": ":", "linewidth": 2.0}


LIGHT = Style(
    paper="#ffffff",
    ink="#24292f",
    muted="#57606a",
    grid="#d0d7de",
    red="#c1121f",
    green="#2fae66",
    blue="#0969da",
    shade="#dfe5eb",
    high_loss="#8fb8e0",
)
DARK = Style(
    paper="#0d1117",
    ink="#e6edf3",
    muted="#9da7b3",
    grid="#30363d",
    red="#ff5a52",
    green="#5fe3a0",
    blue="#58a6ff",
    shade="#2b323b",
    high_loss="#2d5f96",
)


def style_of(dark: bool) -> Style:
    """Return the style for a dark or a light background."""
    return DARK if dark else LIGHT


def with_project_style(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that draws a picture, so that it uses this style instead of the user's matplotlib settings.

    The function's keyword argument `dark` chooses the background.
    """

    @functools.wraps(draw)
    def draw_with_style(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib

        style = style_of(bool(kwargs.get("dark", False)))
        colours: dict[Any, Any] = {
            "figure.facecolor": style.paper,
            "savefig.facecolor": style.paper,
            "axes.facecolor": style.paper,
            "legend.facecolor": style.paper,
            "legend.edgecolor": style.grid,
            "axes.edgecolor": style.muted,
            "text.color": style.ink,
            "axes.labelcolor": style.ink,
            "xtick.color": style.ink,
            "ytick.color": style.ink,
            "grid.color": style.grid,
        }
        with matplotlib.rc_context():
            fonts: dict[Any, Any] = {name: value for name, value in matplotlib.rcParams.items() if name in _FONTS}
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_SETTINGS | colours | fonts)
            return draw(*args, **kwargs)

    return draw_with_style


def wrapped_label(label: str, width: int = 32) -> str:
    """Return the label of an axis in lines of at most `width` characters; 32 fit the height of a picture."""
    return textwrap.fill(label, width)


def new_figure(size: tuple[float, float], title: str = "") -> "Figure":
    """Return an empty figure of this width and height in inches, at 110 pixels per inch."""
    from linfit.callbacks.figures.styled_figure import StyledFigure

    figure = StyledFigure(figsize=size, layout="constrained")
    if title:
        figure.suptitle(title)
    return figure
