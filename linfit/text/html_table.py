"""Tables as HTML, for notebooks."""

from collections.abc import Sequence
from html import escape

# The only colour is a translucent grey: text and background follow the notebook's theme, light or dark.
_RULE = "1px solid rgba(128, 128, 128, 0.5)"
_TABLE = "border-collapse: collapse; font-variant-numeric: tabular-nums"


def html_table(titles: Sequence[str], lines: Sequence[Sequence[str]], note: str, footer_lines: int = 0) -> str:
    """Return a table and a note below it; the first column is left-aligned, the others right-aligned.

    A rule separates the last `footer_lines` lines.
    """
    head = "".join(_cell("th", title, i > 0, "vertical-align: bottom; ") for i, title in enumerate(titles))
    rows = []
    for number, (name, *cells) in enumerate(lines):
        rule = f' style="border-top: {_RULE}"' if number == len(lines) - footer_lines else ""
        rows.append(f"<tr{rule}>{_cell('th', name, False)}{''.join(_cell('td', cell, True) for cell in cells)}</tr>")
    return (
        f'<table style="{_TABLE}">\n<thead><tr style="border-bottom: {_RULE}">{head}</tr></thead>\n'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>\n"
        f'<p style="max-width: 44em">{escape(note)}</p>'
    )


def _cell(tag: str, text: str, is_number: bool, style: str = "") -> str:
    side = "right" if is_number else "left"
    return f'<{tag} style="{style}text-align: {side}; padding: 0.2em 0.8em">{escape(text)}</{tag}>'
