"""EventFile: one event file of a TensorBoard run, to which scalars, images and texts are appended."""

import time
import warnings
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from linfit.callbacks.events.event_protobufs import first_event, text_value
from linfit.callbacks.events.event_records import as_record, scalar_records
from linfit.callbacks.events.run_folder import new_file_name


class EventFile:
    """Appends events to a new file of one run; open it with `open_run` or `open_reference`.

    If the disk is full or the folder disappears, logging stops with one warning. Training continues.

    Args:
        folder: the run's folder; it is created if it does not exist.
        open_files: all open event files by run folder; those in the same log folder stop together with this one.

    Attributes:
        folder: the run's folder.
        started: whether the first event has been written.

    Raises:
        OSError: the folder or the file cannot be created.
    """

    def __init__(self, folder: Path, open_files: Mapping[Path, "EventFile"]):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._path = folder / new_file_name()
        # Unbuffered: every write reaches the operating system at once, so closing cannot fail.
        self._file = self._path.open("wb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._open_files = open_files
        self._failed = self.started = False

    def start(self) -> None:
        """Write the first event, unless it has been written; its time decides the order of the runs' colours."""
        if not self.started:
            self.started = True
            self._write(first_event(time.time()))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write one step's values by tag as one event; non-finite values are skipped."""
        self.table(np.array([step]), tuple(values), np.array([list(values.values())]))

    def table(self, steps: np.ndarray, tags: tuple[str, ...], values: np.ndarray) -> None:
        """Write one event per row of `values`, shape (rows, tags); non-finite values are skipped."""
        self.start()
        for records in scalar_records(steps, tags, values, time.time()):
            self._append(records)

    def image(self, step: int, tag: str, png: bytes, size: tuple[int, int]) -> None:
        """Write a PNG image; `size` is (width, height) in pixels."""
        width, height = size
        picture = {"width": width, "height": height, "colorspace": 4, "encoded_image_string": png}
        self._write_value(step, {"tag": tag, "image": picture})

    def text(self, step: int, tag: str, markdown: str) -> None:
        """Write a text for TensorBoard's Text page, in Markdown."""
        from tensorboard.plugins.text.metadata import create_summary_metadata

        metadata = create_summary_metadata(display_name=None, description=None)
        self._write_value(step, text_value(tag, markdown.encode(), metadata))

    def hparams(self, step: int, record: Any) -> None:
        """Write a record made by `tensorboard.plugins.hparams.summary`.

        That module returns TensorFlow's class, which TensorBoard's `Event` rejects. The record is therefore converted.
        """
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write_summary(step, Summary.FromString(record.SerializeToString()))

    def values(self, step: int, values: list[Any]) -> None:
        """Write summary values of TensorBoard's own class as one event."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write_summary(step, Summary(value=values))

    def flush(self) -> None:
        """End a block of events, and notice a deleted file: the system accepts writes to it without an error."""
        self._attempt(self._path.stat)

    def save_beside(self, name: str, content: bytes) -> None:
        """Save another file in the run's folder, atomically: a reader never sees a partial file."""

        def replace() -> None:
            partial = self.folder / f".{name}"
            partial.write_bytes(content)
            partial.replace(self.folder / name)

        self._attempt(replace)

    def _write_value(self, step: int, value: dict[str, Any]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self.values(step, [Summary.Value(**value)])

    def _write_summary(self, step: int, summary: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self.start()
        self._write(Event(wall_time=time.time(), step=step, summary=summary))

    def _write(self, event: Any) -> None:
        self._append(as_record(event.SerializeToString()))

    def _append(self, records: bytes) -> None:
        def write() -> None:
            rest = memoryview(records)
            while rest:  # an almost full disk accepts some of the bytes and raises at the next write
                rest = rest[self._file.write(rest) :]

        self._attempt(write)

    def _attempt(self, operation: Callable[[], Any]) -> None:
        """Run a file operation; if it fails, stop all files of this log folder and warn once."""
        if self._failed:
            return
        try:
            operation()
        except OSError as error:
            log_dir = self.folder.parent
            for file in [self, *self._open_files.values()]:
                file._failed |= file.folder.parent == log_dir
            warnings.warn(
                f"The log folder {log_dir} can no longer be written ({error}). Training continues, but its steps from "
                "here on are not logged.",
                stacklevel=2,
            )
