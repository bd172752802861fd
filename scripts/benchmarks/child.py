"""Measurements that need a fresh process: `python -m benchmarks.child TASK ARGUMENT ...` prints one as JSON."""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

HEAVY = ("matplotlib", "pandas", "tensorboard", "rich")


def import_time(module: str) -> dict[str, float]:
    """Return the seconds that importing a module takes, and a 1 or 0 for each heavy module: imported or not."""
    start = time.perf_counter()
    importlib.import_module(module)
    return {"seconds": time.perf_counter() - start} | {name: float(name in sys.modules) for name in HEAVY}


def first_fit(name: str, steps: str) -> dict[str, float]:
    """Return the seconds that the first model takes, from its construction to the end of its fit."""
    import linfit
    from benchmarks import peers

    x, y = (array.astype("float32") for array in linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7))
    start = time.perf_counter()
    if name == "linfit":
        model = linfit.LinearRegression(peers.START_W, peers.START_B)
        model.compile(learning_rate=peers.RATE)
    else:
        model = peers.stock_keras()
    model.fit(x, y, batch_size=len(x), epochs=int(steps), verbose=0)
    return {"seconds": time.perf_counter() - start}


def memory(rows: str, features: str, dtype: str, batch_size: str) -> dict[str, float]:
    """Return the bytes of the rows, and of the process: after importing Keras and at the peak of a fit."""
    import keras  # noqa: F401
    import numpy as np

    before = peak_memory()
    import linfit

    count = int(rows)
    x, y = np.empty((count, int(features)), dtype), np.empty((count, 1), dtype)
    random = np.random.default_rng(7)
    for start in range(0, count, 4096):  # so that no second array of the size of x exists
        part = slice(start, min(start + 4096, count))
        x[part] = random.standard_normal(x[part].shape)
        y[part] = x[part].sum(axis=1, keepdims=True) + random.standard_normal(y[part].shape)
    made = peak_memory()
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.01)
    model.fit(x, y, batch_size=min(int(batch_size), count), epochs=1, verbose=0)
    return {"array": x.nbytes + y.nbytes, "keras": before, "made": made, "peak": peak_memory()}


def stream(path: str) -> dict[str, float]:
    """Return the peak memory of condensing a file, in bytes beyond that of the imports."""
    import pyarrow.parquet  # noqa: F401

    import linfit

    before = peak_memory()
    statistics = linfit.SufficientStatistics.from_batches(linfit.read_batches(path, "y"), verbose=0)
    return {"rows": statistics.rows, "extra": peak_memory() - before}


def peak_memory() -> float:
    """Return the peak memory of this process in bytes.

    On Linux getrusage includes the parent process, so /proc is read there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024.0 * int(line.split()[1])
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


TASKS: dict[str, Callable[..., dict[str, float]]] = {
    task.__name__: task for task in (import_time, first_fit, memory, stream)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
