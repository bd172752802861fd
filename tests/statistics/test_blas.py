"""Narrow matrices use one BLAS thread, and the limit is lifted afterwards."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from linfit.statistics import blas_threads
from linfit.statistics.blas_threads import one_thread_if_narrow
from linfit.statistics.qr import triangle, triangle_of_blocks

RANDOM = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, "blas"):
        yield


def threads():
    """Return the thread limits of the BLAS libraries: NumPy's and SciPy's, which may be the same."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def threads_during(work, columns):
    """Return the thread limits while `work` reads each of two blocks."""
    limits = []

    def blocks():
        for _ in range(2):
            limits.append(threads())
            yield RANDOM.standard_normal((columns + 10, columns))

    work(blocks)
    return limits


@pytest.mark.parametrize(("columns", "expected"), [(2, {1}), (100, {1}), (130, {2})])
def test_few_columns_are_worked_on_by_one_thread(columns, expected):
    sample = RANDOM.standard_normal((5 * columns, columns))
    assert threads_during(lambda blocks: triangle_of_blocks(blocks(), columns), columns) == [expected] * 2
    assert threads_during(lambda blocks: triangle(blocks, sample, 10_000), columns) == [expected] * 2
    assert threads() == {2}


def test_there_are_as_many_as_before_after_an_error():
    with pytest.raises(ZeroDivisionError), one_thread_if_narrow(2):
        1 / 0  # noqa: B018
    assert threads() == {2}


def test_the_last_one_out_lifts_the_limit_whoever_that_is():
    first, second = ExitStack(), ExitStack()
    first.enter_context(one_thread_if_narrow(2))
    other = threading.Thread(target=lambda: second.enter_context(one_thread_if_narrow(2)))
    other.start()
    other.join()
    first.close()
    assert threads() == {1}
    second.close()
    assert threads() == {2}


FORKED = f"""
import importlib.util, os
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
spec = importlib.util.spec_from_file_location("blas", {blas_threads.__file__!r})
blas = importlib.util.module_from_spec(spec)
spec.loader.exec_module(blas)

def threads():
    return {{library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}}

with threadpool_limits(2, "blas"), blas.one_thread_if_narrow(2):
    assert threads() == {{1}}
    if not os.fork():
        before = threads()
        with blas.one_thread_if_narrow(2):
            within = threads()
        os._exit(0 if (before, within, threads()) == ({{2}}, {{1}}, {{2}}) else 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_is_not_within():
    subprocess.run([sys.executable, "-c", FORKED], check=True)
