"""Numbers, names and tables as aligned text."""

import textwrap
from collections.abc import Sequence

SHORTEST = 6  # characters to which a long name may be shortened


def number(value: float, sign: str = "") -> str:
    """Format a number for a column, with seven digits in at most ten characters (-1.000e+100 needs eleven).

    NaN stands for a missing value and becomes "-".

    Args:
        value: the number.
        sign: "+" also shows the sign of positive numbers.
    """
    if value != value:
        return "-"
    if value == 0 or 1e-4 <= abs(value) < 10:
        return f"{value:{sign}.6f}"
    if abs(value) < 1e6 and abs(value) >= 10:
        return f"{value:{sign}#.7g}"
    return f"{value:{sign}.3e}"


def shortened(name: str, width: int) -> str:
    """Return a name in at most this many characters, of at least two; a longer one loses its middle."""
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail]}…{name[len(name) - tail :]}"


def aligned(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, with its first column left-aligned and the others right-aligned.

    The last word of a title is on a second line of titles.
    """
    upper = [title.rpartition(" ")[0] for title in titles]
    lower = [title.rpartition(" ")[2] for title in titles]
    table = [line for line in (upper, lower) if any(line)] + list(lines)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(cells)).rstrip()
        for cells in (list(zip(line, widths, strict=True)) for line in table)
    ]


def with_rules(titles: Sequence[str], lines: Sequence[Sequence[str]], footer_lines: int = 0) -> list[str]:
    """Return the lines of an aligned table with a rule below the titles, and one above the last `footer_lines`."""
    table = aligned(titles, lines)
    rule = "-" * max(map(len, table))
    start, end = len(table) - len(lines), len(table) - footer_lines
    return [*table[:start], rule, *table[start:end], *([rule, *table[end:]] if footer_lines else [])]


def fitted_to_width(
    titles: Sequence[str],
    lines: Sequence[Sequence[str]],
    width: int,
    optional: Sequence[str],
    footer_lines: int = 0,
) -> list[str]:
    """Return the lines of a table with rules, in at most this many characters if possible.

    First the names in the first column are shortened, but never so far that two become equal. Then the optional columns
    are omitted, in the given order, and listed below the table.
    """
    optional = [title for title in optional if title in titles]
    longest = max(len(name) for name, *_ in lines)
    table: list[str] = []
    for count in range(len(optional) + 1):
        kept = [i for i, title in enumerate(titles) if title not in optional[:count]]
        kept_titles = [titles[i] for i in kept]
        table = with_rules(kept_titles, [[line[i] for i in kept] for line in lines], footer_lines)
        name_width = longest - max(0, max(map(len, table)) - width)
        names = [shortened(name, max(name_width, SHORTEST)) for name, *_ in lines]
        if name_width >= min(longest, SHORTEST) and len(set(names)) == len({name for name, *_ in lines}):
            cells = [[name, *(line[i] for i in kept[1:])] for name, line in zip(names, lines, strict=True)]
            note = f"No room for: {', '.join(optional[:count])}."
            return [*with_rules(kept_titles, cells, footer_lines), *(textwrap.wrap(note, width) if count else [])]
    return table
