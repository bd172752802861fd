"""What the sections of the benchmark share: turns, claims, and a table with the claims about it."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

Name = TypeVar("Name")


class Claim(NamedTuple):
    """A measured figure and the bound that it is to keep."""

    what: str
    measured: float
    bound: float
    at_least: bool

    @property
    def holds(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def figure(self) -> str:
        return number(self.measured)

    @property
    def claimed(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {number(self.bound)}"

    def __str__(self) -> str:
        return f"{self.what}: {self.figure} measured, {self.claimed} claimed."


class Section(NamedTuple):
    """A table, the claims that its figures are to bear out, and what may be drawn of it: seconds by name."""

    title: str
    table: list[list[str]]
    claims: list[Claim]
    bars: dict[str, float] | None = None


def at_least(what: str, measured: float, bound: float) -> Claim:
    return Claim(what, measured, bound, at_least=True)


def at_most(what: str, measured: float, bound: float) -> Claim:
    return Claim(what, measured, bound, at_least=False)


def number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def timed(call: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def fastest(contestants: Mapping[Name, Callable[[], float]], turns: int) -> dict[Name, float]:
    """The least that each one measures in several turns; in a turn each has one go."""
    least = dict.fromkeys(contestants, float("inf"))
    for _ in range(turns):
        for name, measure in contestants.items():
            least[name] = min(least[name], measure())
    return least
