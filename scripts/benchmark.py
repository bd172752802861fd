"""Measures what linfit claims: speed beside its peers, memory, imports, and what it takes to condense many rows.

All are warmed up, and measured in one run, in turns; the fastest of several turns counts. "Scaled" are fits of which
only the first steps are timed, because each step costs the same.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

import benchmark_batches
import benchmark_lesson
import benchmark_processes
import benchmark_reduction
import benchmark_rows
import benchmark_streams
from benchmark_picture import steps_figure
from benchmark_timing import Claim
from markdown_table import markdown_table
from train_options import Parser

from linfit import InputError

LESSON = "lesson"
SECTIONS = {
    LESSON: benchmark_lesson,
    "rows": benchmark_rows,
    "batches": benchmark_batches,
    "processes": benchmark_processes,
    "reduction": benchmark_reduction,
    "streams": benchmark_streams,
}
PACKAGES = ("linfit", "keras", "tensorflow", "numpy", "pyarrow", "scikit-learn", "torch")


def machine() -> str:
    """Where and with what this was measured."""
    installed = {found.name.lower() for found in metadata.distributions()}
    packages = [f"{name} {metadata.version(name)}" for name in PACKAGES if name in installed]
    where = f"{os.cpu_count()} CPUs ({platform.system()} {platform.machine()}), Python {platform.python_version()}"
    return f"Measured on {where}, {', '.join(packages)}."


def verdict(claims: list[Claim]) -> tuple[str, int]:
    """What to say of the claims, and the exit code."""
    lines = [["claim", "claimed", "measured", "holds"]]
    for claim in claims:
        lines.append([claim.what, claim.claimed, claim.figure, "yes" if claim.holds else "NO"])
    broken = [f"Broken: {claim}" for claim in claims if not claim.holds]
    return f"{markdown_table(lines)}\n\n" + ("\n".join(broken) or "All claims hold."), int(bool(broken))


def main(arguments: list[str] | None = None) -> int:
    """Prints the tables. Returns the exit code: 0, 1 where a claim does not hold, 2 for bad input."""
    try:
        parser = Parser(description=__doc__.splitlines()[0])
        parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="some of the sections")
        parser.add_argument("--quick", action="store_true", help="tiny sizes, for which no claim is made")
        parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the cost of a step of the lesson's fit")
        options = parser.parse_args(arguments)
        if options.picture and LESSON not in options.only:
            raise InputError(f"--picture shows the section {LESSON}. Name it in --only, too.")
        if options.picture and not options.picture.absolute().parent.is_dir():
            raise InputError(f"--picture: there is no folder {options.picture.absolute().parent}. Make it first.")
    except InputError as error:
        print(f"benchmark.py: error: {error}", file=sys.stderr)
        return 2
    claims: list[Claim] = []
    for name in options.only:
        section = SECTIONS[name].section(options.quick)
        print(f"{section.title}\n\n{markdown_table(section.table)}\n", flush=True)
        claims += section.claims
        if options.picture and section.bars:
            steps_figure(section.bars).savefig(options.picture)
    print(f"{machine()}\n")
    if options.quick:
        print("Claims are about larger sizes than these, and not checked.")
        return 0
    said, code = verdict(claims)
    print(said)
    return code


if __name__ == "__main__":
    sys.exit(main())
