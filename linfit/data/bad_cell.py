"""BadCell: the first cell of a block of rows that a fit cannot use."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from linfit.arguments import Argument
from linfit.checks import InputError


@dataclass(frozen=True)
class BadCell:
    """The first cell of a block of rows that a fit cannot use.

    Attributes:
        source: the name of the file or DataFrame.
        place: the cell's line or row, in words.
        column: the cell's column.
        got: the cell's content, in words.
        levels: the levels of the column; None if it is not categorical.
        missing: whether the cell is missing.
        counts: the number of bad cells in each column; empty where counting them would take long.
        required: the content that is required, in words; not used if the column is categorical.
    """

    source: str
    place: str
    column: str
    got: str
    levels: tuple[str, ...] | None
    missing: bool
    counts: dict[str, int]
    required: str = "a finite number"

    @classmethod
    def joined(cls, bad_cells: "Sequence[BadCell]") -> "BadCell":
        """Return the first of several bad cells, with the counts of all of them."""
        columns = bad_cells[0].counts
        return replace(bad_cells[0], counts={name: sum(cell.counts[name] for cell in bad_cells) for name in columns})

    def error(self, count: str, remedy: str | None = None) -> InputError:
        """Return the error to raise for this cell.

        Args:
            count: the number of such rows, in words.
            remedy: the advice that ends the message; by default it depends on whether the cell is missing.
        """
        required = self.required
        if self.levels is not None:
            shown = ", ".join(map(repr, self.levels[:10])) + (", ..." if len(self.levels) > 10 else "")
            required = f"one of the levels {shown}" if self.levels else "a level"
        remedies: list[str | Argument] = ["Correct those cells, or choose other columns."]
        if remedy is not None:
            remedies = [remedy]
        elif self.missing:
            drop = Argument("missing", "drop")
            remedies = ["Fill those cells, drop their rows with ", drop, ", or choose other columns."]
        return InputError(
            f"{self.source} must hold {required} in every row of column {self.column!r}, got {self.got} in "
            f"{self.place} ({count}). ",
            *remedies,
        )


def affected_rows(count: int) -> str:
    """Return a number of bad rows in words: "1 such row", "3 such rows"."""
    return f"{count:,} such row{'s' * (count != 1)}"
