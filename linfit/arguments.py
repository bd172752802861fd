"""Argument: an argument that a message suggests, worded for Python or for a program's command line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Argument(NamedTuple):
    """An argument that a message suggests, such as `missing='drop'`.

    A program that offers the argument as an option can reword it with `arguments_worded_as`: `--missing drop`.

    Attributes:
        name: the argument's name.
        value: the suggested value; the default, an ellipsis, leaves the choice to the user.
        call: the class or function that takes the argument, if the message should name it.

    Example:
        >>> print(Argument("missing", "drop"), Argument("features"), Argument("normalize", True, "LinearRegression"))
        missing='drop' features=[...] LinearRegression(normalize=True)
    """

    name: str
    value: Any = ...
    call: str = ""

    def __str__(self) -> str:
        return _wording(self)


def as_python(argument: Argument) -> str:
    """Return an argument as Python code."""
    text = f"{argument.name}={'[...]' if argument.value is ... else repr(argument.value)}"
    return f"{argument.call}({text})" if argument.call else text


@contextmanager
def arguments_worded_as(wording: Callable[[Argument], str]) -> Iterator[None]:
    """Word the arguments in all messages of this process with a function, inside this block.

    Example:
        >>> with arguments_worded_as(lambda argument: f"--{argument.name}"):
        ...     print(f"Try {Argument('normalize', True)}.")
        Try --normalize.
    """
    global _wording
    before, _wording = _wording, wording
    try:
        yield
    finally:
        _wording = before


_wording: Callable[[Argument], str] = as_python
