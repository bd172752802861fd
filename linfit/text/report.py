"""Report: a table and a note about it, as text for a terminal or HTML for a notebook."""

from collections.abc import Sequence
from typing import NamedTuple

from linfit.text import terminal
from linfit.text.html_table import html_table
from linfit.text.text_table import fitted_to_width


class Report(NamedTuple):
    """A table of numbers and a note below it.

    Attributes:
        titles: the titles of the columns; the first column contains names.
        lines: the cells of each line.
        note: one or more sentences about the table.
        optional: titles of columns that may be omitted on a narrow terminal, in the order of omission.
        footer_lines: the number of last lines that a rule separates from the others.
    """

    titles: Sequence[str]
    lines: Sequence[Sequence[str]]
    note: str
    optional: Sequence[str] = ()
    footer_lines: int = 0

    def as_text(self) -> str:
        """Return the table, fitted to the width of the terminal, and the note."""
        table = fitted_to_width(self.titles, self.lines, terminal.width() - 1, self.optional, self.footer_lines)
        return "\n".join([*table, "", terminal.wrapped(self.note)])

    def as_html(self) -> str:
        """Return the table and the note as HTML."""
        return html_table(self.titles, self.lines, self.note, self.footer_lines)
