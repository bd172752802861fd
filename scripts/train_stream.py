"""train.py --stream: condenses files one block of rows at a time, in this process, in several, or on a cluster."""

import argparse
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import training_data
from saved_run import check_found

import linfit
from linfit import InputError, SufficientStatistics

PATIENCE = 10  # seconds to wait for a scheduler's answer
PARTS_EACH = 4  # parts for each worker: faster workers take more of them, and a lost worker costs little
MOST_ROWS = 5_000_000  # rows of a part, where their number is known: one to a few seconds of work
STOPPED = "train.py: stopped while reading the files. Nothing was fitted or saved."


def load(options: argparse.Namespace) -> tuple[dict[str, Any], None]:
    """Return the arguments of `fit` for the condensed files, and None: files have no known truth."""
    try:
        statistics = condense(options)
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        raise
    check_found(options, statistics)
    print(f"{training_data.scale(options)}\n")
    return {"x": statistics}, None


def condense(options: argparse.Namespace) -> SufficientStatistics:
    """Return the statistics of the files, and print their size and the time that reading took."""
    batches = linfit.read_batches(
        options.csv, options.target, options.features, categorical=options.categorical, missing=options.missing
    )
    started = time.monotonic()
    with workers(options) as (executor, count):
        ready = time.monotonic()
        try:
            if executor is None:
                parts = [batches]
                statistics = SufficientStatistics.from_batches(batches)
            else:
                parts = batches.parts(max(PARTS_EACH * count, math.ceil((batches.rows or 0) / MOST_ROWS)))
                statistics = SufficientStatistics.from_parts(parts, executor=executor)
        except BrokenProcessPool:
            raise InputError(
                "a worker process ended before its work was done: it was killed or ran out of memory. Start again, "
                "with fewer --workers if memory is short."
            ) from None
        seconds = time.monotonic() - ready
    dropped = sum(part.dropped or 0 for part in parts)
    print(training_data.summary(options, statistics.rows, ", ".join(batches.feature_names), dropped))
    by = f" by {count} worker{'s' * (count > 1)}, ready after {ready - started:.1f} s" if executor is not None else ""
    print(f"Condensed in {seconds:.1f} s{by}: {statistics.rows / seconds:,.0f} rows/s.")
    return statistics


@contextmanager
def workers(options: argparse.Namespace) -> Iterator[tuple[Any, int]]:
    """Yield an executor whose workers are ready, and their number; (None, 1) if the options ask for no workers."""
    if options.scheduler is not None:
        with client(options.scheduler) as cluster:
            cluster.run(exec, "import linfit")  # in each worker
            yield cluster, sum(cluster.nthreads().values())
    elif options.workers is not None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # in each worker: the user chose the number of processes
        context = multiprocessing.get_context("spawn")  # a fork of a process that has loaded TensorFlow may hang
        with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
            try:
                with ctrl_c_blocked():
                    starting = [pool.submit(abs, number) for number in range(options.workers)]
                for each in starting:
                    each.result()  # the worker has imported linfit
                yield pool, options.workers
            except KeyboardInterrupt:
                for process in multiprocessing.active_children():
                    process.terminate()  # otherwise the pool waits until their current parts are read
                raise
    else:
        yield None, 1


@contextmanager
def ctrl_c_blocked() -> Iterator[None]:
    """Block Ctrl-C for processes that start within; this process receives it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def client(address: str) -> Any:
    """Return a Dask client of a scheduler that has workers."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler needs Dask. Try pip install 'linfit[distributed]'.") from None
    try:
        cluster = Client(address, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"--scheduler {address} does not answer: {error}. Start one with: dask scheduler") from None
    if not cluster.nthreads():
        cluster.close()
        raise InputError(f"--scheduler {address} has no workers. Start one with: dask worker {address}")
    return cluster
