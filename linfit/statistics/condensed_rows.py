"""CondensedRows: a few rows that have the loss of many, with the statistics of those."""

from dataclasses import dataclass
from typing import Self

from linfit.data.rows import Rows
from linfit.statistics.sufficient_statistics import SufficientStatistics


@dataclass(frozen=True, eq=False)
class CondensedRows(Rows):
    """Pseudo-observations in place of the rows behind some statistics.

    Attributes:
        statistics: of the rows that these few stand for.
    """

    statistics: SufficientStatistics | None = None

    @classmethod
    def of(cls, statistics: SufficientStatistics) -> Self:
        """Return the few rows that have the loss of all."""
        x, y, *weight = statistics.pseudo_observations()
        return cls(x, y, weight[0] if weight else None, statistics)

    @property
    def count(self) -> int:
        """How many rows of data these stand for."""
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
