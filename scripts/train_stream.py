"""train.py --stream: files that are read a block of rows at a time, by this process, by several, or by a cluster."""

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import linfit
from linfit import InputError, SufficientStatistics

PATIENCE = 10  # seconds for a scheduler to answer
PARTS_EACH = 4  # for each worker: those who are quicker get more, and one that is lost costs little


def condense(options: argparse.Namespace) -> SufficientStatistics:
    """The statistics of the files of the options, and a line about how long they took."""
    batches = linfit.read_batches(
        options.csv, options.target, options.features, categorical=options.categorical, missing=options.missing
    )
    started = time.monotonic()
    with workers(options) as (executor, count):
        ready = time.monotonic()
        try:
            if executor is None:
                statistics = SufficientStatistics.from_batches(batches)
            else:
                parts = batches.parts(PARTS_EACH * count)
                statistics = SufficientStatistics.from_parts(parts, executor=executor)
        except BrokenProcessPool:
            raise InputError(
                "a worker process ended before its work was done, killed or out of memory. Start again, with fewer "
                "--workers where memory is short."
            ) from None
        seconds = time.monotonic() - ready
    names = ", ".join(batches.feature_names)
    files = ", ".join(options.csv)
    dropped = f" Rows dropped for a missing cell: {batches.dropped:,}." if batches.dropped else ""
    print(f"{statistics.rows:,} rows of {files}: {options.target} from {names}.{dropped}")
    by = f" by {count} worker{'s' * (count > 1)}, ready after {ready - started:.1f} s" if executor is not None else ""
    print(f"Condensed in {seconds:.1f} s{by}: {statistics.rows / seconds:,.0f} rows/s.")
    return statistics


@contextmanager
def workers(options: argparse.Namespace) -> Iterator[tuple[Any, int]]:
    """What maps parts to workers, once they are ready, and how many they are; (None, 1) where none are asked for."""
    if options.scheduler is not None:
        with client(options.scheduler) as cluster:
            yield cluster, sum(cluster.nthreads().values())
    elif options.workers is not None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of each worker: there are as many of these as are wanted
        context = multiprocessing.get_context("spawn")  # a fork of a process with TensorFlow in it may hang
        with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
            list(pool.map(abs, range(options.workers)))  # which imports linfit there
            yield pool, options.workers
    else:
        yield None, 1


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
