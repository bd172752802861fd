"""Numbers and tables as aligned text."""

from collections.abc import Sequence


def number(value: float, sign: str = "") -> str:
    """A number for a column: seven digits, at most ten characters; "-" for NaN, a value that was not measured."""
    if value != value:
        return "-"
    if value == 0 or 1e-4 <= abs(value) < 10:
        return f"{value:{sign}.6f}"
    if abs(value) < 1e6 and abs(value) >= 10:
        return f"{value:{sign}#.7g}"
    return f"{value:{sign}.3e}"


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
