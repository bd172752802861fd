"""CondensedRows: a few pseudo-observations with the loss of many rows, and the statistics of those rows."""

from dataclasses import dataclass
from typing import Self

from linfit.data.rows import Rows
from linfit.statistics.sufficient_statistics import SufficientStatistics


@dataclass(frozen=True, eq=False)
class CondensedRows(Rows):
    """Pseudo-observations that replace the rows of some statistics.

    Attributes:
        statistics: of the rows that the pseudo-observations replace.
    """

    statistics: SufficientStatistics | None = None

    @classmethod
    def of(cls, statistics: SufficientStatistics) -> Self:
        """Return the pseudo-observations of these statistics."""
        x, y, *weight = statistics.pseudo_observations()
        return cls(x, y, weight[0] if weight else None, statistics)

    @property
    def count(self) -> int:
        """The number of rows that the pseudo-observations replace."""
        assert self.statistics is not None
        return self.statistics.rows


def statistics_of(
    rows: Rows, use_bias: bool = True, feature_names: tuple[str, ...] | None = None
) -> SufficientStatistics:
    """Return the statistics of validated rows; each rows object is reduced only once."""
    if isinstance(rows, CondensedRows):
        assert rows.statistics is not None
        return rows.statistics
    return SufficientStatistics.of(rows, use_bias, feature_names)
