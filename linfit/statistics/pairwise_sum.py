"""PairwiseSum: the sum of many parts, added in pairs."""

from collections.abc import Callable
from typing import Generic, TypeVar

Part = TypeVar("Part")


class PairwiseSum(Generic[Part]):
    """Adds parts in pairs, then pairs of pairs, and so on, as they arrive.

    Rounding errors then grow with the logarithm of the number of parts instead of the number itself (Higham, "The
    accuracy of floating point summation", 1993). The order of the parts determines which are added to which.

    Args:
        add: returns the sum of two parts.

    Example:
        >>> letters = PairwiseSum(lambda one, other: f"({one}{other})")
        >>> for letter in "abcdefg":
        ...     letters.append(letter)
        >>> letters.total()
        '(((ab)(cd))((ef)g))'
    """

    def __init__(self, add: Callable[[Part, Part], Part]):
        self._add = add
        self._sums: list[tuple[Part, int]] = []  # with part counts, each at least twice the next

    def append(self, part: Part) -> None:
        """Add one more part."""
        count = 1
        while self._sums and self._sums[-1][1] == count:
            before, _ = self._sums.pop()
            part, count = self._add(before, part), 2 * count
        self._sums.append((part, count))

    def total(self) -> Part | None:
        """Return the sum so far; None if there are no parts."""
        total: Part | None = None
        for part, _ in reversed(self._sums):
            total = part if total is None else self._add(part, total)
        return total
