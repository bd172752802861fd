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

import numpy as np

from linfit.callbacks.events.event_records import as_record, last_record, scalar_records
from linfit.checks import InputError

# The event files that are open, by run folder, and the folder in which each model goes on.
_open_files: "weakref.WeakValueDictionary[Path, EventFile]" = weakref.WeakValueDictionary()
_folders: "weakref.WeakKeyDictionary[Any, dict[Path, Path]]" = weakref.WeakKeyDictionary()
_numbers = itertools.count()
_LAYOUT = ".layout"  # ends the name of an event file that holds a layout


class EventFile:
    """Writes the events of one run; make it with `open_run`.

    A disk that fills or a folder that vanishes ends the logging with one warning, and never the training.

    Attributes:
        folder: the run's folder.
        started: whether anything has been written.
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._path = folder / _new_name()
        # Without a buffer, all that is written reaches the system at once, and closing has nothing left to fail at.
        self._file = self._path.open("wb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._failed = self.started = False

    def start(self) -> None:
        """Writes the first event, whose time decides the order of the runs' colours."""
        if not self.started:
            self.started = True
            self._write(_first_event())

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """One event with all of a step's values, by tag; what is no finite number is left out."""
        self.table(np.array([step]), tuple(values), np.array([list(values.values())]))

    def table(self, steps: np.ndarray, tags: tuple[str, ...], values: np.ndarray) -> None:
        """One event a row, with its values by tag, of shape (rows, tags); what is no finite number is left out."""
        self.start()
        for records in scalar_records(steps, tags, values, time.time()):
            self._append(records)

    def image(self, step: int, tag: str, png: bytes, size: tuple[int, int]) -> None:
        """A PNG of `size` (width, height) in pixels."""
        width, height = size
        picture = {"width": width, "height": height, "colorspace": 4, "encoded_image_string": png}
        self._write_value(step, {"tag": tag, "image": picture})

    def text(self, step: int, tag: str, markdown: str) -> None:
        """A text for TensorBoard's text page, in markdown."""
        from tensorboard.plugins.text.metadata import create_summary_metadata

        metadata = create_summary_metadata(display_name=None, description=None)
        self._write_value(step, _text_value(tag, markdown.encode(), metadata))

    def hparams(self, step: int, record: Any) -> None:
        """A record made by `tensorboard.plugins.hparams.summary`: in TensorFlow's own class, which Event refuses."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write_summary(step, Summary.FromString(record.SerializeToString()))

    def values(self, step: int, values: list[Any]) -> None:
        """One event with values of a summary that are ready, in the classes of TensorBoard."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write_summary(step, Summary(value=values))

    def flush(self) -> None:
        """Ends a block of events. They have reached the system; but a file that was removed takes them silently."""
        self._attempt(self._path.stat)

    def save_beside(self, name: str, content: bytes) -> None:
        """Another file in the run's folder; replaced as a whole, so that a reader never sees half of it."""

        def replace() -> None:
            half = self.folder / f".{name}"
            half.write_bytes(content)
            half.replace(self.folder / name)

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
            while rest:  # a disk that is nearly full takes a part, and raises at the next
                rest = rest[self._file.write(rest) :]

        self._attempt(write)

    def _attempt(self, operation: Callable[[], Any]) -> None:
        if self._failed:
            return
        try:
            operation()
        except OSError as error:
            log_dir = self.folder.parent
            for file in [self, *_open_files.values()]:
                file._failed |= file.folder.parent == log_dir  # one warning for all runs of a log folder
            warnings.warn(
                f"The log folder {log_dir} cannot be written any more ({error}). Training goes on; its steps from "
                "here on are not logged.",
                stacklevel=2,
            )


def open_run(log_dir: str | Path, run: str, model: Any) -> EventFile:
    """The event file of a model's run, shared by all callbacks of one fit.

    TensorBoard reads the files of a run one after another and does not return to an earlier one, so that all who
    write to a run share one file. And where it finds a second file that starts again at step 0, it shows the new
    points instead of the old ones: a model that is new, at step 0, gets a run of its own, `run` or else `run-2`,
    `run-3`, ...; a model that goes on does so in its own run, or after loading in one that
    ended at its step.

    Args:
        log_dir: the folder of the logs; TensorBoard's --logdir, or below it.
        run: the name of the run, a folder in log_dir.
        model: whose run it is.

    Raises:
        InputError: the folder cannot be made or written.
    """
    first = Path(log_dir).absolute() / run
    folders = _folders.setdefault(model, {})
    step = int(model.optimizer.iterations.numpy())
    shared = _open_files.get(folders.get(first, first))
    if first in folders and shared is not None and (step > 0 or not shared.started):
        return shared
    if step == 0 or first not in folders:
        numbered = (first.with_name(f"{first.name}-{number}") for number in itertools.count(2))
        folders[first] = next(free for free in itertools.chain([first], numbered) if _can_go_on(free, step))
    return _open(folders[first])


def open_reference(log_dir: str | Path, run: str) -> EventFile:
    """The event file of constant lines that all fits in `log_dir` share; started at once, to be coloured first."""
    file = _open(Path(log_dir).absolute() / run)
    file.start()
    return file


def last_event(log_dir: str | Path, run: str) -> Any:
    """The last event of a run that earlier fits have written, or None."""
    from tensorboard.compat.proto.event_pb2 import Event

    for path in reversed(_event_files(Path(log_dir).absolute() / run)):
        event = Event.FromString(last_record(path))
        if event.HasField("summary"):
            return event
    return None


def save_layout(log_dir: str | Path, run: str, page: Any) -> None:
    """Writes the layout of Custom Scalars, as an event file of its own in a run; the last one counts.

    TensorBoard does not return to an earlier file of a run: do this before the run is opened, or after it has ended.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.custom_scalar.metadata import CONFIG_SUMMARY_TAG, create_summary_metadata

    value = _text_value(CONFIG_SUMMARY_TAG, page.SerializeToString(), create_summary_metadata())
    events = [_first_event(), Event(wall_time=time.time(), summary={"value": [value]})]
    content = b"".join(as_record(event.SerializeToString()) for event in events)
    folder = Path(log_dir).absolute() / run
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{_new_name()}{_LAYOUT}").write_bytes(content)
    except OSError as error:
        raise _not_writable(folder, error) from None


def last_layout(log_dir: str | Path, run: str) -> Any:
    """The layout that was written last in a run; an empty one where there is none."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    for path in sorted((Path(log_dir).absolute() / run).glob(f"events.out.tfevents.*{_LAYOUT}"), reverse=True):
        for value in Event.FromString(last_record(path)).summary.value:
            return Layout.FromString(value.tensor.string_val[0])
    return Layout()


def _can_go_on(folder: Path, step: int) -> bool:
    """Whether a model at this step may write here: into a new run, or one that ended at just this step."""
    last = last_event(folder.parent, folder.name)
    return last is None or (step > 0 and last.step == step)


def _open(folder: Path) -> EventFile:
    try:
        file = _open_files[folder] = EventFile(folder)
    except OSError as error:
        raise _not_writable(folder, error) from None
    return file


def _not_writable(folder: Path, error: OSError) -> InputError:
    return InputError(f"the log folder {folder} cannot be written: {error}. Choose another log_dir.")


def _event_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("events.out.tfevents.*") if path.suffix != _LAYOUT)


def _new_name() -> str:
    """A name for an event file: TensorBoard reads the files of a run in the order of their names."""
    return f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers):06d}"


def _first_event() -> Any:
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(wall_time=time.time(), file_version="brain.Event:2")


def _text_value(tag: str, text: bytes, metadata: Any) -> dict[str, Any]:
    """A summary's value that holds a text, in the classes of TensorBoard: an Event refuses those of TensorFlow."""
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    return {"tag": tag, "tensor": TensorProto(dtype=DT_STRING, string_val=[text]), "metadata": metadata}
