"""Ctrl-C during a fit: at the end of the block that is running, so that nothing of it is lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupt:
    """Whether Ctrl-C has been pressed."""

    pressed = False

    def press(self, *_: Any) -> None:
        """Called at Ctrl-C; a second one interrupts at once, as Python does."""
        self.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def held_interrupt() -> Iterator[Interrupt]:
    """Notes Ctrl-C inside this block instead of raising KeyboardInterrupt.

    Programs that handle Ctrl-C themselves, and threads beside the main one, are left as they are.
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
