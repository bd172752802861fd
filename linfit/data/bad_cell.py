"""BadCell: the first cell of some rows that cannot be used."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linfit.arguments import Argument
from linfit.checks import InputError

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class BadCell:
    """The first cell of a block that cannot be used.

    Attributes:
        table: the file.
        place: its line or row, in words.
        column: its column.
        got: what it holds, in words.
        levels: of its column, if that is categorical.
        missing: whether it is missing.
        wanted: what it must hold, in words, unless it is categorical.
        counts: how many cells of each column cannot be used; empty where counting them would take long.
    """

    table: str
    place: str
    column: str
    got: str
    levels: tuple[str, ...] | None
    missing: bool
    counts: dict[str, int]
    wanted: str = "a finite number"

    @classmethod
    def joined(cls, faults: "Sequence[BadCell]") -> "BadCell":
        """The first of several, with the counts of all."""
        columns = faults[0].counts
        return replace(faults[0], counts={name: sum(fault.counts[name] for fault in faults) for name in columns})

    def error(self, count: str, remedy: str | None = None) -> InputError:
        """What tells the user; `count` says how many such rows there are."""
        wanted = self.wanted
        if self.levels is not None:
            some = ", ".join(map(repr, self.levels[:10])) + (", ..." if len(self.levels) > 10 else "")
            wanted = f"one of the levels {some}" if self.levels else "a level"
        remedies: list[str | Argument] = ["Correct those cells, or choose other columns."]
        if remedy is not None:
            remedies = [remedy]
        elif self.missing:
            drop = Argument("missing", "drop")
            remedies = ["Fill those cells, drop their rows with ", drop, ", or choose other columns."]
        return InputError(
            f"{self.table} must hold {wanted} in every row of column {self.column!r}, got {self.got} in {self.place} "
            f"({count}). ",
            *remedies,
        )
