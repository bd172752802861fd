"""Fresh processes: the first fit with all compilation, the peak memory of a fit, and the import time."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import child
from benchmarks.report import Claim, Section, at_least, at_most, number
from benchmarks.timing import fastest

TITLE = "Fresh processes"
LINFIT, KERAS, CALLBACKS = "linfit", "keras", "linfit.callbacks"
WHOLE, BATCH = 10**9, 32  # batch sizes
SCRIPTS = Path(__file__).parents[1]  # where `python -m` finds the package benchmarks


class Size(NamedTuple):
    """The steps of the first fit; the rows, features, float type and batch size of each array; the turns."""

    steps: int = 200
    arrays: tuple[tuple[int, int, str, int], ...] = (
        (20_000_000, 10, "float32", WHOLE),
        (10_000_000, 10, "float64", WHOLE),
        (20_000_000, 10, "float32", BATCH),
    )
    turns: int = 2
    import_turns: int = 8


QUICK = Size(
    2, ((640, 10, "float32", WHOLE), (640, 10, "float64", WHOLE), (640, 10, "float32", BATCH)), turns=1, import_turns=1
)


class Results(NamedTuple):
    """Seconds of the first fits and of the imports, bytes for each array, and the heavy modules of linfit.callbacks."""

    first_fit: dict[str, float]
    imports: dict[str, float]
    memory: dict[str, dict[str, float]]
    heavy: list[str]


def ask(task: object, *arguments: object, fresh: bool = True) -> dict[str, float]:
    """Run a task of benchmarks.child in a fresh process, or in this one, and return its result."""
    words = [str(word) for word in (task, *arguments)]
    if not fresh:
        return child.TASKS[words[0]](*words[1:])
    command = [sys.executable, "-m", "benchmarks.child", *words]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(size: Size, fresh: bool) -> Results:
    asked = partial(ask, fresh=fresh)

    def seconds(*question: object) -> float:
        return asked(*question)["seconds"]

    names = (LINFIT, KERAS)
    first_fit = fastest({name: partial(seconds, "first_fit", name, size.steps) for name in names}, size.turns)
    imports = fastest({name: partial(seconds, "import_time", name) for name in names}, size.import_turns)
    memory = {description(*array): asked("memory", *array) for array in size.arrays}
    brought = {name: asked("import_time", name) for name in (KERAS, CALLBACKS)}
    heavy = [name for name in child.HEAVY if brought[CALLBACKS][name] > brought[KERAS][name]]
    return Results(first_fit, imports, memory, heavy)


def description(rows: int, features: int, dtype: str, batch_size: int) -> str:
    batch = "full batch" if batch_size >= rows else f"batches of {batch_size}"
    return f"{rows:,} × {features} {dtype}, {batch}"


def memory_ratio(memory: dict[str, float]) -> float:
    """Return the peak memory beyond that of importing Keras, as a multiple of the rows' size."""
    return (memory["peak"] - memory["keras"]) / memory["array"]


def table(results: Results, size: Size) -> list[list[str]]:
    lines = [["what", "linfit", "Keras", "ratio"]]
    for what, seconds in (
        (f"first fit, {size.steps} steps, with compilation: s", results.first_fit),
        ("import: s", results.imports),
    ):
        ratio = seconds[LINFIT] / seconds[KERAS]
        lines.append([what, number(seconds[LINFIT]), number(seconds[KERAS]), number(ratio)])
    for name, memory in results.memory.items():
        rows, base, peak = (f"{memory[at] / 1e6:,.0f}" for at in ("array", "keras", "peak"))
        what = f"peak of memory: MB, {rows} MB of rows, {name}"
        lines.append([what, peak, f"{base} imported", f"{number(memory_ratio(memory))} × the rows more"])
    return lines


def claims(results: Results, size: Size) -> list[Claim]:
    first, imports = results.first_fit, results.imports
    brought = f" ({', '.join(results.heavy)})" if results.heavy else ""
    return [
        at_least(
            f"The first fit of a process, {size.steps} steps, times faster than stock Keras's",
            first[KERAS] / first[LINFIT],
            1,
        ),
        *(
            at_most(f"Peak memory of {name}, beyond Keras imported, × the rows", memory_ratio(memory), 1.25)
            for name, memory in results.memory.items()
        ),
        at_most("Time to import linfit, × that of Keras", imports[LINFIT] / imports[KERAS], 1.08),
        at_most(f"Heavy modules that importing linfit.callbacks adds to Keras's{brought}", len(results.heavy), 0),
    ]


def section(quick: bool) -> Section:
    size = QUICK if quick else Size()
    results = measure(size, fresh=not quick)
    return Section(TITLE, table(results, size), claims(results, size))
