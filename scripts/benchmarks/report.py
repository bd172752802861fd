"""Tables, claims with their bounds, and the verdict on them."""

import os
import platform
from importlib import metadata
from typing import NamedTuple

from markdown_table import markdown_table

PACKAGES = ("linfit", "keras", "tensorflow", "numpy", "pyarrow", "scikit-learn", "torch")


class Claim(NamedTuple):
    """A measured figure and its bound."""

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
    """A table, the claims about its figures, and optionally the bars of a chart (seconds by name)."""

    title: str
    table: list[list[str]]
    claims: list[Claim]
    bars: dict[str, float] | None = None


def at_least(what: str, measured: float, bound: float) -> Claim:
    return Claim(what, measured, bound, at_least=True)


def at_most(what: str, measured: float, bound: float) -> Claim:
    return Claim(what, measured, bound, at_least=False)


def number(value: float) -> str:
    """Format a figure with three significant digits, or with all digits before the decimal point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> str:
    """Name the machine and the package versions of this measurement."""
    installed = {found.name.lower() for found in metadata.distributions()}
    packages = [f"{name} {metadata.version(name)}" for name in PACKAGES if name in installed]
    where = f"{os.cpu_count()} CPUs ({platform.system()} {platform.machine()}), Python {platform.python_version()}"
    return f"Measured on {where}, {', '.join(packages)}."


def verdict(claims: list[Claim]) -> tuple[str, int]:
    """Return the table of claims with a list of the broken ones, and the exit code."""
    lines = [["claim", "claimed", "measured", "holds"]]
    for claim in claims:
        lines.append([claim.what, claim.claimed, claim.figure, "yes" if claim.holds else "NO"])
    broken = [f"Broken: {claim}" for claim in claims if not claim.holds]
    return f"{markdown_table(lines)}\n\n" + ("\n".join(broken) or "All claims hold."), int(bool(broken))
