"""The event file of one TensorBoard run: scalars, images and text, in TensorBoard's own format."""

import itertools
import os
import socket
import time
import warnings
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from linfit.checks import InputError

_FLUSH_EVERY = 1.0  # seconds: what a killed process may lose

# TensorBoard reads the files of a run one after another and does not return to an earlier one: all who write to
# a run share one file while it is open.
_open_files: "weakref.WeakValueDictionary[Path, EventFile]" = weakref.WeakValueDictionary()
_numbers = itertools.count()


class EventFile:
    """Writes the events of one run; make it with `open_run`.

    A disk that fills or a folder that vanishes ends the logging with one warning, and never the training.

    Attributes:
        folder: the run's folder.
        owner: a weak reference to the model whose run it is.
    """

    def __init__(self, folder: Path):
        from tensorboard.compat.proto.event_pb2 import Event

        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self._path = folder / name
        self._writer = tf.io.TFRecordWriter(str(self._path))
        self.owner: Callable[[], Any] = lambda: None
        self._failed = False
        self._flushed_at = 0.0
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        self.flush()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """One event with all of a step's values, by tag; NaN, a value not measured, is left out."""
        self._write_values(step, [{"tag": tag, "simple_value": v} for tag, v in values.items() if v == v])

    def image(self, step: int, tag: str, png: bytes, size: tuple[int, int]) -> None:
        """A PNG of `size` (width, height) in pixels."""
        width, height = size
        picture = {"width": width, "height": height, "colorspace": 4, "encoded_image_string": png}
        self._write_values(step, [{"tag": tag, "image": picture}])

    def text(self, step: int, tag: str, markdown: str) -> None:
        """A text for TensorBoard's text page, in markdown."""
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING
        from tensorboard.plugins.text.metadata import create_summary_metadata

        tensor = TensorProto(dtype=DT_STRING, string_val=[markdown.encode()])
        metadata = create_summary_metadata(display_name=None, description=None)
        self._write_values(step, [{"tag": tag, "tensor": tensor, "metadata": metadata}])

    def flush(self) -> None:
        """Brings all events so far to the disk."""
        self._flushed_at = time.monotonic()
        self._attempt(self._writer.flush)
        self._attempt(self._path.stat)  # on some systems writing to a file that was removed raises nothing

    def save_beside(self, name: str, content: bytes) -> None:
        """Another file in the run's folder; replaced as a whole, so that a reader never sees half of it."""

        def replace() -> None:
            half = self.folder / f".{name}"
            half.write_bytes(content)
            half.replace(self.folder / name)

        self._attempt(replace)

    def _write_values(self, step: int, values: list[dict[str, Any]]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(**value) for value in values])
        self._write(Event(wall_time=time.time(), step=step, summary=summary))
        if time.monotonic() - self._flushed_at > _FLUSH_EVERY:
            self.flush()

    def _write(self, event: Any) -> None:
        self._attempt(lambda: self._writer.write(event.SerializeToString()))

    def _attempt(self, operation: Callable[[], Any]) -> None:
        if self._failed:
            return
        try:
            operation()
        except (OSError, tf.errors.OpError) as error:
            self._failed = True
            warnings.warn(
                f"The log {self.folder} cannot be written any more ({error}). Training goes on; its steps from "
                "here on are not logged.",
                stacklevel=2,
            )


def open_run(log_dir: str | Path, run: str, model: Any = None) -> EventFile:
    """The event file of a run, shared by all callbacks of one fit.

    Where TensorBoard finds a second file in a run that starts again at step 0, it shows the new points instead
    of the old ones. So a model that is new, at step 0, gets a run of its own: `run`, or else `run-2`, `run-3`, ...
    A model that goes on, at a later step, goes on in `run`.

    Args:
        log_dir: the folder of the logs; TensorBoard's --logdir, or below it.
        run: the name of the run, a folder in log_dir.
        model: whose run it is; None for one that all fits share, as a truth's.

    Raises:
        InputError: the folder cannot be made or written.
    """
    first = folder = Path(log_dir).absolute() / run
    if model is not None:
        for number in itertools.count(2):
            shared = _open_files.get(folder)
            if shared is not None and shared.owner() is model:
                return shared
            if int(model.optimizer.iterations.numpy()) > 0 or not any(folder.glob("events.out.tfevents.*")):
                break
            folder = first.with_name(f"{run}-{number}")
    try:
        file = EventFile(folder)
    except (OSError, tf.errors.OpError) as error:
        raise InputError(f"the log folder {folder} cannot be written: {error}. Choose another log_dir.") from None
    if model is not None:
        file.owner = weakref.ref(model)
        _open_files[folder] = file
    return file
