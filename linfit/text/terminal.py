"""The properties of the terminal behind sys.stdout, its width and colours, and text that fits them."""

import importlib.util
import shutil
import sys
import textwrap

_MAX_LINE = 100  # characters; longer lines are hard to read


def width() -> int:
    """Return the number of columns of the terminal, or the value of COLUMNS; 80 in a pipe or a file."""
    return shutil.get_terminal_size().columns


def wrapped(text: str) -> str:
    """Return a text broken into lines that fit the terminal and are easy to read."""
    return textwrap.fill(text, min(width(), _MAX_LINE) - 1, break_on_hyphens=False)


def has_colour() -> bool:
    """Return whether to print colour codes: not in a pipe, a file or a notebook, nor with TERM=dumb or NO_COLOR.

    FORCE_COLOR turns them on in a pipe.
    """
    from rich.console import Console

    console = Console()  # it implements all these rules
    return console.is_terminal and console.color_system is not None and not console.no_color


def styled(text: str, style: str) -> str:
    """Return the text between the terminal codes of a style, such as "bold" or "green"."""
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def is_terminal() -> bool:
    """Return whether the output can show a moving bar: a terminal or a notebook can, a pipe or a file cannot."""
    notebook = "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets") is not None  # required by rich
    return sys.stdout.isatty() or notebook
