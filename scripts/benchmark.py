"""Measure linfit's claims: speed beside other programs, memory, import time, and the cost of condensing many rows.

Everything is warmed up first. The contestants of a section take turns in one process, and the fastest turn counts.
"Scaled" marks fits of which only the first steps are timed, because every step costs the same.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import sys
from pathlib import Path

from benchmarks import batches, lesson, processes, reduction, rows, streams
from benchmarks.picture import steps_figure
from benchmarks.report import Claim, machine, verdict
from command_line import Parser
from markdown_table import markdown_table

from linfit import InputError

LESSON = "lesson"
SECTIONS = {
    LESSON: lesson,
    "rows": rows,
    "batches": batches,
    "processes": processes,
    "reduction": reduction,
    "streams": streams,
}


def main(arguments: list[str] | None = None) -> int:
    """Print the tables. Return the exit code: 0, 1 if a claim does not hold, 2 for bad input."""
    try:
        parser = Parser(description=__doc__.splitlines()[0])
        parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="run these sections")
        parser.add_argument("--quick", action="store_true", help="use tiny sizes and check no claims")
        parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the cost of a step of the lesson's fit")
        options = parser.parse_args(arguments)
        if options.picture and LESSON not in options.only:
            raise InputError(f"--picture shows the section {LESSON}. Add it to --only.")
        if options.picture and not options.picture.absolute().parent.is_dir():
            raise InputError(f"--picture: the folder {options.picture.absolute().parent} does not exist. Create it.")
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
        print("The claims are about larger sizes than these and were not checked.")
        return 0
    text, code = verdict(claims)
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
