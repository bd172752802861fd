"""Report: a table and a note about it, as text for a terminal or HTML for a notebook."""

from collections.abc import Sequence
from typing import NamedTuple

from linfit.text import terminal
from linfit.text.html_table import html_table
from linfit.text.text_table import narrowed


class Report(NamedTuple):
    """A table of numbers and a note below it.

    Attributes:
        titles: the columns' titles; the first column holds names.
        lines: the cells of each line.
        note: a sentence or a few about the table.
        spare: titles of columns that a narrow terminal may leave out, in this order.
        feet: how many of the last lines are set off by a rule.
    """

    titles: Sequence[str]
    lines: Sequence[Sequence[str]]
    note: str
    spare: Sequence[str] = ()
    feet: int = 0

    def as_text(self) -> str:
        """Return the table no wider than the terminal, and the note."""
        table = narrowed(self.titles, self.lines, terminal.width() - 1, self.spare, self.feet)
        return "\n".join([*table, "", terminal.filled(self.note)])

    def as_html(self) -> str:
        """Return the table and the note as HTML."""
        return html_table(self.titles, self.lines, self.note, self.feet)
