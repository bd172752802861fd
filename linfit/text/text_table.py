"""Numbers and tables as aligned text."""

import textwrap
from collections.abc import Sequence

SHORTEST = 6  # characters that a long name keeps


def number(value: float, sign: str = "") -> str:
    """A number for a column: seven digits, ten characters (-1.000e+100: eleven); "-" for NaN, one not measured."""
    if value != value:
        return "-"
    if value == 0 or 1e-4 <= abs(value) < 10:
        return f"{value:{sign}.6f}"
    if abs(value) < 1e6 and abs(value) >= 10:
        return f"{value:{sign}#.7g}"
    return f"{value:{sign}.3e}"


def shortened(name: str, width: int) -> str:
    """A name of at most so many characters, at least two: a longer one loses its middle, which tells the least."""
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail]}…{name[len(name) - tail :]}"


def aligned(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Titles (a space breaks them over two lines) and lines as text: the first column left, the others right."""
    upper = [title.rpartition(" ")[0] for title in titles]
    lower = [title.rpartition(" ")[2] for title in titles]
    table = [line for line in (upper, lower) if any(line)] + list(lines)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(cells)).rstrip()
        for cells in (list(zip(line, widths, strict=True)) for line in table)
    ]


def ruled(titles: Sequence[str], lines: Sequence[Sequence[str]], feet: int = 0) -> list[str]:
    """The same with a rule below the titles, and one above the last lines, so many `feet`."""
    table = aligned(titles, lines)
    rule = "-" * max(map(len, table))
    heads, end = len(table) - len(lines), len(table) - feet
    return [*table[:heads], rule, *table[heads:end], *([rule, *table[end:]] if feet else [])]


def narrowed(
    titles: Sequence[str], lines: Sequence[Sequence[str]], width: int, spare: Sequence[str], feet: int = 0
) -> list[str]:
    """The same in so many characters, if there is a way: names lose their middle, then the spare columns go.

    They go in their order, and are named below. Shortened names stay different.
    """
    spare = [title for title in spare if title in titles]
    longest = max(len(name) for name, *_ in lines)
    table: list[str] = []
    for count in range(len(spare) + 1):
        kept = [i for i, title in enumerate(titles) if title not in spare[:count]]
        fewer = [titles[i] for i in kept]
        table = ruled(fewer, [[line[i] for i in kept] for line in lines], feet)
        room = longest - max(0, max(map(len, table)) - width)
        names = [shortened(name, max(room, SHORTEST)) for name, *_ in lines]
        if room >= min(longest, SHORTEST) and len(set(names)) == len({name for name, *_ in lines}):
            cells = [[name, *(line[i] for i in kept[1:])] for name, line in zip(names, lines, strict=True)]
            note = f"No room for: {', '.join(spare[:count])}."
            return [*ruled(fewer, cells, feet), *(textwrap.wrap(note, width) if count else [])]
    return table
