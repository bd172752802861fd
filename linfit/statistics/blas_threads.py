"""How many threads BLAS and LAPACK, which NumPy calls, may use."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_NARROW = 128
"""Columns up to which one thread does better than two on the whole. Of 100 a QR takes two threads five times as long; a
product of 120 takes them two thirds of the time in memory, but a third more of it beside a thread that reads."""

_lock = threading.Lock()
_inside = 0
_limit: Any = None


@contextmanager
def one_thread_if_narrow(columns: int) -> Iterator[None]:
    """Inside, the linear algebra of matrices with so many columns, if they are few, is done on one thread.

    OpenBLAS shares out what takes one thread microseconds, and then its threads wait for more work by spinning, on
    cores that files are being read on. The limit holds for the whole process, until the last thread in here is out.
    """
    if columns > _NARROW:
        yield
        return
    global _inside, _limit
    with _lock:
        if not _inside:
            _limit = _libraries().limit(limits=1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _limit.restore_original_limits()


def _forked() -> None:
    """A process that is forked while a thread is in here has only the thread that forked it."""
    global _lock, _inside
    _lock = threading.Lock()
    if _inside:
        _limit.restore_original_limits()
        _inside = 0


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forked)


@cache
def _libraries() -> Any:
    """The BLAS libraries of this process; those that cannot be told anything, as Apple's, are not among them."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
