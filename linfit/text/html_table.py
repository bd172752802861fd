"""Tables as HTML, for notebooks."""

from collections.abc import Sequence
from html import escape

# No colours but a translucent grey: the notebook's theme, light or dark, gives text and ground theirs.
_RULE = "1px solid rgba(128, 128, 128, 0.5)"
_TABLE = "border-collapse: collapse; font-variant-numeric: tabular-nums"


def html_table(titles: Sequence[str], lines: Sequence[Sequence[str]], note: str, feet: int = 0) -> str:
    """A table with the first column left and the others right, ruled above the last lines `feet`, and a note below."""
    head = "".join(_cell("th", title, i > 0, "vertical-align: bottom; ") for i, title in enumerate(titles))
    rows = []
    for number, (name, *cells) in enumerate(lines):
        rule = f' style="border-top: {_RULE}"' if number == len(lines) - feet else ""
        rows.append(f"<tr{rule}>{_cell('th', name, False)}{''.join(_cell('td', cell, True) for cell in cells)}</tr>")
    return (
        f'<table style="{_TABLE}">\n<thead><tr style="border-bottom: {_RULE}">{head}</tr></thead>\n'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>\n"
        f'<p style="max-width: 44em">{escape(note)}</p>'
    )


def _cell(tag: str, text: str, is_number: bool, style: str = "") -> str:
    side = "right" if is_number else "left"
    return f'<{tag} style="{style}text-align: {side}; padding: 0.2em 0.8em">{escape(text)}</{tag}>'
