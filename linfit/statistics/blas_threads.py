"""one_thread_if_narrow: limits BLAS and LAPACK, which NumPy calls, to one thread for narrow matrices."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_MAX_COLUMNS = 128
"""Up to this many columns one thread is faster than two overall. A QR of 100 columns takes two threads five times as
long as one. A product of 120 columns takes two threads two thirds of the time if all rows are in memory, but a third
more time if another thread reads rows meanwhile."""

_lock = threading.Lock()
_users = 0  # threads that are inside `one_thread_if_narrow`
_limit: Any = None


@contextmanager
def one_thread_if_narrow(columns: int) -> Iterator[None]:
    """Run linear algebra on one thread inside this block, if the matrices have few columns.

    OpenBLAS distributes even work that takes one thread microseconds. Its threads then spin while they wait for more,
    on cores that are needed for reading files. The limit applies to the whole process, until the last thread has left
    this block.
    """
    if columns > _MAX_COLUMNS:
        yield
        return
    global _users, _limit
    with _lock:
        if not _users:
            _limit = _blas_libraries().limit(limits=1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _limit.restore_original_limits()


def _reset_after_fork() -> None:
    """Lift the limit in a forked process: it has only the thread that forked it, outside the block."""
    global _lock, _users
    _lock = threading.Lock()
    if _users:
        _limit.restore_original_limits()
        _users = 0


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_reset_after_fork)


@cache
def _blas_libraries() -> Any:
    """The BLAS libraries of this process whose threads can be limited; Apple's is not one of them."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
