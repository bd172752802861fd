"""How all pictures look: colours for a light and a dark background, sizes that a projector can show."""

import functools
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
    "text.parse_math": False,  # a dollar in a name is a dollar
}


# The user's own: names may be in an alphabet that matplotlib's font lacks.
_FONTS = ("font.family", "font.sans-serif", "font.serif", "font.monospace")


@dataclass(frozen=True)
class Style:
    """The colours of a picture, and how it draws the points and lines that all pictures share.

    Green and red are the lesson's; a reader who cannot tell them apart goes by dashes, widths and markers.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    red: str
    green: str
    blue: str
    shade: str
    slope: str  # what lies high; what lies low has the colour of the paper

    @property
    def true(self) -> dict[str, Any]:
        """The line of the truth: green, wide, dashed."""
        return {"color": self.green, "linestyle": (0, (6, 2)), "linewidth": 3.5}

    @property
    def fitted(self) -> dict[str, Any]:
        """The line of the fit: red, solid."""
        return {"color": self.red, "linestyle": "-", "linewidth": 2.0}

    @property
    def start(self) -> dict[str, Any]:
        """The line that a fit started from: grey, dotted."""
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
    slope="#8fb8e0",
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
    slope="#2d5f96",
)


def style_of(dark: bool) -> Style:
    """The style for a dark or a light background."""
    return DARK if dark else LIGHT


def in_style(picture: Callable[P, R]) -> Callable[P, R]:
    """Draws a picture with the project's settings and its argument `dark`, whatever matplotlib's own are just now."""

    @functools.wraps(picture)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
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
            return picture(*args, **kwargs)

    return drawn


def wrapped(label: str) -> str:
    """The label of a y axis in lines that are not longer than the axis."""
    return textwrap.fill(label, 32)


def new_picture(size: tuple[float, float], title: str = "") -> "Figure":
    """An empty picture of this size in inches, of 110 pixels each."""
    from linfit.callbacks.figures.picture import Picture

    picture = Picture(figsize=size, layout="constrained")
    if title:
        picture.suptitle(title)
    return picture


def new_axes(size: tuple[float, float], title: str = "") -> "tuple[Figure, Axes]":
    """A picture with one pair of axes."""
    picture = new_picture(size)
    axes = picture.add_subplot()
    axes.set_title(title)
    return picture, axes
