"""Markdown tables that are also aligned as plain text."""


def markdown_table(lines: list[list[str]]) -> str:
    """Return a table. The first line holds the titles."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    lines = [lines[0], rule, *lines[1:]]
    return "\n".join(
        f"| {' | '.join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))} |"
        for line in lines
    )
