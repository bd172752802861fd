"""Block: some rows of a table as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Block:
    """Some rows of a table as numbers.

    Attributes:
        values: float64, shape (features + targets, rows); one more row at the end where the table has weights.
        dropped: the number of rows left out because a cell is missing.
        levels: the levels that occur in each categorical column whose levels are still to be learnt.
    """

    values: np.ndarray
    dropped: int = 0
    levels: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def joined(cls, blocks: "Sequence[Block]") -> "Block":
        """Return one block with the rows of several, in their order."""
        if len(blocks) == 1:
            return blocks[0]
        levels: dict[str, set[str]] = {}
        for block in blocks:
            for column, found in block.levels.items():
                levels.setdefault(column, set()).update(found)
        return cls(np.hstack([block.values for block in blocks]), sum(block.dropped for block in blocks), levels)
