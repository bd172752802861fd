"""Files of any size, condensed about as fast as they are read, in little memory, by one process or several.

Condensing a Parquet file of 20,000,000 rows with 10 features takes at most 1.5 times as long as reading it with
pyarrow, and a CSV file at most 1.2 times. Two processes on two cores are at least 1.6 times as fast as one on one core.
Reading the file, solving for its optimum and taking 10,000 recorded and logged steps take less time than scikit-learn's
fits.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from benchmarks.processes import ask
from benchmarks.report import Claim, Section, at_least, at_most, number
from benchmarks.stream_jobs import (
    FEATURES,
    by_parts,
    condense,
    descend,
    linear_regression,
    new_model,
    pool,
    read_csv,
    read_parquet,
    sgd_regressor,
    write,
)

PYARROW, LINFIT = "pyarrow reads and casts", "linfit condenses"
LEAN = "pyarrow, without reading ahead"
CSV_PYARROW, CSV_LINFIT = "CSV: pyarrow reads", "CSV: linfit condenses"
ONE, TWO = "one process on one core", "two processes"
JOB, LINEAR, SGD = "linfit", "LinearRegression", "SGDRegressor.partial_fit"


class Size(NamedTuple):
    """The rows of the Parquet file, of a smaller one and of the CSV file; the number of steps and turns."""

    rows: int = 20_000_000
    few_rows: int = 2_000_000
    csv_rows: int = 2_000_000
    steps: int = 10_000
    turns: int = 6
    job_turns: int = 2


QUICK = Size(rows=40_000, few_rows=8_000, csv_rows=3_000, steps=20, turns=1, job_turns=1)


class Time(NamedTuple):
    """Wall-clock seconds, and CPU seconds of this process on all cores."""

    wall: float
    cpu: float


class Results(NamedTuple):
    """The shortest times by contestant, the distances of w from the optimum in standard errors, and bytes by rows."""

    times: dict[str, Time]
    off: dict[str, float]
    memory: dict[int, float]


def timed(call: Callable[[], Any]) -> tuple[Time, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = call()
    return Time(time.perf_counter() - wall, time.process_time() - cpu), answer


def least(contestants: Mapping[str, Callable[[], Any]], turns: int) -> tuple[dict[str, Time], dict[str, Any]]:
    """Return each contestant's shortest times of several turns, and its answer."""
    found: dict[str, list[Time]] = {name: [] for name in contestants}
    answers = {}
    for _ in range(turns):
        for name, call in contestants.items():
            taken, answers[name] = timed(call)
            found[name].append(taken)
    return {name: Time(*(min(each) for each in zip(*times, strict=True))) for name, times in found.items()}, answers


def measure(size: Size, fresh: bool) -> Results:
    with TemporaryDirectory() as folder:
        many, few, csv = Path(folder, "many.parquet"), Path(folder, "few.parquet"), Path(folder, "rows.csv")
        write(many, size.rows)
        write(few, size.few_rows)
        write(csv, size.csv_rows)
        condense(few)  # warms up
        model = new_model()
        descend(model, few, 10)
        files: dict[str, Callable[[], Any]] = {
            PYARROW: partial(read_parquet, many, ahead=True),
            LEAN: partial(read_parquet, many, ahead=False),
            LINFIT: partial(condense, many),
            CSV_PYARROW: partial(read_csv, csv),
            CSV_LINFIT: partial(condense, csv),
        }
        times, answers = least(files, size.turns)
        if fresh:
            with pool(1, one_core=True) as one, pool(2, one_core=False) as two:
                times |= least({ONE: partial(by_parts, many, one), TWO: partial(by_parts, many, two)}, size.turns)[0]
        jobs = {
            JOB: partial(descend, model, many, size.steps),
            LINEAR: partial(linear_regression, many),
            SGD: partial(sgd_regressor, many),
        }
        of_jobs, w = least(jobs, size.job_turns)
        optimum = answers[LINFIT].least_squares()
        off = {name: float(np.max(np.abs(w[name] - optimum.w[:, 0]) / optimum.standard_error_w[:, 0])) for name in jobs}
        memory = {
            rows: ask("stream", path, fresh=fresh)["extra"] for rows, path in ((size.few_rows, few), (size.rows, many))
        }
    return Results(times | of_jobs, off, memory)


def table(results: Results, size: Size) -> list[list[str]]:
    lines = [["what", "rows", "s", "CPU s", "standard errors off", "ratio"]]
    pairs = ((PYARROW, LEAN, LINFIT), (CSV_PYARROW, CSV_LINFIT), (ONE, TWO), (JOB, LINEAR, SGD))
    for names in pairs:
        for name in (name for name in names if name in results.times):
            taken, first = results.times[name], results.times[names[0]]
            rows = size.csv_rows if names[0] == CSV_PYARROW else size.rows
            what = f"{name}, optimum and {size.steps:,} steps" if name == JOB else name
            cpu = "-" if name in (ONE, TWO) else number(taken.cpu)
            off = f"{results.off[name]:.2g}" if name in results.off else "-"
            lines.append([what, f"{rows:,}", number(taken.wall), cpu, off, number(taken.wall / first.wall)])
    for rows, extra in results.memory.items():
        lines.append(["peak of memory beyond imports: MB", f"{rows:,}", "-", "-", "-", number(extra / 1e6)])
    return lines


def claims(results: Results, size: Size) -> list[Claim]:
    times = results.times
    found = [
        at_most(
            f"Condensing a Parquet file of {size.rows:,} rows × {FEATURES}, × pyarrow's reading and casting",
            times[LINFIT].wall / times[PYARROW].wall,
            1.5,
        ),
        at_most(
            "Condensing a CSV file, × pyarrow's own reading", times[CSV_LINFIT].wall / times[CSV_PYARROW].wall, 1.2
        ),
        at_least(
            "Two processes on two cores, times as fast as one on one core", times[ONE].wall / times[TWO].wall, 1.6
        ),
    ]
    what = f"Stream, optimum and {size.steps:,} steps recorded and logged"
    for name in (LINEAR, SGD):
        found.append(at_least(f"{what}, times faster than {name}", times[name].wall / times[JOB].wall, 1))
    found.append(at_most(f"{what}, standard errors off the optimum", results.off[JOB], 0.1))
    for rows, extra in results.memory.items():
        found.append(at_most(f"Condensing {rows:,} rows × {FEATURES}, MB beyond imports", extra / 1e6, 300))
    return found


def section(quick: bool) -> Section:
    size = QUICK if quick else Size()
    results = measure(size, fresh=not quick)
    return Section(
        f"Files of many rows with {FEATURES} features", table(results, size), claims(results, size) if not quick else []
    )
