"""Stopwatches: the time of one call, and the fastest of several turns."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

Name = TypeVar("Name")


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def fastest(contestants: Mapping[Name, Callable[[], float]], turns: int) -> dict[Name, float]:
    """Return each contestant's smallest measurement of several turns; in each turn, every contestant runs once."""
    least = dict.fromkeys(contestants, float("inf"))
    for _ in range(turns):
        for name, measure in contestants.items():
            least[name] = min(least[name], measure())
    return least
