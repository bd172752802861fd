"""Ctrl-C during a fit: it takes effect at the end of the running block, so that no step is lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupt:
    """Records whether Ctrl-C was pressed."""

    pressed = False

    def press(self, *_: Any) -> None:
        """Handle the signal of Ctrl-C; a second one raises KeyboardInterrupt at once, as usual in Python."""
        self.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Record Ctrl-C inside this block instead of raising KeyboardInterrupt.

    Programs that handle Ctrl-C themselves, and threads other than the main one, are left unchanged.
    """
    interrupt = Interrupt()
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return
    signal.signal(signal.SIGINT, interrupt.press)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
