"""BadCell: the first cell of some rows that cannot be used."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from linfit.arguments import Argument
from linfit.checks import InputError


@dataclass(frozen=True)
class BadCell:
    """The first cell of a block that cannot be used.

    Attributes:
        source: the file.
        place: its line or row, in words.
        column: its column.
        got: what it holds, in words.
        levels: of its column, if that is categorical.
        missing: whether it is missing.
        required: what it must hold, in words, unless it is categorical.
        counts: how many cells of each column cannot be used; empty where counting them would take long.
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
        """The first of several, with the counts of all."""
        columns = bad_cells[0].counts
        return replace(bad_cells[0], counts={name: sum(cell.counts[name] for cell in bad_cells) for name in columns})

    def error(self, count: str, remedy: str | None = None) -> InputError:
        """What tells the user; `count` says how many such rows there are."""
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
    """Return a number of rows as a message says it: "1 such row", "3 such rows"."""
    return f"{count:,} such row{'s' * (count != 1)}"
