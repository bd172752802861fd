"""train.py --stream: files that are read a block of rows at a time, by this process, by several, or by a cluster."""

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
from pathlib import Path
from typing import Any

import linfit
from linfit import InputError, SufficientStatistics

PATIENCE = 10  # seconds for a scheduler to answer
PARTS_EACH = 4  # for each worker: those who are quicker get more, and one that is lost costs little
MOST_ROWS = 5_000_000  # of a part, where it is known how many there are: a second or a few of work
STOPPED = "train.py: stopped while reading; nothing is fitted or saved."


def condense(options: argparse.Namespace) -> SufficientStatistics:
    """The statistics of the files of the options, and a line about how long they took."""
    try:
        return _condensed(options)
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        raise


def _condensed(options: argparse.Namespace) -> SufficientStatistics:
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
                "a worker process ended before its work was done, killed or out of memory. Start again, with fewer "
                "--workers where memory is short."
            ) from None
        seconds = time.monotonic() - ready
    names = ", ".join(batches.feature_names)
    files = ", ".join(Path(file).name for file in options.csv)
    left_out = f" Rows dropped for a missing cell: {sum(part.dropped or 0 for part in parts):,}."
    dropped = left_out if options.missing == "drop" else ""
    print(f"{statistics.rows:,} rows of {files}: {options.target} from {names}.{dropped}")
    by = f" by {count} worker{'s' * (count > 1)}, ready after {ready - started:.1f} s" if executor is not None else ""
    print(f"Condensed in {seconds:.1f} s{by}: {statistics.rows / seconds:,.0f} rows/s.")
    return statistics


@contextmanager
def workers(options: argparse.Namespace) -> Iterator[tuple[Any, int]]:
    """What maps parts to workers, once they are ready, and how many they are; (None, 1) where none are asked for."""
    if options.scheduler is not None:
        with client(options.scheduler) as cluster:
            cluster.run(exec, "import linfit")  # in each worker
            yield cluster, sum(cluster.nthreads().values())
    elif options.workers is not None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of each worker: there are as many of these as are wanted
        context = multiprocessing.get_context("spawn")  # a fork of a process with TensorFlow in it may hang
        with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
            try:
                with deaf_to_ctrl_c():
                    starting = [pool.submit(abs, number) for number in range(options.workers)]
                for each in starting:
                    each.result()  # for which it has imported linfit
                yield pool, options.workers
            except KeyboardInterrupt:
                for process in multiprocessing.active_children():
                    process.terminate()  # or all would wait for the parts that are being read
                raise
    else:
        yield None, 1


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started in here never hear Ctrl-C; this one does so afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def client(address: str) -> Any:
    """A Dask client of a scheduler that has workers."""
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
