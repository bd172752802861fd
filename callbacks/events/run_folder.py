"""The folder of a TensorBoard run: the names of its event files, and the error if it cannot be written."""

import itertools
import os
import socket
import time
from pathlib import Path

from linfit.checks import InputError

LAYOUT_SUFFIX = ".layout"  # ends the name of an event file that holds a layout
_numbers = itertools.count()


def new_file_name() -> str:
    """Return a name for a new event file; TensorBoard reads the files of a run in the order of their names."""
    return f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers):06d}"


def event_files(folder: Path) -> list[Path]:
    """Return the event files of a run in TensorBoard's reading order, without its layout files."""
    return sorted(path for path in folder.glob("events.out.tfevents.*") if path.suffix != LAYOUT_SUFFIX)


def layout_files(folder: Path) -> list[Path]:
    """Return the layout files of a run, oldest first."""
    return sorted(folder.glob(f"events.out.tfevents.*{LAYOUT_SUFFIX}"))


def not_writable(folder: Path, error: OSError) -> InputError:
    """Return the error to raise if a run's folder cannot be created or written."""
    return InputError(f"the log folder {folder} cannot be written: {error}. Choose another log_dir.")
