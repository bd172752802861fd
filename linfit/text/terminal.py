"""What the terminal behind sys.stdout allows: how many columns, and whether there is colour."""

import importlib.util
import shutil
import sys
import textwrap

_WIDEST = 100  # characters in a line that one reads with ease


def width() -> int:
    """The terminal's columns, or those that COLUMNS names; 80 in a pipe or a file."""
    return shutil.get_terminal_size().columns


def filled(text: str) -> str:
    """A text in lines that the terminal, or the reader, does not have to break."""
    return textwrap.fill(text, min(width(), _WIDEST) - 1, break_on_hyphens=False)


def has_colour() -> bool:
    """Whether codes for colour are wanted: not in a pipe, a file or a notebook, nor with TERM=dumb or NO_COLOR.

    FORCE_COLOR makes a pipe take them.
    """
    from rich.console import Console

    console = Console()  # which knows all these rules
    return console.is_terminal and console.color_system is not None and not console.no_color


def painted(text: str, style: str) -> str:
    """The text between the codes for a style, such as "bold" or "green"."""
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def is_terminal() -> bool:
    """Whether somebody sees a bar move: in a terminal or a notebook, not in a pipe or a file."""
    notebook = "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets") is not None  # as rich needs
    return sys.stdout.isatty() or notebook
